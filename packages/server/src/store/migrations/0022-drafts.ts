import type { Kysely } from 'kysely';
import { runSteps, type Step } from './ddl.ts';

/** Nodes of before neither read nor write drafts. */
export const livesBeside = '0021-joins';

/** Changes that are not in force yet: drafts of the policy documents, and changes of people that wait for a second person. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
}

const steps: readonly Step[] = [
  `CREATE TABLE drafts (
     id TEXT NOT NULL PRIMARY KEY,
     kind TEXT NOT NULL, name TEXT NOT NULL, base INTEGER NOT NULL,
     document TEXT NOT NULL, digest TEXT NOT NULL, revision INTEGER NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('open', 'proposed')), authors TEXT NOT NULL,
     created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
];
