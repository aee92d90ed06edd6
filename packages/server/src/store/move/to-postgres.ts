import type { DatabaseSync } from 'node:sqlite';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Compilable, type Kysely, sql } from 'kysely';
import { Problem } from '../../problem.ts';
import type { PostgresSettings } from '../../store-config.ts';
import { connectPatiently, upgradePostgres } from '../postgres.ts';
import { appendRows } from '../postgres-chain.ts';
import type { Connections } from '../postgres-connection.ts';
import type { Schema } from '../schema.ts';
import type { AuditRow } from '../store.ts';
import { checkChains } from './chains.ts';
import { contentOf, countRows, keyOf, pageRows, readPage, writePage } from './copy.ts';
import type { Table } from './tables.ts';

type Db = Kysely<unknown>;

/** How far a copy has come, in rows of one table. */
export interface Progress {
  readonly phase: 'copy' | 'verify' | 'chains';
  readonly table: string;
  readonly rows: number;
  readonly total: number;
}

/** A store on its way into a database. */
export interface Arrival {
  /** Joins the runs of one move: a run that was killed is taken up, another store is refused. */
  readonly move: string;
  readonly tables: readonly Table[];
  readonly source: Db;
  readonly target: PostgresSettings;
  readonly onProgress: (progress: Progress) => void;
}

export interface Arrived {
  readonly rows: number;
  readonly lines: number;
  readonly tables: number;
}

/** What happens in the transaction that makes the database a store: nothing of it can be seen before. */
export interface Finish {
  /** The last position that each table has given out; also those whose rows are gone are never given again. */
  readonly counters: ReadonlyMap<string, number>;
  readonly node: string;
  readonly records: readonly AuditRow[];
  /** What works once and was issued up to here, works no more. */
  readonly since: EpochSeconds;
  /** Steps before the last. */
  readonly also?: (db: Kysely<Schema>) => readonly Compilable[];
}

/**
 * Makes the tables, and sees that this move and no other may use the database. Resolves to false when it has arrived already.
 * @param isMoved - the home is there already: an empty database would be a second store, or an old one again (T22)
 */
export async function openArrival({
  move,
  target,
  isMoved = false,
}: Pick<Arrival, 'move' | 'target'> & { readonly isMoved?: boolean }): Promise<boolean> {
  await upgradePostgres(target);
  const connections = await connectPatiently(target);
  try {
    const db = connections.kysely<Schema>('raw');
    const notes = await db.selectFrom('moves').selectAll().where('what', 'in', ['arriving', 'arrived']).execute();
    if (notes.some(({ what, note }) => what === 'arrived' && note === move)) return false;
    if (notes.some(({ what, note }) => what === 'arriving' && note === move)) return true;
    if (isMoved) {
      throw new Problem(
        `The home was moved before, and the database ${labelOf(target)} has nothing of it.`,
        'If that database was lost: credence store unfence --reason TEXT, and move it again. What was issued before ends then.',
      );
    }
    const used = ['audit', 'policies', 'people', 'accounts', 'client_secrets'] as const;
    for (const table of used) {
      const { rows } = await sql`SELECT 1 FROM ${sql.table(table)} LIMIT 1`.execute(db);
      if (rows.length === 0 && notes.length === 0) continue;
      throw isTaken(target);
    }
    return true;
  } finally {
    await connections.close();
  }
}

function isTaken(target: PostgresSettings): Problem {
  return new Problem(
    `The database ${labelOf(target)} holds a store already, or half of another.`,
    'Name an empty one. A home that says that it is being moved there: credence store unfence --reason TEXT',
  );
}

/** `credence at db.acme.example:5432`. */
export function labelOf({ database, host, port }: Pick<PostgresSettings, 'database' | 'host' | 'port'>): string {
  return `${database} at ${host}:${port}`;
}

/**
 * Copies every table, a page and how far it has come in each transaction; then reads both again, and the record with all its
 * hashes. Killed at any moment, it goes on from the last page.
 */
export async function copyToPostgres(arrival: Arrival): Promise<Arrived> {
  const connections = await connectPatiently(arrival.target);
  try {
    const db = connections.kysely<Schema>('raw');
    await sql`INSERT INTO moves (what, note) SELECT 'arriving', ${arrival.move}
      WHERE NOT EXISTS (SELECT 1 FROM moves WHERE what = 'arrived') ON CONFLICT DO NOTHING`.execute(db);
    const first = await db.selectFrom('moves').select('note').where('what', '=', 'arriving').executeTakeFirst();
    // Another was as quick to find it empty: two in one would be neither.
    if (first?.note !== arrival.move) throw isTaken(arrival.target);
    for (const table of arrival.tables) await copyTable(arrival, connections, table);
    let rows = 0;
    for (const table of arrival.tables) rows += await verifyTable(arrival, db as unknown as Db, table);
    arrival.onProgress({ phase: 'chains', table: 'audit', rows: 0, total: 1 });
    const chains = await checkChains(db);
    if (typeof chains === 'string') throw unlike(`The record does not hold together: ${chains}.`);
    return { rows, lines: chains.lines, tables: arrival.tables.length };
  } finally {
    await connections.close();
  }
}

