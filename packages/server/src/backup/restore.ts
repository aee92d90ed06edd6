import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Kysely } from 'kysely';
import type { Home } from '../home.ts';
import type { Seal } from '../keys/seal.ts';
import { Problem } from '../problem.ts';
import { type NewEpoch, requestEpoch } from '../store/epoch.ts';
import { migrate, pending } from '../store/migrate.ts';
import { checkChains } from '../store/move/chains.ts';
import { contentOf } from '../store/move/copy.ts';
import { openKysely } from '../store/move/snapshot.ts';
import { readTables, tablesToKeep, triggersOfSteps } from '../store/move/tables.ts';
import { copyToFile, openFile } from '../store/move/to-file.ts';
import { copyToPostgres, finishArrival, labelOf, openArrival, type Progress } from '../store/move/to-postgres.ts';
import type { Schema } from '../store/schema.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { AuditRow } from '../store/store.ts';
import type { PostgresSettings } from '../store-config.ts';
import { damaged, type KeptFile, type Manifest, readManifest } from './manifest.ts';

/** A backup, and the empty place where it is to go. Whoever calls holds the lock of the home. */
export interface RestoreOrder {
  readonly file: string;
  readonly home: Home;
  /** An empty database; `undefined` = an SQLite file in the home. */
  readonly target: PostgresSettings | undefined;
  readonly seal: Seal | undefined;
  readonly reason: string;
  readonly by: string;
  readonly nowMs: () => number;
  readonly toLine: (detail: string) => AuditRow;
  readonly onProgress: (progress: Progress) => void;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly files: readonly KeptFile[];
}

/**
 * Restores a backup into a home that is empty. It is compared with its manifest first, to the last row and the last hash of the
 * record. The store it makes asks for a new epoch, which begins when a server first starts on it: what was issued before counts
 * no more (T21). Killed at any moment, the same order goes on, or begins anew.
 */
export async function restoreBackup(order: RestoreOrder): Promise<Restored> {
  const { file, home, seal, target } = order;
  if (!existsSync(file))
    throw new Problem(`There is no backup at ${file}.`, 'Name the file that credence backup made.');
  checkEmpty(home);
  const { database, db } = openFile(file);
  try {
    const { manifest, files, digest } = readManifest(database, file, seal);
    await checkNothingActs(database, file);
    if (manifest.of.kind === 'database' && !target) {
      throw new Problem(
        `The backup ${file} is of a database (${manifest.of.name}).`,
        'Name an empty one: --to postgres://USER@HOST/DATABASE --password-file FILE',
      );
    }
    const isOlder = pending(database, file).length > 0;
    if (!isOlder) await compare({ database, db }, manifest, order);
    const from = isOlder ? await upgradeCopy(order, manifest) : { database, db, done: () => undefined };
    try {
      const source = { db: from.db, counters: new Map(Object.entries(manifest.counters)) };
      writeFiles(home, files, seal);
      if (target) await intoDatabase(order, target, source, manifest, digest);
      else await intoHome(order, source, manifest);
      // Last: without it the home is somebody's, and nothing is restored there again.
      rmSync(home.restoringFile, { force: true });
    } finally {
      from.done();
    }
    return { manifest, files };
  } finally {
    database.close();
  }
}

/** Files that a restore wrote before it was killed are the same again; a store, or other keys, are somebody's. */
function checkEmpty({ storeFile, dir, keysDir, restoringFile }: Home): void {
  const there = [storeFile, `${storeFile}.moved`].find((path) => existsSync(path));
  const keys = existsSync(keysDir) ? readdirSync(keysDir).map((name) => join(keysDir, name)) : [];
  const files = keptAtTop.map((name) => join(dir, name)).filter((path) => existsSync(path));
  const [first] = [...files, ...keys];
  if (there === undefined && (first === undefined || existsSync(restoringFile))) return;
  throw new Problem(`The home ${dir} is not empty: there is ${there ?? first}.`, 'Name an empty folder with --home.');
}

/** What of a backup goes into the home itself: whoever has one there already wants to keep it, or to look at both. */
const keptAtTop = ['credence.yaml', 'access.yaml', 'resource.yaml'];

/** What is compared has to be what is read later: a view may answer otherwise the second time, a trigger change what is brought up to date. */
async function checkNothingActs(database: DatabaseSync, file: string): Promise<void> {
  const known = await triggersOfSteps();
  const acting = database
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger')`)
    .all()
    .find(({ sql }) => !known.has(String(sql)));
  if (acting) throw damaged(file, `it has a view or a trigger of its own, ${String(acting.name)}`);
}

