import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, test } from 'node:test';
import type { PostgresSettings } from '../../store-config.ts';
import { erin, far, fresh, idJag, row } from '../contract/fixtures.ts';
import { usePostgres } from '../contract/postgres-databases.ts';
import { openPostgresStore } from '../postgres.ts';
import { openSqliteStore } from '../sqlite.ts';
import { StoreUnavailable } from '../store.ts';
import { fill, makeStore } from './fixtures.ts';
import { comeBack, type MoveOrder, moveHome } from './home.ts';
import { allTables, endsWithEpoch, readTables, staysBehind, tablesToCopy } from './tables.ts';

const postgres = usePostgres();
const dir = mkdtempSync(join(tmpdir(), 'credence-move-'));
after(() => rmSync(dir, { recursive: true, force: true }));

const order = (storeFile: string, target: PostgresSettings, change: Partial<MoveOrder> = {}): MoveOrder => ({
  storeFile,
  target,
  nowMs: () => 1_800_000_000_000,
  toLine: (detail) => row({ kind: 'system', body: JSON.stringify({ detail }) }),
  onProgress: () => undefined,
  ...change,
});
const newFile = () => join(dir, `${fresh('store')}.db`);

describe('which tables move', () => {
  test('all that a store has, but those named with a reason; a new one without being named', async () => {
    const database = new DatabaseSync(':memory:');
    const file = newFile();
    await (await openSqliteStore(file, { node: 'one' })).close();
    const there = new DatabaseSync(file, { readOnly: true });
    const names = readTables(there).map(({ name }) => name);
    database.close();
    there.close();
    const moved = (await tablesToCopy()).map(({ name }) => name);
    assert.deepEqual([...moved, ...Object.keys(staysBehind)].sort(), names.sort());
    for (const name of Object.keys(endsWithEpoch)) assert.ok(moved.includes(name), name);
  });

  test('parents before those that refer to them, counters of changes last', async () => {
    const names = (await allTables()).map(({ name }) => name);
    const isBefore = (one: string, other: string) => names.indexOf(one) < names.indexOf(other);
    assert.ok(
      isBefore('people', 'factors') && isBefore('artifacts', 'session_sids') && isBefore('sources', 'provisioned'),
    );
    assert.deepEqual(names.slice(-3).sort(), ['change_sequence', 'loss_sequence', 'session_sequence']);
  });
});

