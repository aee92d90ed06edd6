import type Provider from 'oidc-provider';
import { hashLinkToken, linkPath, whyNotPassword } from '../../directory/account-links.ts';
import { hashPassword } from '../../directory/password.ts';
import { parseForm } from '../../form.ts';
import { pageHeaders } from '../../pages/headers.ts';
import type { AccountLink } from '../../store/links.ts';
import type { Person } from '../../store/store.ts';
import { endSessionsOf } from './end-session.ts';
import { createEnrolment, newEnrolmentCode } from './enrolment.ts';
import { isFormToken, makeFormToken } from './form-token.ts';
import type { Context } from './layer.ts';
import { choosePasswordPage, passwordSetPage } from './link-pages.ts';
import type { SignInOptions } from './options.ts';
import { type PageFrame, type Refused, refusedPage } from './pages.ts';
import { readFormBody } from './request-body.ts';

/** One request with a link that would be accepted now. */
interface Visit {
  readonly context: Context;
  readonly token: string;
  readonly tokenHash: string;
  readonly link: AccountLink;
  readonly person: Person;
}

/**
 * `/password/<token>`: a person chooses a password with the link that somebody who administers made for them. Looking at
 * the page uses nothing up, because programs that scan mail look too. A link that is unknown, used, revoked or out of its
 * time gets the same answer, which names nobody.
 */
export function createAccountLinkPage(options: SignInOptions, frame: PageFrame) {
  const { store, cookieKeys, now } = options;
  const enrolment = createEnrolment(options);

  /** Answers the page's requests; false for any other path. */
  return async function answer(context: Context, provider: Provider): Promise<boolean> {
    if (!context.path.startsWith(linkPath) || !['GET', 'HEAD', 'POST'].includes(context.method)) return false;
    const visit = await findVisit(context);
    if (!visit) await refuse(context);
    else if (context.method === 'POST') await submitted(visit, provider);
    else ask(visit, 200);
    return true;
  };

  async function findVisit(context: Context): Promise<Visit | undefined> {
    const token = context.path.slice(linkPath.length);
    const tokenHash = hashLinkToken(token);
    const link = tokenHash === undefined ? undefined : await store.links.find(tokenHash, now());
    const person = link && (await store.people.find(link.personId));
    return tokenHash !== undefined && link && person?.active ? { context, token, tokenHash, link, person } : undefined;
  }

  async function submitted(visit: Visit, provider: Provider): Promise<void> {
    const { context, tokenHash, link, person } = visit;
    const body = await readFormBody(context.req);
    const form = body.ok ? parseForm(body.value) : body;
    const isOurs =
      form.ok &&
      ['same-origin', ''].includes(context.get('sec-fetch-site')) &&
      isFormToken(form.value.get('token'), `link ${tokenHash}`, cookieKeys);
    if (!isOurs) return ask(visit, 400, 'Nothing was set: this page was too old. Try again.');
    const password = form.value.get('password') ?? '';
    const wrong = whyNotPassword(password, person);
    if (wrong !== undefined) return ask(visit, 400, wrong);
    if (form.value.get('again') !== password) return ask(visit, 400, 'The two are not the same. Type both again.');

    const passwordHash = await hashPassword(password, person.id);
    const address = options.addressOf(context.req);
    const detail = `password set by ${link.purpose} link`;
    // Before the password is there: whoever is signed in with the old one is told, and so are the clients.
    await endSessionsOf(options, provider, person.id, { address, facts: { detail }, initiator: 'user' });
    const code = newEnrolmentCode(now());
    const facts = { person: person.id, detail };
    const isSet = await options.inOneStep({ kind: 'factor', outcome: 'allowed', known: true, address, facts }, (row) =>
      store.links.use(link, tokenHash, { passwordHash, enrolment: code, now: now(), records: [row] }),
    );
    if (!isSet) return refuse(context);
    await enrolment.grantPass(person.id, code);
    const hasFactor = (await store.factors.of(person.id)).length > 0;
    show(context, 200, passwordSetPage(frame, !hasFactor));
  }

  function ask({ context, token, tokenHash, link, person }: Visit, status: number, wrong?: string): void {
    const form = { action: `${linkPath}${token}`, token: makeFormToken(`link ${tokenHash}`, cookieKeys) };
    const { purpose } = link;
    show(context, status, choosePasswordPage(frame, { ...form, email: person.email, purpose, wrong }));
  }

  async function refuse(context: Context): Promise<void> {
    const address = options.addressOf(context.req);
    const note = { kind: 'factor', outcome: 'refused', reason: 'account_link_not_good' } as const;
    const reference = await options.note({ ...note, address, known: false, facts: {} });
    show(context, 400, refusedPage(frame, { ...notGood, reference }));
  }

  function show(context: Context, status: number, page: string): void {
    context.set(pageHeaders());
    context.status = status;
    context.body = page;
  }
}

const notGood: Refused = {
  state: 'Not good',
  title: 'This link is not good.',
  lead: 'It was used before, it is too old, or too young, or it is not whole. Ask whoever sent it to you for a new one.',
};
