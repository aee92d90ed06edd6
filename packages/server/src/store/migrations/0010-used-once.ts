import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * What may be used once is appended, all of a transaction in one row: an index by random ids made each use touch a page of
 * its own. `marks` keeps what others ask about; in PostgreSQL, where several nodes write, it keeps all. See `used-once.ts`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  {
    // A position is never given twice, also after the last row was purged: by it a process knows what it has read.
    sqlite: [
      `CREATE TABLE used_once (
         position INTEGER PRIMARY KEY AUTOINCREMENT, until INTEGER NOT NULL, entries BLOB NOT NULL
       ) STRICT`,
    ],
    postgres: [],
  },
];
