import type { VerifySignature } from '@credence/server/record-verification';

type Algorithm = Parameters<VerifySignature>[2];

interface Way {
  readonly key: Parameters<typeof crypto.subtle.importKey>[2];
  readonly signature: Parameters<typeof crypto.subtle.verify>[0];
}

const edwards: Way = { key: { name: 'Ed25519' }, signature: { name: 'Ed25519' } };
const ways: Readonly<Record<Algorithm, Way>> = {
  ES256: { key: { name: 'ECDSA', namedCurve: 'P-256' }, signature: { name: 'ECDSA', hash: 'SHA-256' } },
  EdDSA: edwards,
  Ed25519: edwards,
  RS256: { key: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, signature: { name: 'RSASSA-PKCS1-v1_5' } },
  PS256: { key: { name: 'RSA-PSS', hash: 'SHA-256' }, signature: { name: 'RSA-PSS', saltLength: 32 } },
};

const imported = new Map<string, ReturnType<typeof crypto.subtle.importKey>>();

/** Verifies a signature of a checkpoint by WebCrypto. A key that cannot be read as the kind `algorithm` needs verifies nothing. */
export const verifySignature: VerifySignature = async ({ signingInput, signature }, jwk, algorithm) => {
  const way = ways[algorithm];
  const { kty, crv, x, y, n, e } = jwk;
  const bare = JSON.stringify({ kty, crv, x, y, n, e });
  try {
    const name = `${algorithm} ${bare}`;
    const importing =
      imported.get(name) ?? crypto.subtle.importKey('jwk', JSON.parse(bare), way.key, false, ['verify']);
    imported.set(name, importing);
    const key = await importing;
    // RFC 7518 §3.3: below 2048 bits it vouches for nothing.
    if (((key.algorithm as { modulusLength?: number }).modulusLength ?? 2048) < 2048) return false;
    const data = new TextEncoder().encode(signingInput);
    return await crypto.subtle.verify(way.signature, key, new Uint8Array(signature), data);
  } catch {
    return false; // a malformed key or signature: nothing it could vouch for
  }
};
