import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLately } from './lately.ts';

describe('what was used lately', () => {
  const fill = (max: number, ...keys: string[]) => {
    const lately = createLately<string>(max);
    for (const key of keys) lately.set(key, key.toUpperCase());
    return lately;
  };
  /** Which of these are known after those were set, each looked up in a memory of its own: to look is to use. */
  const known = (max: number, came: readonly string[], ...keys: string[]) =>
    keys.filter((key) => fill(max, ...came).get(key) !== undefined);

  test('is known, and what never came is not', () => {
    const lately = fill(2, 'a', 'b');
    assert.equal(lately.get('a'), 'A');
    lately.set('a', 'again');
    assert.equal(lately.get('a'), 'again');
    assert.equal(lately.get('c'), undefined);
  });

  test('stays until as many others came, and goes when twice as many did', () => {
    assert.deepEqual(known(2, ['a', 'b', 'c', 'd'], 'a', 'b', 'c', 'd'), ['a', 'b', 'c', 'd']);
    assert.deepEqual(known(2, ['a', 'b', 'c', 'd', 'e'], 'a', 'b', 'c', 'd', 'e'), ['c', 'd', 'e']);
  });

  test('and is used again before it goes: stays', () => {
    const lately = fill(2, 'a', 'b', 'c');
    assert.equal(lately.get('a'), 'A');
    lately.set('d', 'D');
    assert.equal(lately.get('b'), undefined);
    assert.equal(lately.get('a'), 'A');
  });

  test('what is set anew takes no room of another', () => {
    const lately = fill(2, 'a', 'b', 'c', 'd');
    for (let time = 0; time < 5; time += 1) lately.set('d', 'new');
    assert.equal(lately.get('a'), 'A');
  });
});
