import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type ClockNews, type ClockOptions, createClock } from './clock.ts';

const hour = 3_600_000;
const leewayMs = 30_000;
const settleMs = 660_000;

/** A machine whose clock and counters the test moves, and a database whose clock it moves apart from them. */
function world(change: Partial<ClockOptions> & { readonly database?: boolean } = {}) {
  const state = {
    wallMs: 1_800_000_000_000,
    elapsedMs: 5000,
    uptimeMs: 90_000,
    storeMs: 0,
    tookMs: 0,
    fails: false,
    asked: 0,
  };
  state.storeMs = state.wallMs;
  const told: ClockNews[] = [];
  const { database = true, ...options } = change;
  const clock = createClock({
    wallMs: () => state.wallMs,
    elapsedMs: () => state.elapsedMs,
    uptimeMs: () => {
      state.asked += 1;
      return state.uptimeMs;
    },
    latestMs: undefined,
    hasStoreClock: database,
    leewayMs,
    settleMs,
    storeMs: async () => {
      if (!database) return undefined;
      const answer = state.storeMs + state.tookMs / 2;
      pass(state.tookMs);
      return answer;
    },
    tell: async (news) => {
      if (state.fails) throw new Error('away');
      told.push(news);
    },
    ...options,
  });
  const pass = (milliseconds: number) => {
    for (const counter of ['wallMs', 'elapsedMs', 'uptimeMs', 'storeMs'] as const) state[counter] += milliseconds;
  };
  const states = () => told.map((news) => news.state);
  return { state, clock, told, states, pass };
}

describe('a node whose database has a clock', () => {
  test('as late or as early as its database: right, and nothing is said', async () => {
    const { clock, state, states } = world();
    state.storeMs += 5000;
    await clock.look();
    assert.equal(clock.isRight(), true);
    assert.deepEqual(states(), []);
  });

  for (const [name, by] of [
    ['ahead', 6000],
    ['behind', -6000],
  ] as const) {
    test(`6 s ${name}: told, once, and answered all the same`, async () => {
      const { clock, state, told } = world();
      state.storeMs -= by;
      await clock.look();
      await clock.look();
      assert.equal(clock.isRight(), true);
      assert.deepEqual(told, [
        { state: 'off', aheadMs: by, timeMs: state.storeMs, against: 'the clock of the database' },
      ]);
    });
  }

  for (const by of [leewayMs + 1, -leewayMs - 1, hour, -hour]) {
    test(`${by} ms: nobody is answered until it agrees again`, async () => {
      const { clock, state, states } = world();
      state.storeMs -= by;
      await clock.look();
      assert.equal(clock.isRight(), false);
      state.storeMs += by;
      await clock.look();
      assert.equal(clock.isRight(), true);
      assert.deepEqual(states(), ['wrong', 'right']);
    });
  }

  test('exactly the leeway is within it', async () => {
    const { clock, state, states } = world();
    state.storeMs -= leewayMs;
    await clock.look();
    assert.equal(clock.isRight(), true);
    assert.deepEqual(states(), ['off']);
  });

  test('set between two looks: noticed at once, before the database is asked', async () => {
    const { clock, state } = world();
    await clock.look();
    state.wallMs += hour;
    assert.equal(clock.isRight(), false);
    state.wallMs -= 2 * hour;
    assert.equal(clock.isRight(), false);
    state.wallMs += hour;
    assert.equal(clock.isRight(), true);
  });

  test('set right after it was wrong: answered at once', async () => {
    const { clock, state } = world();
    state.wallMs += hour;
    await clock.look();
    assert.equal(clock.isRight(), false);
    state.wallMs -= hour;
    assert.equal(clock.isRight(), true);
  });

  test('held for a while, as by SIGSTOP, or asleep: both clocks went on, and so does it', async () => {
    const { clock, state, pass, states } = world();
    await clock.look();
    pass(hour);
    assert.equal(clock.isRight(), true);
    for (const counter of ['wallMs', 'uptimeMs', 'storeMs'] as const) state[counter] += hour;
    assert.equal(clock.isRight(), true);
    await clock.look();
    assert.deepEqual(states(), []);
  });

  test('an answer that took long accuses nobody; one that took too long says nothing', async () => {
    const { clock, state, states } = world();
    await clock.look();
    [state.tookMs, state.storeMs] = [3000, state.storeMs + 6000];
    await clock.look();
    assert.deepEqual(states(), []);
    [state.tookMs, state.storeMs] = [4001, state.storeMs + hour];
    await clock.look();
    assert.deepEqual([states(), clock.isRight()], [[], true]);
    state.tookMs = 4000;
    await clock.look();
    assert.deepEqual([states(), clock.isRight()], [['wrong'], false]);
  });

  test('a database that cannot be asked changes nothing, and news that could not be written are told at the next look', async () => {
    const { clock, state, states } = world();
    state.storeMs += hour;
    state.fails = true;
    await assert.rejects(clock.look(), /away/);
    assert.equal(clock.isRight(), false);
    state.fails = false;
    await clock.look();
    assert.deepEqual(states(), ['wrong']);
    const { clock: deaf } = world({ storeMs: () => Promise.reject(new Error('away')) });
    await assert.rejects(deaf.look(), /away/);
    assert.equal(deaf.isRight(), false, 'it was never heard');
  });

  test('before the database has said what time it is nobody is answered, however right the clock looks', async () => {
    const { clock, state } = world();
    assert.equal(clock.isRight(), false);
    state.tookMs = 4001;
    await clock.look();
    assert.equal(clock.isRight(), false, 'an answer that took too long says nothing');
    state.tookMs = 0;
    await clock.look();
    assert.equal(clock.isRight(), true);
  });
});

