import { type Refusal, refusalRow, wireCodes } from '@credence/mcp/protocol';
import type { Facts } from '../../audit/record.ts';
import { toGrantName } from '../../call.ts';
import { claimedClientId, readCredentials } from '../../clients/authenticate.ts';
import { waitSeconds } from '../../clients/waiting.ts';
import { TooBusy } from '../../directory/password.ts';
import { CallerGone } from '../../door.ts';
import { parseForm } from '../../form.ts';
import { pageHeaders } from '../../pages/headers.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { exchangeForPass } from './assertion-door.ts';
import { rememberLoosened } from './clients.ts';
import type { Context, Layer } from './layer.ts';
import type { SignInOptions } from './options.ts';
import { type PageFrame, refusedPage } from './pages.ts';
import { isHttps } from './provider.ts';
import { isLoopbackHost } from './redirect.ts';
import { readFormBody, unread } from './request-body.ts';

/** Endpoints that authenticate a client: the token endpoint and pushed authorization requests (RFC 9126). */
const clientPaths = ['/token', '/request'];
/** What is pushed is kept for the sign-in that it begins: no more than the line of a request could say. */
const maxPushedLength = 16 * 1024;

/** Programs read these; people read everything else. */
export function isForPrograms(path: string): boolean {
  return (
    [...clientPaths, '/userinfo', '/jwks'].includes(path) ||
    path.startsWith('/.well-known/') ||
    path.startsWith('/backchannel-logout/')
  );
}

/**
 * The outermost layer: headers that every answer has, no CORS, and what a person or a program sees when the world is
 * broken: 503 while the store is away or too much is asked, 500 otherwise, and nothing that was prepared.
 */
export function answerFaults(options: SignInOptions, frame: PageFrame): Layer {
  const isPublicHost = isHttps(options) && !isLoopbackHost(new URL(options.issuer).hostname);
  return async (context: Context, next) => {
    try {
      await next();
    } catch (fault) {
      if (!(fault instanceof CallerGone)) options.onFault(fault);
      for (const name of Object.keys(context.response.headers)) context.remove(name);
      answerFault(context, frame, fault);
    }
    for (const name of Object.keys(context.response.headers)) {
      if (name.startsWith('access-control-')) context.remove(name);
    }
    context.set('x-content-type-options', 'nosniff');
    context.set('referrer-policy', 'no-referrer');
    if (isPublicHost) context.set('strict-transport-security', 'max-age=31536000');
  };
}

function answerFault(context: Context, frame: PageFrame, fault: unknown): void {
  const isTemporary = fault instanceof StoreUnavailable || fault instanceof TooBusy;
  const wire = isTemporary ? 'temporarily_unavailable' : 'server_error';
  const { status, sentence } = wireCodes[wire];
  if (isForPrograms(context.path)) {
    context.set('cache-control', 'no-store');
    context.body = { error: wire, error_description: sentence };
  } else {
    context.set(pageHeaders());
    context.body = refusedPage(frame, {
      state: 'Not working',
      title: 'This does not work at the moment.',
      lead: 'Nothing happened. Go back to your agent and try again in a moment; if it stays like this, tell whoever runs this server.',
    });
  }
  context.status = status;
  if (isTemporary) context.set('retry-after', fault instanceof TooBusy ? '5' : '1');
}

/**
 * Stands before the endpoints that authenticate a client: who has failed too often waits, and so does a network that asks too fast
 * without credentials; what fails now is counted, in the same counts as at the token exchange (IDP-38).
 */
export function limitClients(options: SignInOptions, pass: string): Layer {
  return async (context: Context, next) => {
    if (context.method !== 'POST' || !clientPaths.includes(context.path)) return next();
    const text = await readFormBody(context.req);
    if (!text.ok) return refuseProgram(context, options, text.refusal);
    if (context.path === '/request' && text.value.length > maxPushedLength) {
      return refuseProgram(context, options, 'body_too_large');
    }
    const form = parseForm(text.value);
    if (!form.ok) return refuseProgram(context, options, form.refusal);

    const address = options.addressOf(context.req);
    const credentials = readCredentials({ authorization: context.req.headers.authorization, form: form.value });
    const client = claimedClientId(credentials);
    const certificate = () => options.certificateOf?.(context.req);
    const { secretHashes } = options;
    const registry = { find: (id: string) => options.clients().get(id), secretHashes };
    const seconds = waitSeconds({ credentials, certificate, address }, options, registry);
    if (seconds > 0) {
      context.set('retry-after', String(seconds));
      return refuseProgram(context, options, 'too_many_requests');
    }
    let facts: Facts = {};
    const body = await exchangeForPass(
      { text: text.value, form: form.value },
      context.req.headers.authorization,
      pass,
      options,
      (more) => {
        facts = { ...facts, ...more };
      },
    );
    if (!body.ok) {
      if (refusalRow(body.refusal).wire === 'invalid_client') options.failures.add(client, address);
      const grant = form.value.get('grant_type');
      return refuseProgram(context, options, body.refusal, {
        ...facts,
        ...(grant !== undefined && { grantType: toGrantName(grant) }),
      });
    }
    rememberLoosened(context, facts.clientLoosened);
    unread(context.req, body.value);
    await next();
    if (context.status === 401) options.failures.add(client, address);
  };
}

/** With a code of OAuth, and the reference of its line on the record. */
export async function refuseProgram(
  context: Context,
  options: SignInOptions,
  reason: Refusal,
  facts: Facts = {},
): Promise<void> {
  const address = options.addressOf(context.req);
  const note = { kind: 'refusal', outcome: 'refused', reason, address, known: false, facts } as const;
  const reference = await options.note(note);
  const { wire, status } = refusalRow(reason);
  context.set('cache-control', 'no-store');
  context.status = status;
  context.body = { error: wire, error_description: `${wireCodes[wire].sentence} Reference: ${reference}` };
}
