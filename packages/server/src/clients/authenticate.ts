import { createHash, timingSafeEqual } from 'node:crypto';
import {
  chooseKey,
  clientAssertionType,
  type EpochSeconds,
  isDate,
  isName,
  type Jwk,
  no,
  ok,
  parseJws,
  type Result,
} from '@credence/mcp/protocol';
import type { Call } from '../call.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import type { Mark } from '../store/store.ts';

/** What a token endpoint knows of its clients; both endpoints and `oidc-provider` read the same registry. */
export interface ClientRegistry<C extends RegisteredClient> {
  /** Issuer of this endpoint: the only `aud` of a client assertion (IDP-04). */
  readonly issuer: string;
  find(clientId: string): C | undefined;
  /** SHA-256 of each live secret, base64url. */
  secretHashes(clientId: string): readonly string[];
  /** The replay space of client assertions, one for every path of this issuer. */
  assertionMark(clientId: string, jti: string, until: EpochSeconds): Mark;
}

export interface RegisteredClient {
  readonly id: string;
  readonly jwks: readonly Jwk[] | undefined;
  /** Has no credentials at all. */
  readonly public?: boolean;
}

/** How a request says who the client is: exactly one of these (HTP-02). */
type Credentials =
  | { method: 'secret'; clientId: string; secret: string }
  | { method: 'assertion'; clientId: string; assertion: string }
  | { method: 'none'; clientId: string };

const skewSeconds = 30;
/** A longer-lived client assertion would have to be remembered for as long. */
const maxAssertionSeconds = 3600;

/**
 * Authenticates the client of a token request, by Basic, body secret or private_key_jwt. A public client is returned as
 * what it is; whether that is enough is for the caller to say.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3 @see https://www.rfc-editor.org/rfc/rfc7523#section-3
 */
export function authenticateClient<C extends RegisteredClient>(call: Call, registry: ClientRegistry<C>): Result<C> {
  const credentials = parseCredentials(call);
  if (!credentials.ok) return credentials;
  const { clientId } = credentials.value;
  const client = registry.find(clientId);
  if (client) call.note({ client: client.id });

  switch (credentials.value.method) {
    case 'secret': {
      // Hashed and compared also for an unknown client: the time taken tells nothing.
      const matches = secretMatches(credentials.value.secret, registry.secretHashes(clientId));
      if (!client) return no('client_unknown');
      if (client.jwks) return no('client_method_not_allowed');
      if (!matches) return no('client_secret_wrong');
      call.authenticated();
      return ok(client);
    }
    case 'assertion': {
      if (!client) return no('client_unknown');
      if (!client.jwks) return no('client_method_not_allowed');
      const mark = checkAssertion(credentials.value.assertion, client, client.jwks, registry, call.now);
      if (!mark.ok) return mark;
      call.mark(mark.value, 'always');
      call.authenticated();
      return ok(client);
    }
    case 'none':
      if (!client) return no('client_unknown');
      return client.public ? ok(client) : no('client_not_authenticated');
  }
}

/** The client a request claims to be from, for counting failures before anything is believed; empty when none is named. */
export function claimedClientId(call: Pick<Call, 'authorization' | 'form'>): string {
  const credentials = parseCredentials(call);
  return credentials.ok ? credentials.value.clientId.slice(0, 256) : '';
}

function parseCredentials({ authorization, form }: Pick<Call, 'authorization' | 'form'>): Result<Credentials> {
  const inBody = form.get('client_id');
  const secret = form.get('client_secret');
  const assertion = form.get('client_assertion');
  const methods = [authorization, secret, assertion].filter((method) => method !== undefined);
  if (methods.length > 1) return no('two_client_methods');

  if (authorization !== undefined) {
    const basic = parseBasic(authorization);
    if (!basic) return no('client_not_authenticated');
    if (inBody !== undefined && inBody !== basic.clientId) return no('client_ids_differ');
    return ok({ method: 'secret', ...basic });
  }
  if (assertion !== undefined) {
    if (form.get('client_assertion_type') !== clientAssertionType) return no('client_assertion_invalid');
    const subject = parseJws(assertion)?.claims.sub;
    if (typeof subject !== 'string') return no('client_assertion_invalid');
    if (inBody !== undefined && inBody !== subject) return no('client_ids_differ');
    return ok({ method: 'assertion', clientId: subject, assertion });
  }
  if (inBody === undefined) return no('client_not_authenticated');
  return ok(
    secret === undefined ? { method: 'none', clientId: inBody } : { method: 'secret', clientId: inBody, secret },
  );
}

/** Basic credentials, form-decoded after splitting at the first colon (HTP-03). @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1 */
function parseBasic(authorization: string): { clientId: string; secret: string } | undefined {
  const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
  if (!encoded) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  try {
    const [clientId, secret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    );
    return colon > 0 && clientId && secret ? { clientId, secret } : undefined;
  } catch {
    return undefined;
  }
}

/** SHA-256 of a client secret, base64url: secrets are 256 random bits, so a slow hash would protect nothing more. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Compares against every live secret, each in constant time (KEY-09). */
export function secretMatches(secret: string, hashes: readonly string[]): boolean {
  const presented = Buffer.from(hashSecret(secret));
  let matches = false;
  for (const hash of hashes) {
    const kept = Buffer.from(hash);
    if (kept.length === presented.length && timingSafeEqual(kept, presented)) matches = true;
  }
  return matches;
}

/** A client assertion: `iss` = `sub` = the client, `aud` exactly this issuer and nothing else, fresh, signed by a registered key. */
function checkAssertion<C extends RegisteredClient>(
  assertion: string,
  client: C,
  keys: readonly Jwk[],
  registry: ClientRegistry<C>,
  now: EpochSeconds,
): Result<Mark> {
  const jws = parseJws(assertion);
  if (!jws) return no('client_assertion_invalid');
  const choice = chooseKey(jws.header, keys);
  if (!choice.ok || !verifySignature(jws, choice.key, choice.algorithm)) return no('client_assertion_invalid');

  const { iss, sub, aud, exp, nbf, iat, jti } = jws.claims;
  const audience = Array.isArray(aud) ? aud : [aud];
  const isFor = audience.length === 1 && audience[0] === registry.issuer;
  const isFresh = isDate(exp) && exp + skewSeconds > now && exp <= now + maxAssertionSeconds;
  const hasBegun = [nbf, iat].every((date) => date === undefined || (isDate(date) && date <= now + skewSeconds));
  if (iss !== client.id || sub !== client.id || !isFor || !isFresh || !hasBegun || !isName(jti, 256)) {
    return no('client_assertion_invalid');
  }
  return ok(registry.assertionMark(client.id, jti, exp + skewSeconds));
}
