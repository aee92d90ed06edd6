import type { Refusal } from '@credence/mcp/protocol';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Facts } from '../../audit/record.ts';
import { toGrantName } from '../../call.ts';
import { certificateRefusal } from './certificate-door.ts';
import { ProofReplayed } from './key-binding.ts';
import type { SignInNote } from './options.ts';
import { PersonTooFast } from './refresh-pace.ts';
import { isKept } from './session-saves.ts';
import { describeMethods } from './strength.ts';

/**
 * What an answer of `oidc-provider` means for the record. Its events are not awaited, so nothing is written from them:
 * this is asked after the answer was made and before it leaves.
 * @param error - what was refused, if anything was: the last line tells of it. Whoever signed in for it is signed in all the same
 */
export function toNotes(oidc: Oidc | undefined, error: unknown, known: Known): readonly NoteOfAnswer[] {
  if (!oidc) return [];
  if (error !== undefined) return [...(isSignedIn(oidc) ? [toSignIn(oidc, known)] : []), toRefusal(oidc, error, known)];
  const note = toNote(oidc, known);
  return note ? [note] : [];
}

function toNote(oidc: Oidc, known: Known): NoteOfAnswer | undefined {
  if (oidc.route === 'token') return toIdTokenIssued(oidc, known);
  if (oidc.route === 'end_session_confirm') return toSignOut(oidc, known);
  return oidc.entities.AuthorizationCode || oidc.result?.login ? toSignIn(oidc, known) : undefined;
}

/** Somebody has just proven who they are, and the session that says so is kept. */
function isSignedIn({ result, session }: Oidc): boolean {
  return result?.login !== undefined && session?.accountId !== undefined && isKept(session);
}

/** What the record says of clients beyond what `oidc-provider` knows. */
interface Known {
  /** The id in the access document of what a client is called in requests. */
  readonly nameOf: (clientId: string) => string;
  /** Why the client of this request could not be found, where it is registered. */
  readonly unavailable: Refusal | undefined;
  /** Which switches of its entry were needed to believe that the client is itself. */
  readonly clientLoosened: readonly string[] | undefined;
}

type Oidc = KoaContextWithOIDC['oidc'];
type NoteOfAnswer = Omit<SignInNote, 'address'>;

/** A code goes out: somebody proved who they are, or a session that stood was used. */
function toSignIn(oidc: Oidc, known: Known): NoteOfAnswer {
  const { session, result } = oidc;
  const how = result?.upstream
    ? 'upstream'
    : result?.login
      ? describeMethods(session?.amr ?? [])
      : result?.consent
        ? 'live session, confirmed'
        : 'live session';
  return {
    kind: 'sign_in',
    outcome: 'allowed',
    known: true,
    facts: {
      ...clientAndGrant(oidc, known),
      ...(session?.accountId !== undefined && { person: session.accountId }),
      ...sidOfClient(oidc),
      ...(session?.acr !== undefined && { acr: session.acr }),
      ...(session?.amr && { amr: session.amr }),
      detail: how,
    },
  };
}

/** A code or a refresh token was traded for an ID Token. */
function toIdTokenIssued(oidc: Oidc, known: Known): NoteOfAnswer {
  const { accountId, sid, amr } = oidc.entities.AuthorizationCode ?? oidc.entities.RefreshToken ?? {};
  const jkt = (oidc.entities.AccessToken as { jkt?: string } | undefined)?.jkt;
  return {
    kind: 'sign_in',
    outcome: 'allowed',
    known: true,
    facts: {
      ...clientAndGrant(oidc, known),
      ...(accountId !== undefined && { person: accountId }),
      ...sidOf(sid),
      ...(amr && { amr }),
      ...(jkt !== undefined && { keyThumbprint: jkt }),
      detail: 'ID token issued',
    },
  };
}

/** A session ended at its owner's wish, or one client was taken out of it; of a browser without a session nothing is said. */
function toSignOut(oidc: Oidc, known: Known): NoteOfAnswer | undefined {
  const { session, params } = oidc;
  if (session?.accountId === undefined) return undefined;
  const detail = params?.logout ? 'the session ended, with all that hung on it' : 'one client was taken out';
  return signOutOf(session.accountId, { ...clientAndGrant(oidc, known), ...sidOfClient(oidc), detail });
}

/** @param facts - what is known besides the person */
export function signOutOf(person: string, facts: Facts): NoteOfAnswer {
  return { kind: 'sign_out', outcome: 'allowed', known: true, facts: { person, ...facts } };
}

function sidOfClient({ session, client }: Oidc): Facts {
  return client && session ? sidOf(session.sidFor(client.clientId)) : {};
}

function toRefusal(oidc: Oidc, error: unknown, known: Known): NoteOfAnswer {
  const { client, session, entities, route } = oidc;
  const person = session?.accountId ?? entities.RefreshToken?.accountId;
  const code = errorCode(error);
  return {
    kind: 'refusal',
    outcome: 'refused',
    reason: toReason(oidc, error, code, known),
    known: session?.accountId !== undefined || (proves(route) && code !== 'invalid_client' && hasCredentials(client)),
    facts: { ...clientAndGrant(oidc, known), ...(person !== undefined && { person }), detail: code },
  };
}

function toReason(oidc: Oidc, error: unknown, code: string, known: Known): Refusal {
  const { client, params, route, body, entities } = oidc;
  if (error instanceof ProofReplayed) return 'dpop_proof_replayed';
  if (error instanceof PersonTooFast) return 'person_too_fast';
  if (code === 'use_dpop_nonce') return 'dpop_nonce_needed';
  if (code === 'invalid_dpop_proof') return 'sign_in_proof_refused';
  if (code === 'invalid_client') {
    if (!client) return known.unavailable ?? 'client_unknown';
    const certificate = certificateRefusal(oidc);
    if (certificate) return certificate;
    if (client.clientAuthMethod === 'tls_client_auth') return 'client_method_not_allowed';
    return 'client_secret_wrong';
  }
  if (route === 'token') {
    if (code === 'unsupported_grant_type') return 'unknown_grant_type';
    if (code !== 'invalid_grant') return 'token_request_refused';
    const grant = params?.grant_type ?? body?.grant_type;
    return grant === 'refresh_token' ? 'refresh_token_not_accepted' : 'code_not_accepted';
  }
  const given = entities.Interaction?.result?.error;
  if (given === 'unmet_authentication_requirements') return 'factor_needed';
  return given === 'access_denied' ? 'sign_in_cancelled' : 'sign_in_request_refused';
}

/** Where a client shows its credentials; anybody can send a browser anywhere in its name. */
function proves(route: Oidc['route']): boolean {
  return route === 'token' || route === 'pushed_authorization_request';
}

function hasCredentials(client: Oidc['client']): boolean {
  return client !== undefined && client.clientAuthMethod !== 'none';
}

function clientAndGrant({ client, params, route }: Oidc, { nameOf, clientLoosened }: Known): Facts {
  const grant = route === 'token' ? params?.grant_type : undefined;
  return {
    ...(client && { client: nameOf(client.clientId) }),
    ...(clientLoosened && { clientLoosened }),
    ...(typeof grant === 'string' && { grantType: toGrantName(grant) }),
  };
}

function sidOf(sid: unknown): Facts {
  return typeof sid === 'string' ? { session: sid } : {};
}

/** The OAuth code of a refusal, never its text: that may repeat what was sent. */
function errorCode(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'error' in error ? error.error : undefined;
  return typeof code === 'string' ? code.slice(0, 60) : 'server_error';
}
