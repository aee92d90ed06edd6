import { decodeBase64url } from './base64url.ts';
import { parseStrictObject } from './strict-json.ts';

/**
 * How the content key may reach us: agreed on with a key of ours, or encrypted to it. No password, no shared secret, no RSA
 * PKCS #1 v1.5 (RFC 8725 §3.2). @see https://www.rfc-editor.org/rfc/rfc7518#section-4.1
 */
export const encryptionAlgorithms = ['ECDH-ES', 'RSA-OAEP-256'] as const;
export type EncryptionAlgorithm = (typeof encryptionAlgorithms)[number];

/** Authenticated encryption of the content; the first is what we use ourselves. */
export const contentEncryptions = ['A256GCM', 'A128GCM'] as const;

/** A JWE in compact serialization that may be tried with a key: nothing in it is trusted. */
export interface ParsedJwe {
  readonly compact: string;
  readonly algorithm: EncryptionAlgorithm;
  /** Of the key it claims to be encrypted to. */
  readonly kid: string | undefined;
}

/** Whether a text has the five parts of a JWE; a JWS has three. */
export function looksLikeJwe(compact: string): boolean {
  return compact.split('.', 6).length === 5;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Takes a nested JWT's outer half apart, before any work is done on it, or `undefined` when it is not one to the letter
 * (KEY-08): five parts of strict base64url, of which only the encrypted key may be empty; a header that is one JSON object
 * with `cty` JWT, a listed `alg` and `enc`, and neither `zip` (what is small may become huge) nor `crit`.
 * @see https://www.rfc-editor.org/rfc/rfc7516#section-5.2 @see https://www.rfc-editor.org/rfc/rfc7519#section-5.2
 */
export function parseJwe(compact: string, maxLength = 16 * 1024): ParsedJwe | undefined {
  if (compact.length > maxLength) return undefined;
  const parts = compact.split('.');
  const [head = '', encryptedKey = '', ...rest] = parts;
  if (parts.length !== 5 || rest.some((part) => part === '' || !decodeBase64url(part))) return undefined;
  if (encryptedKey !== '' && !decodeBase64url(encryptedKey)) return undefined;
  const header = parseHeader(head);
  if (!header || 'zip' in header || 'crit' in header) return undefined;

  const { alg, enc, cty, kid } = header;
  const algorithm = encryptionAlgorithms.find((known) => known === alg);
  if (!algorithm || !contentEncryptions.some((known) => known === enc)) return undefined;
  if (typeof cty !== 'string' || cty.toUpperCase() !== 'JWT') return undefined;
  if (kid !== undefined && typeof kid !== 'string') return undefined;
  return { compact, algorithm, kid };
}

function parseHeader(part: string) {
  const bytes = decodeBase64url(part);
  try {
    return bytes && parseStrictObject(strictUtf8.decode(bytes));
  } catch {
    return undefined; // not UTF-8
  }
}
