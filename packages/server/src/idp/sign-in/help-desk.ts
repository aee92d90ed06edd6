import type { Refusal } from '@credence/mcp/protocol';
import type Provider from 'oidc-provider';
import { randomId } from '../../call.ts';
import { makeLink } from '../../directory/account-links.ts';
import { checkCares, checkMayReset } from '../../directory/administrators.ts';
import type { Form } from '../../form.ts';
import { acrOf } from '../../policy/sign-in-levels.ts';
import type { AdminRole } from '../../store/administrators.ts';
import type { AccountLink } from '../../store/links.ts';
import type { Person } from '../../store/store.ts';
import { endSessionsOf } from './end-session.ts';
import { makeFormToken } from './form-token.ts';
import { findPersonPage, linkMadePage, personPage, removeFactorPage } from './help-desk-pages.ts';
import type { Context } from './layer.ts';
import type { SignInNote, SignInOptions } from './options.ts';
import { freshSeconds, ownPages } from './own-pages.ts';
import { findOwnVisit, type OwnVisit, readOwnForm, redirect, showPage } from './own-visit.ts';
import { type PageFrame, type Refused, refusedPage } from './pages.ts';
import { notSignedIn } from './security.ts';

const day = 86_400;
/** Time enough to be read out on the telephone, and short enough to lie in a mailbox. */
const linkSeconds = 3600;
const needs = { acr: acrOf.twoFactors, maxAge: freshSeconds };

interface Visit extends OwnVisit {
  readonly role: AdminRole;
}

/** The person a form is about, as they are now, and whether what they sign in with may be reset. */
interface Target {
  readonly person: Person;
  readonly role: AdminRole | undefined;
  readonly refusal: Refusal | undefined;
  readonly purpose: AccountLink['purpose'] | undefined;
}

/**
 * `/help-desk`: whoever cares for people helps them back in. Signed in within 15 minutes, with a second factor; the role is
 * read at every request. Whatever is done is on the record with who did it, and the person is told at the next sign-in.
 */
