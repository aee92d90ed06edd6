import { type CryptoKey, flattenedVerify, importJWK } from 'jose';
import { encodeBase64url, type Jwk, type ParsedJws, type SignatureAlgorithm } from '../protocol/index.ts';

const imported = new WeakMap<Jwk, Promise<CryptoKey | Uint8Array>>();

/** Verifies a signature with WebCrypto, wherever that is; a key that cannot be used verifies nothing. */
export async function verifyWithWebCrypto(jws: ParsedJws, key: Jwk, algorithm: SignatureAlgorithm): Promise<boolean> {
  const [head = '', payload = ''] = jws.signingInput.split('.');
  try {
    const cryptoKey = imported.get(key) ?? importJWK({ ...key }, algorithm);
    imported.set(key, cryptoKey);
    const signature = encodeBase64url(jws.signature);
    await flattenedVerify({ protected: head, payload, signature }, await cryptoKey, { algorithms: [algorithm] });
    return true;
  } catch {
    return false;
  }
}
