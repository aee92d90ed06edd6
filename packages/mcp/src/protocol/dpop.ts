import { encodeBase64url } from './base64url.ts';
import { isDate, isName } from './id-jag.ts';
import {
  chooseKey,
  hasType,
  type Jwk,
  type ParsedJws,
  parseJws,
  privatePartsOf,
  type SignatureAlgorithm,
} from './jws.ts';
import { type EpochSeconds, joseType } from './names.ts';
import { no, ok, type Result } from './result.ts';
import { isObject } from './strict-json.ts';

/** A DPoP proof taken apart: the key it names, and how its signature is to be verified with it. Nothing is trusted yet. */
export interface UnverifiedProof {
  readonly jws: ParsedJws;
  readonly key: Jwk;
  readonly algorithm: SignatureAlgorithm;
}

/** What a proof is checked against. @see https://www.rfc-editor.org/rfc/rfc9449#section-4.3 */
export interface ExpectedProof {
  readonly method: string;
  /** The endpoint as published, without query and fragment. */
  readonly url: string;
  readonly now: EpochSeconds;
  /** Seconds a proof is good for, to either side of `now`. */
  readonly maxAgeSeconds: number;
  /** base64url SHA-256 of the access token the proof goes with; `undefined` at a token endpoint. */
  readonly accessTokenHash?: string | undefined;
  /** Says whether a nonce is one we gave; `undefined` where none is demanded. */
  readonly acceptsNonce?: ((nonce: string) => boolean) | undefined;
}

/** A proof that holds: whoever sent the request has the key with this thumbprint. To be used up: `id` may come once. */
export interface DpopProof {
  readonly thumbprint: string;
  readonly id: string;
  /** The last second in which it would be accepted. */
  readonly until: EpochSeconds;
}

/** Takes a `DPoP` header apart: exactly one proof, of the right kind, over an asymmetric public key that it names. */
export function parseDpopProof(header: string): Result<UnverifiedProof> {
  const jws = parseJws(header, 8 * 1024); // two headers arrive joined by a comma, which no JWS contains
  if (!jws) return no('dpop_proof_malformed');
  if (!hasType(jws.header, joseType.dpopProof)) return no('dpop_proof_malformed');
  const { jwk } = jws.header;
  if (!isObject(jwk) || privatePartsOf(jwk).length > 0) return no('dpop_proof_malformed');
  const choice = chooseKey({ alg: jws.header.alg }, [{ ...jwk } as unknown as Jwk]);
  if (!choice.ok || !isModest(choice.key)) return no('dpop_proof_malformed');
  return ok({ jws, key: choice.key, algorithm: choice.algorithm });
}

/** 8192 bits, as base64url. */
const longestModulus = 1366;
/** 32 bits. */
const longestExponent = 6;

/** Anybody may send any key: one whose signatures take far longer to check than any other is no key of an honest client (T27). */
function isModest({ n, e }: Jwk): boolean {
  return isText(n, longestModulus) && isText(e, longestExponent);
}

function isText(value: unknown, longest: number): boolean {
  return value === undefined || (typeof value === 'string' && value.length <= longest);
}

/** Judges the claims of a proof whose signature is good under the key it names. @param thumbprint - see {@link thumbprintInput} */
export function checkDpopProof(
  { jws }: UnverifiedProof,
  thumbprint: string,
  expected: ExpectedProof,
): Result<DpopProof> {
  const { htm, htu, jti, iat, ath, nonce } = jws.claims;
  const { now, maxAgeSeconds, acceptsNonce } = expected;

  if (htm !== expected.method) return no('dpop_proof_other_request');
  if (typeof htu !== 'string' || withoutQuery(htu) !== expected.url) return no('dpop_proof_other_request');
  if (!isName(jti, 256) || !isDate(iat)) return no('dpop_proof_malformed');
  if (Math.abs(now - iat) > maxAgeSeconds) return no('dpop_proof_stale');
  if (expected.accessTokenHash !== undefined && ath !== expected.accessTokenHash) return no('dpop_proof_other_token');
  if (acceptsNonce && !(typeof nonce === 'string' && acceptsNonce(nonce))) return no('dpop_nonce_needed');
  return ok({ thumbprint, id: jti, until: iat + maxAgeSeconds });
}

/** What is hashed (SHA-256, base64url) to name a key. @see https://www.rfc-editor.org/rfc/rfc7638#section-3 */
export function thumbprintInput({ kty, crv, x, y, n, e }: Jwk): string {
  if (kty === 'EC') return JSON.stringify({ crv, kty, x, y });
  if (kty === 'OKP') return JSON.stringify({ crv, kty, x });
  return JSON.stringify({ e, kty, n });
}

/** Names a key: `jkt`. @param sha256 - the digest function of the platform */
export function toThumbprint(key: Jwk, sha256: (text: string) => Uint8Array): string {
  return encodeBase64url(sha256(thumbprintInput(key)));
}

function withoutQuery(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}
