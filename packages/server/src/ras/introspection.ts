import {
  type AccessToken,
  type AuthorizationDetail,
  type JsonObject,
  no,
  ok,
  type Result,
  toConfirmationClaim,
} from '@credence/mcp/protocol';
import type { Call } from '../call.ts';
import { authenticateClient } from '../clients/authenticate.ts';
import { clientIdOf } from '../policy/compile-client.ts';
import type { ResourceClient, ResourceServer } from '../policy/model.ts';
import { isDead } from '../stops/dead.ts';
import { isStillGiven } from '../stops/still-given.ts';
import type { Ras } from './jwt-bearer.ts';
import { verifyOwnToken } from './own-token.ts';

/** What the caller learns: everything about a live token that concerns it, nothing at all about any other. */
export type Introspection =
  | { readonly active: false }
  | {
      readonly active: true;
      readonly iss: string;
      readonly sub: string;
      readonly aud: string;
      readonly client_id: string;
      readonly jti: string;
      readonly scope: string;
      readonly iat: number;
      readonly exp: number;
      readonly token_type: 'Bearer' | 'DPoP';
      readonly authorization_details?: readonly AuthorizationDetail[];
      readonly cnf?: JsonObject;
    };

/**
 * POST /introspect (RAS-38). A client may ask about its own tokens, a server (which authenticates as `server:<id>`) about
 * those for it; an unknown, expired, revoked or foreign one is inactive, and nothing more is said.
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.2
 */
export async function introspect(call: Call, ras: Ras): Promise<Result<Introspection>> {
  const authenticated = authenticateClient(call, { ...ras.registry, find: (id) => findCaller(id, ras) });
  const caller = authenticated instanceof Promise ? await authenticated : authenticated;
  if (!caller.ok) return caller;
  // A name that anybody can say gets no answer about anything.
  if (caller.value.public) return no('client_not_authenticated');
  const text = call.form.get('token');
  if (!text) return no('missing_parameter');

  const token = verifyOwnToken(text, ras.ownTokens, call.now);
  if (!token || !concerns(token, caller.value)) return ok({ active: false });
  call.note({ accessToken: token.id });
  if (!(await stands(token, ras))) return ok({ active: false });
  const cnf = toConfirmationClaim(token);
  return ok({
    active: true,
    iss: token.issuer,
    sub: token.subject,
    aud: token.resource,
    client_id: token.clientId,
    jti: token.id,
    scope: token.scopes.join(' '),
    iat: token.issuedAt,
    exp: token.expiresAt,
    token_type: token.keyThumbprint === undefined ? 'Bearer' : 'DPoP',
    ...(token.details && { authorization_details: token.details }),
    ...(cnf && { cnf }),
  });
}

/** A client of the resource document, or one of its servers asking for itself. */
type Caller = (ResourceClient | { readonly id: string; readonly jwks: undefined; readonly public?: boolean }) & {
  readonly server?: ResourceServer;
};

/** Who may ask by this name. */
export function findCaller(id: string, ras: Ras): Caller | undefined {
  const server = id.startsWith('server:') ? ras.policy().servers.get(id.slice('server:'.length)) : undefined;
  return server ? { id, jwks: undefined, server } : ras.registry.find(id);
}

function concerns(token: AccessToken, caller: Caller): boolean {
  const { server } = caller;
  return server ? token.resource === server.resource : token.clientId === clientIdOf(caller);
}

/** Neither revoked nor stopped, nor of somebody who is cut off, and what it rests on is still in the resource document. */
async function stands(token: AccessToken, ras: Ras): Promise<boolean> {
  return isStillGiven(token, ras.policy()) && !(await isDead(token, ras.stops(), ras.store));
}
