import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { type ChainHead, emptyChain, type Link, nextLink } from './chain.ts';
import type { Change } from './engine.ts';
import { GroupCommit, type StoreWatch, type Unit, type UnitOutcome, type WriteTurn } from './group-commit.ts';
import { readHeld, toHeldText } from './held.ts';
import { type RecentLine, type RecentLines, toRecentLine } from './recent-lines.ts';
import type { StatementCache } from './sqlite-dialect.ts';
import { isConstraintViolation, toStoreError, unavailability } from './sqlite-error.ts';
import { type AuditRow, type Commit, type CommitOutcome, type Mark, StoreConflict, StoreUnavailable } from './store.ts';
import { isOnceOnly, usedOnce, wholeSecond } from './used-once.ts';

/** The one way into an SQLite store. Everything that is written passes the same queue and may share a transaction. */
export interface SqliteWriter {
  commit(commit: Commit): Promise<CommitOutcome>;
  write(change: Change): Promise<readonly number[]>;
  /** Forgets what was used once and has had its last second. */
  forgetUsed(now: EpochSeconds): Promise<void>;
  close(): void;
}

const removeUsed = 'DELETE FROM used_once WHERE position IN (SELECT position FROM used_once WHERE until < ? LIMIT ?)';
/** Rows removed in one transaction; each is a group of uses. */
const chunk = 500;

/** A compiled step. */
interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/**
 * @param turn - where several processes write to the file: says which of them does
 * @param recent - handed what has been written, for whoever reads it next
 */