export function createHelpDesk(options: SignInOptions, frame: PageFrame) {
  const { store, cookieKeys, now, issuer } = options;
  const { path } = ownPages.helpDesk;

  const acts: Readonly<Record<string, ((visit: Visit, form: Form) => Promise<void>) | undefined>> = {
    find,
    person: (visit, form) => about(visit, form, async (target) => showPerson(visit, target)),
    link: (visit, form) => about(visit, form, (target) => makeLinkFor(visit, target)),
    remove: (visit, form) => about(visit, form, (target) => askToRemove(visit, target, form)),
    'remove-now': (visit, form) => about(visit, form, (target) => remove(visit, target, form)),
  };

  /** Answers the page's requests; false for any other path. */
  return async function answer(context: Context, provider: Provider): Promise<boolean> {
    if (context.path !== path || !['GET', 'HEAD', 'POST'].includes(context.method)) return false;
    if (context.method !== 'POST' && context.query.error !== undefined) {
      showPage(context, 400, refusedPage(frame, notSignedIn));
      return true;
    }
    const own = await findOwnVisit(options, ownPages.helpDesk, context, provider, needs);
    if (!own) return true;
    const cares = checkCares(await store.administrators.roleOf(own.person.id));
    if (!cares.ok) await turnAway(own, cares.refusal);
    else if (context.method === 'POST') await submitted({ ...own, role: cares.value });
    else if (context.search === '') showFind({ ...own, role: cares.value }, 200);
    else redirect(context, path);
    return true;
  };

  async function submitted(visit: Visit): Promise<void> {
    const form = await readOwnForm(visit.context, visit.uid, cookieKeys);
    if (!form) return showFind(visit, 400, '', 'Nothing was changed: this page was too old. Try again.');
    const take = acts[form.get('do') ?? ''];
    if (take) await take(visit, form);
    else showFind(visit, 200);
  }

  async function find(visit: Visit, form: Form): Promise<void> {
    const email = (form.get('email') ?? '').trim().slice(0, 256);
    const person = await store.people.findByEmail(email);
    const facts = { ...(person && { person: person.id }), by: visit.person.id };
    const detail = person ? 'looked up at the help desk' : 'nobody found at the help desk';
    await note(visit, { ...facts, detail });
    if (!person) return showFind(visit, 400, email, 'Nobody here has this address.');
    await showPerson(visit, await toTarget(visit, person));
  }

  /** Reads anew whom the form is about: nothing is believed of what the page said. */
  async function about(visit: Visit, form: Form, act: (target: Target) => Promise<void>): Promise<void> {
    const person = await store.people.find(form.get('person') ?? '');
    if (!person) return showFind(visit, 400, '', 'This person is no longer here.');
    await act(await toTarget(visit, person));
  }

  async function toTarget({ role }: Visit, person: Person): Promise<Target> {
    const targetRole = await store.administrators.roleOf(person.id);
    const may = checkMayReset(role, targetRole);
    const hasPassword = (await store.people.passwordHash(person.id)) !== undefined;
    const purpose = hasPassword ? 'reset' : person.source === 'local' ? 'invitation' : undefined;
    return { person, role: targetRole, refusal: may.ok ? undefined : may.refusal, purpose };
  }

  async function makeLinkFor(visit: Visit, target: Target): Promise<void> {
    const { person, role, refusal, purpose } = target;
    if (refusal) return refuse(visit, target, refusal);
    if (purpose === undefined || !person.active) return showPerson(visit, target);
    await tell(person, 'reset_link', '');
    const detail = `${purpose} link made at the help desk${role === undefined ? '' : ', good after a day'}`;
    const { url, link } = await options.inOneStep(noteOf(visit, person, detail), (row) =>
      makeLink(store, person, {
        issuer,
        purpose,
        now: now(),
        delaySeconds: role === undefined ? 0 : day,
        validSeconds: linkSeconds,
        records: [row],
      }),
    );
    showPage(visit.context, 200, linkMadePage(frame, { ...formOf(visit), person, url, link }));
  }

  async function askToRemove(visit: Visit, target: Target, form: Form): Promise<void> {
    const refusal = whyNotRemove(target);
    if (refusal) return refuse(visit, target, refusal);
    const factors = await store.factors.of(target.person.id);
    const factor = factors.find(({ id }) => id === form.get('factor'));
    if (!factor) return showPerson(visit, target);
    const page = { ...formOf(visit), person: target.person, factor, isLast: factors.length === 1 };
    showPage(visit.context, 200, removeFactorPage(frame, page));
  }

  async function remove(visit: Visit, target: Target, form: Form): Promise<void> {
    const refusal = whyNotRemove(target);
    if (refusal) return refuse(visit, target, refusal);
    const { person } = target;
    const factor = (await store.factors.of(person.id)).find(({ id }) => id === form.get('factor'));
    if (!factor) return showPerson(visit, target);
    await tell(person, 'factor_removed', factor.name);
    const detail = 'factor removed at the help desk';
    const about = { kind: factor.kind, id: factor.id };
    await options.inOneStep(noteOf(visit, person, detail, about), (row) =>
      store.factors.remove(person.id, factor.id, [row]),
    );
    await endSessionsOf(options, visit.provider, person.id, {
      address: addressOf(visit),
      facts: { by: visit.person.id, detail },
      initiator: 'admin',
    });
    await showPerson(visit, target, `${factor.name} was removed.`);
  }

  function whyNotRemove({ refusal, role }: Target): Refusal | undefined {
    return refusal ?? (role === undefined ? undefined : 'administrator_factor_by_command');
  }

  /** Before it is done: a notice of nothing is harmless. */
  async function tell(person: Person, what: 'reset_link' | 'factor_removed', name: string): Promise<void> {
    await store.notices.add({ id: randomId('n_'), personId: person.id, what, about: name, at: now() });
  }

  async function showPerson(visit: Visit, target: Target, said?: string, status = 200): Promise<void> {
    const { person, role, refusal, purpose } = target;
    const link = await store.links.of(person.id);
    const mayLink = refusal === undefined && person.active ? purpose : undefined;
    const page = personPage(frame, {
      ...formOf(visit),
      person,
      role,
      factors: await store.factors.of(person.id),
      link: link && link.expiresAt > now() ? link : undefined,
      mayLink,
      mayRemove: whyNotRemove(target) === undefined && purpose === 'reset',
      why: whyNothing(target),
      said,
    });
    showPage(visit.context, status, page);
  }

  async function refuse(visit: Visit, target: Target, reason: Refusal): Promise<void> {
    await note(visit, { person: target.person.id, by: visit.person.id }, reason);
    await showPerson(visit, target, undefined, 403);
  }

  async function turnAway({ context, person }: OwnVisit, reason: Refusal): Promise<void> {
    const facts = { by: person.id };
    const address = options.addressOf(context.req);
    const reference = await options.note({ kind: 'admin', outcome: 'refused', reason, address, known: true, facts });
    showPage(context, 403, refusedPage(frame, { ...notYours, reference }));
  }

  function note(visit: Visit, facts: { person?: string; by: string; detail?: string }, reason?: Refusal) {
    const outcome = reason ? 'refused' : 'allowed';
    const address = addressOf(visit);
    return options.note({ kind: 'admin', outcome, ...(reason && { reason }), address, known: true, facts });
  }

  function noteOf(
    visit: Visit,
    person: Person,
    detail: string,
    factor?: { kind: 'totp' | 'passkey'; id: string },
  ): SignInNote {
    const facts = { person: person.id, by: visit.person.id, ...(factor && { factor }), detail };
    return { kind: 'factor', outcome: 'allowed', known: true, address: addressOf(visit), facts };
  }

  function addressOf({ context }: OwnVisit): string {
    return options.addressOf(context.req);
  }

  function formOf({ uid }: OwnVisit) {
    return { action: path, token: makeFormToken(uid, cookieKeys) };
  }

  function showFind(visit: Visit, status: number, email = '', wrong?: string): void {
    showPage(visit.context, status, findPersonPage(frame, { ...formOf(visit), email, wrong }));
  }
}

/** What the help desk reads instead of buttons. */
function whyNothing({ person, role, refusal, purpose }: Target): string | undefined {
  if (refusal) {
    return 'They administer too, with a role equal to yours or higher. Somebody of a higher role helps them, or whoever runs this server, by command.';
  }
  if (!person.active) return 'They are switched off. Nothing lets them in until somebody switches them on.';
  if (purpose === undefined) return 'They have no password here and sign in elsewhere: they are helped there.';
  if (role !== undefined) return 'Because they administer, their second factors are removed by command only.';
  return undefined;
}

const notYours: Refused = {
  state: 'Not for you',
  title: 'You do not work at the help desk.',
  lead: 'This page is for those who look after people here. Whoever runs this server can make you one of them.',
};
