import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { KeyPurpose } from '../config-schema.ts';
import { isBusy } from '../home-lock.ts';
import { Problem } from '../problem.ts';

/** Longer than any change of a key file takes, a new RSA key on a slow machine included. */
const patienceMs = 30_000;

/**
 * Runs `work` while nobody else, in this process or another, changes the keys of this purpose. The lock is the kernel's, as
 * that of the home is: it ends with its process, however that ends, and needs no cleaning up.
 */
export async function withKeyLock<T>(keysDir: string, purpose: KeyPurpose, work: () => Promise<T>): Promise<T> {
  refuseAnothers(keysDir);
  const database = await take(join(keysDir, `${purpose}.lock`));
  try {
    return await work();
  } finally {
    database.close();
  }
}

/**
 * Throws `Problem` in a folder of another user: what root writes there the server could not read, and would sign with no more.
 */
export function refuseAnothers(keysDir: string): void {
  const us = process.getuid?.();
  const owner = us === undefined ? us : statSync(keysDir, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || owner === us) return;
  throw new Problem(
    `The folder of keys ${keysDir} belongs to user ${owner}, and this is user ${us}.`,
    `Run it as that user: sudo -u '#${owner}' credence ...`,
  );
}

/** Waits without holding up the event loop: the holder may be in this process. */
async function take(file: string): Promise<DatabaseSync> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(file, { timeout: 0 });
      database.exec('BEGIN EXCLUSIVE');
      return database;
    } catch (error) {
      database?.close();
      if (!isBusy(error)) {
        throw new Problem(
          `The lock ${file} cannot be taken: ${(error as Error).message}.`,
          'Check its owner and mode.',
        );
      }
      if (performance.now() > giveUpAt) {
        throw new Problem(
          `Somebody else is changing the keys: ${file} is held.`,
          'Wait for it to end, then try again.',
        );
      }
    }
    await wait(5 + Math.random() * 20);
  }
}
