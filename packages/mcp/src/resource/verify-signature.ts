import { type CryptoKey, flattenedVerify, importJWK } from 'jose';
import { encodeBase64url, type Jwk, type ParsedJws, type SignatureAlgorithm } from '../protocol/index.ts';

type Imported = Promise<CryptoKey | Uint8Array>;

/**
 * By algorithm too: WebCrypto makes an RSA key for one of two, and which one a token says before anything of it is believed. Kept by
 * the key alone, a token of nobody would decide it for everybody.
 */
const imported = new WeakMap<Jwk, Map<SignatureAlgorithm, Imported>>();

/** Verifies a signature with WebCrypto, wherever that is; a key that cannot be used verifies nothing. */
export async function verifyWithWebCrypto(jws: ParsedJws, key: Jwk, algorithm: SignatureAlgorithm): Promise<boolean> {
  const [head = '', payload = ''] = jws.signingInput.split('.');
  try {
    const made = imported.get(key) ?? new Map<SignatureAlgorithm, Imported>();
    const cryptoKey = made.get(algorithm) ?? importJWK({ ...key }, algorithm);
    imported.set(key, made.set(algorithm, cryptoKey));
    const signature = encodeBase64url(jws.signature);
    await flattenedVerify({ protected: head, payload, signature }, await cryptoKey, { algorithms: [algorithm] });
    return true;
  } catch {
    return false;
  }
}
