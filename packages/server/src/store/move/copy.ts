import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { Problem } from '../../problem.ts';
import type { Table } from './tables.ts';

/** A row as both databases have it: text, integers and NULL. */
export type Row = Readonly<Record<string, string | number | null>>;

/** How many rows a table has, and the SHA-256 of all of them in the order of their key. */
export interface Content {
  readonly rows: number;
  readonly digest: string;
}

type Db = Kysely<unknown>;

/** Rows read at once, and written in one transaction. What is in memory is one such page, whatever the size of the store. */
export const pageRows = 500;

/** The rows of a table behind a key, in its order. */
export async function readPage(db: Db, table: Table, after: readonly unknown[] | undefined): Promise<readonly Row[]> {
  const columns = sql.join(table.columns.map((column) => sql.ref(column)));
  const key = sql.join(table.key.map((column) => sql.ref(column)));
  const behind = after ? sql`WHERE (${key}) > (${sql.join(after)})` : sql``;
  const { rows } =
    await sql<Row>`SELECT ${columns} FROM ${sql.table(table.name)} ${behind} ORDER BY ${key} LIMIT ${sql.lit(pageRows)}`.execute(
      db,
    );
  return rows.map((row) => clean(table, row));
}

export function keyOf(table: Table, row: Row): readonly (string | number | null)[] {
  return table.key.map((column) => row[column] ?? null);
}

export async function countRows(db: Db, table: Table): Promise<number> {
  const { rows } = await sql<{ n: number | string }>`SELECT count(*) AS n FROM ${sql.table(table.name)}`.execute(db);
  return Number(rows[0]?.n);
}

/** Reads a table from beginning to end, and lets others have their turn after each page. */
export async function* readAll(db: Db, table: Table): AsyncGenerator<readonly Row[]> {
  let after: readonly unknown[] | undefined;
  for (;;) {
    const page = await readPage(db, table, after);
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < pageRows) return;
    after = keyOf(table, last);
    await setImmediate();
  }
}

/**
 * Writes rows that are not there yet, as part of the caller's transaction. Where the database brought one along when its tables
 * were made, ours takes its place.
 */
export async function writePage(db: Db, table: Table, rows: readonly Row[]): Promise<void> {
  const insert = (some: readonly Row[]) => {
    const values = some.map((row) => sql`(${sql.join(table.columns.map((column) => row[column] ?? null))})`);
    return sql`INSERT INTO ${sql.table(table.name)} (${columnsOf(table.columns)}) VALUES ${sql.join(values)}`;
  };
  const { numAffectedRows } = await sql`${insert(rows)} ON CONFLICT DO NOTHING`.execute(db);
  if (Number(numAffectedRows) === rows.length) return;
  const others = table.columns.filter((column) => !table.key.includes(column));
  if (others.length === 0) return;
  const set = sql.join(others.map((column) => sql`${sql.ref(column)} = excluded.${sql.ref(column)}`));
  for (const row of rows) {
    await sql`${insert([row])} ON CONFLICT (${columnsOf(table.key)}) DO UPDATE SET ${set}`.execute(db);
  }
}

/** Follows the content of a table, page by page. */
export function contentDigest(table: Table) {
  const hash = createHash('sha256');
  let rows = 0;
  return {
    add(page: readonly Row[]) {
      rows += page.length;
      for (const row of page) hash.update(`${JSON.stringify(table.columns.map((column) => row[column] ?? null))}\n`);
    },
    end: (): Content => ({ rows, digest: hash.digest('base64url') }),
  };
}

/** What a table holds, read again from beginning to end. */
export async function contentOf(
  db: Db,
  table: Table,
  onPage: (rows: number) => void = () => undefined,
): Promise<Content> {
  const content = contentDigest(table);
  for await (const page of readAll(db, table)) {
    content.add(page);
    onPage(page.length);
  }
  return content.end();
}

function columnsOf(columns: readonly string[]) {
  return sql.join(columns.map((column) => sql.ref(column)));
}

/** PostgreSQL keeps no NUL in a text: a column that may be empty is, as where lines are written there; any other is a fault. */
function clean(table: Table, row: Row): Row {
  const bad = Object.keys(row).filter((column) => String(row[column]).includes('\0'));
  if (bad.length === 0) return row;
  if (table.name !== 'audit' || bad.some((column) => !lookUps.includes(column))) {
    throw new Problem(
      `A row of ${table.name} holds a character that PostgreSQL cannot keep (NUL, in ${bad.join(', ')}).`,
      'Remove it by the command that manages it, then go on.',
    );
  }
  return { ...row, ...Object.fromEntries(bad.map((column) => [column, null])) };
}

const lookUps = ['person', 'client', 'server', 'id_jag', 'access_token'];
