import { hash, randomBytes } from 'node:crypto';
import {
  chooseKey,
  type EpochSeconds,
  hasType,
  isDate,
  isName,
  isObject,
  type Jwk,
  no,
  ok,
  parseJws,
  type Result,
  type VerifiedJwt,
} from '@credence/mcp/protocol';
import { verifySignature } from '../keys/verify-signature.ts';
import { createLately } from '../lately.ts';
import { createDigestSet, type DigestSet } from '../store/digest-set.ts';

/** What an ID Token of ours says about a sign-in. Whether the person and the session still stand is read elsewhere, now. */
export interface SubjectToken {
  readonly personId: string;
  readonly session: string;
  readonly issuedAt: EpochSeconds;
  /** The key that signed an ID Token. */
  readonly kid?: string | undefined;
  readonly authTime: EpochSeconds | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  /** Thumbprint of the key the sign-in was bound to: without that key the token is worth nothing. */
  readonly keyThumbprint: string | undefined;
  /** Of a refresh token: names the sign-in it came from, the same through all rotations. */
  readonly grantId?: string;
  /** Of an ID Token that names one; ours does not. */
  readonly tenant?: unknown;
}

export interface ExpectedSubjectToken {
  readonly issuer: string;
  readonly clientId: string;
  readonly now: EpochSeconds;
  readonly skewSeconds: number;
}

/** Verifies signatures of our own ID Tokens and remembers the good ones. */
export interface IdTokenVerifier {
  verify(token: string): Result<VerifiedJwt>;
}

const rememberedTokens = 10_000;

/**
 * Digests of tokens whose signature was good, by key: 16 bytes each and no object, since most tokens never come again and would
 * only be carried along by the garbage collector. In two generations as in `lately.ts`.
 */
function createGoodSignatures() {
  const generations = new WeakMap<Jwk, { younger: DigestSet; older: DigestSet }>();
  const toBytes = (digest: string) => Buffer.from(digest, 'latin1');
  return {
    has(digest: string, key: Jwk): boolean {
      const known = generations.get(key);
      if (!known) return false;
      const bytes = toBytes(digest);
      return known.younger.has(bytes) || known.older.has(bytes);
    },
    add(digest: string, key: Jwk): void {
      const known = generations.get(key);
      if (!known || known.younger.size >= rememberedTokens) {
        const younger = createDigestSet();
        generations.set(key, { younger, older: known?.younger ?? younger });
      }
      generations.get(key)?.younger.add(toBytes(digest), 1);
    },
  };
}

/**
 * "The signature of this ID Token was good under key k" is remembered by a SHA-256 of the whole token, since the same
 * person reaches thirty servers with one ID Token. That fact cannot be revoked; everything that can is checked anew.
 * A key that is no longer published is no longer honoured, remembered or not (T14). A secret of this process is hashed along:
 * nobody can look for two tokens of one digest.
 * @param publishedKeys - the ID Token keys in force now
 */
export function createIdTokenVerifier(publishedKeys: () => readonly Jwk[]): IdTokenVerifier {
  const salt = randomBytes(32).toString('base64url');
  const good = createGoodSignatures();
  /** Of tokens that came a second time. */
  const parsed = createLately<{ jwt: VerifiedJwt; key: Jwk }>(rememberedTokens);
  return {
    verify(token) {
      const digest = hash('sha256', salt + token, 'binary');
      const known = parsed.get(digest);
      if (known && publishedKeys().includes(known.key)) return ok(known.jwt);

      const jws = parseJws(token);
      if (!jws) return no('subject_token_malformed');
      if (jws.header.typ !== undefined && !hasType(jws.header, 'jwt')) return no('subject_token_wrong_type');
      const choice = chooseKey(jws.header, publishedKeys());
      if (!choice.ok) return no('subject_token_bad_signature');
      // The key that fits, not the one it names: a token without `kid` would get past a stop of its key.
      const jwt = { header: { ...jws.header, kid: choice.key.kid }, claims: jws.claims };
      if (good.has(digest, choice.key)) {
        parsed.set(digest, { jwt, key: choice.key });
        return ok(jwt);
      }
      if (!verifySignature(jws, choice.key, choice.algorithm)) return no('subject_token_bad_signature');
      good.add(digest, choice.key);
      return ok(jwt);
    },
  };
}

/** Judges the claims of an ID Token used as subject token (IDP-11, IDP-12). @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation */
export function checkSubjectToken(
  { header, claims }: VerifiedJwt,
  expected: ExpectedSubjectToken,
): Result<SubjectToken> {
  const { iss, sub, aud, azp, exp, iat, sid, auth_time, acr, amr } = claims;
  const audience = Array.isArray(aud) ? aud : [aud];

  if (iss !== expected.issuer) return no('subject_token_wrong_issuer');
  if (!audience.includes(expected.clientId)) return no('subject_token_other_client');
  if (audience.length > 1 && azp !== expected.clientId) return no('subject_token_ambiguous_audience');
  if (azp !== undefined && azp !== expected.clientId) return no('subject_token_other_client');
  if (!isDate(exp) || !isDate(iat) || !isName(sub, 256)) return no('subject_token_malformed');
  if (exp <= expected.now) return no('subject_token_expired');
  if (iat > expected.now + expected.skewSeconds) return no('subject_token_not_yet_valid');
  // Only an ID Token of ours has a sid and no events: a logout token, signed by the same key, is something else (B14).
  if (!isName(sid, 256) || claims.events !== undefined) return no('subject_token_wrong_type');

  const keyThumbprint = boundKeyOf(claims.cnf);
  if (keyThumbprint === false) return no('subject_token_malformed');

  const kid = typeof header.kid === 'string' ? header.kid : undefined;
  const about = { personId: sub, session: sid, issuedAt: iat, kid };
  const said = toSubjectToken({ ...about, authTime: auth_time, acr, amr, keyThumbprint });
  return ok(claims.tenant === undefined ? said : { ...said, tenant: claims.tenant });
}

/** The key of a `cnf` claim; false for one that is there and says anything else: bound it is, and nobody can tell to what. */
function boundKeyOf(cnf: unknown): string | undefined | false {
  if (cnf === undefined) return undefined;
  return isObject(cnf) && isName(cnf.jkt, 256) ? cnf.jkt : false;
}

/** What a token says about the sign-in, as far as it says it properly. */
export function toSubjectToken(said: {
  personId: string;
  session: string;
  issuedAt: EpochSeconds;
  kid?: string | undefined;
  authTime: unknown;
  acr: unknown;
  amr: unknown;
  keyThumbprint: string | undefined;
}): SubjectToken {
  const { personId, session, issuedAt, kid, authTime, acr, amr, keyThumbprint } = said;
  return {
    personId,
    session,
    issuedAt,
    kid,
    authTime: isDate(authTime) ? Math.floor(authTime) : undefined,
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : [],
    keyThumbprint,
  };
}
