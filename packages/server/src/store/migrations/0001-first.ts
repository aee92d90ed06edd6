import type { Kysely } from 'kysely';
import { appendOnly, runSteps, type Step } from './ddl.ts';

/** The first tables. What they mean is told in `schema.ts`. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE marks (
     kind TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL,
     PRIMARY KEY (kind, id)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX marks_by_until ON marks (until)',

  `CREATE TABLE audit (
     position INTEGER PRIMARY KEY AUTOINCREMENT,
     node TEXT NOT NULL, seq INTEGER NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL,
     id TEXT NOT NULL, kind TEXT NOT NULL, time_ms INTEGER NOT NULL, body TEXT NOT NULL,
     person TEXT, client TEXT, server TEXT, id_jag TEXT, access_token TEXT
   ) STRICT`,
  'CREATE UNIQUE INDEX audit_by_id ON audit (id)',
  'CREATE UNIQUE INDEX audit_by_place ON audit (node, seq)',
  'CREATE INDEX audit_by_id_jag ON audit (id_jag) WHERE id_jag IS NOT NULL',
  'CREATE INDEX audit_by_access_token ON audit (access_token) WHERE access_token IS NOT NULL',
  'CREATE INDEX audit_by_person ON audit (person, position) WHERE person IS NOT NULL',
  'CREATE INDEX audit_by_client ON audit (client, position) WHERE client IS NOT NULL',
  'CREATE INDEX audit_by_server ON audit (server, position) WHERE server IS NOT NULL',
  appendOnly('audit'),

  `CREATE TABLE artifacts (
     model TEXT NOT NULL, id TEXT NOT NULL, payload TEXT NOT NULL,
     uid TEXT, grant_id TEXT, account_id TEXT, consumed_at INTEGER, expires_at INTEGER,
     PRIMARY KEY (model, id)
   ) STRICT`,
  'CREATE INDEX artifacts_by_uid ON artifacts (uid) WHERE uid IS NOT NULL',
  'CREATE INDEX artifacts_by_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL',
  'CREATE INDEX artifacts_by_account ON artifacts (account_id) WHERE account_id IS NOT NULL',
  'CREATE INDEX artifacts_by_expiry ON artifacts (expires_at) WHERE expires_at IS NOT NULL',
  `CREATE TABLE session_sids (
     sid TEXT NOT NULL, model TEXT NOT NULL, session_id TEXT NOT NULL,
     PRIMARY KEY (sid, model, session_id),
     FOREIGN KEY (model, session_id) REFERENCES artifacts (model, id) ON DELETE CASCADE
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX session_sids_by_session ON session_sids (model, session_id)',

  `CREATE TABLE people (
     id TEXT NOT NULL PRIMARY KEY, source TEXT NOT NULL,
     email TEXT NOT NULL, email_folded TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
     active INTEGER NOT NULL CHECK (active IN (0, 1)), password_hash TEXT
   ) STRICT`,
  `CREATE TABLE memberships (
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
     kind TEXT NOT NULL CHECK (kind IN ('group', 'role')), of_id TEXT NOT NULL,
     PRIMARY KEY (person_id, kind, of_id)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX memberships_by_of ON memberships (kind, of_id)',

  `CREATE TABLE client_secrets (
     domain TEXT NOT NULL CHECK (domain IN ('idp', 'ras')), client_id TEXT NOT NULL, secret_hash TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     PRIMARY KEY (domain, client_id, secret_hash)
   ) STRICT, WITHOUT ROWID`,

  `CREATE TABLE policies (
     kind TEXT NOT NULL CHECK (kind IN ('access', 'resource')), version INTEGER NOT NULL, document TEXT NOT NULL,
     digest TEXT NOT NULL, author TEXT NOT NULL, published_at INTEGER NOT NULL,
     PRIMARY KEY (kind, version)
   ) STRICT`,
  appendOnly('policies'),

  `CREATE TABLE accounts (
     id TEXT NOT NULL PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL,
     active INTEGER NOT NULL CHECK (active IN (0, 1)),
     UNIQUE (issuer, subject)
   ) STRICT`,

  'CREATE TABLE change_sequence (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL) STRICT',
  'INSERT INTO change_sequence (id, value) VALUES (1, 0)',
];
