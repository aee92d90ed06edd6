import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { Problem } from '../problem.ts';
import { migrations } from './migrate.ts';
import { isRetryable, stateOf } from './postgres-error.ts';

const attempts = 20;

/** Steps of this version that the database has not gone through. Throws `Problem` when it knows one that this version does not. */
export async function pendingSteps(db: Kysely<unknown>): Promise<string[]> {
  let applied: Set<string>;
  try {
    const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration`.execute(db);
    applied = new Set(rows.map(({ name }) => name));
  } catch (error) {
    if (stateOf(error) !== '42P01') throw error;
    applied = new Set();
  }
  const unknown = [...applied].find((name) => !Object.hasOwn(migrations, name));
  if (unknown !== undefined) {
    throw new Problem(
      `The database was written by a newer version of credence (it has step ${unknown}).`,
      'Run that version or a later one.',
    );
  }
  return Object.keys(migrations)
    .filter((name) => !applied.has(name))
    .sort();
}

/**
 * Brings a database to this version's tables, in one transaction: all steps or none. Of several nodes that start at once one
 * does it while the others wait, by a row that it holds: advisory locks are not everywhere. Resolves to the steps it took.
 */
export async function migratePostgres(db: Kysely<unknown>): Promise<readonly string[]> {
  if ((await pendingSteps(db)).length === 0) return [];
  for (let attempt = 1; ; attempt++) {
    try {
      return await takeSteps(db);
    } catch (error) {
      // Two that make the very first table at once: one of them is told that it is taken, by one word or another.
      const isRace = isRetryable(error) || ['23505', '42P07', '42710', 'XX000'].includes(stateOf(error) ?? '');
      if (!isRace || attempt === attempts) throw toProblem(error);
      await wait(20 + Math.random() * 80);
    }
  }
}

async function takeSteps(db: Kysely<unknown>): Promise<readonly string[]> {
  return db.transaction().execute(async (transaction) => {
    const run = (statement: string) => sql.raw(statement).execute(transaction);
    await run('CREATE TABLE IF NOT EXISTS kysely_migration_lock (id text PRIMARY KEY, is_locked integer NOT NULL)');
    await run(`INSERT INTO kysely_migration_lock (id, is_locked) VALUES ('credence', 0) ON CONFLICT DO NOTHING`);
    await run(`SELECT 1 FROM kysely_migration_lock WHERE id = 'credence' FOR UPDATE`);
    await run('CREATE TABLE IF NOT EXISTS kysely_migration (name text PRIMARY KEY, timestamp text NOT NULL)');
    // Asked under the lock: another node may have done it meanwhile.
    const pending = await pendingSteps(transaction);
    for (const name of pending) {
      await migrations[name]?.up(transaction);
      await sql`INSERT INTO kysely_migration (name, timestamp) VALUES (${name}, ${new Date().toISOString()})`.execute(
        transaction,
      );
    }
    return pending;
  });
}

function toProblem(error: unknown): unknown {
  if (stateOf(error) !== '42501') return error;
  return new Problem(
    'The tables of the database are older than this version, and this user may not change them.',
    'Have their owner do it: credence store upgrade --config FILE --user OWNER --password-file FILE',
  );
}
