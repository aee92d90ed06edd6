import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/**
 * What the record is searched by, filled after the answer, 512 lines at a time: no commit touches a page more for it. A term is
 * a hash of one fact (`client` is `claude-code`); it has one row for each 512 lines in which it comes up. See `audit-search.ts`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  // `position` is the first line it comes up in, `others` tells the distances to the following ones.
  `CREATE TABLE audit_terms (
     term TEXT NOT NULL, position INTEGER NOT NULL, others TEXT,
     PRIMARY KEY (term, position)
   ) STRICT, WITHOUT ROWID`,
  // Clocks of nodes differ and may jump. These say from which line on times are as late as this, and up to which as early.
  'CREATE TABLE audit_late (ms INTEGER NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT',
  'CREATE TABLE audit_early (ms INTEGER NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT',
  // How far each reader of the record has come.
  'CREATE TABLE audit_readers (name TEXT NOT NULL PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  `INSERT INTO audit_readers (name, position) VALUES ('search', 0)`,
];
