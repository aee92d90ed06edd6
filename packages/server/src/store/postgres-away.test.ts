import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAway } from './postgres-away.ts';
import { StoreUnavailable } from './store.ts';

/** A clock that the test moves, and a random number that it chooses. */
function world(random = 1) {
  const state = { elapsedMs: 0, random };
  const away = createAway({ elapsedMs: () => state.elapsedMs, random: () => state.random });
  const isTried = () => {
    try {
      away.check();
      return true;
    } catch (error) {
      assert.ok(error instanceof StoreUnavailable);
      return false;
    }
  };
  /** Milliseconds until somebody is let through. */
  const pause = () => {
    const from = state.elapsedMs;
    while (!isTried()) state.elapsedMs += 1;
    return state.elapsedMs - from;
  };
  return { state, away, isTried, pause };
}

describe('a server that cannot be reached', () => {
  test('everybody is let through before that', () => {
    const { isTried } = world();
    assert.deepEqual([isTried(), isTried()], [true, true]);
  });

  test('is tried by one at a time, after pauses that double up to a second', () => {
    const { away, isTried, pause } = world();
    const pauses: number[] = [];
    away.failed();
    for (let round = 0; round < 7; round++) {
      pauses.push(pause());
      assert.equal(isTried(), false, 'another one is under way');
      away.failed();
    }
    assert.deepEqual(pauses, [50, 100, 200, 400, 800, 1000, 1000]);
  });

  test('of several that failed together one counts', () => {
    const { away, pause } = world();
    for (let at = 0; at < 10; at++) away.failed();
    assert.equal(pause(), 50);
  });

  test('the pause is between half and whole: two nodes are not in step', () => {
    const pauses = [0, 0.5, 1].map((random) => {
      const { away, pause } = world(random);
      away.failed();
      return pause();
    });
    assert.deepEqual(pauses, [25, 38, 50]);
  });

  test('that answers again is everybody’s at once, and the next pause is the first', () => {
    const { away, isTried, pause } = world();
    away.failed();
    pause();
    away.failed();
    pause();
    away.over();
    assert.deepEqual([isTried(), isTried()], [true, true]);
    away.failed();
    assert.equal(pause(), 50);
  });
});
