import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** How far each export of the record has come, and which node carries it on. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE exports (
     name TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL, sent INTEGER NOT NULL, dead INTEGER NOT NULL,
     holder TEXT, beat INTEGER NOT NULL, moved_ms INTEGER NOT NULL, failing TEXT, failing_ms INTEGER
   ) STRICT, WITHOUT ROWID`,
];
