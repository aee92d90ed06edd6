import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFetched } from './fetched.ts';

function world(freshSeconds?: number) {
  const state = { now: 10_000, fetches: 0, value: 'one', down: false, faults: 0 };
  const fetched = createFetched<string>({
    fetch: async () => {
      state.fetches += 1;
      if (state.down) throw new Error('unreachable');
      return { value: state.value, ...(freshSeconds !== undefined && { freshSeconds }) };
    },
    now: () => state.now,
    onFault: () => {
      state.faults += 1;
    },
  });
  return { state, fetched };
}

describe('CIM-06, KEY-04: what is fetched of others', () => {
  test('whoever asks again does not wait: the value comes at once', async () => {
    const { fetched, state } = world();
    assert.ok(fetched.get('a') instanceof Promise);
    await fetched.get('a');
    assert.equal(fetched.get('a'), 'one');
    state.now += 299;
    assert.equal(fetched.get('a'), 'one');
    state.now += 1;
    assert.ok(fetched.get('a') instanceof Promise);
  });

  test('as fresh as its source says', async () => {
    const { fetched, state } = world(60);
    await fetched.get('a');
    state.now += 59;
    assert.equal(fetched.get('a'), 'one');
    state.now += 1;
    state.value = 'two';
    assert.equal(await fetched.get('a'), 'two');
  });

  test('a failure is not kept, and asked about again after 30 s, at once until then', async () => {
    const { fetched, state } = world();
    state.down = true;
    assert.equal(await fetched.get('a'), undefined);
    assert.equal(fetched.get('a'), undefined);
    state.now += 29;
    assert.equal(fetched.get('a'), undefined);
    assert.deepEqual([state.fetches, state.faults], [1, 1]);
    state.now += 1;
    state.down = false;
    assert.equal(await fetched.get('a'), 'one');
  });

  test('what was fresh is honoured for 600 s more while nothing newer can be had', async () => {
    const { fetched, state } = world(60);
    await fetched.get('a');
    state.down = true;
    state.now += 659;
    assert.equal(await fetched.get('a'), 'one');
    state.now += 1;
    assert.equal(await fetched.get('a'), undefined);
  });

  test('a value that does not suffice is fetched anew at most every 30 s, and given as it is', async () => {
    const { fetched, state } = world();
    const suffices = (value: string) => value === 'two';
    await fetched.get('a');
    state.value = 'two';
    assert.equal(fetched.get('a', suffices), 'one');
    state.now += 30;
    assert.equal(await fetched.get('a', suffices), 'two');
    assert.equal(fetched.get('a', suffices), 'two');
    assert.equal(state.fetches, 2);
  });

  test('a clock that was an hour ahead and is set back: fetched anew, and what was kept is honoured for 600 s at most', async () => {
    const { fetched, state } = world();
    state.now += 3600;
    await fetched.get('a');
    state.now -= 3600;
    state.value = 'two';
    assert.equal(await fetched.get('a'), 'two');
    state.now += 3600;
    await fetched.get('a');
    state.now -= 3600;
    state.down = true;
    assert.equal(await fetched.get('a'), 'two');
    state.now += 599;
    assert.equal(await fetched.get('a'), 'two');
    state.now += 1;
    assert.equal(await fetched.get('a'), undefined);
  });

  test('everybody waits for the same fetch, and each name for its own', async () => {
    const { fetched, state } = world();
    assert.deepEqual(await Promise.all(['a', 'a', 'b'].map((name) => fetched.get(name))), ['one', 'one', 'one']);
    assert.equal(state.fetches, 2);
  });
});
