import { constants, createPrivateKey, generateKeyPairSync, type JsonWebKey, randomBytes, sign } from 'node:crypto';
import {
  type EncryptionAlgorithm,
  type Jwk,
  type Sign,
  type SignatureAlgorithm,
  signatureAlgorithms,
} from '@credence/mcp/protocol';
import { toJoseSignature } from './ecdsa-der.ts';

/** Something that signs under one key with one algorithm; where the key lives is its own business. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly sign: Sign;
  /** The public half, ready for a JWK Set. */
  readonly publicJwk: Jwk;
}

/** What a key of ours can be for. A key signs or decrypts, never both (KEY-01). */
export type KeyAlgorithm = SignatureAlgorithm | EncryptionAlgorithm;

/** A key as kept in a key file. */
export interface PrivateJwk<Algorithm extends KeyAlgorithm = SignatureAlgorithm> extends JsonWebKey {
  readonly kid: string;
  readonly alg: Algorithm;
  /** The label of its private half in a token; then there is none here. */
  readonly token?: string;
}

/** A private key of either use. */
export type KeptJwk = PrivateJwk<KeyAlgorithm>;

/** Makes a new key pair for one algorithm; the kid is random, so that it tells nothing and never repeats. */
export function generatePrivateJwk(algorithm: SignatureAlgorithm): PrivateJwk;
export function generatePrivateJwk(algorithm: KeyAlgorithm): KeptJwk;
export function generatePrivateJwk(algorithm: KeyAlgorithm): KeptJwk {
  const { privateKey } = generatePair(algorithm);
  return {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomBytes(12).toString('base64url'),
    alg: algorithm,
    use: useOf(algorithm),
  };
}

function useOf(algorithm: KeyAlgorithm): 'sig' | 'enc' {
  return isSignatureAlgorithm(algorithm) ? 'sig' : 'enc';
}

/** Whether a key signs, rather than decrypts. */
export function isSigningJwk(jwk: KeptJwk): jwk is PrivateJwk {
  return isSignatureAlgorithm(jwk.alg);
}

export function isSignatureAlgorithm(algorithm: KeyAlgorithm): algorithm is SignatureAlgorithm {
  return signatureAlgorithms.some((known) => known === algorithm);
}

function generatePair(algorithm: KeyAlgorithm) {
  switch (algorithm) {
    case 'ES256':
    case 'ECDH-ES':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
    case 'Ed25519':
      return generateKeyPairSync('ed25519');
    case 'RS256':
    case 'PS256':
    case 'RSA-OAEP-256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

/** A {@link Signer} over a key held in this process, by `node:crypto`. */
export function toSigner(jwk: KeptJwk): Signer {
  const { alg } = jwk;
  if (!isSignatureAlgorithm(alg)) throw new Error('a key for decrypting signs nothing (KEY-01)');
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const signs: Record<SignatureAlgorithm, (data: Buffer) => Uint8Array> = {
    ES256: (data) => toJoseSignature(sign('sha256', data, key)),
    EdDSA: (data) => sign(null, data, key),
    Ed25519: (data) => sign(null, data, key),
    RS256: (data) => sign('sha256', data, key),
    PS256: (data) => sign('sha256', data, { key, ...pss }),
  };
  const make = signs[alg];
  return {
    kid: jwk.kid,
    algorithm: alg,
    sign: (signingInput) => make(Buffer.from(signingInput, 'latin1')),
    publicJwk: toPublicJwk(jwk),
  };
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** Copies the public members by name; a private member can so never slip into a JWK Set (KEY-03). */
export function toPublicJwk({ kty, kid, alg, crv, x, y, n, e }: KeptJwk): Jwk {
  const members = { kty, kid, alg, use: useOf(alg), crv, x, y, n, e };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as unknown as Jwk;
}