async function compare(
  { database, db }: { readonly database: DatabaseSync; readonly db: Kysely<Schema> },
  { tables, record }: Manifest,
  { file, onProgress }: RestoreOrder,
): Promise<void> {
  // What the manifest does not name nobody vouches for: it is not taken along either.
  const kept = new Set((await tablesToKeep()).map(({ name }) => name));
  for (const { name, columns } of readTables(database)) {
    const said = tables[name]?.columns.toSorted().join();
    if (kept.has(name) && said !== columns.toSorted().join())
      throw damaged(file, `${name} is not what its manifest says`);
  }
  for (const [name, { columns, key, rows, digest }] of Object.entries(tables)) {
    const table = { name, columns, key, counts: false, refersTo: [] };
    const found = await contentOf(db as unknown as Kysely<unknown>, table).catch(() => undefined);
    if (found?.rows !== rows || found.digest !== digest) throw damaged(file, `${name} is not what was put in`);
    onProgress({ phase: 'verify', table: name, rows, total: rows });
  }
  const chains = await checkChains(db);
  if (typeof chains === 'string') throw damaged(file, chains);
  const isSame = Object.entries(record.heads).every(([node, { hash }]) => chains.heads.get(node)?.hash === hash);
  if (chains.lines !== record.lines || !isSame) throw damaged(file, 'the record ends elsewhere than its manifest says');
}

/** A backup of an older version, brought to this one in a copy: it is the copy that is compared, and then what was compared that is changed. */
async function upgradeCopy(order: RestoreOrder, manifest: Manifest) {
  const copy = join(order.home.dir, 'restore-upgrade.db');
  rmSync(copy, { force: true });
  copyFileSync(order.file, copy);
  const database = new DatabaseSync(copy);
  const db = openKysely(database);
  const done = () => {
    database.close();
    rmSync(copy, { force: true });
  };
  try {
    await checkNothingActs(database, order.file);
    await compare({ database, db }, manifest, order);
    await migrate(database, db, copy);
    return { database, db, done };
  } catch (error) {
    done();
    throw error;
  }
}

interface Source {
  readonly db: Kysely<Schema>;
  readonly counters: ReadonlyMap<string, number>;
}

function toEpoch({ reason, by, nowMs }: RestoreOrder, { madeMs, record }: Manifest): NewEpoch {
  return {
    reason: `restored from a backup: ${reason}`,
    by,
    askedMs: nowMs(),
    backupMs: madeMs,
    ...(record.last && { knows: record.last }),
  };
}

async function intoDatabase(
  order: RestoreOrder,
  target: PostgresSettings,
  source: Source,
  manifest: Manifest,
  digest: string,
): Promise<void> {
  const move = `restore-${digest}`;
  const tables = await tablesToKeep();
  if (!(await openArrival({ move, target }))) {
    throw new Problem(
      `The database ${labelOf(target)} has this backup already, and may be in use.`,
      'To end what was issued there: credence store epoch --reason TEXT. To restore once more, name an empty one.',
    );
  }
  await copyToPostgres({
    move,
    tables,
    source: source.db as unknown as Kysely<unknown>,
    target,
    onProgress: order.onProgress,
  });
  await finishArrival(
    { move, tables, target },
    {
      counters: source.counters,
      node: `restore-${crypto.randomUUID()}`,
      records: [order.toLine(lineOf(order, manifest))],
      since: 0,
      also: (db) => requestEpoch(db, toEpoch(order, manifest)),
    },
  );
}

async function intoHome(order: RestoreOrder, source: Source, manifest: Manifest): Promise<void> {
  const { storeFile } = order.home;
  const partial = `${storeFile}.partial`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${partial}${suffix}`, { force: true });
  await copyToFile(partial, source, await tablesToKeep(), order.onProgress);
  const database = new DatabaseSync(partial, { enableForeignKeyConstraints: true });
  const db = openKysely(database);
  for (const step of requestEpoch(db, toEpoch(order, manifest))) await db.executeQuery(step.compile() as never);
  database.close();
  const store = await openSqliteStore(partial, { node: `restore-${crypto.randomUUID()}` });
  await store.commit({ marks: [], records: [order.toLine(lineOf(order, manifest))] });
  await store.close(); // the log goes into the file with the last connection
  if (existsSync(`${partial}-wal`)) throw new Error('the restored store is open elsewhere');
  renameSync(partial, storeFile);
}

function lineOf({ file, reason }: RestoreOrder, { madeMs, of, record }: Manifest): string {
  const last = record.last ? `, whose record ends with line ${record.last.position}, ${record.last.id}` : '';
  return `store restored from ${file}, a backup of ${of.name} of ${new Date(madeMs).toISOString()}${last}: ${reason}`;
}

function writeFiles(home: Home, files: readonly KeptFile[], seal: Seal | undefined): void {
  writeFileSync(home.restoringFile, '', { mode: 0o600 });
  for (const { name, sealed, content } of files) {
    const to = name.startsWith('keys/') ? join(home.keysDir, name.slice('keys/'.length)) : join(home.dir, name);
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 });
    if (sealed === 'here' && !seal) throw new Problem(`${name} is sealed.`, 'Name the seal key: --seal-key-file FILE');
    writeFileSync(to, sealed === 'here' && seal ? seal.open(content) : content, { mode: 0o600 });
  }
}
