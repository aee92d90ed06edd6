import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Stop } from '../store/stop.ts';
import { openStops } from './memory.ts';

/** A store that answers when it is told to. */
function slowStore() {
  const state = { losses: 1, stops: [] as Stop[], reads: 0, gate: undefined as Promise<void> | undefined };
  return {
    state,
    lossSequence: async () => state.losses,
    stops: {
      inForce: async () => {
        state.reads += 1;
        const seen = [...state.stops];
        await state.gate;
        return seen;
      },
    } as unknown as Parameters<typeof openStops>[0]['stops'],
  };
}
const stop = (value: string): Stop => ({
  id: value,
  kind: 'client',
  target: value,
  hits: [{ at: 'idp', what: 'client', value }],
  reason: 'r',
  by: 'd',
  at: 1,
  position: 1,
});

describe('T19: what is stopped, in memory', () => {
  test('is as new as the sequence that was noted, and read only when that has moved', async () => {
    const { state, ...store } = slowStore();
    const stops = await openStops(store, () => 1);
    assert.equal(stops.upTo(1), undefined);
    assert.equal(state.reads, 1);
    [state.losses, state.stops] = [2, [stop('a')]];
    await stops.upTo(2);
    assert.equal(stops.current().issuing.size, 1);
    assert.equal(stops.upTo(2), undefined);
    assert.equal(stops.upTo(1), undefined);
    assert.equal(state.reads, 2);
  });

  test('a read that began before the question is not the answer', async () => {
    const { state, ...store } = slowStore();
    const stops = await openStops(store, () => 1);
    const { promise, resolve } = Promise.withResolvers<void>();
    [state.losses, state.gate] = [2, promise];
    const first = stops.upTo(2);
    await new Promise((done) => setImmediate(done));
    [state.losses, state.stops] = [3, [stop('a')]]; // after it has read
    const both = [stops.upTo(3), stops.upTo(3)];
    resolve();
    await Promise.all([first, ...both]);
    assert.equal(stops.current().issuing.size, 1);
    assert.equal(state.reads, 3, 'once more for both');
  });

  test('who follows sees a change, and a store that has gone back', async () => {
    const { state, ...store } = slowStore();
    const stops = await openStops(store, () => 1);
    await stops.follow();
    assert.equal(state.reads, 1);
    [state.losses, state.stops] = [9, [stop('a')]];
    await stops.follow();
    assert.equal(stops.current().none, false);
    [state.losses, state.stops] = [4, []];
    await stops.follow();
    assert.equal(stops.current().none, true);
  });

  test('a store that is away is heard of by whoever asks, and asked again', async () => {
    const { state, ...store } = slowStore();
    const stops = await openStops(store, () => 1);
    state.losses = 2;
    state.gate = Promise.reject(new Error('away'));
    state.gate.catch(() => undefined);
    await assert.rejects(async () => stops.upTo(2), /away/);
    state.gate = undefined;
    await stops.upTo(2);
    assert.equal(stops.upTo(2), undefined);
  });
});
