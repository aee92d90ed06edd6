import type Provider from 'oidc-provider';
import type { Form } from '../../form.ts';
import { pageHeaders } from '../../pages/headers.ts';
import { acrOf, coversAcr } from '../../policy/sign-in-levels.ts';
import type { AuditRow, Factor, Person } from '../../store/store.ts';
import { createAskerOf } from './asker.ts';
import { createEnrolment, type Enrolled, newRecoveryCodes } from './enrolment.ts';
import { appSetupPage, passkeySetupPage, recoveryCodesPage } from './factor-pages.ts';
import { isOneOf, type Known, sentenceFor } from './factor-refusals.ts';
import { makeFormToken } from './form-token.ts';
import type { Context } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { freshSeconds, ownPages, signInUrl } from './own-pages.ts';
import { bodyFirst, readOwnForm, redirect } from './own-visit.ts';
import { type PageFrame, type Refused, refusedPage } from './pages.ts';
import { type Progress, readProgress, shownNow, writeProgress } from './progress.ts';
import { confirmChangePage, securityPage } from './security-pages.ts';
import type { SignInLimit } from './sign-in-limit.ts';

/** One request of somebody who has just signed in, with a second factor if they have one. */
interface Visit {
  readonly context: Context;
  readonly person: Person;
  readonly factors: readonly Factor[];
  readonly progress: Progress;
  /** Id of this page in the session: forms, challenges and progress are bound to it. */
  readonly uid: string;
}

