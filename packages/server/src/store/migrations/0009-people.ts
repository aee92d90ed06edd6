import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** What local accounts, those who administer, and people who look at their own agents need. See `schema.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  // One a person: a new link is the end of the one before.
  `CREATE TABLE account_links (
     person_id TEXT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
     token_hash TEXT NOT NULL UNIQUE, purpose TEXT NOT NULL CHECK (purpose IN ('invitation', 'reset')),
     created_at INTEGER NOT NULL, opens_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,

  `CREATE TABLE administrators (
     person_id TEXT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
     role TEXT NOT NULL CHECK (role IN ('owner', 'policy', 'people', 'auditor', 'help-desk')),
     granted_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `CREATE TABLE break_glass (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     person_id TEXT NOT NULL UNIQUE REFERENCES people (id) ON DELETE CASCADE, changed_at INTEGER NOT NULL
   ) STRICT`,

  `CREATE TABLE notices (
     id TEXT NOT NULL PRIMARY KEY,
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
     what TEXT NOT NULL CHECK (what IN ('reset_link', 'factor_removed')), about TEXT NOT NULL, at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX notices_by_person ON notices (person_id, at)',

  // Filled from the record after the answer: no commit touches a page more for it.
  `CREATE TABLE agent_uses (
     person_id TEXT NOT NULL, client TEXT NOT NULL, server TEXT NOT NULL,
     first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL,
     PRIMARY KEY (person_id, client, server)
   ) STRICT, WITHOUT ROWID`,
  'CREATE TABLE agent_uses_read (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT',
  'INSERT INTO agent_uses_read (one, position) VALUES (1, 0)',
];
