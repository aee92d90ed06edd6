import assert from 'node:assert/strict';
import { describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createReadiness } from './readiness.ts';

/** A store whose writes the test settles, and a clock it moves. */
function world(prove: () => Promise<void> = async () => undefined) {
  const state = { writes: 0, elapsedMs: 0, policies: true, key: true, clock: true, told: [] as string[] };
  const readiness = createReadiness({
    store: {
      proveWritable() {
        state.writes += 1;
        return prove();
      },
    },
    policies: () => {
      if (!state.policies) throw new Error('no access document was published');
    },
    isClockRight: () => state.clock,
    elapsedMs: () => state.elapsedMs,
    onChange: (reasons) => state.told.push(reasons.join()),
  });
  readiness.needs({ current: () => ({}) });
  readiness.needs({
    current() {
      if (!state.key) throw new Error('there is no id_jag key that may sign');
    },
  });
  return { state, readiness };
}

describe('ready', () => {
  test('when the store can be written, and policy and keys are there', async () => {
    const { readiness } = world();
    assert.deepEqual(await readiness.notReady(), []);
  });

  test('not without a store, and again with it', async () => {
    let isAway = true;
    const { state, readiness } = world(async () => {
      if (isAway) throw new Error('away');
    });
    assert.deepEqual(await readiness.notReady(), ['store']);
    isAway = false;
    assert.deepEqual(await readiness.notReady(), ['store'], 'remembered');
    state.elapsedMs += 1000;
    assert.deepEqual(await readiness.notReady(), []);
    assert.deepEqual(state.told, ['store', ''], 'told when it changes');
  });

  test('not without a policy, nor with one that could not be followed for ten seconds', async () => {
    const { state, readiness } = world();
    state.policies = false;
    assert.deepEqual(await readiness.notReady(), ['policy']);
    state.policies = true;
    state.elapsedMs = 10_000;
    assert.deepEqual(await readiness.notReady(), []);
    state.elapsedMs = 10_001;
    assert.deepEqual(await readiness.notReady(), ['policy']);
    readiness.followed();
    assert.deepEqual(await readiness.notReady(), []);
  });

  test('not while it does not know what time it is', async () => {
    const { state, readiness } = world();
    state.clock = false;
    assert.deepEqual(await readiness.notReady(), ['clock']);
    state.clock = true;
    assert.deepEqual(await readiness.notReady(), []);
  });

  test('not without one of the keys', async () => {
    const { state, readiness } = world();
    state.key = false;
    assert.deepEqual(await readiness.notReady(), ['keys']);
  });

  test('not while it stops, and then the store is left alone; also for who was waiting', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { state, readiness } = world(() => promise);
    const waiting = readiness.notReady();
    readiness.stop();
    resolve();
    assert.deepEqual(await waiting, ['stopping']);
    state.elapsedMs += 5000;
    assert.deepEqual(await readiness.notReady(), ['stopping']);
    assert.equal(state.writes, 1);
  });
});

describe('a flood of probes costs the store one small write a second', () => {
  test('those that come together wait for the same one', async () => {
    const { state, readiness } = world();
    const answers = await Promise.all(Array.from({ length: 10_000 }, () => readiness.notReady()));
    assert.ok(answers.every(({ length }) => length === 0));
    assert.equal(state.writes, 1);
  });

  test('what was found holds for a second, good or bad', async () => {
    for (const prove of [async () => undefined, () => Promise.reject(new Error('away'))]) {
      const { state, readiness } = world(prove);
      for (let at = 0; at < 1000; at += 1) await readiness.notReady();
      state.elapsedMs = 999;
      await readiness.notReady();
      assert.equal(state.writes, 1);
      state.elapsedMs = 1000;
      await readiness.notReady();
      assert.equal(state.writes, 2);
    }
  });

  test('a store that never answers is away after two seconds, and is not asked again while it is silent', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { promise, resolve } = Promise.withResolvers<void>();
      const { state, readiness } = world(() => promise);
      for (let round = 0; round < 3; round += 1) {
        const asked = readiness.notReady();
        mock.timers.tick(2000);
        assert.deepEqual(await asked, ['store']);
        state.elapsedMs += 3000;
      }
      assert.equal(state.writes, 1);
      resolve();
      await turn();
      assert.deepEqual(await readiness.notReady(), []);
      assert.equal(state.writes, 2);
    } finally {
      mock.timers.reset();
    }
  });
});
