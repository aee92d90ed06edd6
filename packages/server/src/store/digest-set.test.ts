import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createDigestSet, digestBytes } from './digest-set.ts';

const digestOf = (name: string | number) => hash('sha256', String(name), 'buffer').subarray(0, digestBytes);
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe('a set of digests', () => {
  test('has what was added, also after it grew, and nothing else', () => {
    const set = createDigestSet();
    for (const number of numbers(0, 5000)) set.add(digestOf(number), 100);
    assert.equal(set.size, 5000);
    assert.ok(numbers(0, 5000).every((number) => set.has(digestOf(number))));
    assert.ok(numbers(5000, 10_000).every((number) => !set.has(digestOf(number))));
  });

  test('tells apart digests that begin with the same bytes, also at the end of the array', () => {
    const set = createDigestSet();
    const alike = (last: number) => Buffer.from([...Array(15).fill(0xff), last]);
    for (const last of numbers(0, 100)) set.add(alike(last), 100);
    assert.ok(numbers(0, 100).every((last) => set.has(alike(last))));
    assert.equal(set.has(alike(100)), false);
    for (const word of [0, 4, 8, 12]) {
      const other = Buffer.from(alike(0));
      other[word] = 7;
      assert.equal(set.has(other), false);
    }
  });

  test('keeps a member through its last second, and the later of two last seconds', () => {
    const set = createDigestSet();
    set.add(digestOf('over'), 99);
    set.add(digestOf('last'), 100);
    set.add(digestOf('twice'), 200);
    set.add(digestOf('twice'), 50);
    set.purge(100);
    assert.deepEqual(
      ['over', 'last', 'twice'].map((name) => set.has(digestOf(name))),
      [false, true, true],
    );
    assert.equal(set.size, 2);
  });

  test('a time past the 32 bits, and none at all, are still members', () => {
    const set = createDigestSet();
    set.add(digestOf('far'), 2 ** 40);
    set.add(digestOf('never'), 0);
    assert.ok(set.has(digestOf('far')) && set.has(digestOf('never')));
  });
});
