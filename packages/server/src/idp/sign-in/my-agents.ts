import type Provider from 'oidc-provider';
import type { Form } from '../../form.ts';
import type { AccessRequest } from '../../store/requests.ts';
import type { SignInSession } from '../../store/store.ts';
import { toAgents } from './agents.ts';
import { endClient, endSession, endSessionsOf } from './end-session.ts';
import { makeFormToken } from './form-token.ts';
import type { Context } from './layer.ts';
import { type Asked, endedPage, myAgentsPage } from './my-agents-pages.ts';
import type { SignInOptions } from './options.ts';
import { ownPages } from './own-pages.ts';
import { findOwnVisit, type OwnVisit, readOwnForm, redirect, showPage } from './own-visit.ts';
import { type PageFrame, refusedPage } from './pages.ts';
import { notSignedIn } from './security.ts';

const maxSessions = 200;
const maxRequests = 20;
/** Lines of the record read when somebody looks, so that what has just happened is there; the rest is read by the clock. */
const linesAtOnce = 2000;

/**
 * `/me`: what can act in a person's name, at which servers, since when, and ending it. For whoever is signed in, however
 * long ago: looking changes nothing, and ending takes away only. Nothing is asked, because nothing is theirs to allow.
 */
export function createMyAgents(options: SignInOptions, frame: PageFrame) {
  const { store, cookieKeys, now } = options;
  const { path } = ownPages.agents;
  const nameOf = (clientId: string) => options.clients().get(clientId)?.name ?? clientId;

  const acts: Readonly<Record<string, ((visit: OwnVisit, form: Form) => Promise<void>) | undefined>> = {
    agent: endAgent,
    session: endOneSession,
    all: endAll,
  };

  /** Answers the page's requests; false for any other path. */
  return async function answer(context: Context, provider: Provider): Promise<boolean> {
    if (context.path !== path || !['GET', 'HEAD', 'POST'].includes(context.method)) return false;
    if (context.method !== 'POST' && context.query.error !== undefined) {
      showPage(context, 400, refusedPage(frame, notSignedIn));
      return true;
    }
    const visit = await findOwnVisit(options, ownPages.agents, context, provider, {});
    if (!visit) return true;
    if (context.method === 'POST') await submitted(visit);
    else if (context.search === '') await overview(visit);
    else redirect(context, path);
    return true;
  };

  async function submitted(visit: OwnVisit): Promise<void> {
    const form = await readOwnForm(visit.context, visit.uid, cookieKeys);
    if (!form) return overview(visit, 400, { wrong: 'Nothing was ended: this page was too old. Try again.' });
    const take = acts[form.get('do') ?? ''];
    if (take) await take(visit, form);
    else await overview(visit);
  }

  /** Of this person only: what the form names is looked for among their own. */
  async function endAgent(visit: OwnVisit, form: Form): Promise<void> {
    const asked = form.get('agent');
    let ended = 0;
    for (const { uid, clients } of await sessionsOf(visit)) {
      for (const { client: clientId } of clients) {
        if ((options.clients().get(clientId)?.id ?? clientId) !== asked) continue;
        if (await endClient(options, visit.provider, uid, clientId, why(visit, 'the person ended this client')))
          ended += 1;
      }
    }
    await overview(visit, 200, ended > 0 ? { said: 'Ended. It acts for you again only after you sign in to it.' } : {});
  }

  async function endOneSession(visit: OwnVisit, form: Form): Promise<void> {
    const session = (await sessionsOf(visit)).find(({ uid }) => uid === form.get('session'));
    if (!session) return overview(visit);
    await endSession(options, visit.provider, session.uid, why(visit, 'the person ended this session'));
    // Its own session is gone: what comes next is the sign-in.
    if (session.uid === visit.sessionUid) return showPage(visit.context, 200, endedPage(frame, false));
    await overview(visit, 200, { said: 'Ended, with every agent that was signed in from there.' });
  }

  async function endAll(visit: OwnVisit): Promise<void> {
    await endSessionsOf(options, visit.provider, visit.person.id, why(visit, 'the person ended everything'));
    showPage(visit.context, 200, endedPage(frame, true));
  }

  async function overview(visit: OwnVisit, status = 200, told: { said?: string; wrong?: string } = {}): Promise<void> {
    const { person, context, uid, sessionUid } = visit;
    await store.agentUses.catchUp(linesAtOnce);
    const sessions = await sessionsOf(visit);
    const uses = await store.agentUses.of(person.id);
    const page = myAgentsPage(frame, {
      action: path,
      token: makeFormToken(uid, cookieKeys),
      email: person.email,
      asked: (await store.requests.of(person.id, maxRequests)).map(toAsked),
      organisation: frame.organisation,
      agents: toAgents(sessions, uses, options.reachOf(person), (id) => options.clients().get(id)),
      sessions,
      current: sessionUid,
      nameOf,
      hasPassword: (await store.people.passwordHash(person.id)) !== undefined,
      now: now(),
      ...told,
    });
    showPage(context, status, page);
  }

  function toAsked(request: AccessRequest): Asked {
    const { clients, servers } = options.access();
    const { client, server } = request;
    return { request, agent: clients.get(client)?.name ?? client, server: servers.get(server)?.name ?? server };
  }

  function sessionsOf({ person }: OwnVisit): Promise<readonly SignInSession[]> {
    return store.sessions.list({ after: '', limit: maxSessions, personId: person.id, now: now() });
  }

  function why({ context }: OwnVisit, detail: string) {
    return { address: options.addressOf(context.req), facts: { detail }, initiator: 'user' } as const;
  }
}
