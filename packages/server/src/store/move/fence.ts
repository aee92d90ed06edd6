import type { DatabaseSync } from 'node:sqlite';
import { Problem } from '../../problem.ts';
import { movedWords } from '../sqlite-error.ts';
import { readTables } from './tables.ts';

/** Where a store has gone, or is going. Nothing in it is a secret. */
export interface Away {
  readonly state: 'moving' | 'moved';
  /** `credence at db.acme.example`. */
  readonly to: string;
  /** Joins the two ends of one move. */
  readonly move: string;
  /** When the store was closed: epoch seconds. */
  readonly at: number;
}

/**
 * Closes an SQLite store for good, in one transaction: nothing is ever written to it again, by whichever process or version,
 * opened before or after (T22). Two stores that both took ID-JAGs would each take every one of them.
 */
export function raiseFence(database: DatabaseSync, away: Away): void {
  inTransaction(database, () => {
    for (const { trigger, table, verb } of triggers(database)) {
      database.exec(
        `CREATE TRIGGER IF NOT EXISTS ${trigger} BEFORE ${verb} ON ${table}
           BEGIN SELECT RAISE(ABORT, '${movedWords}'); END`,
      );
    }
    const write = database.prepare(`INSERT OR REPLACE INTO moves (what, note) VALUES ('away', ?)`);
    write.run(JSON.stringify(away));
  });
}

/** Opens a closed store again. What was issued elsewhere meanwhile must end: see `requestEpoch`, which goes into the same step. */
export function lowerFence(database: DatabaseSync, also: () => void): void {
  inTransaction(database, () => {
    for (const { trigger } of triggers(database)) database.exec(`DROP TRIGGER IF EXISTS ${trigger}`);
    database.exec(`DELETE FROM moves WHERE what = 'away'`);
    also();
  });
}

export function readAway(database: DatabaseSync): Away | undefined {
  const exists = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'moves'`).get();
  const row = exists && database.prepare(`SELECT note FROM moves WHERE what = 'away'`).get();
  return row && (JSON.parse(String(row.note)) as Away);
}

/** Throws `Problem` when the store of this home is, or is about to be, somewhere else. */
export function refuseAway(database: DatabaseSync, path: string): void {
  const away = readAway(database);
  if (away) throw awayProblem(away, path);
}

export function awayProblem({ state, to, at }: Away, path: string): Problem {
  const when = new Date(at * 1000).toISOString();
  if (state === 'moving') {
    return new Problem(
      `The store ${path} is being moved to ${to} (since ${when}), and takes nothing meanwhile.`,
      'Run the same credence store migrate again to finish it, or stay here with: credence store unfence --reason TEXT',
    );
  }
  return new Problem(
    `The store ${path} was moved to ${to} (${when}): what is used once there would be good again here.`,
    'Name that database as `store` in the configuration. Only if it is lost: credence store unfence --reason TEXT',
  );
}

function triggers(database: DatabaseSync): { trigger: string; table: string; verb: string }[] {
  const tables = readTables(database).filter(({ name }) => name !== 'moves');
  return tables.flatMap(({ name: table }) =>
    ['INSERT', 'UPDATE', 'DELETE'].map((verb) => ({ trigger: `fence_${table}_${verb.toLowerCase()}`, table, verb })),
  );
}

function inTransaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
