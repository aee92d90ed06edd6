import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * What says that a part of the store is as it was written: a statement about its rows, and a MAC of that under a key that is
 * not in the store (T24). See `digests.ts`. Filled when it is first asked for: the key is nothing a migration has.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE digests (
     name TEXT NOT NULL PRIMARY KEY, sequence INTEGER NOT NULL, statement TEXT NOT NULL, mac TEXT NOT NULL
   ) STRICT, WITHOUT ROWID`,
];
