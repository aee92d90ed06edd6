import { closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import { migrate } from '../migrate.ts';
import type { Schema } from '../schema.ts';
import { type Content, contentDigest, contentOf, countRows, readAll, writePage } from './copy.ts';
import { openKysely, type Snapshot } from './snapshot.ts';
import type { Table } from './tables.ts';
import type { Progress } from './to-postgres.ts';

type Db = Kysely<unknown>;

/**
 * Copies tables of a snapshot into an SQLite file that nobody knows yet, readable by its owner only, and reads them again. It
 * is whole when this resolves; until then nobody may take it for a store: whoever calls gives it its name.
 */
export async function copyToFile(
  file: string,
  { db, counters }: Snapshot,
  tables: readonly Table[],
  onProgress: (progress: Progress) => void,
): Promise<ReadonlyMap<string, Content>> {
  closeSync(openSync(file, 'wx', 0o600));
  const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
  try {
    // Whoever finds half of it throws it away, so nothing has to be flushed before the end.
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF');
    const target = openKysely(database);
    await migrate(database, target, file);
    const contents = new Map<string, Content>();
    const [source, to] = [db as unknown as Db, target as unknown as Db];
    for (const table of tables) contents.set(table.name, await copyTable(database, source, to, table, onProgress));
    for (const [name, last] of counters) setCounter(database, name, last);
    for (const table of tables) {
      const { rows, digest } = await contentOf(to, table);
      const expected = contents.get(table.name);
      if (rows !== expected?.rows || digest !== expected.digest)
        throw new Error(`the copy of ${table.name} is not like the original`);
      onProgress({ phase: 'verify', table: table.name, rows, total: rows });
    }
    return contents;
  } finally {
    database.close();
  }
}

async function copyTable(
  database: DatabaseSync,
  source: Db,
  target: Db,
  table: Table,
  onProgress: (progress: Progress) => void,
): Promise<Content> {
  const total = await countRows(source, table);
  const content = contentDigest(table);
  let rows = 0;
  onProgress({ phase: 'copy', table: table.name, rows, total });
  for await (const page of readAll(source, table)) {
    content.add(page);
    database.exec('BEGIN');
    await writePage(target, table, page);
    database.exec('COMMIT');
    rows += page.length;
    onProgress({ phase: 'copy', table: table.name, rows, total });
  }
  return content.end();
}

/** A number whose row is gone is not given again either. */
function setCounter(database: DatabaseSync, table: string, last: number): void {
  const { changes } = database.prepare('UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?').run(last, table);
  if (changes === 0) database.prepare('INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)').run(table, last);
}

/** The tables of a file as they are there, with those alone that a manifest names. */
export function openFile(file: string): { database: DatabaseSync; db: Kysely<Schema> } {
  const database = new DatabaseSync(file, { readOnly: true });
  return { database, db: openKysely(database) };
}