export function sqliteWriter(
  database: DatabaseSync,
  statements: StatementCache,
  node: string,
  turn?: WriteTurn,
  watch?: StoreWatch | undefined,
  recent?: Pick<RecentLines, 'add'> | undefined,
): SqliteWriter {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const end = database.prepare('COMMIT');
  const savepoint = database.prepare('SAVEPOINT unit');
  const release = database.prepare('RELEASE unit');
  const readHead = database.prepare('SELECT seq, hash FROM chains WHERE node = ?');
  const writeHead = database.prepare('INSERT OR REPLACE INTO chains (node, seq, hash) VALUES (?, ?, ?)');
  const readLosses = database.prepare('SELECT value FROM loss_sequence');
  const insertMark = database.prepare('INSERT INTO marks (kind, id, until) VALUES (?, ?, ?) ON CONFLICT DO NOTHING');
  const insertLine = database.prepare(insertLines(1));
  const insertMany = database.prepare(insertLines(linesAtOnce));
  const selectHeld = database.prepare('SELECT held FROM session_holdings WHERE session = ?');
  const writeHeld = database.prepare(
    `INSERT INTO session_holdings (session, held, until) VALUES (?, ?, ?)
     ON CONFLICT (session) DO UPDATE SET held = excluded.held, until = max(until, excluded.until)`,
  );
  const used = usedOnce(database);
  let head: ChainHead = emptyChain(node);
  /** Lines of this transaction, where somebody is to be handed them. */
  let appended: RecentLine[] = [];
  /** Lines that are not in the table yet: several go in by one statement. */
  let waiting: Line[] = [];
  /** As of this transaction, once somebody asked; a change in the same group makes it unknown again. */
  let losses: number | undefined;
  const queue = new GroupCommit(runGroup, turn, watch);

  const perform = (steps: readonly Statement[], change: Omit<Change, 'steps'>) =>
    queue.submit(() => writeUnit(steps, change));
  return {
    commit: (commit) => queue.submit(() => commitUnit(commit)),
    write: (change) =>
      perform(
        change.steps.map((step) => step.compile()),
        change,
      ),
    async forgetUsed(now) {
      const remove = { sql: removeUsed, parameters: [now, chunk] };
      let removed: number | undefined;
      do [removed] = await perform([remove], {});
      while (removed === chunk);
      used.purge(now);
    },
    close: () => queue.close(),
  };

  function runGroup(units: readonly Unit<unknown>[]): readonly UnitOutcome[] {
    const { outcomes, lines } = writeGroup(units);
    // It stands: whatever goes wrong from here on, nothing is written again.
    used.keep();
    recent?.add(appended);
    watch?.lines(lines);
    return outcomes;
  }

  function writeGroup(units: readonly Unit<unknown>[]): Written {
    // Hardly ever does a unit fail, and a savepoint for each costs as much as a row: so first without.
    try {
      return inTransaction(() => units.map((unit) => ({ value: unit() })));
    } catch (error) {
      if (error instanceof StoreUnavailable) throw error; // tried again, it would keep everybody waiting for as long once more
      return inTransaction(() => units.map(runAlone));
    }
  }

  /**
   * One transaction. The write lock is taken first: what a unit reads cannot change before it writes. Whatever it throws, nothing
   * of the group was kept.
   */
  function inTransaction(work: () => readonly UnitOutcome[]): Written {
    try {
      begin.run();
      // Read under the lock, not remembered: even two processes by the same name cannot fork the chain.
      const before = (readHead.get(node) as ChainHead | undefined) ?? emptyChain(node);
      head = before;
      losses = undefined;
      appended = [];
      waiting = [];
      used.begin();
      const outcomes = work();
      insertWaiting();
      if (head !== before) writeHead.run(node, head.seq, head.hash);
      used.write();
      end.run();
      return { outcomes, lines: head.seq - before.seq };
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      throw toStoreError(error);
    }
  }

  /** In a savepoint of its own: a unit that fails leaves nothing behind and takes nobody with it. */
  function runAlone(unit: Unit<unknown>): UnitOutcome {
    const before = head;
    const taken = used.taken;
    const lines = appended.length;
    savepoint.run();
    try {
      const value = unit();
      insertWaiting();
      release.run();
      return { value };
    } catch (error) {
      // A full disk is everybody's; SQLite may have rolled the whole transaction back already.
      if (unavailability(error) !== undefined || !database.isTransaction) throw error;
      database.exec('ROLLBACK TO unit; RELEASE unit');
      head = before;
      appended.length = lines;
      waiting = [];
      used.takeBack(taken);
      return { error: isConstraintViolation(error) ? new StoreConflict('The row is taken.', { cause: error }) : error };
    }
  }

  function commitUnit({ marks, records, asOf, holding }: Commit): CommitOutcome {
    if (asOf !== undefined && asOf !== lossesNow()) return { won: false, stale: true };
    const holder = holding && {
      ...holding,
      held: readHeld(selectHeld.get(holding.session) as { held: string } | undefined),
    };
    if (holder && !holder.fits(holder.held)) return { won: false, stale: true };
    for (const mark of marks) {
      if (!take(mark)) return { won: false, lost: mark };
    }
    if (holder) writeHeld.run(holder.session, toHeldText(holder.held, holder.adds), holder.until);
    append(records);
    return { won: true };
  }

  function lossesNow(): number {
    losses ??= Number(readLosses.get()?.value);
    return losses;
  }

  function take(mark: Mark): boolean {
    return isOnceOnly(mark) ? used.take(mark) : insertMark.run(mark.kind, mark.id, wholeSecond(mark)).changes === 1;
  }

  function writeUnit(steps: readonly Statement[], { conditional, records }: Omit<Change, 'steps'>): readonly number[] {
    losses = undefined;
    insertWaiting(); // what changes lines, such as an erasure, is to find those that came before it
    const changed: number[] = [];
    for (const { sql, parameters } of steps) {
      changed.push(Number(statements.prepare(sql).run(...(parameters as SQLInputValue[])).changes));
      if (conditional && changed[0] === 0) return changed;
    }
    append(records ?? []);
    return changed;
  }

  function append(rows: readonly AuditRow[]): void {
    for (const row of rows) {
      const link = nextLink(node, head, row);
      waiting.push({ row, link });
      head = link;
    }
  }

  function insertWaiting(): void {
    let at = 0;
    for (; at + linesAtOnce <= waiting.length; at += linesAtOnce)
      insert(insertMany, waiting.slice(at, at + linesAtOnce));
    for (; at < waiting.length; at += 1) insert(insertLine, waiting.slice(at, at + 1));
    waiting = [];
  }

  /** Lines that one statement inserts follow each other. */
  function insert(statement: StatementSync, lines: readonly Line[]): void {
    const { lastInsertRowid } = statement.run(...lines.flatMap(toValues));
    if (!recent) return;
    const first = Number(lastInsertRowid) - lines.length + 1;
    for (const [at, { row }] of lines.entries()) appended.push(toRecentLine(first + at, row));
  }
}

/** What became of a group, and how many lines it has written. */
interface Written {
  readonly outcomes: readonly UnitOutcome[];
  readonly lines: number;
}

interface Line {
  readonly row: AuditRow;
  readonly link: Link;
}

/** A statement for each line costs a third more. */
const linesAtOnce = 8;

/**
 * Of a line that cannot be inserted those before it stay until the unit, or the transaction, is taken back: to take back the statement
 * alone, SQLite would first write a copy of each page to a file of its own.
 */
function insertLines(count: number): string {
  const values = Array.from({ length: count }, () => '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  return `INSERT OR FAIL INTO audit (node, seq, previous_hash, hash, id, kind, time_ms, body, personal, person, client, server, id_jag,
     access_token) VALUES ${values.join(', ')}`;
}

function toValues({ row, link }: Line): SQLInputValue[] {
  const { id, kind, timeMs, body, personal = null } = row;
  const { person = null, client = null, server = null, idJag = null, accessToken = null } = row;
  const { node, seq, previousHash, hash } = link;
  return [node, seq, previousHash, hash, id, kind, timeMs, body, personal, person, client, server, idJag, accessToken];
}
