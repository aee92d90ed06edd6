import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { Problem } from '../../problem.ts';
import type { PostgresSettings } from '../../store-config.ts';
import { connectPatiently } from '../postgres.ts';
import type { Schema } from '../schema.ts';
import { nodeSqliteDialect, StatementCache } from '../sqlite-dialect.ts';
import { refuseAway } from './fence.ts';
import type { Table } from './tables.ts';
import { readCounters } from './to-postgres.ts';

/** A store as it was at one moment, whatever is written to it meanwhile. */
export interface Snapshot {
  readonly db: Kysely<Schema>;
  /** The last number that each counting table has given out. */
  readonly counters: ReadonlyMap<string, number>;
}

/** Reads an SQLite store beside the server that writes it. */
export async function readHomeSnapshot<T>(storeFile: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  if (!existsSync(storeFile)) throw new Problem(`There is no store at ${storeFile}.`, 'Name its home with --home.');
  const database = new DatabaseSync(storeFile, { timeout: 2000 });
  try {
    refuseAway(database, storeFile);
    database.exec('BEGIN');
    const db = openKysely(database);
    return await work({ db, counters: readCounters(database) }); // the first read is what the snapshot is of
  } finally {
    database.close();
  }
}

/** Reads a database beside the nodes that write it, in one transaction. */
export async function readDatabaseSnapshot<T>(
  settings: PostgresSettings,
  tables: readonly Table[],
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const connections = await connectPatiently(settings);
  try {
    const snapshot = connections.kysely<Schema>('raw').transaction().setIsolationLevel('repeatable read');
    return await snapshot.execute(async (db) => {
      await sql`SET TRANSACTION READ ONLY`.execute(db);
      const counters = new Map<string, number>();
      for (const { name, counts, key } of tables)
        if (counts) counters.set(name, await readCounter(db, name, String(key[0])));
      return work({ db, counters });
    });
  } finally {
    await connections.close();
  }
}

/** Positions of the record are given by a turn, all others by their sequence. */
async function readCounter(db: Kysely<Schema>, table: string, key: string): Promise<number> {
  if (table === 'audit') {
    const turn = await sql<{ value: number }>`SELECT value FROM turns WHERE name = 'audit'`.execute(db);
    return Number(turn.rows[0]?.value ?? 0);
  }
  const { rows } = await sql<{ name: string }>`SELECT pg_get_serial_sequence(${table}, ${key}) AS name`.execute(db);
  const [{ name } = { name: '' }] = rows;
  const last = await sql<{
    value: number | string;
  }>`SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS value FROM ${sql.raw(name)}`.execute(db);
  return Number(last.rows[0]?.value ?? 0);
}

export function openKysely(database: DatabaseSync): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
}
