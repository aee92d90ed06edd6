import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { barsOf, fromCellKey, isRefused, moveBy, toCellKey, windowsOf } from './model.ts';

const column = {
  scopes: [
    { name: 'issues:read', risk: 'low' },
    { name: 'issues:comment', risk: 'low' },
    { name: 'issues:write', risk: 'high' },
  ],
} as const;

describe('the bars of a cell', () => {
  const table: [allowed: string[], bars: string][] = [
    [[], 'low none, high none'],
    [['issues:read'], 'low some, high none'],
    [['issues:read', 'issues:comment'], 'low all, high none'],
    [['issues:write'], 'low none, high all'],
  ];
  for (const [allowed, bars] of table) {
    test(`${allowed}: ${bars}`, () =>
      assert.equal(
        barsOf(column, { allowed })
          .map(({ level, has }) => `${level} ${has}`)
          .join(', '),
        bars,
      ));
  }

  test('a rule that refuses some leaves bars, one that refuses all does not', () => {
    assert.equal(isRefused({ allowed: ['issues:read'], denied: ['issues:write'] }), false);
    assert.equal(isRefused({ allowed: [], denied: ['issues:write'] }), true);
  });
});

test('the windows that a stretch touches', () => {
  assert.deepEqual(windowsOf(0, 10), [0]);
  assert.deepEqual(windowsOf(49, 50), [0, 50]);
  assert.deepEqual(windowsOf(120, 230), [100, 150, 200]);
});

test('a cell in an address', () => {
  assert.deepEqual(fromCellKey(toCellKey('group:engineering', 'tracker')), {
    subject: 'group:engineering',
    server: 'tracker',
  });
  assert.equal(fromCellKey('group:engineering'), undefined);
});

test('keys move within the matrix and never out of it', () => {
  const size = { rows: 3, columns: 4 };
  const move = (key: string, row: number, column: number) => moveBy(key, { row, column }, size, 10);
  assert.deepEqual(move('ArrowDown', 2, 0), { row: 2, column: 0 });
  assert.deepEqual(move('PageDown', 0, 1), { row: 2, column: 1 });
  assert.deepEqual(move('End', 1, 0), { row: 1, column: 3 });
  assert.deepEqual(move('ArrowLeft', 1, 3), { row: 1, column: 2 });
  assert.equal(move('x', 1, 3), undefined);
});
