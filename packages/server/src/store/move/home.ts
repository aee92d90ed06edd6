import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Compilable, Kysely } from 'kysely';
import { Problem } from '../../problem.ts';
import type { PostgresSettings } from '../../store-config.ts';
import { type NewEpoch, requestEpoch } from '../epoch.ts';
import { pending } from '../migrate.ts';
import type { Schema } from '../schema.ts';
import { movedNote, openSqliteStore } from '../sqlite.ts';
import { nodeSqliteDialect, StatementCache } from '../sqlite-dialect.ts';
import type { AuditRow } from '../store.ts';
import { type Away, awayProblem, lowerFence, raiseFence, readAway } from './fence.ts';
import { tablesToCopy } from './tables.ts';
import {
  type Arrived,
  copyToPostgres,
  finishArrival,
  labelOf,
  openArrival,
  type Progress,
  readCounters,
} from './to-postgres.ts';

/** A home whose store goes into a database. Whoever calls holds its lock: no server runs on it. */
export interface MoveOrder {
  readonly storeFile: string;
  readonly target: PostgresSettings;
  readonly nowMs: () => number;
  /** The line of an act, for the record. */
  readonly toLine: (detail: string) => AuditRow;
  readonly onProgress: (progress: Progress) => void;
}

/**
 * Moves the store of a home into PostgreSQL. The home is fenced first (T22): from then on nothing is written there by anybody,
 * so that a run that was killed finds what the one before it found, and goes on. At the end the database has every row, every
 * line of the record with its hash, and one more line that says where it came from. Resolves to `undefined` when all of that
 * was done before.
 */
export async function moveHome(order: MoveOrder): Promise<Arrived | undefined> {
  const { storeFile, target, nowMs, toLine } = order;
  if (!existsSync(storeFile)) throw new Problem(`There is no store at ${storeFile}.`, 'Name its home with --home.');
  const to = labelOf(target);
  const known = look(storeFile, readAway);
  if (known && known.to !== to) throw awayProblem(known, storeFile);
  const away: Away = known ?? {
    state: 'moving',
    to,
    move: randomBytes(12).toString('base64url'),
    at: toSeconds(nowMs()),
  };

  // Before the fence: a database that cannot take it leaves the home as it is.
  const isUnderWay = await openArrival({ move: away.move, target, isMoved: known?.state === 'moved' });
  if (!known) await close(order, away);
  const source = openSource(storeFile);
  try {
    const db = new Kysely<unknown>({ dialect: nodeSqliteDialect(new StatementCache(source)) });
    const tables = await tablesToCopy();
    const arrival = { move: away.move, tables, target };
    const arrived = isUnderWay
      ? await copyToPostgres({ ...arrival, source: db, onProgress: order.onProgress })
      : undefined;
    // The fence says where the store is before the store is there: at no moment are there two.
    note(storeFile, away);
    raiseFence(source, { ...away, state: 'moved' });
    if (isUnderWay) {
      const records = [
        toLine(
          `store moved here from ${storeFile}: ${arrived?.rows} rows, ${arrived?.lines} lines of the record, compared`,
        ),
      ];
      const node = `move-${away.move}`;
      await finishArrival(arrival, { counters: readCounters(source), node, records, since: away.at });
    }
    return arrived;
  } finally {
    source.close();
  }
}

/** The last line of the record here, and then the fence: what follows is on the record of the database. */
async function close({ storeFile, toLine }: MoveOrder, away: Away): Promise<void> {
  const store = await openSqliteStore(storeFile, { node: `move-from-${away.move}` });
  try {
    await store.commit({ marks: [], records: [toLine(`store closed, to be moved to ${away.to}`)] });
  } finally {
    await store.close();
  }
  look(storeFile, (database) => raiseFence(database, away));
}

/**
 * Opens a fenced store again, for the case that the database it went to is lost or never was. If that was in use, what it
 * issued is unknown here, so a new epoch begins. Resolves to where the store had gone; `undefined` = it is not fenced.
 */
export function comeBack(storeFile: string, epoch: NewEpoch): Away | undefined {
  return look(storeFile, (database) => {
    const away = readAway(database);
    if (!away) return undefined;
    const db = new Kysely<Schema>({ dialect: nodeSqliteDialect(new StatementCache(database)) });
    lowerFence(database, () => {
      if (away.state === 'moved') for (const step of requestEpoch(db, epoch)) run(database, step);
    });
    rmSync(movedNote(storeFile), { force: true });
    return away;
  });
}

function openSource(storeFile: string): DatabaseSync {
  const database = new DatabaseSync(storeFile, { timeout: 2000 });
  const behind = pending(database, storeFile);
  if (behind.length === 0) return database;
  database.close();
  throw new Problem(
    `The move of ${storeFile} was begun by an older version of credence.`,
    'Finish it with that version, or give it up: credence store unfence --reason TEXT',
  );
}

function look<T>(storeFile: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(storeFile, { timeout: 2000, enableForeignKeyConstraints: true });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function run(database: DatabaseSync, step: Compilable): void {
  const { sql, parameters } = step.compile();
  database.prepare(sql).run(...(parameters as (string | number | null)[]));
}

function note(storeFile: string, { to, at }: Away): void {
  writeFileSync(movedNote(storeFile), `to ${to}, closed ${new Date(at * 1000).toISOString()}\n`, { mode: 0o600 });
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
