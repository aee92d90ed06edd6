import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { Jwk, ParsedJws, SignatureAlgorithm } from '@credence/mcp/protocol';
import { toDerSignature } from './ecdsa-der.ts';

const keyObjects = new WeakMap<Jwk, KeyObject>();

/**
 * Verifies a JWS signature with `node:crypto`, which costs about a third of WebCrypto per call. A key that cannot be
 * read as the kind `algorithm` needs verifies nothing.
 */
export function verifySignature(jws: ParsedJws, key: Jwk, algorithm: SignatureAlgorithm): boolean {
  const data = Buffer.from(jws.signingInput, 'latin1');
  try {
    const publicKey = toKeyObject(key);
    switch (algorithm) {
      case 'ES256': {
        const der = toDerSignature(jws.signature);
        return der !== undefined && verify('sha256', data, publicKey, der);
      }
      case 'EdDSA':
      case 'Ed25519':
        return verify(null, data, publicKey, jws.signature);
      case 'RS256':
        return isStrongRsa(publicKey) && verify('sha256', data, publicKey, jws.signature);
      case 'PS256':
        return isStrongRsa(publicKey) && verify('sha256', data, { key: publicKey, ...pss }, jws.signature);
    }
  } catch {
    return false; // a malformed key or signature: nothing it could vouch for
  }
}

const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

/** RSA keys below 2048 bits are refused. @see https://www.rfc-editor.org/rfc/rfc7518#section-3.3 */
function isStrongRsa(key: KeyObject): boolean {
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048;
}

function toKeyObject(jwk: Jwk): KeyObject {
  let key = keyObjects.get(jwk);
  if (!key) {
    key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    keyObjects.set(jwk, key);
  }
  return key;
}
