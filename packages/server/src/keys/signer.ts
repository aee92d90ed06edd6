import { constants, createPrivateKey, generateKeyPairSync, type JsonWebKey, randomBytes, sign } from 'node:crypto';
import type { Jwk, Sign, SignatureAlgorithm } from '@credence/mcp/protocol';
import { toJoseSignature } from './ecdsa-der.ts';

/** Something that signs under one key with one algorithm; where the key lives is its own business. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SignatureAlgorithm;
  readonly sign: Sign;
  /** The public half, ready for a JWK Set. */
  readonly publicJwk: Jwk;
}

/** A key as kept in a key file. */
export interface PrivateJwk extends JsonWebKey {
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  /** The label of its private half in a token; then there is none here. */
  readonly token?: string;
}

/** Makes a new key pair for one algorithm; the kid is random, so that it tells nothing and never repeats. */
export function generatePrivateJwk(algorithm: SignatureAlgorithm): PrivateJwk {
  const { privateKey } = generatePair(algorithm);
  return {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomBytes(12).toString('base64url'),
    alg: algorithm,
    use: 'sig',
  };
}

function generatePair(algorithm: SignatureAlgorithm) {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
    case 'Ed25519':
      return generateKeyPairSync('ed25519');
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}

/** A {@link Signer} over a key held in this process, by `node:crypto`. */
export function toSigner(jwk: PrivateJwk): Signer {
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const signs: Record<SignatureAlgorithm, (data: Buffer) => Uint8Array> = {
    ES256: (data) => toJoseSignature(sign('sha256', data, key)),
    EdDSA: (data) => sign(null, data, key),
    Ed25519: (data) => sign(null, data, key),
    RS256: (data) => sign('sha256', data, key),
    PS256: (data) => sign('sha256', data, { key, ...pss }),
  };
  const make = signs[jwk.alg];
  return {
    kid: jwk.kid,
    algorithm: jwk.alg,
    sign: (signingInput) => make(Buffer.from(signingInput, 'latin1')),
    publicJwk: toPublicJwk(jwk),
  };
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** Copies the public members by name; a private member can so never slip into a JWK Set (KEY-03). */
export function toPublicJwk({ kty, kid, alg, crv, x, y, n, e }: PrivateJwk): Jwk {
  const members = { kty, kid, alg, use: 'sig', crv, x, y, n, e };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as unknown as Jwk;
}
