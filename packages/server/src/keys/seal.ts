import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../problem.ts';

/** Protects key files at rest with a key that does not lie beside them. */
export interface Seal {
  close(plain: string): string;
  /** Throws when the text was sealed with another key or was changed. */
  open(sealed: string): string;
}

const mark = 'credence-sealed-1.';

export function isSealed(text: string): boolean {
  return text.startsWith(mark);
}

/** AES-256-GCM under the SHA-256 of the seal key. */
export function createSeal(sealKey: Buffer): Seal {
  const key = createHash('sha256').update('credence key seal 1\0').update(sealKey).digest();
  return {
    close(plain) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return mark + Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
    },
    open(sealed) {
      const bytes = Buffer.from(sealed.slice(mark.length), 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 });
      decipher.setAuthTag(bytes.subarray(12, 28));
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8');
    },
  };
}

/**
 * The seal key: the file that the configuration names, or the service credential `credence-seal` that systemd hands over
 * (`LoadCredential=credence-seal:...`), or none. Never from the environment itself.
 */
export async function openSeal(sealKeyFile: string | undefined): Promise<Seal | undefined> {
  const credentials = process.env.CREDENTIALS_DIRECTORY;
  const file = sealKeyFile ?? (credentials ? join(credentials, 'credence-seal') : undefined);
  if (file === undefined) return undefined;
  let sealKey: Buffer;
  try {
    sealKey = await readFile(file);
  } catch (error) {
    if (sealKeyFile === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Problem(`Cannot read the seal key ${file}: ${(error as Error).message}`, 'Check keys.sealKeyFile.');
  }
  if (sealKey.length < 32)
    throw new Problem(`The seal key ${file} is shorter than 32 bytes.`, 'Make one: head -c 32 /dev/urandom');
  return createSeal(sealKey);
}
