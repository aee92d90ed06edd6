import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Second factors of people with local accounts, and codes that work once. See `schema.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE factors (
     id TEXT NOT NULL PRIMARY KEY,
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
     kind TEXT NOT NULL CHECK (kind IN ('totp', 'passkey')), name TEXT NOT NULL,
     material TEXT NOT NULL, credential_id TEXT UNIQUE, synced INTEGER NOT NULL CHECK (synced IN (0, 1)),
     counter INTEGER NOT NULL, created_at INTEGER NOT NULL, last_used_at INTEGER,
     CHECK ((kind = 'passkey') = (credential_id IS NOT NULL))
   ) STRICT`,
  'CREATE INDEX factors_by_person ON factors (person_id)',
  `CREATE TABLE once_codes (
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
     purpose TEXT NOT NULL CHECK (purpose IN ('recovery', 'enrolment')), code_hash TEXT NOT NULL,
     expires_at INTEGER,
     PRIMARY KEY (person_id, purpose, code_hash)
   ) STRICT, WITHOUT ROWID`,
];
