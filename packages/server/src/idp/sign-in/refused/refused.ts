import type Provider from 'oidc-provider';
import type { ReadRecord } from '../../../audit/personal.ts';
import { eventId } from '../../../call.ts';
import { decideAgain } from '../../../changes/decide-again.ts';
import { toRecordedAsk } from '../../../changes/recorded-ask.ts';
import { refusalOf } from '../../../changes/settle-request.ts';
import type { Form } from '../../../form.ts';
import { createPace } from '../../../limits.ts';
import type { AccessIndex } from '../../../policy/compile.ts';
import { type Missing, missingOf } from '../../../policy/missing.ts';
import { wantedFor } from '../../../store/requests.ts';
import { isExplained } from '../../refused-link.ts';
import { makeFormToken } from '../form-token.ts';
import type { Context } from '../layer.ts';
import type { SignInOptions } from '../options.ts';
import { ownPages } from '../own-pages.ts';
import { findOwnVisit, type OwnVisit, readOwnForm, redirect, showPage } from '../own-visit.ts';
import { type PageFrame, refusedPage } from '../pages.ts';
import { notSignedIn } from '../security.ts';
import { canBeAskedFor, kindOf, type RefusalKind } from './kind.ts';
import { mostWords, nothingHerePage, tooFastPage, whyRefusedPage } from './page.ts';
import { toDoing } from './scope-words.ts';
import { toWords } from './words.ts';

/** How often one person asks, and how much of it waits at a time. */
const mostADay = 10;
const mostWaiting = 20;

/** Looks at such pages by one person. */
const looksAllowed = { burst: 40, perSecond: 1 };

/** One refusal, looked at by the person whose agent was refused. */
interface Look {
  readonly visit: OwnVisit;
  readonly record: ReadRecord;
}

/** Of what was given when the token was issued: whether it still is. Where it is not, to connect again would not help. */
function kindNow(missing: Missing | undefined): RefusalKind {
  if (missing?.kind === 'nothing') return 'not_asked';
  if (missing?.kind === 'rule') return 'not_given';
  const kinds = { refusal: 'ruled_out', ahead: 'switched_off', other: 'other' } as const;
  return missing ? kinds[missing.why] : 'other';
}

/**
 * `/refused/<id of a decision>`: why an agent was refused, in plain words, and asking for it. For the person whose agent it was; to
 * anybody else it is as if there were no such decision.
 */
