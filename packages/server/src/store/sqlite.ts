import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { Problem } from '../problem.ts';
import type { DigestKey } from './digests.ts';
import type { Engine } from './engine.ts';
import type { StoreWatch, WriteTurn } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { refuseAway } from './move/fence.ts';
import { type RecentLines, recentLines } from './recent-lines.ts';
import type { Schema } from './schema.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import { isBusy, unavailability } from './sqlite-error.ts';
import { sqliteReads } from './sqlite-reads.ts';
import { type SqliteWriter, sqliteWriter } from './sqlite-writer.ts';
import type { Store } from './store.ts';
import { toWholeStore } from './whole-store.ts';

export interface SqliteOptions {
  /** Names the chain this process writes, alone or together with those that share its turns. */
  readonly node: string;
  /** Where several processes write: says which of them does. Two that try at once stall each other for seconds. */
  readonly turn?: WriteTurn | undefined;
  readonly watch?: StoreWatch | undefined;
  /** Covers who may do what (T24); without it nothing is checked. */
  readonly digestKey?: DigestKey | undefined;
}

/** Of the process whose readers go through the record. */
export interface ReadingOptions extends SqliteOptions {
  /** What it keeps at hand for them; where others write as well, somebody else may add what they wrote. */
  readonly recent?: RecentLines | undefined;
}

/** Of a process beside it. */
export interface BesideOptions extends SqliteOptions {
  readonly turn: WriteTurn;
  /** Told what it has written. */
  readonly written?: Pick<RecentLines, 'add'> | undefined;
}

/** How long a write waits for another process to finish its own. The event loop waits with it. */
const busyMs = 2000;

/**
 * Opens the embedded store, and makes it where there is none (readable by its owner only). Throws `Problem` when the
 * file cannot be used.
 */
export async function openSqliteStore(
  path: string,
  { recent = recentLines(), ...options }: ReadingOptions,
): Promise<Store> {
  refuseGone(path);
  const database = openDatabase(path);
  const open = prepare(database, options, recent, recent);
  try {
    refuseAway(database, path);
    await migrate(database, open.db, path);
  } catch (error) {
    database.close();
    throw toProblem(path, error);
  }
  return open.store();
}

/** Opens the store of a home that another process has open: it is there, and as new as this program. */
export function openSqliteBeside(path: string, { written, ...options }: BesideOptions): Store {
  return prepare(openDatabase(path), options, written).store();
}

/** The tables have to be there before anything is prepared that reads them. */
function prepare(
  database: DatabaseSync,
  { node, turn, watch, digestKey }: SqliteOptions,
  written?: Pick<RecentLines, 'add'>,
  recent?: RecentLines,
) {
  const statements = new StatementCache(database);
  const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(statements) });
  const writer = () => sqliteWriter(database, statements, node, turn, watch, written);
  const store = () => toStore(database, db, writer(), digestKey, recent);
  return { db, store };
}

function toStore(
  database: DatabaseSync,
  db: Kysely<Schema>,
  writer: SqliteWriter,
  digestKey: DigestKey | undefined,
  recent: RecentLines | undefined,
): Store {
  const reads = sqliteReads(database);
  const engine: Engine = {
    db,
    recent,
    async write(change) {
      const changed = await writer.write(change);
      reads.forget();
      return changed;
    },
  };
  return toWholeStore(
    engine,
    reads,
    {
      commit: writer.commit,
      forgetUsed: writer.forgetUsed,
      close: async () => {
        writer.close();
        if (database.isOpen) database.close();
      },
    },
    digestKey,
  );
}

function openDatabase(path: string): DatabaseSync {
  try {
    if (path !== ':memory:') createPrivately(path);
    const database = new DatabaseSync(path, { timeout: busyMs, enableForeignKeyConstraints: true, defensive: true });
    try {
      const mode = useLog(database);
      if (path !== ':memory:' && mode !== 'wal') {
        throw new Problem(`The file system of ${path} cannot keep the store safely.`, 'Put the home on a local disk.');
      }
      // FULL: a commit returns after the log is on the disk, so that it survives power loss, not only kill -9.
      database.exec('PRAGMA synchronous = FULL');
      // 16 MiB: what is written again and again is copied from the log into the file a quarter as often.
      database.exec('PRAGMA wal_autocheckpoint = 4000');
      // 32 MiB instead of 2: the tree of what is searched for is written all over, and each page not at hand is read again.
      database.exec('PRAGMA cache_size = -32768');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (error) {
    throw toProblem(path, error);
  }
}

/**
 * Has commits go through the log. A file that is new and being opened by another process is locked for a moment, and this one
 * statement does not wait for that as all others do.
 */
function useLog(database: DatabaseSync): unknown {
  const sinceMs = performance.now();
  for (;;) {
    try {
      return database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    } catch (error) {
      if (!isBusy(error) || performance.now() - sinceMs > busyMs) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

/** A store that was moved away is not begun anew, empty, where somebody has removed its file (T22). */
function refuseGone(path: string): void {
  const note = movedNote(path);
  if (path === ':memory:' || existsSync(path) || !existsSync(note)) return;
  throw new Problem(
    `The store ${path} is gone, and was moved elsewhere before: ${readFileSync(note, 'utf8').trim()}`,
    `Name its database as \`store\` in the configuration. To begin anew and empty, remove ${note}.`,
  );
}

/** Says beside a store that it was moved, for whoever looks into the home. */
export function movedNote(path: string): string {
  return `${path}.moved`;
}

/** Makes the file before SQLite does, with its owner's rights only; the files SQLite puts beside it take them over. */
function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function toProblem(path: string, error: unknown): unknown {
  if (error instanceof Problem) return error;
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const state = unavailability(cause) ?? (cause instanceof Error && 'syscall' in cause ? cause.message : undefined);
  if (state === undefined) return error;
  return new Problem(
    `The store ${path} cannot be opened: ${state}.`,
    'Check that this user may write there, that the disk has room, and that the file is a store of credence.',
  );
}
