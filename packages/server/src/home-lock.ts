import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Home } from './home.ts';
import { Problem } from './problem.ts';

/** The right to be the one server of a home. Ends with {@link HomeLock.release}, or with the process, however it ends. */
export interface HomeLock {
  release(): void;
}

/**
 * Takes the home for this process. Throws `Problem` when another server has it. The lock is the kernel's, held through an
 * exclusive transaction on an empty SQLite file: it needs no cleaning up after `kill -9`, and works where Node runs.
 */
export function lockHome(home: Home): HomeLock {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(home.lockFile, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if (!isBusy(error)) {
      throw new Problem(
        `The lock ${home.lockFile} cannot be taken: ${(error as Error).message}.`,
        'Put the home on a local disk. If the file is damaged, remove it while no server runs.',
      );
    }
    const pid = readPid(home.pidFile);
    throw new Problem(
      `Another credence is running on ${home.dir}${pid ? ` (process ${pid})` : ''}.`,
      'Stop it first, or name another home with --home.',
    );
  }
  held.add(database);
  // For the message above only; nobody decides by it.
  writeFileSync(home.pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release: () => {
      if (!held.delete(database)) return;
      rmSync(home.pidFile, { force: true });
      database.close();
    },
  };
}

/** Keeps the locks of this process from the garbage collector, which would close them and let another server in. */
const held = new Set<DatabaseSync>();

/** Whether SQLite says that somebody else holds the lock. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === 5;
}

function readPid(file: string): string | undefined {
  try {
    return /^\d+$/.exec(readFileSync(file, 'utf8').trim())?.[0];
  } catch {
    return undefined;
  }
}
