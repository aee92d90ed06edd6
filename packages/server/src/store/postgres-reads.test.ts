import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemory, joined } from './postgres-reads.ts';

describe('what is asked at once is read once', () => {
  test('who asks in one turn shares a read; who asks while it is under way gets one that starts later', async () => {
    const answers: ((value: number) => void)[] = [];
    const ask = joined(() => new Promise<number>((resolve) => answers.push(resolve)));
    const first = [ask(), ask()];
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answers.length, 1);
    const later = ask();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answers.length, 2);
    answers[1]?.(2);
    assert.equal(await later, 2);
    answers[0]?.(1);
    assert.deepEqual(await Promise.all(first), [1, 1]);
  });

  test('a read that fails fails for those who shared it, and for nobody after them', async () => {
    let calls = 0;
    const ask = joined(async () => {
      calls += 1;
      if (calls === 1) throw new Error('away');
      return calls;
    });
    const outcomes = await Promise.allSettled([ask(), ask()]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    assert.equal(await ask(), 2);
  });
});

describe('what is remembered', () => {
  /** A world of one value that changes, and a memory of it whose reads we let go one by one. */
  const world = () => {
    const state = { sequence: 1, value: 'old', reads: 0 };
    const memory = createMemory<string>(async () => state.sequence);
    const read = async () => {
      state.reads += 1;
      return state.value;
    };
    return { state, memory, read };
  };

  test('is read once while the sequence stands, and anew when it moves', async () => {
    const { state, memory, read } = world();
    assert.deepEqual([await memory('k', read), await memory('k', read), state.reads], ['old', 'old', 1]);
    Object.assign(state, { sequence: 2, value: 'new' });
    assert.deepEqual([await memory('k', read), state.reads], ['new', 2]);
    assert.equal(await memory('other', read), 'new');
  });

  test('a read that began before a change and ends after it is not remembered as what came after', async () => {
    const { state, memory, read } = world();
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const slow = memory('k', async () => {
      const value = await read();
      await gate;
      return value;
    });
    await new Promise((resolve) => setImmediate(resolve));
    Object.assign(state, { sequence: 2, value: 'new' });
    await memory('other', read);
    open();
    assert.equal(await slow, 'old', 'it was so when it was asked');
    assert.equal(await memory('k', read), 'new');
  });

  test('nothing is remembered of what is not there, nor after the sequence went back, as a restored database does', async () => {
    const { state, memory, read } = world();
    await memory('gone', async () => undefined);
    assert.equal(await memory('gone', read), 'old');
    Object.assign(state, { sequence: 0, value: 'restored' });
    assert.equal(await memory('gone', read), 'restored');
  });
});
