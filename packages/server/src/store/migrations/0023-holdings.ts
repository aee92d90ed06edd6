import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * What sessions were given of what must never come together (T34): one row for each that was given some. A node that does not know
 * the table would issue without a look at it, so none may work on beside.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE session_holdings (
     session TEXT NOT NULL PRIMARY KEY, held TEXT NOT NULL, until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX session_holdings_by_until ON session_holdings (until)',
];
