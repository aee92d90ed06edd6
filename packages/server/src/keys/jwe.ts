import { contentEncryptions, type EncryptionAlgorithm, type Jwk, type ParsedJwe } from '@credence/mcp/protocol';
import type { CryptoKey } from 'jose';
import type { KeyRing } from './key-ring.ts';
import type { KeptJwk } from './signer.ts';

// Loaded when the first encrypted ID-JAG comes or goes: who does without pays nothing for it (ADR on encryption).
const loadJose = () => import('jose');

/** What is encrypted to us, and how. */
export interface Decryption {
  /** The one key that is offered at a time: while its successor waits it is still this one, whatever is configured by then. */
  readonly key: () => Jwk;
  /** By this key, or by one before it that is still in force. */
  readonly open: (jwe: ParsedJwe) => Promise<string | undefined>;
}

export function toDecryption(ring: Pick<KeyRing, 'current' | 'privateJwks'>): Decryption {
  return { key: () => ring.current(), open: (jwe) => decryptJwe(jwe, ring.privateJwks()) };
}

const imported = new WeakMap<object, CryptoKey>();

/**
 * Decrypts with the one key in force that it was encrypted to: by `kid`, or without a `kid` the only one that fits. The
 * algorithm is the key's, never the token's (KEY-01). `undefined` for whatever does not open; why is nobody's business.
 */
export async function decryptJwe(jwe: ParsedJwe, keys: readonly KeptJwk[]): Promise<string | undefined> {
  const fitting = keys.filter(({ kid, alg }) => alg === jwe.algorithm && (jwe.kid === undefined || jwe.kid === kid));
  const [key] = fitting;
  if (!key || fitting.length !== 1) return undefined;
  const { compactDecrypt } = await loadJose();
  const decryptionKey = await importKey(key, key.alg);
  try {
    const { plaintext } = await compactDecrypt(jwe.compact, decryptionKey, {
      keyManagementAlgorithms: [key.alg],
      contentEncryptionAlgorithms: [...contentEncryptions],
    });
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plaintext);
  } catch {
    return undefined;
  }
}

/** Encrypts a signed JWT (RFC 7519 §11.2: sign, then encrypt), so that only the holder of the key reads it. */
export async function encryptJwt(jwt: string, to: Jwk, algorithm: EncryptionAlgorithm): Promise<string> {
  const { CompactEncrypt } = await loadJose();
  const [enc] = contentEncryptions;
  return new CompactEncrypt(new TextEncoder().encode(jwt))
    .setProtectedHeader({ alg: algorithm, enc, cty: 'JWT', ...(to.kid !== undefined && { kid: to.kid }) })
    .encrypt(await importKey(to, algorithm));
}

/** The key to encrypt to: the first that says it is for encryption and is of a kind we encrypt to. */
export function chooseEncryptionKey(keys: readonly Jwk[]): { key: Jwk; algorithm: EncryptionAlgorithm } | undefined {
  for (const key of keys) {
    const algorithm = key.use === 'enc' ? algorithmOf(key) : undefined;
    if (algorithm && (key.alg === undefined || key.alg === algorithm)) return { key, algorithm };
  }
  return undefined;
}

function algorithmOf({ kty, crv }: Jwk): EncryptionAlgorithm | undefined {
  if ((kty === 'EC' && crv === 'P-256') || (kty === 'OKP' && crv === 'X25519')) return 'ECDH-ES';
  return kty === 'RSA' ? 'RSA-OAEP-256' : undefined;
}

async function importKey(jwk: Jwk | KeptJwk, algorithm: string): Promise<CryptoKey> {
  const known = imported.get(jwk);
  if (known) return known;
  const { importJWK } = await loadJose();
  const key = (await importJWK({ ...jwk }, algorithm)) as CryptoKey;
  imported.set(jwk, key);
  return key;
}
