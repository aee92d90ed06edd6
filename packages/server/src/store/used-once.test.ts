import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { describe, mock, test } from 'node:test';
import { Kysely } from 'kysely';
import { mostSkewSeconds } from '../config-schema.ts';
import * as migration from './migrations/0010-used-once.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';
import type { Mark } from './store.ts';
import { type UsedOnce, usedOnce } from './used-once.ts';

const markOf = (id: string, until = 100): Mark => ({ kind: 'id_jag', id, until });

async function openTable(before: readonly Mark[] = []) {
  const database = new DatabaseSync(':memory:');
  database.exec('CREATE TABLE marks (kind TEXT NOT NULL, id TEXT NOT NULL, until INTEGER NOT NULL) STRICT');
  const insert = database.prepare('INSERT INTO marks (kind, id, until) VALUES (?, ?, ?)');
  for (const { kind, id, until } of before) insert.run(kind, id, until);
  await migration.up(new Kysely({ dialect: nodeSqliteDialect(new StatementCache(database)) }));
  return {
    /** As one more process knows it. */
    open: () => usedOnce(database),
    marks: () =>
      database
        .prepare('SELECT kind, id FROM marks')
        .all()
        .map((row) => ({ ...row })),
    rows: () => database.prepare('SELECT count(*) AS count FROM used_once').get()?.count,
    /** One transaction; resolves to which of the marks were won. One that is not kept is rolled back. */
    transact: (process: UsedOnce, ids: readonly string[], isKept = true, until = 100): boolean[] => {
      database.exec('BEGIN IMMEDIATE');
      process.begin();
      const won = ids.map((id) => process.take(markOf(id, until)));
      process.write();
      database.exec(isKept ? 'COMMIT' : 'ROLLBACK');
      if (isKept) process.keep();
      return won;
    },
  };
}

describe('what was used once', () => {
  test('RAS-12: before the upgrade is used after it; what others look up stays where it is', async () => {
    const revoked: Mark = { kind: 'token_revoked', id: 'a', until: 100 };
    const { open, transact, marks } = await openTable([markOf('a'), revoked, { ...markOf('b'), kind: 'dpop_proof' }]);
    assert.deepEqual(transact(open(), ['a', 'b']), [false, true]);
    assert.deepEqual(marks(), [{ kind: 'token_revoked', id: 'a' }]);
  });

  test('is lost in the same transaction, in the next, in another process and in one that is opened later', async () => {
    const { open, transact } = await openTable();
    const [one, other] = [open(), open()];
    assert.deepEqual(transact(one, ['a', 'b', 'a']), [true, true, false]);
    assert.deepEqual(transact(one, ['a', 'c']), [false, true]);
    assert.deepEqual(transact(other, ['a', 'b', 'c', 'd']), [false, false, false, true]);
    assert.deepEqual(transact(one, ['d', 'e']), [false, true]);
    assert.deepEqual(transact(open(), ['a', 'b', 'c', 'd', 'e', 'f']), [false, false, false, false, false, true]);
  });

  test('is nobody’s when the transaction did not stand, and what another appends in its place is read', async () => {
    const { open, transact } = await openTable();
    const [one, other] = [open(), open()];
    assert.deepEqual(transact(one, ['a'], false), [true]);
    assert.deepEqual(transact(one, []), []);
    assert.deepEqual(transact(other, ['a']), [true]);
    assert.deepEqual(transact(one, ['a']), [false]);
  });

  test('a transaction that uses nothing appends nothing', async () => {
    const { open, rows, transact } = await openTable();
    const one = open();
    transact(one, []);
    assert.equal(rows(), 0);
    transact(one, ['a', 'b']);
    assert.equal(rows(), 1);
  });

  test('what is taken back can be taken again, and what was taken before it stays', async () => {
    const { open } = await openTable();
    const one = open();
    one.begin();
    one.take(markOf('before'));
    const point = one.taken;
    one.take(markOf('behind'));
    one.takeBack(point);
    assert.deepEqual([one.take(markOf('before')), one.take(markOf('behind'))], [false, true]);
  });

  test('is remembered through its last second', async () => {
    const { open, transact } = await openTable();
    const one = open();
    transact(one, ['a']);
    one.purge(100);
    assert.deepEqual(transact(one, ['a']), [false]);
    one.purge(101);
    assert.deepEqual(transact(one, ['a']), [true]);
  });

  describe('where there are many, by a process that never purges', () => {
    const many = Array.from({ length: 50_000 }, (_, at) => `many-${at}`);
    const now = Math.floor(Date.now() / 1000);
    for (const [name, ago, canBeTaken] of [
      ['what has had its last second is forgotten, by any clock that is answered by', mostSkewSeconds + 1, true],
      ['RAS-12: what a clock that is behind would still take is not', mostSkewSeconds - 10, false],
    ] as const) {
      test(name, async () => {
        const { open, transact } = await openTable();
        const one = open();
        transact(one, many, true, now - ago);
        assert.deepEqual(transact(one, ['many-0']), [canBeTaken]);
      });
    }
    test('T06: nothing else is, although the clock was set ahead', async () => {
      const { open, transact } = await openTable();
      const one = open();
      transact(one, many, true, now + 300);
      mock.timers.enable({ apis: ['Date'], now: Date.now() + 3_600_000 });
      assert.deepEqual(transact(one, ['many-0']), [false]);
      mock.timers.reset();
    });
  });
});
