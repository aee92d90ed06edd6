import { type Jwk, toThumbprint } from '@credence/mcp/protocol';
import { z } from 'zod';
import { sha256 } from '#hashing';

const Key = z.looseObject({ kty: z.string(), kid: z.string() });
const KeySet = z.union([z.object({ keys: z.array(Key).min(1) }), Key.transform((key) => ({ keys: [key] }))]);

/** The keys that whoever verifies has pinned: what `credence audit key` printed, or one JWK with a kid; `undefined` = neither. */
export function parsePins(text: string): readonly Jwk[] | undefined {
  try {
    return KeySet.parse(JSON.parse(text)).keys;
  } catch {
    return undefined;
  }
}

/** What people compare a key by: its thumbprint. @see https://www.rfc-editor.org/rfc/rfc7638 */
export function fingerprintOf(key: Jwk): string {
  return `SHA256:${toThumbprint(key, (text) => sha256(new TextEncoder().encode(text)))}`;
}
