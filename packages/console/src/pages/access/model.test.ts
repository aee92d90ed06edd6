import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  barsOf,
  type Column,
  columnKey,
  fromCellKey,
  isRefused,
  moveBy,
  spansOf,
  toCellKey,
  toggledArea,
  windowsOf,
} from './model.ts';

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

describe('areas', () => {
  const [work, build] = ['work', 'build'].map((id) => ({ id, name: id.toUpperCase() })) as [
    Column['area'],
    Column['area'],
  ];
  const server = (id: string, area: Column['area']) => ({ kind: 'server', id, area }) as Column;
  const folded = { kind: 'area', area: build, servers: 7 } as Column;

  test('stand over the columns that are theirs', () => {
    const columns = [server('a', work), server('b', work), folded, undefined, undefined, server('c', work)];
    assert.deepEqual(spansOf(columns), [
      { area: work, isFolded: false, length: 2 },
      { area: build, isFolded: true, length: 1 },
      { length: 2 },
      { area: work, isFolded: false, length: 1 },
    ]);
  });

  test('are no servers, whatever a server is called', () => {
    assert.deepEqual([columnKey(folded), columnKey(server('build', build))], ['[build]', 'build']);
  });

  test('are folded and unfolded in the address', () => {
    assert.deepEqual([toggledArea('', 'a'), toggledArea('a', 'b'), toggledArea('a,b', 'a')], ['a', 'a,b', 'b']);
  });
});

test('over the first row are the heads, one step at a time', () => {
  const size = { rows: 30, columns: 4 };
  const move = (key: string, row: number) => moveBy(key, { row, column: 1 }, size, 10, 2)?.row;
  assert.deepEqual([move('ArrowUp', 0), move('ArrowUp', -1), move('ArrowUp', -2)], [-1, -2, -2]);
  assert.deepEqual([move('PageUp', 5), move('PageUp', -1), move('PageDown', -2), move('End', -1)], [0, -1, 8, -1]);
  assert.equal(moveBy('ArrowUp', { row: 0, column: 0 }, size, 10)?.row, 0);
});

test('left of the first column is the name of the row', () => {
  const size = { rows: 30, columns: 4 };
  const move = (key: string, row: number, column: number) => moveBy(key, { row, column }, size, 10, 2);
  assert.deepEqual(move('ArrowLeft', 3, 0), { row: 3, column: -1 });
  assert.deepEqual(move('ArrowLeft', 3, -1), { row: 3, column: -1 });
  assert.deepEqual(move('ArrowRight', 3, -1), { row: 3, column: 0 });
  assert.deepEqual(move('ArrowDown', 3, -1), { row: 4, column: -1 });
  assert.deepEqual(move('ArrowUp', 0, -1), { row: -1, column: 0 });
  assert.deepEqual(move('ArrowLeft', -1, 0), { row: -1, column: 0 });
  assert.deepEqual(move('Home', 3, -1), { row: 3, column: 0 });
  assert.deepEqual(moveBy('ArrowLeft', { row: 3, column: 0 }, size, 10), { row: 3, column: 0 });
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
