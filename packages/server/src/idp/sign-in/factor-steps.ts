import type { Refusal } from '@credence/mcp/protocol';
import { parseAssertion } from '../../directory/passkey.ts';
import type { Form } from '../../form.ts';
import { acrOf, coversAcr, levelAskedFor } from '../../policy/sign-in-levels.ts';
import type { Factor, Person } from '../../store/store.ts';
import { createAskerOf } from './asker.ts';
import { createEnrolmentSteps } from './enrolment-steps.ts';
import { passkeyPage, secondStepPage } from './factor-pages.ts';
import { isOneOf, type Known, sentenceFor } from './factor-refusals.ts';
import { noticePage } from './notice-page.ts';
import type { SignInOptions } from './options.ts';
import type { PageFrame } from './pages.ts';
import { endProgress, type Progress, readProgress, shownNow, writeProgress } from './progress.ts';
import { createProofs, strengthOf } from './proofs.ts';
import { type Asker, createCodeLimit, type SignInLimit } from './sign-in-limit.ts';
import { passwordAlone } from './strength.ts';
import { boundTo, finish, formOf, show, type Take, type Visit } from './visit.ts';

/** What comes after the password, and the way in without one. */
export interface FactorSteps {
  /** The password was right: lets the person in, or asks for more. */
  afterPassword(visit: Visit, person: Person): Promise<void>;
  /** Shows where a sign-in under way stands; false when none is. */
  resume(visit: Visit): Promise<boolean>;
  /** Takes a form of these pages; false when it is none of them, or the sign-in under way has lapsed. */
  submitted(visit: Visit, act: string, form: Form): Promise<boolean>;
}