describe('store migrate: a home into PostgreSQL', () => {
  test('of two homes into one database at once one arrives, and nothing of the other', async () => {
    const files = [newFile(), newFile()];
    for (const file of files) await makeStore(file, 100);
    const target = await postgres.fresh();
    const both = await Promise.allSettled(files.map((file) => moveHome(order(file, target))));
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected']);
    const [lost] = both.filter((each) => each.status === 'rejected');
    assert.match(String(lost?.reason), /holds a store already, or half of another/);
    const store = await openPostgresStore(target, { node: 'after' });
    assert.equal((await store.people.list('', 1000)).length, 31);
    await store.close();
  });

  test('every row and every line is there, positions go on, and the home takes nothing more (T22)', async () => {
    const file = newFile();
    await makeStore(file);
    const beside = await openSqliteStore(file, { node: 'beside' });
    const before = await beside.audit.last(5);
    const target = await postgres.fresh();
    const arrived = await moveHome(order(file, target));
    assert.ok(arrived && arrived.lines >= 1304 && arrived.rows > arrived.lines);

    await assert.rejects(beside.people.save(erin()), StoreUnavailable, 'also not by whoever had it open');
    await assert.rejects(beside.commit({ marks: [idJag()], records: [row()] }), StoreUnavailable);
    await beside.close();
    await assert.rejects(openSqliteStore(file, { node: 'late' }), /was moved to test_\d+ at 127\.0\.0\.1/);
    assert.ok(existsSync(`${file}.moved`));

    const store = await openPostgresStore(target, { node: 'three' });
    const lines = await store.audit.last(7);
    assert.deepEqual(lines.slice(0, 5), before);
    assert.deepEqual(
      lines.slice(5).map(({ position, body }) => [position, JSON.parse(body).detail.split(' ').slice(0, 3).join(' ')]),
      [
        [(before.at(-1)?.position ?? 0) + 1, 'store closed, to'],
        [(before.at(-1)?.position ?? 0) + 2, 'store moved here'],
      ],
    );
    const since = (await store.epoch.read()).since;
    assert.equal(since, 1_800_000_000, 'what was used once, and is not known by name there, works no more');
    // Writing goes on where it was: no identity is given twice.
    await store.artifacts.endSessionsOf(fresh('u'));
    await store.commit({ marks: [idJag()], records: [row()] });
    assert.equal((await store.audit.last(1))[0]?.position, (before.at(-1)?.position ?? 0) + 3);
    await store.close();

    assert.equal(await moveHome(order(file, target)), undefined, 'once more does nothing');
  });

  test('a record whose first lines were removed by age arrives as it is, and more of it goes there', async () => {
    const file = newFile();
    await makeStore(file);
    const store = await openSqliteStore(file, { node: 'beside' });
    await store.seals.append({ number: 1, size: 1300, root: 'r', timeMs: 1, statement: 's' }, []);
    await store.retention.note({ position: 512, timeMs: 1, lastMs: 1 }, []);
    while ((await store.retention.remove(500)) > 0);
    const before = await store.audit.read(0, 2000);
    await store.close();
    const target = await postgres.fresh();
    assert.ok(await moveHome(order(file, target)));
    const there = await openPostgresStore(target, { node: 'three' });
    assert.deepEqual((await there.audit.read(0, 2000)).slice(0, before.length), before);
    assert.equal(before[0]?.position, 513);
    assert.equal((await there.retention.last())?.position, 512);
    await assert.rejects(there.retention.note({ position: 512, timeMs: 1, lastMs: 1 }, []));
    await there.retention.note({ position: 768, timeMs: 1, lastMs: 1 }, []);
    assert.equal(await there.retention.remove(500), 256);
    await there.close();
  });

  test('broken off at any page it goes on, and ends the same', async () => {
    const file = newFile();
    await makeStore(file, 2600);
    const target = await postgres.fresh();
    let seen = 0;
    let failures = 0;
    for (let after = 1; ; after += 11) {
      seen = 0;
      const onProgress = () => {
        seen += 1;
        if (seen === after) throw new Error('killed');
      };
      try {
        await moveHome(order(file, target, { onProgress }));
        break;
      } catch (error) {
        assert.equal((error as Error).message, 'killed');
        failures += 1;
        await assert.rejects(openSqliteStore(file, { node: 'x' }), /is being moved to/);
        await assert.rejects(openPostgresStore(target, { node: 'x' }), /does not have all of it/);
      }
    }
    assert.ok(failures >= 5, String(failures));
    const store = await openPostgresStore(target, { node: 'one' });
    assert.ok((await store.audit.last(1))[0]?.body.includes('compared'));
    await store.close();
  });

  test('a row that is not as it was is found before the home is given up', async () => {
    const file = newFile();
    await makeStore(file, 10);
    const target = await postgres.fresh();
    const isVerifying = (phase: string) => phase === 'verify';
    const halt = order(file, target, {
      onProgress: ({ phase }) => {
        if (isVerifying(phase)) throw new Error('halt');
      },
    });
    await assert.rejects(moveHome(halt), /halt/);
    await postgres
      .server()
      .run(
        target.database,
        `UPDATE people SET name = 'Mallory' WHERE name = 'Erin' AND id = (SELECT min(id) FROM people WHERE name = 'Erin')`,
      );
    await assert.rejects(moveHome(order(file, target)), /people has other rows there/);
    await postgres.server().run(target.database, `DELETE FROM memberships`);
    await assert.rejects(moveHome(order(file, target)), /memberships has \d+ rows here and 0 there|other rows/);
    await assert.rejects(openPostgresStore(target, { node: 'x' }), /does not have all of it/);
    assert.equal(comeBack(file, { reason: 'r', by: 'root', askedMs: 1 })?.state, 'moving');
    const store = await openSqliteStore(file, { node: 'again' });
    assert.equal((await store.epoch.read()).begins, undefined, 'nobody else ever served it: nothing ends');
    await store.commit({ marks: [], records: [row()] });
    await store.close();
  });

  test('a database that holds something, or half of another store, is refused and the home stays open', async () => {
    const file = newFile();
    await makeStore(file, 10);
    const used = await postgres.fresh();
    const store = await openPostgresStore(used, { node: 'one' });
    await fill(store, 10);
    await store.close();
    await assert.rejects(moveHome(order(file, used)), /holds a store already/);
    await (await openSqliteStore(file, { node: 'x' })).close();

    const [target, other] = [await postgres.fresh(), await postgres.fresh()];
    const halt = (to: PostgresSettings, from = file) =>
      moveHome(order(from, to, { onProgress: () => assert.fail('halt') }));
    await assert.rejects(halt(target), /halt/);
    await assert.rejects(halt(other), /is being moved to/, 'not to another place meanwhile');
    const second = newFile();
    await makeStore(second, 10);
    await assert.rejects(halt(target, second), /half of another/);
  });

  test('a home that comes back ends everything that was issued: what the database did since is not known', async () => {
    const file = newFile();
    await makeStore(file, 10);
    await moveHome(order(file, await postgres.fresh()));
    assert.equal(comeBack(file, { reason: 'database lost', by: 'root', askedMs: 1 })?.state, 'moved');
    const store = await openSqliteStore(file, { node: 'again' });
    const { begins } = await store.epoch.read();
    assert.equal(begins?.reason, 'database lost');
    assert.deepEqual(await store.sessions.list({ after: '', limit: 10, now: far - 1 }), []);
    await store.close();
    assert.ok(!existsSync(`${file}.moved`));
    assert.equal(comeBack(file, { reason: 'r', by: 'root', askedMs: 1 }), undefined);
  });

  test('a home whose file is gone does not begin anew, empty', async () => {
    const file = newFile();
    await makeStore(file, 10);
    await moveHome(order(file, await postgres.fresh()));
    rmSync(file);
    await assert.rejects(openSqliteStore(file, { node: 'x' }), /is gone, and was moved elsewhere/);
  });
});
