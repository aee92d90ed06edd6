import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isSame } from './same.ts';

describe('two values say the same', () => {
  const table: readonly [name: string, a: unknown, b: unknown, same: boolean][] = [
    ['objects, in whichever order', { a: 1, b: [2] }, { b: [2], a: 1 }, true],
    ['a member more', { a: 1 }, { a: 1, b: 2 }, false],
    ['a member less', { a: 1, b: 2 }, { a: 1 }, false],
    ['another value', { a: 1 }, { a: 2 }, false],
    ['another name', { a: 1 }, { b: 1 }, false],
    ['what is undefined is absent', { a: 1, b: undefined }, { a: 1 }, true],
    ['on either side', { a: 1 }, { a: 1, b: undefined }, true],
    ['undefined is not another value', { a: undefined }, { a: 1 }, false],
    ['nor is another value undefined', { a: 1 }, { a: undefined }, false],
    ['what is inherited is no member', {}, { toString: 1 }, false],
    ['lists in their order', [1, 2], [2, 1], false],
    ['a longer list', [1], [1, 2], false],
    ['a list that is longer by nothing', [1], [1, undefined], false],
    ['a list and an object', [], {}, false],
    ['sets', new Set(['a']), new Set(['a']), true],
    ['sets of one size', new Set(['a']), new Set(['b']), false],
    ['sets of another size', new Set(['a']), new Set(['a', 'b']), false],
    ['empty sets', new Set(), new Set(), true],
    ['an empty set and an empty map', new Set(), new Map(), false],
    ['maps, by what is in them', new Map([['a', { b: 1 }]]), new Map([['a', { b: 1 }]]), true],
    ['maps of other values', new Map([['a', { b: 1 }]]), new Map([['a', { b: 2 }]]), false],
    ['null and an object', null, {}, false],
    ['numbers', 1, 1, true],
    ['a number and its text', 1, '1', false],
  ];
  for (const [name, a, b, same] of table) {
    test(name, () => {
      assert.equal(isSame(a, b), same);
      assert.equal(isSame(b, a), same);
    });
  }

  test('but for one member of the two themselves', () => {
    assert.equal(isSame({ a: 1, at: 1 }, { a: 1, at: 2 }, 'at'), true);
    assert.equal(isSame({ a: 1, at: 1 }, { a: 1 }, 'at'), true);
    assert.equal(isSame({ a: 1 }, { a: 1, at: 1 }, 'at'), true);
    assert.equal(isSame({ a: 1, at: 1 }, { a: 2, at: 1 }, 'at'), false);
    assert.equal(isSame({ a: { at: 1 } }, { a: { at: 2 } }, 'at'), false);
  });

  test('an object and what is none', () => {
    assert.equal(isSame({}, 'text'), false);
    assert.equal(isSame([], new Set()), false);
  });
});