interface Place {
  readonly after?: readonly (string | number | null)[];
  readonly rows: number;
  readonly done: boolean;
}

async function copyTable({ source, onProgress }: Arrival, connections: Connections, table: Table): Promise<void> {
  const db = connections.kysely<Schema>('raw');
  const what = `table:${table.name}`;
  const known = await db.selectFrom('moves').select('note').where('what', '=', what).executeTakeFirst();
  let place: Place = known ? JSON.parse(known.note) : { rows: 0, done: false };
  const total = await countRows(source, table);
  while (!place.done) {
    onProgress({ phase: 'copy', table: table.name, rows: place.rows, total });
    const page = await readPage(source, table, place.after);
    const last = page.at(-1);
    const next: Place = {
      ...(last && { after: keyOf(table, last) }),
      rows: place.rows + page.length,
      done: page.length < pageRows,
    };
    await db.transaction().execute(async (transaction) => {
      await sql`SELECT set_config('credence.copying', 'on', true)`.execute(transaction); // no trigger tells of what is not new
      if (page.length > 0) await writePage(transaction as unknown as Db, table, page);
      const note = JSON.stringify(next);
      const upsert = transaction.insertInto('moves').values({ what, note });
      await upsert.onConflict((conflict) => conflict.column('what').doUpdateSet({ note })).execute();
    });
    place = next;
  }
  onProgress({ phase: 'copy', table: table.name, rows: total, total });
}

async function verifyTable({ source, onProgress }: Arrival, target: Db, table: Table): Promise<number> {
  const total = 2 * (await countRows(source, table));
  let rows = 0;
  const onPage = (read: number) => {
    rows += read;
    onProgress({ phase: 'verify', table: table.name, rows, total });
  };
  const [here, there] = [await contentOf(source, table, onPage), await contentOf(target, table, onPage)];
  if (here.rows !== there.rows) throw unlike(`${table.name} has ${here.rows} rows here and ${there.rows} there.`);
  if (here.digest !== there.digest) throw unlike(`${table.name} has other rows there than here.`);
  return here.rows;
}

function unlike(words: string): Problem {
  return new Problem(
    `The copy is not like the original. ${words}`,
    'Drop the database, make an empty one, and begin again; if it happens twice, tell us.',
  );
}

/** The last step at the target: from here on it is a store, and says so on its record. */
export async function finishArrival(
  { move, target, tables }: Omit<Arrival, 'onProgress' | 'source'>,
  finish: Finish,
): Promise<void> {
  const connections = await connectPatiently(target);
  try {
    await connections.use(async (session) => {
      await session.query('BEGIN');
      for (const { name, counts, key } of tables) {
        if (!counts) continue;
        const largest = await session.query<{ max: number | null }>(`SELECT max(${key[0]}) AS max FROM ${name}`);
        const last = Math.max(finish.counters.get(name) ?? 0, Number(largest.rows[0]?.max ?? 0));
        const sequence = `pg_get_serial_sequence('${name}', '${key[0]}')`;
        if (last > 0) await session.query(`SELECT setval(${sequence}, $1)`, [last]);
        if (name === 'audit') await session.query(`UPDATE turns SET value = $1 WHERE name = 'audit'`, [last]);
      }
      await session.query('UPDATE epoch SET since = CASE WHEN since > $1 THEN since ELSE $1 END', [finish.since]);
      for (const step of finish.also?.(connections.kysely<Schema>('raw')) ?? []) {
        const { sql: text, parameters } = step.compile();
        await session.query(text, parameters);
      }
      await session.query(`DELETE FROM moves`);
      await session.query(`INSERT INTO moves (what, note) VALUES ('arrived', $1)`, [move]);
      await appendRows(session, finish.node, finish.records);
      await session.query('COMMIT');
    });
  } finally {
    await connections.close();
  }
}

/** The last key that each counting table of an SQLite store has given out. */
export function readCounters(database: DatabaseSync): ReadonlyMap<string, number> {
  const rows = database.prepare('SELECT name, seq FROM sqlite_sequence').all();
  return new Map(rows.map(({ name, seq }) => [String(name), Number(seq)]));
}
