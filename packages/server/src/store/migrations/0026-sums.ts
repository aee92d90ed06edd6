import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * Sums that pages of the console open with, kept as the record is read, so that nothing is added up while somebody waits: what was
 * done at each server and by each client, by day and by eight days (`audit-sums.ts`); when each person last used anything; and how
 * many times a person, a client and a server met. What is there already is added up here, once: seconds for millions of rows.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

/** What was counted by day, for each server and client, in spans of so many days. */
const sumUp = (about: 'server' | 'client', span: 1 | 8): Step =>
  `INSERT INTO audit_sums (side, about, span, day, id, issued, redeemed, called, refused, last_ms)
     SELECT side, '${about}', ${span}, day - day % ${span}, ${about}, sum(issued), sum(redeemed), sum(called), sum(refused), max(last_ms)
     FROM audit_days GROUP BY side, day - day % ${span}, ${about}`;

const steps: readonly Step[] = [
  // A span begins on `day`, a multiple of its length.
  `CREATE TABLE audit_sums (
     side TEXT NOT NULL CHECK (side IN ('idp', 'ras')), about TEXT NOT NULL CHECK (about IN ('server', 'client')),
     span INTEGER NOT NULL CHECK (span IN (1, 8)), day INTEGER NOT NULL, id TEXT NOT NULL,
     issued INTEGER NOT NULL, redeemed INTEGER NOT NULL, called INTEGER NOT NULL, refused INTEGER NOT NULL,
     last_ms INTEGER NOT NULL,
     PRIMARY KEY (side, about, span, day, id)
   ) STRICT, WITHOUT ROWID`,
  sumUp('server', 1),
  sumUp('server', 8),
  sumUp('client', 1),
  sumUp('client', 8),
  // Goes with the person: only people who are here are counted.
  `CREATE TABLE agent_people (
     person_id TEXT NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE, last_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
  `INSERT INTO agent_people (person_id, last_ms)
     SELECT person_id, max(last_ms) FROM agent_uses WHERE person_id IN (SELECT id FROM people) GROUP BY person_id`,
  'ALTER TABLE agent_uses_read ADD COLUMN meetings INTEGER NOT NULL DEFAULT 0',
  'UPDATE agent_uses_read SET meetings = (SELECT count(*) FROM agent_uses)',
  // Counts people without reading them.
  'CREATE INDEX people_active ON people (id) WHERE active = 1',
];
