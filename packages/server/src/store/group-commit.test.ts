import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GroupCommit, maxWaiting, type RunGroup } from './group-commit.ts';
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

describe('a turn that does not come', () => {
  /** A process that is told when it may write, by one that hangs until `grant` is called. */
  function hanging() {
    const asked: (() => void)[] = [];
    const written: string[] = [];
    const queue = new GroupCommit(runAll, { take: (work) => void asked.push(work) });
    const write = (name: string) => queue.submit(() => written.push(name));
    const outcomes: string[] = [];
    const tell = (name: string) =>
      write(name).then(
        () => outcomes.push(`${name} written`),
        (error) => outcomes.push(`${name} ${error instanceof StoreUnavailable}`),
      );
    const grant = () => asked.shift()?.();
    return { asked, written, write, outcomes, tell, grant };
  }

  test('is waited for so long and no longer; what was refused is not written when it comes', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { asked, written, outcomes, tell, grant } = hanging();
    void tell('one');
    context.mock.timers.tick(6000);
    void tell('two');
    context.mock.timers.tick(5999);
    await nextTurn();
    assert.deepEqual(outcomes, []);
    context.mock.timers.tick(1);
    await nextTurn();
    assert.deepEqual(outcomes, ['one true', 'two true']);
    void tell('three');
    assert.equal(asked.length, 1, 'it is not asked for again before it came');
    context.mock.timers.tick(6000);
    grant();
    await nextTurn();
    assert.deepEqual([written, outcomes.at(-1)], [['three'], 'three written']);
    void tell('four');
    assert.equal(asked.length, 1);
    context.mock.timers.tick(11_999);
    grant();
    await nextTurn();
    assert.deepEqual([written, outcomes.at(-1)], [['three', 'four'], 'four written']);
  });

  test('also by what is left of a long queue, and where it could not even be asked for', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { write, written, grant } = hanging();
    const all = Array.from({ length: 1001 }, (_, at) => write(`${at}`));
    grant();
    context.mock.timers.tick(12_000);
    await assert.rejects(all.at(-1) ?? Promise.resolve(), StoreUnavailable);
    assert.equal(written.length, 1000);

    let isAway = false;
    const turns: (() => void)[] = [];
    const queue = new GroupCommit(runAll, {
      take(work) {
        if (isAway) throw new StoreUnavailable('away');
        turns.push(work);
      },
    });
    const long = Array.from({ length: 1001 }, (_, at) => queue.submit(() => at));
    isAway = true;
    assert.throws(() => turns.shift()?.(), /away/);
    context.mock.timers.tick(12_000);
    await assert.rejects(long.at(-1) ?? Promise.resolve(), StoreUnavailable);
  });

  test('no more wait for it than there is room for; the others are told at once, and those that wait are written', async () => {
    const { write, written, grant } = hanging();
    const all = Array.from({ length: maxWaiting }, () => write('waits'));
    await assert.rejects(write('too many'), StoreUnavailable);
    while (written.length < maxWaiting) grant();
    assert.equal((await Promise.all(all)).length, maxWaiting);
    const next = write('again');
    grant();
    await next;
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
