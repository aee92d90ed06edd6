import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import { maxPasswordLength } from '../../directory/account-links.ts';
import { authenticate } from '../../directory/authenticate.ts';
import { type Form, parseForm } from '../../form.ts';
import { pageHeaders } from '../../pages/headers.ts';
import type { Person } from '../../store/store.ts';
import { createAskerOf } from './asker.ts';
import { createFactorSteps } from './factor-steps.ts';
import { isFormToken } from './form-token.ts';
import { borrowedIdReason } from './interaction-policy.ts';
import type { Context } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { confirmPage, loginPage, type PageFrame, type Refused, refusedPage } from './pages.ts';
import { endProgress, type Progress } from './progress.ts';
import { readFormBody } from './request-body.ts';
import { endSessionOfAnother } from './session-of-another.ts';
import type { SignInLimit, Wait } from './sign-in-limit.ts';
import type { UpstreamChoice } from './upstream/choice.ts';
import { finish, formOf, show, type Visit } from './visit.ts';

/** The pages at `/interaction/:uid`: signing in, and the one question of T03. */
export function createInteractions(
  options: SignInOptions,
  frame: PageFrame,
  limit: SignInLimit,
  choice: UpstreamChoice | undefined,
) {
  const { store, cookieKeys } = options;
  const factorSteps = createFactorSteps(options, frame, limit, letIn);
  const askerOf = createAskerOf(options);

  /** Answers a request below `/interaction/`; false when the path is not one of ours. */
  return async function answer(context: Context, provider: Provider): Promise<boolean> {
    const [, uid] = /^\/interaction\/([\w-]{1,64})$/.exec(context.path) ?? [];
    if (uid === undefined || !['GET', 'HEAD', 'POST'].includes(context.method)) return false;
    const visit = await findVisit(context, provider, uid);
    if (!visit) refuse(context, 400, expired);
    else if (context.method === 'POST') await submitted(visit);
    else await opened(visit);
    return true;
  };

  /** The interaction in the path, if this browser's cookie is for it and its client still exists. */
  async function findVisit(context: Context, provider: Provider, uid: string): Promise<Visit | undefined> {
    try {
      const interaction = await provider.interactionDetails(context.req, context.res);
      const client = options.clients().get(String(interaction.params.client_id));
      if (!client || interaction.uid !== uid) return undefined;
      return { context, provider, interaction, client, redirectUri: String(interaction.params.redirect_uri) };
    } catch (error) {
      if (error instanceof errors.SessionNotFound) return undefined;
      throw error;
    }
  }

  async function opened(visit: Visit): Promise<void> {
    const { prompt, params } = visit.interaction;
    if (prompt.name === 'consent' && !prompt.reasons.includes(borrowedIdReason)) return finish(visit, { consent: {} });
    if (prompt.name === 'login' && (await factorSteps.resume(visit))) return;
    const person = await personOfSession(visit);
    if (prompt.name === 'consent' && person) {
      return show(visit, 200, confirmPage(frame, formOf(visit, cookieKeys), person.name));
    }
    const hint = typeof params.login_hint === 'string' ? params.login_hint.slice(0, 256) : '';
    showStart(visit, person?.email ?? hint);
  }

  async function submitted(visit: Visit): Promise<void> {
    const { context, interaction } = visit;
    const body = await readFormBody(context.req);
    const form = body.ok ? parseForm(body.value) : body;
    const isOurs =
      form.ok &&
      ['same-origin', ''].includes(context.get('sec-fetch-site')) &&
      isFormToken(form.value.get('token'), interaction.uid, cookieKeys);
    if (!isOurs) return refuse(context, 400, expired);

    const chosen = await choice?.submitted(visit, form.value);
    if (chosen === 'answered') return;
    if (chosen === 'password') return showLogin(visit, 200, form.value.get('email') ?? '');
    const act = form.value.get('do') ?? 'sign-in';
    switch (act) {
      case 'continue':
        return (await personOfSession(visit)) ? finish(visit, { consent: {} }) : showStart(visit, '');
      case 'switch':
        await endProgress(store.artifacts, interaction.uid);
        return showStart(visit, '', true);
      case 'cancel':
        return finish(visit, { error: 'access_denied', error_description: 'the person cancelled' });
      case 'sign-in':
        return signIn(visit, form.value);
      default:
        if (!(await factorSteps.submitted(visit, act, form.value))) refuse(context, 400, expired);
    }
  }

  /** Checks the password, writes down what came of it, and only then answers. */
  async function signIn(visit: Visit, form: Form): Promise<void> {
    const { context, client } = visit;
    const [email, password] = [form.get('email') ?? '', form.get('password') ?? ''];
    const address = options.addressOf(context.req);
    const failed = { kind: 'sign_in', outcome: 'refused', address, known: false } as const;

    const claimed = email.length <= maxPasswordLength ? await store.people.findByEmail(email) : undefined;
    const asker = { ...(await askerOf(context, email, claimed?.id)), guessable: true };
    const wait = await limit.take(asker);
    if (wait) return refuseForNow(visit, email, wait, claimed);
    const { proven, person } = await authenticate(store.people, email, password, asker.device !== undefined);
    if (!proven) {
      const facts = { client: client.id, ...(person && { person: person.id }) };
      await options.note({ ...failed, reason: 'credentials_wrong', facts });
      return showLogin(visit, 400, email, 'This email and password do not go together. Try again.');
    }
    await limit.giveBack(asker);
    return factorSteps.afterPassword(visit, person);
  }

  /** Says the same of people who are not there. */
  async function refuseForNow(visit: Visit, email: string, wait: Wait, claimed: Person | undefined): Promise<void> {
    const { context, client } = visit;
    const address = options.addressOf(context.req);
    const facts = { client: client.id, ...(claimed && { person: claimed.id }) };
    if (wait.isFirst && claimed) {
      const detail = 'passwords are guessed from many places; closed to browsers that are new to this person for now';
      await options.note({ kind: 'alert', outcome: 'allowed', address, known: true, facts: { ...facts, detail } });
    }
    const reason = 'too_many_requests';
    await options.note({ kind: 'sign_in', outcome: 'refused', reason, address, known: false, facts });
    context.set('retry-after', String(wait.seconds));
    const minutes = Math.ceil(wait.seconds / 60);
    const words = wait.everywhere
      ? `There were too many wrong passwords for this address. Use a browser you have signed in with before, or a passkey, or wait ${minutes} minutes.`
      : `Too many tries from here. Wait ${wait.seconds} seconds, then try again.`;
    return showLogin(visit, 429, email, words);
  }

  /** Everything that was needed has been shown: the sign-in is as old as the last of it (IDP-38), however long pages lay open after it. */
  async function letIn(visit: Visit, person: Person, { shown: { acr, amr }, shownAt }: Progress): Promise<void> {
    const by = { personId: person.id, client: visit.client.id, address: options.addressOf(visit.context.req) };
    await endSessionOfAnother(options, visit.provider, visit.interaction, by);
    await endProgress(store.artifacts, visit.interaction.uid);
    const login = { accountId: person.id, acr, amr: [...amr], ts: shownAt };
    // consent: so that a client that asked for the consent prompt by name is not sent round again. upstream: nor is this what
    // somebody was there who had come before, and was not whom the client meant.
    return finish(visit, { login, consent: {}, upstream: undefined });
  }

  async function personOfSession({ interaction }: Visit): Promise<Person | undefined> {
    const person = interaction.session && (await store.people.find(interaction.session.accountId));
    return person?.active ? person : undefined;
  }

  /** The first page of a sign-in: by the identity provider of the organisation where there is one. */
  function showStart(visit: Visit, email: string, another = false): void {
    if (choice) choice.show(visit, formOf(visit, cookieKeys), email, another);
    else showLogin(visit, 200, email);
  }

  function showLogin(visit: Visit, status: number, email: string, wrong?: string): void {
    show(visit, status, loginPage(frame, { ...formOf(visit, cookieKeys), email, wrong }));
  }

  function refuse(context: Context, status: number, refused: Refused): void {
    context.set(pageHeaders());
    context.status = status;
    context.body = refusedPage(frame, refused);
  }
}

const expired: Refused = {
  state: 'Expired',
  title: 'This page is no longer good.',
  lead: 'It was open too long, it was finished before, or it belongs to another browser. Nothing happened. Go back to your agent and start signing in again.',
};
