import { setTimeout as wait } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { Problem } from '../problem.ts';
import { migrations } from './migrate.ts';
import { isRetryable, stateOf } from './postgres-error.ts';
import { type AppliedStep, stepTooFar, tooOldFor } from './schema-steps.ts';

const attempts = 20;

/**
 * Steps of this version that the database has not gone through. Throws `Problem` when it has gone through one that this version
 * neither knows nor can live beside.
 */
export async function pendingSteps(db: Kysely<unknown>): Promise<string[]> {
  let applied: readonly AppliedStep[] = [];
  try {
    applied = (await sql<AppliedStep>`SELECT * FROM kysely_migration`.execute(db)).rows;
  } catch (error) {
    if (stateOf(error) !== '42P01') throw error;
  }
  const tooFar = stepTooFar(applied, Object.keys(migrations));
  if (tooFar !== undefined) {
    throw new Problem(
      `The database was written by a newer version of credence (it has step ${tooFar}).`,
      'Run that version or a later one.',
    );
  }
  return Object.keys(migrations)
    .filter((name) => !applied.some((step) => step.name === name))
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
    // Whoever connects from now on waits until it is decided what the tables are like.
    await run('LOCK TABLE kysely_migration IN ACCESS EXCLUSIVE MODE');
    await run('ALTER TABLE kysely_migration ADD COLUMN IF NOT EXISTS beside text');
    // Asked under the lock: another node may have done it meanwhile.
    const pending = await pendingSteps(transaction);
    await checkNodes(transaction, pending);
    for (const name of pending) {
      const step = migrations[name];
      await step?.up(transaction);
      await sql`INSERT INTO kysely_migration (name, timestamp, beside)
        VALUES (${name}, ${new Date().toISOString()}, ${step?.livesBeside ?? null})`.execute(transaction);
    }
    return pending;
  });
}

/** Throws while nodes are at work that a step would break: they would go on with statements that no longer mean the same. */
async function checkNodes(transaction: Kysely<unknown>, pending: readonly string[]): Promise<void> {
  const { rows } = await sql<{ name: string }>`
    SELECT application_name AS name FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()`.execute(transaction);
  const steps = Object.fromEntries(Object.entries(migrations).filter(([name]) => pending.includes(name)));
  const tooOld = tooOldFor(
    steps,
    rows.map(({ name }) => name ?? ''),
  );
  if (tooOld.length === 0) return;
  throw new Problem(
    `Nodes of an older version are at work on this database (${[...new Set(tooOld)].join(', ')}), and cannot work on with its new tables.`,
    'Stop them, then start this version or run `credence store upgrade`: docs/operate/postgresql.md, "Upgrading".',
  );
}

function toProblem(error: unknown): unknown {
  if (stateOf(error) !== '42501') return error;
  return new Problem(
    'The tables of the database are older than this version, and this user may not change them.',
    'Have their owner do it: credence store upgrade --config FILE --user OWNER --password-file FILE',
  );
}
