import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Which epoch the store is in (T21), and whether it is on its way from or to somewhere else (T22). */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE epoch (
     one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL, since INTEGER NOT NULL, begins TEXT
   ) STRICT`,
  `INSERT INTO epoch (one, id, since, begins) VALUES (1, '', 0, NULL)`,
  'CREATE TABLE moves (what TEXT NOT NULL PRIMARY KEY, note TEXT NOT NULL) STRICT, WITHOUT ROWID',
];
