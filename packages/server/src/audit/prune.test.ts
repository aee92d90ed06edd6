import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import type { AuditRow, Store } from '../store/store.ts';
import { positionBefore } from './position-before.ts';
import { planPruning, prune } from './prune.ts';

const line = (id: string, timeMs: number): AuditRow => ({ id, kind: 'issuance', timeMs, body: JSON.stringify({ id }) });

/** Lines 1 to `count`, a millisecond apart from 1 on. */
async function world(count: number): Promise<Store> {
  const store = await openSqliteStore(':memory:', { node: 'node-1' });
  after(() => store.close());
  const records = Array.from({ length: count }, (_, at) => line(`d_${at + 1}`, at + 1));
  await store.commit({ marks: [], records });
  return store;
}
const seal = async ({ seals }: Store, size: number, number = 1) => {
  assert.ok(await seals.append({ number, size, root: `root ${size}`, timeMs: 0, statement: 'signed' }, []));
};
/** A checkpoint that says what may be gone. */
const say = async (store: Store, number: number, size: number, pruned: number) => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { number, size, root: 'x'.repeat(43), timeMs: 0, pruned };
  const statement = `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;
  assert.ok(await store.seals.append({ ...claims, statement }, []));
};
const never = async () => false;
const index = async ({ auditSearch }: Store) => {
  while ((await auditSearch.indexFurther()) > 0);
};
const arrive = async ({ exports }: Store, name: string, position: number) => {
  await exports.begin(name, 0);
  await exports.move(name, position, 0, []);
};
const nothing = { from: 0, to: 0, lastMs: 0 };

describe('what of the record may go', () => {
  test('the old part of what is sealed, in steps of 256', async () => {
    const store = await world(1100);
    await seal(store, 1030);
    await index(store);
    const plan = (olderThanMs: number) => planPruning(store, { olderThanMs, exports: [] });
    assert.deepEqual(await plan(0), nothing, 'nothing is old');
    assert.deepEqual(await plan(256), nothing, '255 lines are old');
    assert.deepEqual(await plan(257), { from: 0, to: 256, lastMs: 256 });
    assert.deepEqual(await plan(700), { from: 0, to: 512, lastMs: 512 });
  });

  test('a line of a clock that was behind takes no younger ones with it', async () => {
    const store = await world(300);
    // Where the search for the first line that is young looks first.
    const late = Array.from({ length: 1200 }, (_, at) => line(`d_late_${at}`, at === 450 ? 5 : 5000 + at));
    await store.commit({ marks: [], records: late });
    await index(store);
    await seal(store, 1500);
    assert.equal(await positionBefore(store, 1000), 751);
    const plan = await planPruning(store, { olderThanMs: 1000, exports: [] });
    const heldBy = 'a younger line stands before some of them';
    assert.deepEqual(plan, { from: 0, to: 256, lastMs: 256, heldBy });
  });

  test('what no checkpoint covers stays, and it is said why', async () => {
    const store = await world(1100);
    await index(store);
    const plan = () => planPruning(store, { olderThanMs: 1e6, exports: [] });
    assert.deepEqual(await plan(), { ...nothing, heldBy: 'no checkpoint covers them yet' });
    await seal(store, 600);
    assert.deepEqual(await plan(), { from: 0, to: 512, lastMs: 512, heldBy: 'no checkpoint covers them yet' });
  });

  test('what an export has not sent, or never began with, stays', async () => {
    const store = await world(1100);
    await seal(store, 1100);
    await index(store);
    await arrive(store, 'siem', 700);
    const plan = (...exports: string[]) => planPruning(store, { olderThanMs: 1e6, exports });
    assert.deepEqual(await plan('siem'), {
      from: 0,
      to: 512,
      lastMs: 512,
      heldBy: 'the export siem has not sent them yet',
    });
    assert.deepEqual(await plan('siem', 'new'), { ...nothing, heldBy: 'the export new has not sent them yet' });
    await arrive(store, 'old', 3);
    assert.equal((await plan('siem')).to, 512, 'one that is not in the configuration any more holds nothing');
  });

  test('what the index has not read stays', async () => {
    const store = await world(1100);
    await seal(store, 1100);
    const plan = () => planPruning(store, { olderThanMs: 1e6, exports: [] });
    assert.deepEqual(await plan(), { ...nothing, heldBy: 'the index has not read them yet' });
    await index(store);
    assert.equal((await plan()).to, 1024);
  });
});

describe('pruning', () => {
  test('the lines are gone, the record of it stays, and the next begins behind them', async () => {
    const store = await world(1100);
    await seal(store, 1100);
    await index(store);
    const first = await planPruning(store, { olderThanMs: 600, exports: [] });
    const act = line('o_1', 2000);
    const order = { nowMs: 9000, records: [act], wait: never };
    assert.deepEqual(await prune(store, first, order), { removed: 0, waits: true }, 'no checkpoint says so');
    assert.equal((await store.audit.read(0, 1))[0]?.id, 'd_1');
    const written = { from: 512, to: 512, lastMs: 0 };
    const wait = async () => {
      await say(store, 2, 1101, 512);
      return true;
    };
    assert.deepEqual(await prune(store, written, { ...order, wait }), { removed: 512, waits: false });
    assert.deepEqual(await store.retention.last(), { position: 512, timeMs: 9000, lastMs: 512 });
    assert.equal((await store.audit.read(0, 1))[0]?.id, 'd_513');
    assert.ok(await store.audit.find('o_1'));
    assert.equal(await positionBefore(store, 600), 599, 'a place is still found');

    assert.deepEqual(await planPruning(store, { olderThanMs: 600, exports: [] }), { from: 512, to: 512, lastMs: 0 });
    assert.deepEqual(await planPruning(store, { olderThanMs: 0, exports: [] }), { from: 512, to: 512, lastMs: 0 });
    const second = await planPruning(store, { olderThanMs: 800, exports: [] });
    assert.deepEqual(second, { from: 512, to: 768, lastMs: 768 });
  });

  test('goes on until all that may go is gone, however many that are', async () => {
    const store = await world(1100);
    await seal(store, 1100);
    await index(store);
    const plan = await planPruning(store, { olderThanMs: 1e6, exports: [] });
    await say(store, 2, 1101, 1024);
    const order = { nowMs: 9000, records: [line('o_1', 2000)], wait: never };
    assert.deepEqual(await prune(store, plan, order), { removed: 1024, waits: false });
  });

  test('one that was interrupted is finished by the next, which writes nothing down itself', async () => {
    const store = await world(600);
    await seal(store, 600);
    await store.retention.note({ position: 512, timeMs: 1, lastMs: 512 }, []);
    assert.equal(await store.retention.remove(100), 100);
    const plan = { from: 512, to: 512, lastMs: 0 };
    await say(store, 2, 601, 512);
    const order = { nowMs: 2, records: [line('o_2', 1)], wait: never };
    assert.deepEqual(await prune(store, plan, order), { removed: 412, waits: false });
    assert.equal(await store.audit.find('o_2'), undefined);
    assert.equal((await store.audit.read(0, 1))[0]?.position, 513);
  });
});

describe('the place before a time', () => {
  test('is found in few steps, also where several lines are of one moment', async () => {
    const store = await openSqliteStore(':memory:', { node: 'node-1' });
    after(() => store.close());
    assert.equal(await positionBefore(store, 0), 0);
    await store.commit({ marks: [], records: [10, 20, 20, 30, 40].map((timeMs, at) => line(`d_${at}`, timeMs)) });
    const table: [timeMs: number, position: number][] = [
      [0, 0],
      [10, 0],
      [11, 1],
      [20, 1],
      [30, 3],
      [31, 4],
      [40, 4],
      [41, 5],
    ];
    for (const [timeMs, position] of table) assert.equal(await positionBefore(store, timeMs), position, String(timeMs));
  });
});
