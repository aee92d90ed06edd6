import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Nodes of before neither read nor write requests. */
export const livesBeside = '0024-uses';

/** What people whose agents were refused have asked for, and what they were answered. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE access_requests (
     id TEXT NOT NULL PRIMARY KEY,
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
     client TEXT NOT NULL, server TEXT NOT NULL,
     decision TEXT NOT NULL UNIQUE,
     words TEXT NOT NULL, wanted TEXT NOT NULL CHECK (wanted IN ('day', 'week', 'work')),
     asked_at INTEGER NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('open', 'drafted', 'approved', 'declined')),
     draft TEXT, until INTEGER, word TEXT, answered_at INTEGER, answered_by TEXT
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX access_requests_by_person ON access_requests (person_id, id)',
  'CREATE INDEX access_requests_by_state ON access_requests (state, id)',
  // One that waits is enough: asking again, from whichever refusal, is the same request.
  `CREATE UNIQUE INDEX access_requests_wait_once ON access_requests (person_id, client, server)
     WHERE state IN ('open', 'drafted')`,
];
