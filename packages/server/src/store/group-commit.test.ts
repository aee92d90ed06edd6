import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GroupCommit, type RunGroup } from './group-commit.ts';
import { StoreUnavailable } from './store.ts';

const runAll: RunGroup = (units) => units.map((unit) => ({ value: unit() }));

function counting(runGroup: RunGroup = runAll): { queue: GroupCommit; groups: number[] } {
  const groups: number[] = [];
  const queue = new GroupCommit((units) => {
    groups.push(units.length);
    return runGroup(units);
  });
  return { queue, groups };
}

describe('group commit', { timeout: 5000 }, () => {
  test('what arrives in one turn of the event loop shares a group, also from later microtasks', async () => {
    const { queue, groups } = counting();
    const first = [1, 2, 3].map((value) => queue.submit(() => value));
    const later = Promise.resolve().then(() => queue.submit(() => 4));
    assert.deepEqual(await Promise.all([...first, later]), [1, 2, 3, 4]);
    assert.deepEqual(groups, [4]);
  });

  test('alone it waits for nobody: one turn later it is done', async () => {
    const { queue, groups } = counting();
    let done = false;
    queue.submit(() => 1).then(() => (done = true));
    await nextTurn();
    assert.equal(done, true);
    assert.deepEqual(groups, [1]);
  });

  test('nobody is told before the group has been committed', async () => {
    const told: string[] = [];
    const { queue } = counting((units) => {
      const outcomes = runAll(units);
      queueMicrotask(() => told.push('committed'));
      return outcomes;
    });
    await Promise.all(['a', 'b'].map((name) => queue.submit(() => name).then((value) => told.push(value))));
    assert.deepEqual(told, ['committed', 'a', 'b']);
  });

  test('what queues while a group runs is the next group', async () => {
    const { queue, groups } = counting();
    let second: Promise<number> | undefined;
    await queue.submit(() => {
      second = queue.submit(() => 2);
    });
    assert.equal(await second, 2);
    assert.deepEqual(groups, [1, 1]);
  });

  test('a long queue is cut into groups, in order', async () => {
    const { queue, groups } = counting();
    const order: number[] = [];
    await Promise.all(Array.from({ length: 2500 }, (_, index) => queue.submit(() => order.push(index))));
    assert.deepEqual(groups, [1000, 1000, 500]);
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });

  test('a unit that fails rejects alone; a group that fails rejects every unit, and the next one runs', async () => {
    const wrong = new Error('wrong');
    let broken = false;
    const { queue } = counting((units) => {
      if (broken) throw new Error('disk');
      return units.map((_, index) => (index === 1 ? { error: wrong } : { value: index }));
    });
    const submitThree = () => Promise.allSettled([0, 1, 2].map(() => queue.submit(() => undefined)));
    const alone = await submitThree();
    assert.deepEqual(alone, [
      { status: 'fulfilled', value: 0 },
      { status: 'rejected', reason: wrong },
      { status: 'fulfilled', value: 2 },
    ]);
    broken = true;
    for (const outcome of await submitThree()) {
      assert.ok(outcome.status === 'rejected' && outcome.reason instanceof StoreUnavailable);
      assert.equal((outcome.reason.cause as Error).message, 'disk');
    }
    broken = false;
    assert.deepEqual(await submitThree(), alone);
  });

  test('close runs what waits at once and refuses the rest', async () => {
    const { queue, groups } = counting();
    const waiting = queue.submit(() => 1);
    queue.close();
    assert.equal(await waiting, 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(groups, [1], 'the turn that was asked for finds nothing left');
    await assert.rejects(
      queue.submit(() => 2),
      StoreUnavailable,
    );
  });
});

test('whoever looks on is told how many, how long, and of a group that failed as a whole', async () => {
  const told: [number, boolean][] = [];
  let isBroken = false;
  const queue = new GroupCommit(
    (units) => {
      if (isBroken) throw new Error('the disk is full');
      return units.map((unit) => ({ value: unit() }));
    },
    undefined,
    { group: (units, _, failed) => told.push([units, failed]), lines: () => undefined },
  );
  await Promise.all([queue.submit(() => 1), queue.submit(() => 2)]);
  isBroken = true;
  await assert.rejects(queue.submit(() => 3));
  assert.deepEqual(told, [
    [2, false],
    [1, true],
  ]);
});
