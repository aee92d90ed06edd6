import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** What authorization servers are to be told of people, and how far each has been told. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  // AUTOINCREMENT: a position is never used again, also when all rows before it are gone. Readers go by it.
  `CREATE TABLE bulletins (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     person_id TEXT NOT NULL,
     event TEXT NOT NULL CHECK (event IN ('session-revoked', 'account-disabled', 'account-enabled')),
     membership TEXT,
     initiator TEXT NOT NULL CHECK (initiator IN ('admin', 'user', 'policy', 'system')),
     at INTEGER NOT NULL
   ) STRICT`,
  'CREATE INDEX bulletins_by_person ON bulletins (person_id, event)',
  'CREATE INDEX bulletins_by_time ON bulletins (at)',
  'CREATE TABLE bulletin_readers (reader TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID',
];