/** `/security`: a person looks after what they sign in with. */
export function createSecurityPage(options: SignInOptions, frame: PageFrame, limit: SignInLimit) {
  const { store, cookieKeys } = options;
  const enrolment = createEnrolment(options);
  const askerOf = createAskerOf(options);

  const acts: Readonly<Record<string, ((visit: Visit, form: Form) => Promise<void>) | undefined>> = {
    'enrolment-code': enrolmentCodeTyped,
    'new-app': newApp,
    'app-code': appCodeTyped,
    'new-passkey': (visit) => newPasskey(visit),
    'passkey-made': passkeyMade,
    rename,
    remove: askToRemove,
    'remove-now': remove,
    'new-codes': async (visit) =>
      show(visit, 200, confirmChangePage(frame, { ...formOf(visit), ...newCodesQuestion, act: 'new-codes-now' })),
    'new-codes-now': newCodes,
  };

  /** Answers the page's requests; false for any other path. */
  return async function answer(context: Context, provider: Provider): Promise<boolean> {
    if (context.path !== ownPages.security.path || !['GET', 'HEAD', 'POST'].includes(context.method)) return false;
    if (context.method !== 'POST' && context.query.error !== undefined) {
      showRefused(context, 400, notSignedIn);
      return true;
    }
    const visit = await findVisit(context, provider);
    if (visit && context.method === 'POST') await submitted(visit);
    else if (visit && context.search === '') await overview(visit);
    // With the code of the sign-in in the address; it is good for nothing, but does not belong there.
    else if (visit) redirect(context, ownPages.security.path);
    return true;
  };

  /** Sends to the sign-in whoever is not signed in, or not well enough for changing how they sign in. */
  async function findVisit(context: Context, provider: Provider): Promise<Visit | undefined> {
    await bodyFirst(context);
    const session = await provider.Session.get(context);
    const person = session.accountId === undefined ? undefined : await store.people.find(session.accountId);
    if (person?.active && (await store.people.passwordHash(person.id)) === undefined) {
      showRefused(context, 403, elsewhere);
      return undefined;
    }
    const isFresh = !session.past(freshSeconds);
    const factors = person?.active ? await store.factors.of(person.id) : [];
    const needed = factors.length > 0 ? acrOf.twoFactors : acrOf.password;
    const isStrong = coversAcr(session.acr, needed);
    if (!person?.active || !isFresh || !isStrong) {
      // A sign-in elsewhere may stand whose words are not ours: if none were asked for, it would be taken again and again.
      const acr = factors.length > 0 || (person?.active && !isStrong) ? needed : undefined;
      redirect(context, signInUrl(options.issuer, ownPages.security, { acr, maxAge: freshSeconds }));
      return undefined;
    }
    const uid = `security ${session.uid}`;
    const known = await readProgress(store.artifacts, uid);
    const shown = { acr: session.acr ?? acrOf.password, amr: session.amr ?? [] };
    const mine = known?.personId === person.id ? known : undefined;
    const enrolmentCode = mine?.enrolmentCode ?? (factors.length === 0 ? await enrolment.passOf(person) : undefined);
    // How old the sign-in is was asked above, and is asked each time.
    const progress = { ...mine, enrolmentCode, ...shownNow(person.id, shown, options.now()) };
    return { context, person, factors, progress, uid };
  }

  async function submitted(visit: Visit): Promise<void> {
    const form = await readOwnForm(visit.context, visit.uid, cookieKeys);
    if (!form) return overview(visit, 400, { wrong: 'Nothing was changed: this page was too old. Try again.' });
    const take = acts[form.get('do') ?? ''] ?? ((here: Visit) => overview(here));
    await take(visit, form);
  }

  async function enrolmentCodeTyped(visit: Visit, form: Form): Promise<void> {
    const { context, person, progress, uid } = visit;
    const asker = await askerOf(context, `enrolment of ${person.id}`, person.id);
    const wait = await limit.take(asker);
    if (wait) return refuse(visit, 'too_many_requests', wait.seconds);
    const enrolmentCode = await enrolment.readCode(person, form.get('code') ?? '');
    if (enrolmentCode === undefined) return refuse(visit, 'enrolment_code_wrong');
    await limit.giveBack(asker);
    const next = { ...progress, enrolmentCode };
    await writeProgress(store.artifacts, uid, next);
    await overview({ ...visit, progress: next });
  }

  async function newApp(visit: Visit): Promise<void> {
    if (needsCode(visit)) return overview(visit);
    const sealedSecret = enrolment.newApp(visit.person.id);
    await writeProgress(store.artifacts, visit.uid, { ...visit.progress, sealedSecret });
    showApp(visit, 200, sealedSecret);
  }

  function showApp(visit: Visit, status: number, sealedSecret: string, wrong?: string): void {
    const setup = enrolment.appSetup(visit.person, sealedSecret);
    show(visit, status, appSetupPage(frame, { ...formOf(visit), ...setup, wrong }));
  }

  async function appCodeTyped(visit: Visit, form: Form): Promise<void> {
    const { person, progress } = visit;
    const added = await enrolment.addApp(person, progress, form.get('code') ?? '', aboutOf(visit));
    if (added.ok) return enrolled(visit, added.value);
    const reason = isOneOf(added.refusal) ? added.refusal : 'factor_code_wrong';
    if (reason !== 'factor_code_wrong' || progress.sealedSecret === undefined) return refuse(visit, reason);
    await note(visit, reason);
    showApp(visit, 400, progress.sealedSecret, sentenceFor(reason));
  }

  async function newPasskey(visit: Visit): Promise<void> {
    if (needsCode(visit)) return overview(visit);
    const asked = await enrolment.askPasskey(visit.person, visit.uid);
    show(visit, 200, passkeySetupPage(frame, { ...formOf(visit), options: asked, canUseApp: true }), true);
  }

  async function passkeyMade(visit: Visit, form: Form): Promise<void> {
    const { person, progress, uid } = visit;
    const answer = form.get('credential') ?? '';
    const added = await enrolment.addPasskey(person, progress, uid, answer, aboutOf(visit));
    if (added.ok) return enrolled(visit, added.value);
    return refuse(visit, isOneOf(added.refusal) ? added.refusal : 'passkey_refused');
  }

  async function enrolled(visit: Visit, { factor, recoveryCodes }: Enrolled): Promise<void> {
    const { personId, shown, shownAt, until } = visit.progress;
    await writeProgress(store.artifacts, visit.uid, { personId, shown, shownAt, until });
    if (recoveryCodes.length > 0) return show(visit, 200, recoveryCodesPage(frame, formOf(visit), recoveryCodes));
    await overview(await again(visit), 200, { said: `${factor.name} was added.` });
  }

  async function rename(visit: Visit, form: Form): Promise<void> {
    const name = (form.get('name') ?? '').trim().slice(0, 60);
    const factor = chosen(visit, form);
    if (!factor || name === '') return overview(visit);
    await inOneStep(visit, factor, 'factor renamed', (row) =>
      store.factors.rename(visit.person.id, factor.id, name, [row]),
    );
    await overview(await again(visit));
  }

  async function askToRemove(visit: Visit, form: Form): Promise<void> {
    const factor = chosen(visit, form);
    if (!factor) return overview(visit);
    const isLast = visit.factors.length === 1;
    const lead = isLast
      ? 'It is the last one: your recovery codes stop working too, and what needs a second factor is closed to your agents.'
      : 'It no longer lets you in. The others stay as they are.';
    const question = { title: `Remove ${factor.name}?`, lead, act: 'remove-now', button: `Remove ${factor.name}` };
    show(visit, 200, confirmChangePage(frame, { ...formOf(visit), ...question, id: factor.id }));
  }

  async function remove(visit: Visit, form: Form): Promise<void> {
    const factor = chosen(visit, form);
    if (!factor) return overview(visit);
    await inOneStep(visit, factor, 'factor removed', (row) => store.factors.remove(visit.person.id, factor.id, [row]));
    await overview(await again(visit), 200, { said: `${factor.name} was removed.` });
  }

  async function newCodes(visit: Visit): Promise<void> {
    if (visit.factors.length === 0) return overview(visit);
    const { codes, hashes } = newRecoveryCodes();
    await inOneStep(visit, undefined, 'recovery codes replaced', (row) =>
      store.factors.setRecoveryCodes(visit.person.id, hashes, [row]),
    );
    show(visit, 200, recoveryCodesPage(frame, formOf(visit), codes));
  }

  async function again(visit: Visit): Promise<Visit> {
    return { ...visit, factors: await store.factors.of(visit.person.id) };
  }

  async function overview(visit: Visit, status = 200, told: { said?: string; wrong?: string } = {}): Promise<void> {
    const { person, factors } = visit;
    const recoveryCodesLeft = await store.factors.recoveryCodesLeft(person.id);
    const state = { email: person.email, factors, recoveryCodesLeft, needsCode: needsCode(visit) };
    show(visit, status, securityPage(frame, { ...formOf(visit), ...state, ...told }));
  }

  /** What the page offers; the rule itself is where a factor is added. */
  function needsCode({ factors, progress }: Visit): boolean {
    return factors.length === 0 && progress.enrolmentCode === undefined && options.firstFactor() === 'code';
  }

  function chosen({ factors }: Visit, form: Form): Factor | undefined {
    return factors.find(({ id }) => id === form.get('id'));
  }

  async function refuse(visit: Visit, reason: Known, waitSeconds = 0): Promise<void> {
    await note(visit, reason);
    if (waitSeconds > 0) visit.context.set('retry-after', String(waitSeconds));
    await overview(visit, waitSeconds > 0 ? 429 : 400, { wrong: sentenceFor(reason, waitSeconds) });
  }

  async function note(visit: Visit, reason: Known): Promise<void> {
    const { address } = aboutOf(visit);
    const facts = { person: visit.person.id };
    await options.note({ kind: 'factor', outcome: 'refused', reason, address, known: true, facts });
  }

  async function inOneStep(
    visit: Visit,
    factor: Factor | undefined,
    detail: string,
    write: (row: AuditRow) => Promise<unknown>,
  ): Promise<void> {
    const { address } = aboutOf(visit);
    const about = factor ? { kind: factor.kind, id: factor.id } : { kind: 'recovery_code' as const };
    const facts = { person: visit.person.id, factor: about, detail };
    await options.inOneStep({ kind: 'factor', outcome: 'allowed', known: true, address, facts }, write);
  }

  function aboutOf({ context }: Visit) {
    return { address: options.addressOf(context.req), facts: {} };
  }

  function formOf({ uid }: Visit) {
    return { action: ownPages.security.path, token: makeFormToken(uid, cookieKeys) };
  }

  function show({ context }: Visit, status: number, page: string, asksPasskey = false): void {
    context.set(pageHeaders([], [], asksPasskey));
    context.status = status;
    context.body = page;
  }

  function showRefused(context: Context, status: number, refused: Refused): void {
    context.set(pageHeaders());
    context.status = status;
    context.body = refusedPage(frame, refused);
  }
}

export const notSignedIn: Refused = {
  state: 'Not signed in',
  title: 'You are not signed in.',
  lead: 'Nothing was changed. Open this page again to sign in.',
};

const elsewhere: Refused = {
  state: 'Not here',
  title: 'You sign in elsewhere.',
  lead: "You have no password here: your organisation's own sign-in asks you for whatever is needed. Look after it there.",
};

const newCodesQuestion = {
  title: 'Make new recovery codes?',
  lead: 'Those you have now stop working.',
  button: 'Make new ones',
};
