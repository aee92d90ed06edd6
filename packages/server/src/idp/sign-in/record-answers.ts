import type Provider from 'oidc-provider';
import { errors } from 'oidc-provider';
import type { Facts } from '../../audit/record.ts';
import { pageHeaders } from '../../pages/headers.ts';
import type { AfterSignIn } from './after-sign-in.ts';
import { type AutoSubmit, parseAutoSubmit } from './auto-submit.ts';
import { whatWasLoosened, whyUnavailable } from './clients.ts';
import type { Context, Layer } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { continuePage, type PageFrame, refusedPage } from './pages.ts';
import { toRefused } from './provider-pages.ts';
import { toNotes } from './records.ts';
import { isForPrograms } from './token-door.ts';

/** Events by which `oidc-provider` says that it answered with an error. */
const errorEvents = [
  'authorization.error',
  'grant.error',
  'pushed_authorization_request.error',
  'end_session.error',
  'end_session_confirm.error',
  'end_session_success.error',
  'userinfo.error',
  'server_error',
];

/** The innermost layer: what `oidc-provider` answered becomes a record, durable before the answer leaves. */
export function recordAnswers(
  options: SignInOptions,
  frame: PageFrame,
  provider: Provider,
  afterSignIn: AfterSignIn,
): Layer {
  const failures = new WeakMap<object, unknown>();
  for (const event of errorEvents) {
    (provider as NodeJS.EventEmitter).on(event, (context: object, error: unknown) => failures.set(context, error));
  }

  return async (context: Context, next) => {
    await next();
    const error = failures.get(context);
    // A fault, and no refusal: it is answered as one (answerFaults). `oidc-provider` tells no client of it in a redirect.
    if (error !== undefined && !(error instanceof errors.OIDCProviderError)) throw error;

    const notes = toNotes(context.oidc, error, {
      nameOf: (clientId) => options.clients().get(clientId)?.id ?? clientId,
      unavailable: whyUnavailable(context),
      clientLoosened: whatWasLoosened(context),
    });
    let reference: string | undefined;
    for (const note of notes) {
      const more = note.outcome === 'allowed' ? await afterSignIn(context) : {};
      reference = await options.note({ ...withFacts(note, more), address: options.addressOf(context.req) });
    }
    const form = parseAutoSubmit(context.body);
    if (form) showButton(context, frame, form);
    else if (error !== undefined) showRefusal(context, frame, error, reference);
    if (context.status === 404 && context.body === undefined) showNothingHere(context, frame);
  };
}

/** What came to light after the sign-in stands beside how it was. */
function withFacts<T extends { readonly facts: Facts }>(note: T, more: Facts): T {
  const detail = [note.facts.detail, more.detail].filter((words) => words !== undefined).join(', ');
  return { ...note, facts: { ...note.facts, ...more, ...(detail !== '' && { detail }) } };
}

function showRefusal(context: Context, frame: PageFrame, error: errors.OIDCProviderError, reference = ''): void {
  if (isRedirect(context)) return;
  const { status } = context;
  if (isForPrograms(context.path)) {
    // Printable ASCII without quote and backslash: RFC 6749 §5.2, LOG-05.
    const text = (error.error_description ?? error.error).replace(/["\\]|[^\x20-\x7e]/g, '');
    context.body = { error: error.error, error_description: `${text} Reference: ${reference}` };
  } else {
    context.set(pageHeaders());
    context.body = refusedPage(frame, { ...toRefused(context.oidc, error), reference });
  }
  context.status = status;
}

function showButton(context: Context, frame: PageFrame, form: AutoSubmit): void {
  const next = context.oidc?.session?.state?.postLogoutRedirectUri;
  context.set(pageHeaders([form.action, ...(typeof next === 'string' ? [next] : [])]));
  context.body = continuePage(frame, form);
}

function showNothingHere(context: Context, frame: PageFrame): void {
  if (isForPrograms(context.path)) {
    context.body = { error: 'not_found' };
  } else {
    context.set(pageHeaders());
    const lead = 'You may have mistyped the address. Agents bring you to the right page by themselves.';
    context.body = refusedPage(frame, { state: 'Not found', title: 'There is nothing here.', lead });
  }
  context.status = 404;
}

function isRedirect({ response }: Context): boolean {
  return response.headers.location !== undefined;
}
