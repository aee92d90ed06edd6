import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * The record in numbers, added to with each stretch that goes into its index: no commit touches a page more for it. By hour for
 * the whole installation, by day for each client at each server; nothing says who. See `audit-tally.ts`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE audit_hours (
     hour INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, lines INTEGER NOT NULL,
     PRIMARY KEY (hour, kind, outcome, reason)
   ) STRICT, WITHOUT ROWID`,
  // '' where a line names no client, or no server.
  `CREATE TABLE audit_days (
     side TEXT NOT NULL CHECK (side IN ('idp', 'ras')), server TEXT NOT NULL, day INTEGER NOT NULL, client TEXT NOT NULL,
     issued INTEGER NOT NULL, redeemed INTEGER NOT NULL, called INTEGER NOT NULL, refused INTEGER NOT NULL,
     last_ms INTEGER NOT NULL,
     PRIMARY KEY (side, server, day, client)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX audit_days_by_client ON audit_days (side, client, day)',
  // Who has used a server, and since when nobody has.
  'CREATE INDEX agent_uses_by_server ON agent_uses (server, client, last_ms)',
  // What was in the index before this step is not counted: from where on it is.
  `INSERT INTO audit_readers (name, position) SELECT 'tally', position FROM audit_readers WHERE name = 'search'`,
];
