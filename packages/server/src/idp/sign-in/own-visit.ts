import type Provider from 'oidc-provider';
import { type Form, parseForm } from '../../form.ts';
import { pageHeaders } from '../../pages/headers.ts';
import { coversAcr } from '../../policy/sign-in-levels.ts';
import type { Person } from '../../store/store.ts';
import { isFormToken } from './form-token.ts';
import type { Context } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { type OwnPage, type SignInNeed, signInUrl } from './own-pages.ts';
import { readFormBody } from './request-body.ts';

/** Somebody who is signed in looks at a page of ours. */
export interface OwnVisit {
  readonly context: Context;
  readonly provider: Provider;
  readonly person: Person;
  /** Id of this page in the session: its forms are bound to it. */
  readonly uid: string;
  readonly sessionUid: string;
}

/** Finds who it is, or sends them to the sign-in: then there is no visit yet. */
export async function findOwnVisit(
  options: SignInOptions,
  page: OwnPage,
  context: Context,
  provider: Provider,
  needs: SignInNeed,
): Promise<OwnVisit | undefined> {
  await bodyFirst(context);
  const session = await provider.Session.get(context);
  const person = session.accountId === undefined ? undefined : await options.store.people.find(session.accountId);
  const isFresh = needs.maxAge === undefined || !session.past(needs.maxAge);
  const isStrong = needs.acr === undefined || coversAcr(session.acr, needs.acr);
  if (!person?.active || !isFresh || !isStrong) {
    redirect(context, signInUrl(options.issuer, page, needs));
    return undefined;
  }
  return { context, provider, person, uid: `${page.clientId} ${session.uid}`, sessionUid: session.uid };
}

/** A body takes as long as its sender likes. Who it is, and what they have, is asked when it is there: by then they may be out. */
export async function bodyFirst({ method, req }: Context): Promise<void> {
  if (method === 'POST') await readFormBody(req);
}

/** The form that was sent, if it is one of ours, from this page in this session (CSRF). */
export async function readOwnForm(
  context: Context,
  uid: string,
  cookieKeys: readonly string[],
): Promise<Form | undefined> {
  const body = await readFormBody(context.req);
  const form = body.ok ? parseForm(body.value) : body;
  const isOurs =
    form.ok &&
    ['same-origin', ''].includes(context.get('sec-fetch-site')) &&
    isFormToken(form.value.get('token'), uid, cookieKeys);
  return isOurs ? form.value : undefined;
}

export function showPage(context: Context, status: number, page: string): void {
  context.set(pageHeaders());
  context.status = status;
  context.body = page;
}

export function redirect(context: Context, to: string): void {
  context.set('cache-control', 'no-store');
  context.redirect(to);
  context.status = 303;
  context.body = '';
}