/** @param letIn - ends the interaction with this person signed in */
export function createFactorSteps(
  options: SignInOptions,
  frame: PageFrame,
  limit: SignInLimit,
  letIn: (visit: Visit, person: Person, progress: Progress) => Promise<void>,
): FactorSteps {
  const { store, now } = options;
  const proofs = createProofs(options);
  const askerOf = createAskerOf(options);
  const codeLimit = createCodeLimit(options.shared);
  const enrolmentSteps = createEnrolmentSteps(options, frame, limit, step);
  const acts: Readonly<Record<string, Take | undefined>> = {
    code: codeTyped,
    noticed,
    ...enrolmentSteps.acts,
  };

  return {
    afterPassword: (visit, person) => step(visit, person, shownNow(person.id, passwordAlone, now())),

    async resume(visit) {
      const under = await underWay(visit);
      if (under) await step(visit, under.person, under.progress);
      return under !== undefined;
    },

    async submitted(visit, act, form) {
      if (act === 'passkey') {
        await endProgress(store.artifacts, visit.interaction.uid);
        await showPasskeyPage(visit);
      } else if (act === 'passkey-answer') await passkeyAnswered(visit, form.get('credential') ?? '');
      else if (act === 'give-up') await giveUp(visit);
      else {
        const take = acts[act];
        const under = take && (await underWay(visit));
        if (!under) return false;
        await take(visit, under.person, under.progress, form);
      }
      return true;
    },
  };

  /** The one place that says what is still missing: lets in when nothing is. */
  async function step(visit: Visit, person: Person, progress: Progress): Promise<void> {
    if (progress.areCodesUnread) return enrolmentSteps.showNewCodes(visit, person);
    const factors = await store.factors.of(person.id);
    const needed = whatIsNeeded(visit, factors);
    if (coversAcr(progress.shown.acr, needed)) return tellAndLetIn(visit, person, progress);

    await writeProgress(store.artifacts, visit.interaction.uid, progress);
    const willDo = factors.filter(({ kind }) => kind === 'passkey' || needed === acrOf.twoFactors);
    if (willDo.length > 0) return showSecondStep(visit, person, willDo, 200);
    // One that will not do is shown all the same before a better one is made.
    const hasShownOne = coversAcr(progress.shown.acr, acrOf.twoFactors);
    if (factors.length > 0 && !hasShownOne) return showSecondStep(visit, person, factors, 200);
    return enrolmentSteps.begin(visit, person, progress, needed);
  }

  function whatIsNeeded({ interaction }: Visit, factors: readonly Factor[]): string {
    const asked = levelAskedFor(interaction.params.acr_values) ?? acrOf.password;
    // Whoever has a second factor is always asked for it: else it would protect nothing from who has the password.
    return factors.length > 0 && !coversAcr(asked, acrOf.twoFactors) ? acrOf.twoFactors : asked;
  }

  /** T30: what somebody else did to how this person signs in is told before they are let in. */
  async function tellAndLetIn(visit: Visit, person: Person, progress: Progress): Promise<void> {
    const notices = await store.notices.of(person.id);
    if (notices.length === 0) return letIn(visit, person, progress);
    const noticesShown = notices.map(({ id }) => id);
    await writeProgress(store.artifacts, visit.interaction.uid, { ...progress, noticesShown });
    show(visit, 200, noticePage(frame, { ...formOf(visit, options.cookieKeys), notices }));
  }

  /** Seen: with a word that it was not the person who asked for it, an open link is worthless from now on. */
  async function noticed(visit: Visit, person: Person, progress: Progress, form: Form): Promise<void> {
    // Not by the password alone, where there is more to show: a thief of it would read them away, and revoke the link.
    const needed = whatIsNeeded(visit, await store.factors.of(person.id));
    if (!coversAcr(progress.shown.acr, needed)) return step(visit, person, progress);
    if (form.get('mine') === 'no') {
      const detail = 'says that a reset was not asked for; an open link is revoked';
      const facts = { person: person.id, client: visit.client.id, detail };
      const address = options.addressOf(visit.context.req);
      await options.note({ kind: 'alert', outcome: 'allowed', address, known: true, facts });
      await store.links.revoke(person.id, []);
    }
    await store.notices.seen(person.id, progress.noticesShown ?? []);
    await step(visit, person, progress);
  }

  async function showSecondStep(
    visit: Visit,
    person: Person,
    factors: readonly Factor[],
    status: number,
    wrong?: string,
  ): Promise<void> {
    const passkeys = factors.filter(({ kind }) => kind === 'passkey');
    const isAny = levelAskedFor(visit.interaction.params.acr_values) !== acrOf.passkey;
    const page = secondStepPage(frame, {
      ...formOf(visit, options.cookieKeys),
      hasApp: factors.some(({ kind }) => kind === 'totp'),
      hasRecoveryCodes: isAny && (await store.factors.recoveryCodesLeft(person.id)) > 0,
      passkey: passkeys.length > 0 ? await proofs.askPasskey(boundTo(visit, person), passkeys) : undefined,
      wrong,
    });
    show(visit, status, page, passkeys.length > 0);
  }

  /** The sign-in under way in this browser, of a person who may still sign in. */
  async function underWay({ interaction }: Visit): Promise<{ person: Person; progress: Progress } | undefined> {
    const progress = await readProgress(store.artifacts, interaction.uid);
    const person = progress && (await store.people.find(progress.personId));
    return progress && person?.active ? { person, progress } : undefined;
  }

  async function codeTyped(visit: Visit, person: Person, progress: Progress, form: Form): Promise<void> {
    // After a passkey a code adds nothing, and the password that it would go with may never have been typed.
    if (coversAcr(progress.shown.acr, acrOf.passkey)) return step(visit, person, progress);
    const address = options.addressOf(visit.context.req);
    const asker = await askerOf(visit.context, `second factor of ${person.id}`, person.id);
    const typed = form.get('code') ?? '';
    const wait = await limit.take(asker);
    if (wait) return refuseCode(visit, person, 'too_many_requests', wait.seconds);
    // Six digits can be guessed, from a thousand addresses too, and with any number of blanks; a recovery code cannot.
    const isGuessable = /^[\d\s]+$/.test(typed);
    if (isGuessable && !(await codeLimit.take(person.id))) return refuseCode(visit, person, 'factor_codes_exhausted');

    const shown = await proofs.showCode(person, typed, { address, facts: { client: visit.client.id } });
    if (!shown.ok) return refuseCode(visit, person, isOneOf(shown.refusal) ? shown.refusal : 'factor_code_wrong');
    await limit.giveBack(asker);
    if (isGuessable) await codeLimit.giveBack(person.id);
    await step(visit, person, { ...progress, ...shownNow(person.id, shown.value, now()) });
  }

  async function refuseCode(visit: Visit, person: Person, reason: Known, waitSeconds = 0): Promise<void> {
    await note(visit, reason, person);
    if (waitSeconds > 0) visit.context.set('retry-after', String(waitSeconds));
    const status = waitSeconds > 0 ? 429 : 400;
    await showSecondStep(visit, person, await store.factors.of(person.id), status, sentenceFor(reason, waitSeconds));
  }

  async function showPasskeyPage(visit: Visit, status = 200, wrong?: string): Promise<void> {
    const page = passkeyPage(frame, {
      ...formOf(visit, options.cookieKeys),
      options: await proofs.askPasskey(boundTo(visit), []),
      wrong,
    });
    show(visit, status, page, true);
  }

  /** A passkey lets in its owner, with the password before it or alone. After a password it has to be of the same person. */
  async function passkeyAnswered(visit: Visit, answer: string): Promise<void> {
    const under = await underWay(visit);
    const asker = await askerOfPasskey(visit, under?.person, answer);
    const refuse = async (reason: Known, waitSeconds = 0) => {
      if (under) return refuseCode(visit, under.person, reason, waitSeconds);
      await note(visit, reason);
      if (waitSeconds > 0) visit.context.set('retry-after', String(waitSeconds));
      await showPasskeyPage(visit, waitSeconds > 0 ? 429 : 400, sentenceFor(reason, waitSeconds));
    };
    const wait = await limit.take(asker);
    if (wait) return refuse('too_many_requests', wait.seconds);

    const shown = await proofs.showPasskey(boundTo(visit, under?.person), answer);
    if (!shown.ok) return refuse(isOneOf(shown.refusal) ? shown.refusal : 'passkey_refused');
    const person = await store.people.find(shown.value.personId);
    if (!person?.active || (under && under.person.id !== person.id)) return refuse('passkey_refused');
    // Whoever signs in elsewhere is judged there alone: a passkey here would outlive their account over there (T31).
    if ((await store.people.passwordHash(person.id)) === undefined) return refuse('passkey_refused');
    await limit.giveBack(asker);
    const strength = strengthOf(shown.value, under?.progress.shown.amr.includes('pwd') === true);
    await step(visit, person, { ...under?.progress, ...shownNow(person.id, strength, now()) });
  }

  /** By the person whose passkey it claims to be: whoever shows nonsense uses up nobody's tries. */
  async function askerOfPasskey(visit: Visit, person: Person | undefined, answer: string): Promise<Asker> {
    if (person) return askerOf(visit.context, `second factor of ${person.id}`, person.id);
    const claimed = await store.factors.findPasskey(parseAssertion(answer)?.id ?? '');
    const account = claimed ? `passkey of ${claimed.personId}` : 'unknown passkeys';
    return askerOf(visit.context, account, claimed?.personId);
  }

  /** Nothing here can be had without a factor: the client is told so, in the words of the extension for it. */
  async function giveUp(visit: Visit): Promise<void> {
    const words = 'the person has no second factor that will do';
    await finish(visit, { error: 'unmet_authentication_requirements', error_description: words });
  }

  async function note(visit: Visit, reason: Refusal, person?: Person): Promise<void> {
    await options.note({
      kind: 'sign_in',
      outcome: 'refused',
      reason,
      address: options.addressOf(visit.context.req),
      known: person !== undefined,
      facts: {
        client: visit.client.id,
        ...(person && { person: person.id }),
      },
    });
  }
}
