import { createHmac } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DigestKey } from '../store/digests.ts';
import { openSecret } from './key-file.ts';

/**
 * The key that covers what the store says about who may do what (T24). It lies with the keys, or where all parts of an
 * installation that share a store find it, and the store never has it. Read when it is first needed: whoever only tidies up a database needs no keys.
 */
export function createDigestKey(keysDir: string): DigestKey {
  const adopted = new Set<string>();
  let secret: Promise<string> | undefined;
  const markerOf = (part: string) => join(keysDir, `digest-${part.replace(':', '-')}.adopted`);
  return {
    async mac(text) {
      secret ??= openSecret(keysDir, 'digest');
      return createHmac('sha256', Buffer.from(await secret, 'base64url'))
        .update(text)
        .digest('base64url');
    },
    async isAdopted(part) {
      if (adopted.has(part)) return true;
      try {
        await access(markerOf(part));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      }
      adopted.add(part);
      return true;
    },
    async markAdopted(part) {
      if (adopted.has(part)) return;
      await writeFile(markerOf(part), 'Covered by a digest in the store; without one it is refused.\n', {
        mode: 0o600,
      });
      adopted.add(part);
    },
  };
}
