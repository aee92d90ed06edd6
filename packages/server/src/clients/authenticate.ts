import { hash, timingSafeEqual } from 'node:crypto';
import {
  chooseKey,
  clientAssertionType,
  type EpochSeconds,
  hasType,
  isDate,
  isName,
  type JsonObject,
  type Jwk,
  joseType,
  no,
  ok,
  type ParsedJws,
  parseJws,
  type Result,
} from '@credence/mcp/protocol';
import type { Call } from '../call.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { clientIdOf } from '../policy/compile-client.ts';
import type { ClientProof } from '../policy/model.ts';
import type { Mark } from '../store/store.ts';
import { isOfBefore } from './before-epoch.ts';
import { checkCertificate } from './check-certificate.ts';
import { isRemote, type RemoteClients } from './remote-clients.ts';
import { checkWorkloadToken } from './workload.ts';

/** What a token endpoint knows of its clients; every endpoint reads the same registry. */
export interface ClientRegistry<C extends RegisteredClient> {
  /** Issuer of this endpoint: the only `aud` of a client assertion (IDP-04). */
  readonly issuer: string;
  /** By what it is called in a request. */
  find(clientId: string): C | undefined;
  /** Fills in what is fetched of a client. */
  readonly complete: RemoteClients['complete'];
  /** SHA-256 of each live secret, base64url. */
  secretHashes(clientId: string): readonly string[];
  /** What works once counts only when it was issued after this second (T21). */
  since(): EpochSeconds;
  /** How far the clocks of a client and of ours may differ: one for all endpoints, or what is used up at one is good at another. */
  readonly skewSeconds: number;
  /** The replay space of client assertions, one for every path of this issuer. */
  assertionMark(clientId: string, jti: string, until: EpochSeconds): Mark;
}

export interface RegisteredClient extends ClientProof {
  readonly id: string;
  /** Has no credentials at all, or with `metadata` may have none. */
  readonly public?: boolean;
}

/** True for a client whose proof is a secret in the store. */
export function hasSecret(client: RegisteredClient): boolean {
  return !client.public && client.jwks === undefined && client.tls === undefined && !isRemote(client);
}

/** How a request says who the client is: exactly one of these (HTP-02). */
export type Credentials =
  | { method: 'secret'; clientId: string; secret: string }
  /** `subject`: whom the assertion is about; the client itself, unless it is a token of its platform. */
  | { method: 'assertion'; clientId: string; assertion: ParsedJws; subject: string }
  | { method: 'none'; clientId: string };

/** A longer-lived client assertion would have to be remembered for as long. */
const maxAssertionSeconds = 3600;

/** What authentication needs of a request. */
export type ClientCall = Pick<Call, 'credentials' | 'certificate' | 'now' | 'note' | 'mark' | 'authenticated'>;

/**
 * Authenticates the client of a token request, by Basic, body secret, private_key_jwt, a token of its platform or the
 * certificate of its connection. A public client is returned as what it is; whether that is enough is for the caller to say.
 * A promise only where something has to be fetched first.
 *
 * A certificate comes with a connection, whatever is sent over it, so it is a method only for a client that is registered for
 * it; such a client may send nothing else (HTP-02).
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3 @see https://www.rfc-editor.org/rfc/rfc7523#section-3
 * @see https://www.rfc-editor.org/rfc/rfc8705#section-2
 */
export function authenticateClient<C extends RegisteredClient>(
  call: ClientCall,
  registry: ClientRegistry<C>,
): Result<C> | Promise<Result<C>> {
  const { credentials } = call;
  if (!credentials.ok) return credentials;
  const client = registry.find(credentials.value.clientId);
  if (client) call.note({ client: client.id });
  if (!client || !isRemote(client)) return checkCredentials(call, credentials.value, client, registry);

  const whole = registry.complete(client, headerOf(credentials.value));
  const check = (it: Result<C>) => (it.ok ? checkCredentials(call, credentials.value, it.value, registry) : it);
  return whole instanceof Promise ? whole.then(check) : check(whole);
}

function headerOf(credentials: Credentials): JsonObject | undefined {
  return credentials.method === 'assertion' ? credentials.assertion.header : undefined;
}

function checkCredentials<C extends RegisteredClient>(
  call: ClientCall,
  credentials: Credentials,
  client: C | undefined,
  registry: ClientRegistry<C>,
): Result<C> {
  switch (credentials.method) {
    case 'secret': {
      // Hashed and compared also for an unknown client: the time taken tells nothing.
      const matches = secretMatches(credentials.secret, registry.secretHashes(credentials.clientId));
      if (!client) return no('client_unknown');
      if (client.tls) return no(call.certificate?.() ? 'two_client_methods' : 'client_method_not_allowed');
      if (!hasSecret(client) && !client.public) return no('client_method_not_allowed');
      if (!matches) return no('client_secret_wrong');
      call.authenticated();
      return ok(client);
    }
    case 'assertion': {
      if (credentials.subject !== credentials.clientId && !client?.workload) return no('client_ids_differ');
      if (!client) return no('client_unknown');
      if (client.tls && call.certificate?.()) return no('two_client_methods');
      if (!client.jwks) return no('client_method_not_allowed');
      const mark = checkAssertion(call, credentials.assertion, client, client.jwks, registry);
      if (!mark.ok) return mark;
      if (mark.value) call.mark(mark.value, 'always');
      call.authenticated();
      return ok(client);
    }
    case 'none':
      if (!client) return no('client_unknown');
      if (client.tls) {
        const shown = checkCertificate(call.certificate?.(), client.tls, call.now);
        if (!shown.ok) return shown;
        call.authenticated();
        call.note({ certificateThumbprint: shown.value.thumbprint });
        return ok(client);
      }
      if (client.public) return ok(client);
      return no(client.document?.method === 'none' ? 'client_public_not_allowed' : 'client_not_authenticated');
  }
}

