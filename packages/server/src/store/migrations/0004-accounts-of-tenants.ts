import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * Accounts belong to an issuer and its tenant ('' = it has none), and may wait for their subject under an e-mail address.
 * SQLite cannot change a key, so the table is made anew. People may have an id at a RAS.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE accounts_of_tenants (
     id TEXT NOT NULL PRIMARY KEY, issuer TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT, email TEXT,
     active INTEGER NOT NULL CHECK (active IN (0, 1)),
     CHECK (subject IS NOT NULL OR email IS NOT NULL),
     UNIQUE (issuer, tenant, subject),
     UNIQUE (issuer, tenant, email)
   ) STRICT`,
  `INSERT INTO accounts_of_tenants (id, issuer, tenant, subject, email, active)
     SELECT id, issuer, '', subject, NULL, active FROM accounts`,
  'DROP TABLE accounts',
  'ALTER TABLE accounts_of_tenants RENAME TO accounts',

  `CREATE TABLE ids_elsewhere (
     person_id TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
     ras TEXT NOT NULL, id_there TEXT NOT NULL,
     PRIMARY KEY (person_id, ras),
     UNIQUE (ras, id_there)
   ) STRICT, WITHOUT ROWID`,
];
