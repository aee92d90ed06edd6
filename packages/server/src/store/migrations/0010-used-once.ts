import { type Kysely, sql } from 'kysely';
import type { Mark } from '../store.ts';
import { isOnceOnly, toEntry } from '../used-once.ts';
import { isPostgres, runSteps, type Step } from './ddl.ts';

/**
 * What may be used once is appended, all of a transaction in one row: an index by random ids made each use touch a page of
 * its own. `marks` keeps what others ask about; in PostgreSQL, where several nodes write, it keeps all. See `used-once.ts`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await runSteps(db, steps);
  if (!isPostgres(db)) await moveUses(db);
}

/** What was used before the upgrade is not to be used again after it. */
async function moveUses(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<Mark>`SELECT kind, id, until FROM marks`.execute(db);
  const uses = rows.filter(isOnceOnly);
  if (uses.length === 0) return;
  const last = uses.reduce((latest, { until }) => Math.max(latest, until), 0);
  await sql`INSERT INTO used_once (until, entries) VALUES (${last}, ${Buffer.concat(uses.map(toEntry))})`.execute(db);
  for (const kind of new Set(uses.map((use) => use.kind)))
    await sql`DELETE FROM marks WHERE kind = ${kind}`.execute(db);
}

const steps: readonly Step[] = [
  {
    // A position is never given twice, also after the last row was purged: by it a process knows what it has read.
    sqlite: [
      `CREATE TABLE used_once (
         position INTEGER PRIMARY KEY AUTOINCREMENT, until INTEGER NOT NULL, entries BLOB NOT NULL
       ) STRICT`,
    ],
    postgres: [],
  },
];
