import { randomBytes } from 'node:crypto';
import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { encryptionAlgorithms, signatureAlgorithms } from '@credence/mcp/protocol';
import { z } from 'zod';
import type { KeyPurpose } from '../config-schema.ts';
import { Problem } from '../problem.ts';
import { refuseAnothers, withKeyLock } from './key-lock.ts';
import type { TimedKey } from './lifecycle.ts';
import { isSealed, type Seal } from './seal.ts';
import type { KeptJwk } from './signer.ts';

const KeyFile = z.strictObject({
  purpose: z.string(),
  keys: z.array(
    z.strictObject({
      jwk: z.looseObject({
        kid: z.string(),
        kty: z.string(),
        alg: z.enum([...signatureAlgorithms, ...encryptionAlgorithms]),
      }),
      publishedAt: z.number(),
      signsFrom: z.number(),
      retiresAt: z.number().optional(),
    }),
  ),
});

/** Reads the keys of one purpose; no file means no keys yet. */
export async function readKeyFile(keysDir: string, purpose: KeyPurpose, seal: Seal | undefined): Promise<TimedKey[]> {
  const file = fileOf(keysDir, purpose);
  const text = await readIfThere(file);
  if (text === undefined) return [];
  const parsed = KeyFile.safeParse(parseJson(unseal(text, file, seal)));
  if (!parsed.success || parsed.data.purpose !== purpose) {
    throw new Problem(
      `The key file ${file} is damaged.`,
      'Restore it from a backup, or move it away to make new keys.',
    );
  }
  return parsed.data.keys.map((key) => ({ ...key, jwk: key.jwk as unknown as KeptJwk }));
}

/**
 * Reads the keys of one purpose, has them changed, and writes them, while nobody else does: of two that find a rotation due
 * the second finds it done. Resolves to the keys as they are afterwards.
 * @param change - `undefined` leaves them as they are
 */
export function changeKeyFile(
  keysDir: string,
  purpose: KeyPurpose,
  seal: Seal | undefined,
  change: (keys: readonly TimedKey[]) => Promise<readonly TimedKey[] | undefined>,
): Promise<readonly TimedKey[]> {
  return withKeyLock(keysDir, purpose, async () => {
    const before = await readKeyFile(keysDir, purpose, seal);
    const after = await change(before);
    if (after) await writeKeyFile(keysDir, purpose, after, seal);
    return after ?? before;
  });
}

/**
 * Seals a key file that lies there in the clear; false when there is none, or it is sealed already.
 * @param before - told of the keys in it before they count
 */
export function sealKeyFile(
  keysDir: string,
  purpose: KeyPurpose,
  seal: Seal,
  before: (kids: readonly string[]) => Promise<void>,
): Promise<boolean> {
  return withKeyLock(keysDir, purpose, async () => {
    const text = await readIfThere(fileOf(keysDir, purpose));
    if (text === undefined || isSealed(text)) return false;
    const keys = await readKeyFile(keysDir, purpose, undefined);
    await before(keys.map(({ jwk }) => jwk.kid));
    await writeKeyFile(keysDir, purpose, keys, seal);
    return true;
  });
}

/** Writes the keys of one purpose: mode 0600, sealed where there is a seal, complete or not at all. */
async function writeKeyFile(
  keysDir: string,
  purpose: KeyPurpose,
  keys: readonly TimedKey[],
  seal: Seal | undefined,
): Promise<void> {
  const text = JSON.stringify({ purpose, keys }, null, 2);
  await writeWhole(fileOf(keysDir, purpose), seal ? seal.close(text) : `${text}\n`);
}

const secretBytes = 32;

/** A random secret of this home, made when it is first asked for: each for one thing. `factor` seals what authenticator apps share with us. */
export async function openSecret(
  keysDir: string,
  name: 'cookie' | 'dpop' | 'session' | 'subject' | 'upstream' | 'factor' | 'digest',
): Promise<string> {
  const file = join(keysDir, `${name}.secret`);
  const known = await readIfThere(file);
  if (known !== undefined) {
    // A full disk or a copy that broke off leaves less, down to nothing; and under nothing anybody could sign and seal.
    if (Buffer.from(known, 'base64url').length >= secretBytes) return known;
    throw new Problem(`The secret ${file} is damaged: it is too short.`, 'Restore it from a backup.');
  }
  refuseAnothers(keysDir);
  const secret = randomBytes(secretBytes).toString('base64url');
  // Of two processes that start at once the first one's secret stays, and both use it.
  return (await writeWhole(file, secret, 'keep')) ? secret : openSecret(keysDir, name);
}

function fileOf(keysDir: string, purpose: KeyPurpose): string {
  return join(keysDir, `${purpose}.keys`);
}

function unseal(text: string, file: string, seal: Seal | undefined): string {
  if (!isSealed(text)) {
    if (!seal) return text;
    // Whoever can write here and has no seal could have us sign with a key of theirs.
    throw new Problem(
      `The key file ${file} is not sealed, and there is a seal key.`,
      'If it is as you left it: credence keys seal   Else restore it from a backup.',
    );
  }
  if (!seal)
    throw new Problem(`The key file ${file} is sealed, and no seal key is configured.`, 'Set keys.sealKeyFile.');
  try {
    return seal.open(text);
  } catch {
    throw new Problem(`The key file ${file} does not open with this seal key.`, 'Use the key it was sealed with.');
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Problem(`Cannot read ${file}: ${(error as Error).message}`, 'Check its owner and mode (0600).');
  }
}

/**
 * Writes beside the target, flushes and renames: a crash leaves the old state or the new one, never half a key.
 * @param there - what to do with a file that is there already; resolves to false when it was kept
 */
async function writeWhole(file: string, content: string, there: 'replace' | 'keep' = 'replace'): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}.new`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (there === 'replace') {
    await rename(draft, file);
    return true;
  }
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  } finally {
    await rm(draft);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
