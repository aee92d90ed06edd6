import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Problem } from '../../problem.ts';
import { migrate, migrations } from '../migrate.ts';
import type { Schema } from '../schema.ts';
import { nodeSqliteDialect, StatementCache } from '../sqlite-dialect.ts';

/** A table as it is copied: the same in SQLite and in PostgreSQL, where columns may stand in another order. */
export interface Table {
  readonly name: string;
  readonly columns: readonly string[];
  /** Columns of the primary key: what its rows are read by, and in which order. */
  readonly key: readonly string[];
  /** Whether the database gives out the key, never the same one twice. */
  readonly counts: boolean;
  /** Tables that its rows refer to, which have to be there before them. */
  readonly refersTo: readonly string[];
}

/**
 * Tables that stay where they are when a store goes elsewhere as it is, and why. Every other one goes: a new table is copied
 * without being named anywhere.
 */
export const staysBehind: Readonly<Record<string, string>> = {
  kysely_migration: 'what a database went through is its own',
  kysely_migration_lock: 'as is the lock for it',
  moves: 'says where this store is going',
  used_once:
    'uses are kept by digest here and by name there: whatever was issued before the move can be used no more instead',
};

/** What is not even put into a backup, and why: it ends with the epoch, and what is not there cannot come back to life (T21). */
export const endsWithEpoch: Readonly<Record<string, string>> = {
  artifacts: 'sessions, codes, refresh tokens and grants end',
  session_sids: 'so do the sids of those sessions',
  session_holdings: 'and what those sessions were given, which matters to them only',
  upstream_sessions: 'and the sessions over there that they stood on',
  account_links: 'a link that was used since would work again',
  once_codes: 'so would a recovery or enrolment code',
  admin_sessions: 'browsers of administrators, which stand on sessions that end',
};

/** Every table of this version, parents before those that refer to them, counters of changes last: triggers move them meanwhile. */
export async function allTables(): Promise<readonly Table[]> {
  const database = new DatabaseSync(':memory:');
  try {
    await migrate(
      database,
      new Kysely<Schema>({ dialect: nodeSqliteDialect(new StatementCache(database)) }),
      ':memory:',
    );
    return inOrder(readTables(database));
  } finally {
    database.close();
  }
}

/** Every trigger, as text, that an SQLite database of this version or an older one may have. */
export async function triggersOfSteps(): Promise<ReadonlySet<string>> {
  const database = new DatabaseSync(':memory:');
  try {
    const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
    const known = new Set<string>();
    for (const name of Object.keys(migrations).toSorted()) {
      await migrations[name]?.up(db);
      const triggers = database.prepare(`SELECT sql FROM sqlite_schema WHERE type = 'trigger'`);
      for (const { sql } of triggers.all()) known.add(String(sql));
    }
    return known;
  } finally {
    database.close();
  }
}

/** Tables that are in a backup. */
export async function tablesToKeep(): Promise<readonly Table[]> {
  return tablesToCopy({ ...staysBehind, ...endsWithEpoch });
}

/** Tables that go elsewhere. @param without - those that do not, with the reason */
export async function tablesToCopy(without: Readonly<Record<string, string>> = staysBehind): Promise<readonly Table[]> {
  return (await allTables()).filter(({ name }) => !Object.hasOwn(without, name));
}

/** The tables that a database has, in any order. */
export function readTables(database: DatabaseSync): Table[] {
  const tables = database.prepare(
    `SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  );
  return tables.all().map(({ name, sql }) => {
    const columns = database.prepare('SELECT name, pk FROM pragma_table_info(?)').all(String(name));
    const parents = database
      .prepare('SELECT DISTINCT "table" AS name FROM pragma_foreign_key_list(?)')
      .all(String(name));
    const key = columns.filter(({ pk }) => Number(pk) > 0).sort((a, b) => Number(a.pk) - Number(b.pk));
    return {
      name: String(name),
      columns: columns.map((column) => String(column.name)).sort(),
      key: key.map((column) => String(column.name)),
      counts: /\bAUTOINCREMENT\b/i.test(String(sql)),
      refersTo: parents.map((parent) => String(parent.name)).filter((parent) => parent !== name),
    };
  });
}

function inOrder(tables: readonly Table[]): Table[] {
  const placed = new Map<string, Table>();
  const left = tables.toSorted((a, b) => Number(isCounter(a)) - Number(isCounter(b)) || (a.name < b.name ? -1 : 1));
  while (left.length > 0) {
    const next = left.findIndex(({ refersTo }) => refersTo.every((parent) => placed.has(parent)));
    const [table] = left.splice(next, 1);
    if (next < 0 || !table) throw new Error('tables refer to each other in a circle');
    if (table.key.length === 0)
      throw new Problem(`The table ${table.name} has no key.`, 'Give it one: it cannot be copied.');
    placed.set(table.name, table);
  }
  return [...placed.values()];
}

function isCounter({ name }: Table): boolean {
  return name.endsWith('_sequence');
}
