import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { type JsonObject, parseStrictObject } from './strict-json.ts';

/** Signature algorithms Credence accepts: asymmetric only; HS* and `none` are not words it knows (KEY-02). */
export const signatureAlgorithms = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const;
export type SignatureAlgorithm = (typeof signatureAlgorithms)[number];

/** A JWS in compact serialization, taken apart. Nothing in it is trusted: the signature has not been checked. */
export interface ParsedJws {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signingInput: string;
  readonly signature: Uint8Array;
}

/** A JWT whose signature was good under a key of the issuer it was expected from. Its claims are not yet judged. */
export interface VerifiedJwt {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

/** A public key as published in a JWK Set. @see https://www.rfc-editor.org/rfc/rfc7517#section-4 */
export interface Jwk {
  readonly kty: string;
  readonly kid?: string;
  readonly alg?: string;
  readonly use?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** Members of a JWK that only whoever signs with it may know. @see https://www.rfc-editor.org/rfc/rfc7518#section-6 */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The private members that a key has; it has to be replaced where anybody else has seen it. */
export function privatePartsOf(jwk: JsonObject): string[] {
  return privateMembers.filter((member) => Object.hasOwn(jwk, member));
}

/** Says whether a signature is good. Handed in by the caller, so that the rules here need no cryptography of their own. */
export type VerifySignature = (jws: ParsedJws, key: Jwk, algorithm: SignatureAlgorithm) => boolean | Promise<boolean>;

/** Makes a signature; what it signs is `ASCII(header.payload)`. */
export type Sign = (signingInput: string) => Uint8Array | Promise<Uint8Array>;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Takes a compact JWS apart, or `undefined` when it is not one to the letter (KEY-06): three non-empty parts of strict
 * base64url, header and payload one JSON object each without duplicate members, at most `maxLength` characters.
 * A header with `crit` is refused: no extension is understood here; so is one with `b64`, as it says that other bytes than these
 * were signed, and a JWT may not have it (RAS-07, B42).
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-5.2 @see https://www.rfc-editor.org/rfc/rfc7797#section-6
 */
export function parseJws(compact: string, maxLength = 16 * 1024): ParsedJws | undefined {
  if (compact.length > maxLength) return undefined;
  const parts = compact.split('.');
  const [head, body, tail] = parts;
  if (parts.length !== 3 || !head || !body || !tail) return undefined;
  const header = parseHeader(head);
  const claims = parsePart(body);
  const signature = decodeBase64url(tail);
  if (!header || !claims || !signature || 'crit' in header || 'b64' in header) return undefined;
  return { header, claims, signingInput: `${head}.${body}`, signature };
}

/** Headers seen lately: all tokens of one issuer, kind and key begin with the same one. */
const headers = new Map<string, JsonObject>();
const maxHeaders = 256;
const maxHeaderLength = 512;

function parseHeader(head: string): JsonObject | undefined {
  const known = headers.get(head);
  if (known) return known;
  const header = parsePart(head);
  if (!header || head.length > maxHeaderLength) return header;
  if (headers.size >= maxHeaders) headers.clear();
  headers.set(head, Object.freeze(header));
  return header;
}

function parsePart(part: string): JsonObject | undefined {
  const bytes = decodeBase64url(part);
  if (!bytes) return undefined;
  try {
    return parseStrictObject(strictUtf8.decode(bytes));
  } catch {
    return undefined; // not UTF-8
  }
}

/** Builds and signs a compact JWS. */
export async function mintJws(header: JsonObject, claims: JsonObject, sign: Sign): Promise<string> {
  const signingInput = `${encodeHeader(JSON.stringify(header))}.${encodeBase64url(JSON.stringify(claims))}`;
  const signed = sign(signingInput);
  const signature = signed instanceof Uint8Array ? signed : await signed;
  return `${signingInput}.${encodeBase64url(signature)}`;
}

/** The header minted last: one issuer hardly ever mints with more than one key and kind at a time. */
let minted = { text: '', encoded: '' };

function encodeHeader(text: string): string {
  if (text !== minted.text) minted = { text, encoded: encodeBase64url(text) };
  return minted.encoded;
}

/** True when `typ` is the one expected: ASCII case-insensitive, an `application/` prefix allowed (RAS-04, B35). */
export function hasType(header: JsonObject, expected: string): boolean {
  const { typ } = header;
  return typeof typ === 'string' && typ.toLowerCase().replace(/^application\//, '') === expected;
}

/** Why no key could be chosen: the algorithm is not allowed, or no (single) key fits. */
export type KeyChoice =
  | { ok: true; key: Jwk; algorithm: SignatureAlgorithm }
  | { ok: false; why: 'algorithm' | 'unknown_key' };

/**
 * Chooses the key to verify with: `alg` must be allowed, and the key must be of the kind that `alg` needs, by `kid`, or
 * without a `kid` the only one that fits (KEY-05). A `kid` that names two keys names none (KEY-03). Keys named inside the token (`jwk`, `jku`, `x5u`, `x5c`) are not
 * looked at (RAS-07).
 */
export function chooseKey(
  header: JsonObject,
  keys: readonly Jwk[],
  allowed: readonly SignatureAlgorithm[] = signatureAlgorithms,
): KeyChoice {
  const algorithm = allowed.find((known) => known === header.alg);
  if (!algorithm) return { ok: false, why: 'algorithm' };
  const { kid } = header;
  if (kid !== undefined && (typeof kid !== 'string' || kid.length === 0 || kid.length > 256)) {
    return { ok: false, why: 'unknown_key' };
  }
  const named = kid === undefined ? keys : keys.filter((key) => key.kid === kid);
  const fitting = named.filter((key) => fits(key, algorithm));
  const [key] = fitting;
  if (!key || fitting.length > 1) return { ok: false, why: 'unknown_key' };
  // Some issuers list one key several times, once for each algorithm.
  if (kid !== undefined && !named.every((other) => isSameKey(key, other))) return { ok: false, why: 'unknown_key' };
  return { ok: true, key, algorithm };
}

function isSameKey(one: Jwk, other: Jwk): boolean {
  return (['kty', 'crv', 'x', 'y', 'n', 'e'] as const).every((member) => one[member] === other[member]);
}

const needs: Record<SignatureAlgorithm, { kty: string; crv?: string }> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
  RS256: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
};

function fits(key: Jwk, algorithm: SignatureAlgorithm): boolean {
  const need = needs[algorithm];
  const sameAlgorithm = key.alg === undefined || key.alg === algorithm || bothEd25519(key.alg, algorithm);
  return key.kty === need.kty && key.crv === need.crv && sameAlgorithm && (key.use ?? 'sig') === 'sig';
}

/** `EdDSA` over Ed25519 and the fully-specified `Ed25519` are one algorithm under two names (RFC 9864 §2.2). */
function bothEd25519(one: string, other: string): boolean {
  return [one, other].every((name) => name === 'EdDSA' || name === 'Ed25519');
}