describe('a machine that has only itself', () => {
  for (const by of [hour, -hour]) {
    test(`set by ${by} ms: nobody is answered, until it stood there for the life of an ID-JAG`, async () => {
      const { clock, state, told, states, pass } = world({ database: false });
      state.wallMs += by;
      assert.equal(clock.isRight(), false);
      await clock.look();
      assert.match(told[0]?.against ?? '', /this machine has counted/);
      pass(settleMs - 1);
      await clock.look();
      assert.equal(clock.isRight(), false);
      pass(1);
      await clock.look();
      assert.equal(clock.isRight(), true);
      await clock.look();
      assert.deepEqual(states(), ['wrong', 'right']);
    });
  }

  test('set again meanwhile: the wait begins anew', async () => {
    const { clock, state, pass } = world({ database: false });
    state.wallMs += hour;
    await clock.look();
    pass(settleMs - 1000);
    state.wallMs += hour;
    await clock.look();
    pass(1000);
    await clock.look();
    assert.equal(clock.isRight(), false);
    state.wallMs += 5000; // no more than a clock may be off by
    await clock.look();
    pass(settleMs - 1000);
    await clock.look();
    assert.equal(clock.isRight(), true);
  });

  test('set by 6 s: told each time, and answered', async () => {
    const { clock, state, states } = world({ database: false });
    for (let round = 0; round < 2; round++) {
      state.wallMs += 6000;
      await clock.look();
      await clock.look();
      assert.equal(clock.isRight(), true);
    }
    assert.deepEqual(states(), ['off', 'right', 'off', 'right']);
  });

  test('that slept: right; the other counter is asked then, and not at every request', () => {
    const { clock, state, pass } = world({ database: false });
    state.asked = 0;
    pass(1000);
    clock.isRight();
    assert.equal(state.asked, 0);
    for (const counter of ['wallMs', 'uptimeMs'] as const) state[counter] += hour;
    assert.equal(clock.isRight(), true);
    const { asked } = state;
    clock.isRight();
    assert.equal(state.asked, asked);
  });

  test('the record has a line from later: nobody is answered until that has come, or the clock has stood its time', async () => {
    const later = world({ database: false, latestMs: 1_800_000_000_000 + hour });
    assert.equal(later.clock.isRight(), false);
    await later.clock.look();
    later.state.wallMs += hour;
    assert.equal(later.clock.isRight(), true);
    const settled = world({ database: false, latestMs: 1_800_000_000_000 + hour });
    await settled.clock.look();
    settled.pass(settleMs);
    await settled.clock.look();
    assert.equal(settled.clock.isRight(), true);
    assert.deepEqual(world({ database: false, latestMs: 1_800_000_000_000 - hour }).clock.isRight(), true);
  });

  test('the record has a line from later, and the clock is set past it: it was off for hours, and is believed as at a start', async () => {
    const { clock, state } = world({ database: false, latestMs: 1_800_000_000_000 + hour });
    await clock.look();
    state.wallMs += 5 * hour;
    await clock.look();
    assert.equal(clock.isRight(), true);
    state.wallMs -= hour;
    assert.equal(clock.isRight(), false);
  });

  test('but no further, once it was right', async () => {
    const { clock, state } = world({ database: false, latestMs: 1_800_000_000_000 + hour });
    await clock.look();
    state.wallMs += hour;
    await clock.look();
    state.wallMs += hour;
    assert.equal(clock.isRight(), false);
  });
});
