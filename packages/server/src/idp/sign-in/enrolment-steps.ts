import type { Form } from '../../form.ts';
import { acrOf, coversAcr } from '../../policy/sign-in-levels.ts';
import type { Person } from '../../store/store.ts';
import { createAskerOf } from './asker.ts';
import { createEnrolment, type Enrolled, newRecoveryCodes } from './enrolment.ts';
import { appSetupPage, neededPage, passkeySetupPage, recoveryCodesPage } from './factor-pages.ts';
import { isOneOf, type Known, sentenceFor } from './factor-refusals.ts';
import type { SignInOptions } from './options.ts';
import type { PageFrame } from './pages.ts';
import { type Progress, shownNow, untilFrom, writeProgress } from './progress.ts';
import type { SignInLimit } from './sign-in-limit.ts';
import { passwordAndApp } from './strength.ts';
import { boundTo, formOf, show, type Take, type Visit } from './visit.ts';

/** Enrolling a factor in the middle of a sign-in that needs one. */
export interface EnrolmentSteps {
  readonly acts: Readonly<Record<string, Take>>;
  /** Offers a factor of the kind that is needed, or says whom to ask. */
  begin(visit: Visit, person: Person, progress: Progress, neededAcr: string): Promise<void>;
  /** Shows recovery codes in the place of those that nobody has read: a form was sent twice, or the page was loaded anew. */
  showNewCodes(visit: Visit, person: Person): Promise<void>;
}