/** The client a request claims to be from, for counting failures before anything is believed; empty when none is named. */
export function claimedClientId(credentials: Result<Credentials>): string {
  return credentials.ok ? credentials.value.clientId.slice(0, 256) : '';
}

/** Reads how a request says who the client is; nothing of it is believed yet. */
export function readCredentials({ authorization, form }: Pick<Call, 'authorization' | 'form'>): Result<Credentials> {
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
    const parsed = parseJws(assertion);
    const subject = parsed?.claims.sub;
    if (!parsed || typeof subject !== 'string') return no('client_assertion_invalid');
    return ok({ method: 'assertion', clientId: inBody ?? subject, assertion: parsed, subject });
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
  return hash('sha256', secret, 'base64url');
}

/** Says, later and again, whether the secret that a client was let in with is still one of its own; without one it never is. */
export function toStanding(
  credentials: Result<Credentials>,
  { secretHashes }: Pick<ClientRegistry<RegisteredClient>, 'secretHashes'>,
): () => boolean {
  if (!credentials.ok || credentials.value.method !== 'secret') return () => false;
  const { clientId, secret } = credentials.value;
  const kept = hashSecret(secret);
  return () => secretHashes(clientId).includes(kept);
}

/** Compares against every live secret, each in constant time (KEY-09). */
export function secretMatches(secret: string, hashes: readonly string[]): boolean {
  const presented = Buffer.from(hashSecret(secret));
  let matches = false;
  for (const live of hashes) {
    const kept = Buffer.from(live);
    if (kept.length === presented.length && timingSafeEqual(kept, presented)) matches = true;
  }
  return matches;
}

/**
 * A client assertion: `iss` = `sub` = the client, `aud` exactly this issuer and nothing else, fresh, signed by a registered
 * key; or a token of the client's platform. Where the entry of the client says `legacy_audience`, `aud` may be the token endpoint
 * instead (RFC 7523 §3). Resolves to its mark, if it may be used only once.
 */
function checkAssertion<C extends RegisteredClient>(
  { now, note }: ClientCall,
  jws: ParsedJws,
  client: C,
  keys: readonly Jwk[],
  registry: ClientRegistry<C>,
): Result<Mark | undefined> {
  if (!isAssertionType(jws.header)) return no('client_assertion_wrong_type');
  const clientId = clientIdOf(client);
  const { skewSeconds } = registry;
  if (client.workload) {
    const used = checkWorkloadToken(jws, client.workload, keys, { audience: registry.issuer, now, skewSeconds });
    if (!used.ok) return used;
    if (used.value && isOfBefore(used.value.issuedAt, registry.since(), skewSeconds)) {
      return no('client_assertion_before_epoch');
    }
    if (!used.value) note({ clientLoosened: ['workload.reuse'] });
    return ok(used.value && registry.assertionMark(clientId, used.value.id, used.value.until));
  }
  const choice = chooseKey(jws.header, keys);
  if (!choice.ok || !verifySignature(jws, choice.key, choice.algorithm)) return no('client_assertion_invalid');

  const { iss, sub, aud, exp, nbf, iat, jti } = jws.claims;
  const audience = audienceOf(aud, client, registry.issuer);
  const isFor = audience !== undefined;
  const isFresh = isDate(exp) && exp + skewSeconds > now && exp <= now + maxAssertionSeconds;
  const hasBegun = [nbf, iat].every((date) => date === undefined || (isDate(date) && date <= now + skewSeconds));
  if (iss !== clientId || sub !== clientId || !isFor || !isFresh || !hasBegun || !isName(jti, 256)) {
    return no('client_assertion_invalid');
  }
  if (isOfBefore(madeAt(iat, exp), registry.since(), skewSeconds)) return no('client_assertion_before_epoch');
  if (audience === 'endpoint') note({ clientLoosened: ['legacy_audience'] });
  return ok(registry.assertionMark(clientId, jti, exp + skewSeconds));
}

const assertionTypes = ['jwt', 'jose', joseType.clientAssertion];

/**
 * Clients and platforms name no kind, or the general one; what names another was made for somebody else to judge. An issuer whose
 * ID-JAGs are redeemed here may issue workload tokens too, under one key (KEY-10).
 * @see https://www.rfc-editor.org/rfc/rfc8725#section-3.12
 */
function isAssertionType(header: JsonObject): boolean {
  return header.typ === undefined || assertionTypes.some((type) => hasType(header, type));
}

/** When a client assertion was made, at the earliest; one that does not say may have been for as long as it could live. */
function madeAt(iat: unknown, exp: EpochSeconds): EpochSeconds {
  return isDate(iat) ? iat : exp - maxAssertionSeconds;
}

/**
 * How a client assertion calls us, by exactly one value: by our issuer, or by our token endpoint where the entry of its client
 * lets it (IDP-04, catalogue section 9).
 */
function audienceOf(
  aud: unknown,
  { legacyAudience }: Pick<ClientProof, 'legacyAudience'>,
  issuer: string,
): 'issuer' | 'endpoint' | undefined {
  const audience = Array.isArray(aud) ? aud : [aud];
  if (audience.length !== 1) return undefined;
  if (audience[0] === issuer) return 'issuer';
  return legacyAudience && audience[0] === `${issuer}/token` ? 'endpoint' : undefined;
}
