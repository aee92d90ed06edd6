import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Identities at upstream providers, and the sessions over there on which ours stand. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE upstream_links (
     issuer TEXT NOT NULL, subject TEXT NOT NULL, upstream TEXT NOT NULL,
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE, linked_at INTEGER NOT NULL,
     PRIMARY KEY (issuer, subject)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX upstream_links_by_person ON upstream_links (person_id)',
  `CREATE TABLE upstream_sessions (
     session_uid TEXT NOT NULL PRIMARY KEY, upstream TEXT NOT NULL,
     issuer TEXT NOT NULL, subject TEXT NOT NULL, sid TEXT, id_token TEXT NOT NULL, expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX upstream_sessions_by_subject ON upstream_sessions (issuer, subject)',
  'CREATE INDEX upstream_sessions_by_sid ON upstream_sessions (issuer, sid) WHERE sid IS NOT NULL',
  'CREATE INDEX upstream_sessions_by_expiry ON upstream_sessions (expires_at)',
];
