import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { lastUsed } from './last-used.ts';

describe('what was used last', () => {
  test('the one goes that nobody has asked for the longest', () => {
    const kept = lastUsed<number>(2);
    kept.set('a', 1);
    kept.set('b', 2);
    assert.equal(kept.get('a'), 1);
    kept.set('c', 3);
    assert.deepEqual([kept.get('b'), kept.get('a'), kept.get('c')], [undefined, 1, 3]);
    assert.deepEqual(kept.values(), [1, 3], 'asking for what is not there takes no place');
  });

  test('set anew it counts as used, and nothing goes for it', () => {
    const kept = lastUsed<number>(2);
    kept.set('a', 1);
    kept.set('b', 2);
    kept.set('a', 3);
    assert.deepEqual(kept.values(), [2, 3]);
    kept.set('c', 4);
    assert.deepEqual(kept.values(), [3, 4]);
  });

  test('the one used last is at the end', () => {
    const kept = lastUsed<number>(3);
    for (const [key, value] of Object.entries({ a: 1, b: 2, c: 3 })) kept.set(key, value);
    kept.get('a');
    assert.deepEqual(kept.values(), [2, 3, 1]);
  });
});