export function createRefusedPage(options: SignInOptions, frame: PageFrame) {
  const { store, cookieKeys, now, origins } = options;
  const pace = createPace({ ...looksAllowed, nowMs: () => now() * 1000 });
  /** The older version that was looked at last: versions never change. */
  let older: AccessIndex | undefined;
  const { path } = ownPages.refused;

  /** Answers the page's requests; false for any other path. */
  return async function answer(context: Context, provider: Provider): Promise<boolean> {
    const [, at, id] = /^(\/refused)(?:\/([\w-]{1,64}))?$/.exec(context.path) ?? [];
    if (at !== path || !['GET', 'HEAD', 'POST'].includes(context.method)) return false;
    if (id === undefined) return cameBack(context);
    const visit = await findOwnVisit(options, ownPages.refused, context, provider, { state: id });
    if (!visit) return true;
    if (!pace.take(visit.person.id)) return tooFast(context);
    const record = await refusalOf(store, { decision: id, personId: visit.person.id }, origins.idp);
    // What a gateway refused is here only where it is explained.
    if (!record?.client || !record.reason || (record.domain === 'idp' && !isExplained(record.reason)))
      showPage(context, 404, nothingHerePage(frame));
    else if (context.method === 'POST') await submitted({ visit, record });
    else await show({ visit, record });
    return true;
  };

  /** Each look judges anew, which is work. */
  function tooFast(context: Context): true {
    context.set('retry-after', '10');
    showPage(context, 429, tooFastPage(frame));
    return true;
  }

  /** From the sign-in, which says in `state` which refusal it was. */
  function cameBack(context: Context): true {
    const { error, state } = context.query;
    if (error !== undefined) showPage(context, 400, refusedPage(frame, notSignedIn));
    else if (typeof state === 'string' && /^[\w-]{1,64}$/.test(state)) redirect(context, `${path}/${state}`);
    else showPage(context, 404, nothingHerePage(frame));
    return true;
  }

  async function submitted(look: Look): Promise<void> {
    const { visit } = look;
    const form = await readOwnForm(visit.context, visit.uid, cookieKeys);
    if (!form) return show(look, 400, { wrong: 'Nothing was asked: this page was too old. Try again.' });
    if (form.get('do') === 'ask') return ask(look, form);
    return show(look);
  }

  async function ask(look: Look, form: Form): Promise<void> {
    const { visit, record } = look;
    const typed = (form.get('words') ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
    const seen = await read(look);
    if (!seen.mayAsk || seen.request) return show(look);
    if (typed === '') return show(look, 400, { typed, wrong: 'Say in a few words what you need it for.' });
    if (typed.length > mostWords) return show(look, 400, { typed, wrong: `Say it in ${mostWords} characters.` });
    if (await hasAskedEnough(visit.person.id)) return refuseForNow(look, typed);

    const { person, context } = visit;
    const { client = '', server = '' } = record;
    const wanted = wantedFor.find((each) => each === form.get('wanted')) ?? 'week';
    const request = {
      id: eventId('ar_'),
      personId: person.id,
      client,
      server,
      decision: record.id,
      words: typed,
      wanted,
      askedAt: now(),
    };
    const detail = `asked for access: request ${request.id} for ${record.id}`;
    const facts = { person: person.id, client, server, detail };
    const address = options.addressOf(context.req);
    // Of two at once one is made, and both are shown it.
    await options.inOneStep({ kind: 'admin', outcome: 'allowed', known: true, address, facts }, (row) =>
      store.requests.add(request, [row]),
    );
    await show(look);
  }

  /** Two at the same moment may both be let through: it is a bound, not a count. */
  async function hasAskedEnough(personId: string): Promise<boolean> {
    // All that can be there: those of a day, for as long as what nobody answers is kept.
    const own = await store.requests.of(personId, mostADay * 100);
    const ofToday = own.filter(({ askedAt }) => askedAt > now() - 86_400);
    const waiting = own.filter(({ answer: { state } }) => state === 'open' || state === 'drafted');
    return ofToday.length >= mostADay || waiting.length >= mostWaiting;
  }

  async function refuseForNow(look: Look, typed: string): Promise<void> {
    const { context, person } = look.visit;
    const address = options.addressOf(context.req);
    const reason = 'request_too_many';
    const facts = { person: person.id };
    await options.note({ kind: 'refusal', outcome: 'refused', reason, address, known: true, facts });
    await show(look, 429, { typed, wrong: 'You have asked for much already. Wait for answers, or until tomorrow.' });
  }

  /** What is so now: the person as the directory has them, under the policy in force. */
  async function read({ visit: { person }, record }: Look) {
    const again = await decideAgain(store, record, origins, [options.access(), ...(older ? [older] : [])]);
    if (again && again.index !== options.access()) older = again.index;
    const { kind: then, through } = kindOf(record, again);
    const asked = toRecordedAsk(record);
    const { client = '', server } = record;
    const isOfRules = asked !== undefined && (canBeAskedFor(then) || then === 'not_asked');
    const missing = isOfRules ? missingOf(options.access(), asked, person, now()) : undefined;
    const kind = then === 'not_asked' ? kindNow(missing) : then;
    const about = { decision: record.id, personId: person.id, client, server: server ?? '' };
    const request = await store.requests.about(about);
    const mayAsk = isOfRules && canBeAskedFor(kind) && missing?.kind !== 'nothing';
    return { again, kind, through, mayAsk, missing, request };
  }

  async function show(look: Look, status = 200, more: { typed?: string; wrong?: string } = {}): Promise<void> {
    const { visit, record } = look;
    const { again, kind, through, mayAsk, missing, request } = await read(look);
    const index = again?.index ?? options.access();
    const clientName = (id: string) => index.clients.get(id)?.name ?? options.access().clients.get(id)?.name ?? id;
    const agent = clientName(record.client ?? '');
    const page = whyRefusedPage(frame, {
      action: `${path}/${record.id}`,
      token: makeFormToken(visit.uid, cookieKeys),
      words: toWords(kind, {
        organisation: frame.organisation,
        agent,
        server: record.server === undefined ? undefined : (index.servers.get(record.server)?.name ?? record.server),
        doing: toDoing(record.scopesAsked ?? []),
        tool: record.tool,
        partly: record.reason === 'policy_no_scope' || record.reason === 'tool_scope_missing',
        through: through.map(clientName),
        needs: record.decision?.needs?.amr || record.decision?.needs?.acr ? 'factor' : 'fresh',
      }),
      agent,
      reference: record.id,
      timeMs: record.timeMs,
      now: now(),
      isAllowedNow: missing?.kind === 'nothing' && kind !== 'not_asked',
      isGiven: missing?.kind === 'nothing',
      canAsk: mayAsk,
      request,
      ...more,
    });
    showPage(visit.context, status, page);
  }
}
