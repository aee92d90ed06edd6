import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Jwk, ParsedJws, SignatureAlgorithm } from '@credence/mcp/protocol';
import { toDerSignature } from './ecdsa-der.ts';

/** What was made of a published key, and whether it may vouch for anything. */
interface Imported {
  readonly key: KeyObject;
  readonly isFit: boolean;
}

const imported = new WeakMap<Jwk, Imported>();

/**
 * Verifies a JWS signature with `node:crypto`, which costs about a third of WebCrypto per call. A key that cannot be
 * read as the kind `algorithm` needs verifies nothing.
 */
export function verifySignature(jws: ParsedJws, key: Jwk, algorithm: SignatureAlgorithm): boolean {
  const data = Buffer.from(jws.signingInput, 'latin1');
  try {
    const { key: publicKey, isFit } = toKeyObject(key);
    if (!isFit) return false;
    switch (algorithm) {
      case 'ES256': {
        const der = toDerSignature(jws.signature);
        return der !== undefined && verify('sha256', data, publicKey, der);
      }
      case 'EdDSA':
      case 'Ed25519':
        return verify(null, data, publicKey, jws.signature);
      case 'RS256':
        return verify('sha256', data, publicKey, jws.signature);
      case 'PS256':
        return verify('sha256', data, { key: publicKey, ...pss }, jws.signature);
    }
  } catch {
    return false; // a malformed key or signature: nothing it could vouch for
  }
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

function toKeyObject(jwk: Jwk): Imported {
  const known = imported.get(jwk);
  if (known) return known;
  const key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
  const made = { key, isFit: key.asymmetricKeyType !== 'rsa' || isFitRsa(key) };
  imported.set(jwk, made);
  return made;
}

/**
 * RSA keys below 2048 bits are refused, and so are those whose signatures take far longer to check than any other: an issuer or a
 * client chooses its keys, and one of 3072 bits with an exponent as long would stop everybody for 20 ms at each request (T27).
 * @see https://www.rfc-editor.org/rfc/rfc7518#section-3.3
 */
function isFitRsa({ asymmetricKeyDetails: { modulusLength = 0, publicExponent = 0n } = {} }: KeyObject): boolean {
  return modulusLength >= 2048 && modulusLength <= 8192 && publicExponent <= 0xffff_ffffn;
}
