import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, type TestContext, test } from 'node:test';
import { CompiledQuery } from 'kysely';
import type { StoreWatch } from './group-commit.ts';
import { openSqliteStore } from './sqlite.ts';
import { StatementCache } from './sqlite-dialect.ts';
import { sqliteWriter } from './sqlite-writer.ts';
import { type AuditRow, StoreConflict, StoreUnavailable } from './store.ts';

/** A writer on a connection of its own, which does not wait for others. */
async function open(t: TestContext, watch?: StoreWatch) {
  const dir = mkdtempSync(join(tmpdir(), 'credence-writer-'));
  const file = join(dir, 'store.db');
  await (await openSqliteStore(file, { node: 'first' })).close();
  const database = new DatabaseSync(file, { timeout: 0 });
  const writer = sqliteWriter(database, new StatementCache(database), 'one', undefined, watch);
  t.after(() => {
    writer.close();
    database.close();
    rmSync(dir, { recursive: true });
  });
  const number = (sql: string) => Number(Object.values(database.prepare(sql).get() ?? {})[0]);
  return {
    file,
    writer,
    number,
    commit: (...records: AuditRow[]) => writer.commit({ marks: [], records }),
    run: (...steps: string[]) =>
      writer.write({ steps: steps.map((sql) => ({ compile: () => CompiledQuery.raw(sql) })) }),
    /** Lets the file grow by so many pages; 4 KiB each. */
    leaveRoomFor: (pages: number) => number(`PRAGMA max_page_count = ${number('PRAGMA page_count') + pages}`),
  };
}

const lineOf = (id: string, body = '{}'): AuditRow => ({ id, kind: 'issuance', timeMs: 1, body });
const large = JSON.stringify({ words: 'x'.repeat(1_000_000) });
/** So many rows by one statement, of which SQLite takes back what it did when it cannot go on. */
const many = (table: string, columns: string, row: string, count: number) =>
  `INSERT INTO ${table} (${columns}) WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ${count}) SELECT ${row} FROM n`;
const manyMarks = many('marks', 'kind, id, until', `'token_revoked', 'mark ' || n, 1`, 20_000);

/** `StoreUnavailable`, and which state it tells of. */
const isAway = (state: RegExp) => (error: unknown) => error instanceof StoreUnavailable && state.test(error.message);

describe('a group that fails as a whole is told why, and nothing of it is kept', { timeout: 5000 }, () => {
  test('another process writes', async (t) => {
    const { file, commit, number } = await open(t);
    const other = new DatabaseSync(file);
    t.after(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    await assert.rejects(commit(lineOf('d_1')), isAway(/^The store is locked by another process\.$/));
    other.exec('ROLLBACK');
    await commit(lineOf('d_1'));
    assert.equal(number('SELECT count(*) FROM audit'), 1);
  });

  const full = isAway(/^The store is on a full disk\.$/);
  for (const [what, name] of [
    ['the transaction', 'line'],
    ['the statement', 'rows'],
  ] as const) {
    test(`the disk is full, and SQLite has taken back ${what}: with or without a unit that fails by itself`, async (t) => {
      const { commit, run, number, leaveRoomFor } = await open(t);
      const write = () => (name === 'line' ? commit(lineOf('d_large', large)) : run(manyMarks));
      await commit(lineOf('d_1'));
      leaveRoomFor(4);
      await assert.rejects(write(), full);
      const outcomes = await Promise.allSettled([commit(lineOf('d_2')), commit(lineOf('d_1')), write()]);
      for (const outcome of outcomes) assert.ok(outcome.status === 'rejected' && full(outcome.reason));
      assert.deepEqual([number('SELECT count(*) FROM audit'), number('SELECT count(*) FROM marks')], [1, 0]);
      leaveRoomFor(10_000);
      const [alone, twice, written] = await Promise.allSettled([commit(lineOf('d_2')), commit(lineOf('d_1')), write()]);
      assert.deepEqual([alone.status, written.status], ['fulfilled', 'fulfilled']);
      assert.ok(twice.status === 'rejected' && twice.reason instanceof StoreConflict);
    });
  }

  test('a disk that is full is not tried twice', async (t) => {
    const { writer, leaveRoomFor } = await open(t);
    leaveRoomFor(4);
    let times = 0;
    const fits = () => {
      times += 1;
      return true;
    };
    const holding = { session: 'one', adds: [], until: 4_000_000_000, fits };
    await assert.rejects(writer.commit({ marks: [], records: [lineOf('d_large', large)], holding }), full);
    assert.equal(times, 1);
  });

  test('what SQLite will not commit is waited for by nobody', async (t) => {
    const { commit, run, number } = await open(t);
    // Looked at by the commit only: no unit has failed until then.
    const ofNobody = run(
      'PRAGMA defer_foreign_keys = ON',
      "INSERT INTO memberships (person_id, kind, of_id) VALUES ('nobody', 'group', 'none')",
    );
    for (const outcome of await Promise.allSettled([commit(lineOf('d_1')), ofNobody])) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StoreUnavailable);
    }
    await commit(lineOf('d_1'));
    assert.equal(number('SELECT count(*) FROM audit'), 1);
  });

  test('what goes wrong once it stands is told, and nothing is written a second time', async (t) => {
    const seen: number[] = [];
    const lines = (count: number) => {
      seen.push(count);
      throw new Error('nobody looks on');
    };
    const { commit, number } = await open(t, { group: () => undefined, lines });
    await assert.rejects(commit(lineOf('d_1'), lineOf('d_2')), StoreUnavailable);
    assert.deepEqual([seen, number('SELECT count(*) FROM audit')], [[2], 2]);
  });

  test('it is closed', async (t) => {
    const { writer, commit } = await open(t);
    writer.close();
    await assert.rejects(commit(lineOf('d_1')), isAway(/closed/));
  });
});

test('what was used once is forgotten to the end, however much it is, and nothing that still counts', {
  timeout: 5000,
}, async (t) => {
  const { writer, run, number } = await open(t);
  await run(many('used_once', 'until, entries', `iif(n <= 1200, 99, 100), x''`, 1210));
  await writer.forgetUsed(100);
  assert.deepEqual([number('SELECT count(*) FROM used_once'), number('SELECT min(until) FROM used_once')], [10, 100]);
});
