import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Who is cut off at the resource side, and which single tokens were revoked and when: what signals leave behind. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE cut_offs (
     issuer TEXT NOT NULL, tenant TEXT NOT NULL, subject TEXT NOT NULL,
     grants_before INTEGER NOT NULL, tokens_before INTEGER NOT NULL,
     disabled_at INTEGER NOT NULL, enabled_at INTEGER NOT NULL,
     until INTEGER NOT NULL, position INTEGER NOT NULL,
     PRIMARY KEY (issuer, tenant, subject)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX cut_offs_by_position ON cut_offs (position)',
  'CREATE INDEX cut_offs_by_until ON cut_offs (until)',
  `CREATE TABLE revoked_tokens (
     id TEXT NOT NULL PRIMARY KEY, resource TEXT NOT NULL, until INTEGER NOT NULL, position INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX revoked_tokens_by_position ON revoked_tokens (position)',
  'CREATE INDEX revoked_tokens_by_until ON revoked_tokens (until)',
];
