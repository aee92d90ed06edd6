import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** What programs and browsers use the admin API with. Both hang on the role: they are gone in the step that takes it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE api_tokens (
     id TEXT NOT NULL PRIMARY KEY,
     person_id TEXT NOT NULL REFERENCES administrators (person_id) ON DELETE CASCADE,
     name TEXT NOT NULL, scopes TEXT NOT NULL, token_hash TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, last_used_at INTEGER
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX api_tokens_by_person ON api_tokens (person_id)',

  `CREATE TABLE admin_sessions (
     id_hash TEXT NOT NULL PRIMARY KEY,
     person_id TEXT NOT NULL REFERENCES administrators (person_id) ON DELETE CASCADE,
     sid TEXT NOT NULL, network TEXT NOT NULL, two_factors INTEGER NOT NULL CHECK (two_factors IN (0, 1)),
     signed_in_at INTEGER NOT NULL, started_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX admin_sessions_by_person ON admin_sessions (person_id)',
];
