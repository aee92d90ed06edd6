import { sql } from 'kysely';
import { Problem } from '../problem.ts';
import type { PostgresSettings } from '../store-config.ts';
import { readCertificates } from '../tls/pem.ts';
import type { DigestKey } from './digests.ts';
import type { Engine } from './engine.ts';
import type { StoreWatch } from './group-commit.ts';
import { createConfirmed } from './postgres-confirmed.ts';
import { Connections, type Patience, usualPatience } from './postgres-connection.ts';
import { toStoreError } from './postgres-error.ts';
import { migratePostgres } from './postgres-migrate.ts';
import { postgresReads } from './postgres-reads.ts';
import { findRisks } from './postgres-standby.ts';
import { postgresWriter } from './postgres-writer.ts';
import { type Store, StoreUnavailable } from './store.ts';
import { toWholeStore } from './whole-store.ts';

/** New tables, and filling them, may take as long as they take; waiting for another node that makes them may not. */
const whileMigrating: Patience = {
  connect: usualPatience.connect,
  statement: 0,
  lock: 120_000,
  idleInTransaction: 120_000,
  answer: 0,
  isMigrating: true,
};

export interface PostgresStore extends Store {
  /** What works, and may still end badly, in the operator's words; it can change at any time. */
  findRisks(): Promise<readonly string[]>;
  /** The database lacks what it confirmed to this process: everything fails until {@link goOn} is called, after a new epoch. */
  hasForgotten(): boolean;
  goOn(): void;
}

/**
 * Opens a PostgreSQL store, and makes its tables where they are not there yet. Throws `Problem` when there is no server that
 * can keep one.
 * @param node - names the chains this process writes; no two processes have the same
 * @param digestKey - covers who may do what (T24); without it nothing is checked
 */
export async function openPostgresStore(
  settings: PostgresSettings,
  { node, watch, digestKey }: { node: string; watch?: StoreWatch | undefined; digestKey?: DigestKey | undefined },
): Promise<PostgresStore> {
  const ca = await readAuthorities(settings);
  await upgradePostgres(settings, ca);
  const confirmed = createConfirmed();
  const readers = new Connections(settings, ca, settings.maxReaders, { confirmed });
  // One for each queue, and one to spare for what is just being closed.
  const writers = new Connections(settings, ca, 3, { confirmed });
  const writer = postgresWriter(writers, node, { watch, confirmed });
  const engine: Engine = { db: readers.kysely('contract'), write: writer.write };
  const whole = toWholeStore(
    engine,
    postgresReads(readers),
    {
      commit: writer.commit,
      close: async () => {
        await writer.close();
        await Promise.all([writers.close(), readers.close()]);
      },
    },
    digestKey,
  );
  // Nodes whose user may not remove marks leave it to who may: see `postgres-roles.ts`.
  let mayPurge: Promise<boolean> | undefined;
  const purge: Store['purge'] = async (now) => {
    mayPurge ??= askMayPurge(engine.db).catch((error: unknown) => {
      mayPurge = undefined;
      throw error;
    });
    if (await mayPurge) await whole.purge(now);
  };
  try {
    await refuseArriving(engine.db);
  } catch (error) {
    await whole.close();
    throw error;
  }
  const { hasForgotten, goOn } = confirmed;
  return { ...whole, purge, findRisks: () => findRisks(engine.db), hasForgotten, goOn };
}

async function askMayPurge(db: Engine['db']): Promise<boolean> {
  const { rows } = await sql<{ may: boolean }>`SELECT has_table_privilege('marks', 'DELETE') AS may`.execute(db);
  return rows[0]?.may === true;
}

/** Connections for work on the whole store, which takes as long as it takes. */
export async function connectPatiently(settings: PostgresSettings): Promise<Connections> {
  return new Connections(settings, await readAuthorities(settings), 1, { patience: whileMigrating });
}

/** Throws `Problem` while another store is being copied into this database: half of one issues nothing. */
async function refuseArriving(db: Engine['db']): Promise<void> {
  const arriving = await db.selectFrom('moves').select('what').where('what', '=', 'arriving').executeTakeFirst();
  if (!arriving) return;
  throw new Problem(
    'The database is just receiving a store, and does not have all of it.',
    'Finish it first: run the same credence store migrate, or credence restore, again.',
  );
}

/** Brings the tables to this version, as the user that the settings name. Resolves to the steps it took. */
export async function upgradePostgres(settings: PostgresSettings, ca?: readonly string[]): Promise<readonly string[]> {
  const connections = new Connections(settings, ca ?? (await readAuthorities(settings)), 1, {
    patience: whileMigrating,
  });
  try {
    const db = connections.kysely<unknown>('raw');
    await sql`SELECT 1`.execute(db);
    return await migratePostgres(db);
  } catch (error) {
    throw toProblem(settings, error);
  } finally {
    await connections.close();
  }
}

function readAuthorities({ tls }: PostgresSettings): Promise<string[]> {
  return readCertificates('store.ca', tls?.ca ?? []);
}

function toProblem({ host, port, database, user }: PostgresSettings, error: unknown): unknown {
  if (error instanceof Problem) return error;
  const fault = toStoreError(error);
  if (!(fault instanceof StoreUnavailable)) return error;
  const cause = fault.cause instanceof Error ? ` ${fault.cause.message || String(fault.cause)}` : '';
  return new Problem(
    `The store ${database} at ${host.startsWith('/') ? host : `${host}:${port}`} cannot be used by ${user}: ${fault.message}${cause}`,
    'Check `store` in the configuration, the password file, and that the server lets this user in: docs/operate/postgresql.md.',
  );
}
