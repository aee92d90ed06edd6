import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** The directory: sources of people, groups and roles as records of their own, and what provisioning needs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  'CREATE TABLE sources (source TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT',
  `INSERT INTO sources (source, name) VALUES ('local', 'local')`,

  `CREATE TABLE groups (
     kind TEXT NOT NULL CHECK (kind IN ('group', 'role')), id TEXT NOT NULL,
     source TEXT NOT NULL REFERENCES sources (source),
     name TEXT NOT NULL, name_folded TEXT NOT NULL, external_id TEXT,
     version INTEGER NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) STRICT`,
  // Each ends in the id, which lists are sorted by: else the planner walks all ids in order to save the sorting.
  'CREATE INDEX groups_by_source ON groups (source, kind, id)',
  'CREATE INDEX groups_by_name ON groups (source, kind, name_folded, id)',
  'CREATE INDEX groups_by_external_id ON groups (source, kind, external_id, id) WHERE external_id IS NOT NULL',
  // Until now a group was there as soon as somebody was in it.
  `INSERT INTO groups (kind, id, source, name, name_folded, version, created_ms, modified_ms)
     SELECT DISTINCT kind, of_id, 'local', of_id, lower(of_id), 1, 0, 0 FROM memberships WHERE of_id NOT LIKE '%/%'`,

  `CREATE TABLE provisioned (
     person_id TEXT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
     source TEXT NOT NULL REFERENCES sources (source),
     handle TEXT NOT NULL, external_id TEXT, name_folded TEXT NOT NULL,
     wanted_active INTEGER NOT NULL CHECK (wanted_active IN (0, 1)),
     blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)),
     attributes TEXT NOT NULL,
     version INTEGER NOT NULL, created_ms INTEGER NOT NULL, modified_ms INTEGER NOT NULL,
     UNIQUE (source, handle)
   ) STRICT`,
  'CREATE INDEX provisioned_by_source ON provisioned (source, person_id)',
  'CREATE INDEX provisioned_by_external_id ON provisioned (source, external_id, person_id) WHERE external_id IS NOT NULL',
  'CREATE INDEX provisioned_by_name ON provisioned (source, name_folded, person_id)',
  'CREATE INDEX provisioned_by_change ON provisioned (source, modified_ms, person_id)',
  `CREATE TABLE provisioned_emails (
     email_folded TEXT NOT NULL, person_id TEXT NOT NULL REFERENCES provisioned (person_id) ON DELETE CASCADE,
     PRIMARY KEY (email_folded, person_id)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX provisioned_emails_by_person ON provisioned_emails (person_id)',

  `CREATE TABLE scim_tokens (
     id TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL REFERENCES sources (source),
     token_hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, last_used_at INTEGER
   ) STRICT`,
  'CREATE INDEX scim_tokens_by_source ON scim_tokens (source)',
  `CREATE TABLE imports (
     source TEXT NOT NULL REFERENCES sources (source), digest TEXT NOT NULL, position INTEGER NOT NULL,
     PRIMARY KEY (source, digest)
   ) STRICT`,
];
