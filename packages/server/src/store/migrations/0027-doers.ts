import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** The record is searched by who did something, too. Nodes of before would go on with an index that does not say it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  // What was in the index before this step does not say who: from where on it does.
  `INSERT INTO audit_readers (name, position) SELECT 'doers', position FROM audit_readers WHERE name = 'search'`,
];