/** @param next - goes on with the sign-in once there is something new */
export function createEnrolmentSteps(
  options: SignInOptions,
  frame: PageFrame,
  limit: SignInLimit,
  next: (visit: Visit, person: Person, progress: Progress) => Promise<void>,
): EnrolmentSteps {
  const enrolment = createEnrolment(options);
  const askerOf = createAskerOf(options);
  const form = (visit: Visit) => formOf(visit, options.cookieKeys);
  const aboutOf = ({ context, client }: Visit) => ({
    address: options.addressOf(context.req),
    facts: { client: client.id },
  });

  return {
    async begin(visit, person, before, neededAcr) {
      const enrolmentCode = before.enrolmentCode ?? (await enrolment.passOf(person));
      const progress = { ...before, enrolmentCode };
      if (enrolmentCode !== before.enrolmentCode) {
        await writeProgress(options.store.artifacts, visit.interaction.uid, progress);
      }
      const hasShownOne = coversAcr(progress.shown.acr, acrOf.twoFactors);
      const mayEnrol = hasShownOne || progress.enrolmentCode !== undefined || options.firstFactor() === 'password';
      if (!mayEnrol) {
        await note(visit, person, 'factor_needed');
        return show(visit, 200, neededPage(frame, form(visit)));
      }
      if (neededAcr === acrOf.passkey) return newPasskey(visit, person);
      return newApp(visit, person, progress);
    },
    acts: {
      'enrolment-code': enrolmentCodeTyped,
      'new-app': newApp,
      'app-code': appCodeTyped,
      'new-passkey': (visit, person) => newPasskey(visit, person),
      'passkey-made': passkeyMade,
      done: (visit, person, progress) => next(visit, person, { ...progress, areCodesUnread: false }),
    },
    showNewCodes,
  };

  async function enrolmentCodeTyped(visit: Visit, person: Person, progress: Progress, fields: Form): Promise<void> {
    const asker = await askerOf(visit.context, `enrolment of ${person.id}`, person.id);
    const refuse = async (reason: Known, waitSeconds = 0) => {
      await note(visit, person, reason);
      if (waitSeconds > 0) visit.context.set('retry-after', String(waitSeconds));
      const wrong = sentenceFor(reason, waitSeconds);
      show(visit, waitSeconds > 0 ? 429 : 400, neededPage(frame, { ...form(visit), wrong }));
    };
    const wait = await limit.take(asker);
    if (wait) return refuse('too_many_requests', wait.seconds);
    const enrolmentCode = await enrolment.readCode(person, fields.get('code') ?? '');
    if (enrolmentCode === undefined) return refuse('enrolment_code_wrong');
    await limit.giveBack(asker);
    await next(visit, person, { ...progress, enrolmentCode });
  }

  /** A new secret each time the page is opened: one that was on a screen before is not taken up again. */
  async function newApp(visit: Visit, person: Person, progress: Progress): Promise<void> {
    const sealedSecret = enrolment.newApp(person.id);
    await writeProgress(options.store.artifacts, visit.interaction.uid, { ...progress, sealedSecret });
    showApp(visit, 200, person, sealedSecret);
  }

  function showApp(visit: Visit, status: number, person: Person, sealedSecret: string, wrong?: string): void {
    show(visit, status, appSetupPage(frame, { ...form(visit), ...enrolment.appSetup(person, sealedSecret), wrong }));
  }

  async function appCodeTyped(visit: Visit, person: Person, progress: Progress, fields: Form): Promise<void> {
    if (progress.areCodesUnread) return next(visit, person, progress);
    const added = await enrolment.addApp(person, progress, fields.get('code') ?? '', aboutOf(visit));
    if (!added.ok) {
      const reason = isOneOf(added.refusal) ? added.refusal : 'factor_code_wrong';
      await note(visit, person, reason);
      if (progress.sealedSecret === undefined || reason !== 'factor_code_wrong') return next(visit, person, progress);
      return showApp(visit, 400, person, progress.sealedSecret, sentenceFor(reason));
    }
    // The code that turned it on was a code of it: the second factor has been shown, after a password unless by a passkey.
    const shown = coversAcr(progress.shown.acr, acrOf.passkey) ? progress.shown : passwordAndApp;
    await goOn(visit, person, shownNow(person.id, shown, options.now()), added.value);
  }

  async function newPasskey(visit: Visit, person: Person, status = 200, wrong?: string): Promise<void> {
    const asked = await enrolment.askPasskey(person, boundTo(visit, person));
    show(visit, status, passkeySetupPage(frame, { ...form(visit), options: asked, canUseApp: true, wrong }), true);
  }

  async function passkeyMade(visit: Visit, person: Person, progress: Progress, fields: Form): Promise<void> {
    if (progress.areCodesUnread) return next(visit, person, progress);
    const answer = fields.get('credential') ?? '';
    const added = await enrolment.addPasskey(person, progress, boundTo(visit, person), answer, aboutOf(visit));
    if (!added.ok) {
      const reason = isOneOf(added.refusal) ? added.refusal : 'passkey_refused';
      await note(visit, person, reason);
      return newPasskey(visit, person, 400, sentenceFor(reason));
    }
    // Making it proved nothing yet: it is asked for next.
    const { shown, shownAt, until } = progress;
    await goOn(visit, person, { personId: person.id, shown, shownAt, until }, added.value);
  }

  async function goOn(visit: Visit, person: Person, progress: Progress, { recoveryCodes }: Enrolled): Promise<void> {
    const areCodesUnread = recoveryCodes.length > 0;
    // Who has just been sent codes has the time to keep them; what was shown before is as old as it is.
    const until = areCodesUnread ? untilFrom(options.now()) : progress.until;
    await writeProgress(options.store.artifacts, visit.interaction.uid, { ...progress, areCodesUnread, until });
    if (!areCodesUnread) return next(visit, person, progress);
    show(visit, 200, recoveryCodesPage(frame, form(visit), recoveryCodes));
  }

  async function showNewCodes(visit: Visit, person: Person): Promise<void> {
    const { codes, hashes } = newRecoveryCodes();
    const { address, facts } = aboutOf(visit);
    const about = { ...facts, person: person.id, factor: { kind: 'recovery_code' as const } };
    const detail = 'recovery codes replaced: nobody had kept them yet';
    await options.inOneStep(
      { kind: 'factor', outcome: 'allowed', known: true, address, facts: { ...about, detail } },
      (row) => options.store.factors.setRecoveryCodes(person.id, hashes, [row]),
    );
    show(visit, 200, recoveryCodesPage(frame, form(visit), codes));
  }

  async function note({ context, client }: Visit, person: Person, reason: Known): Promise<void> {
    const facts = { client: client.id, person: person.id };
    const address = options.addressOf(context.req);
    await options.note({ kind: 'sign_in', outcome: 'refused', reason, address, known: true, facts });
  }
}
