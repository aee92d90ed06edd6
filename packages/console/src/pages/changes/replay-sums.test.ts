import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  addPage,
  boxesOf,
  type Counts,
  countOf,
  dayOf,
  daysOf,
  mostFirst,
  mostRows,
  noSums,
  partDone,
  type Replayed,
  type ReplayPage,
  type Sums,
} from './replay-sums.ts';

const noon = new Date(2026, 10, 20, 12).getTime();
const dayMs = 86_400_000;
const line = (change: Replayed['change'], more: Partial<Replayed> = {}): Replayed => {
  const about = { id: 'd_1', timeMs: noon, person: 'u_a', client: 'code', server: 'wiki', before: [], after: [] };
  return { ...about, change, ...more };
};
const page = (changed: readonly Replayed[], more: Partial<ReplayPage> = {}): ReplayPage => {
  const count = (kind: Replayed['change']) => changed.filter(({ change }) => change === kind).length;
  const figures = { gained: count('gained'), lost: count('lost'), again: count('again'), same: 0, unknown: 0 };
  const whole = { letIn: count('gained'), shutOut: count('lost') };
  const rest = { digest: 'x', reachedMs: noon, next: null };
  return { total: changed.length, ...figures, ...whole, changed: [...changed], ...rest, ...more };
};

test('pages of a replay add up: in all, by day, by person and by server', () => {
  const first = page([line('gained'), line('lost', { person: 'u_b', server: 'tracker' })], { same: 3, total: 5 });
  const second = page([line('again', { timeMs: noon - dayMs }), line('gained')], {
    unknown: 2,
    reachedMs: noon - dayMs,
  });
  const sums = [first, second].reduce<Sums>(addPage, noSums);
  const { total, gained, lost, again, same, unknown, reachedMs } = sums;
  assert.deepEqual(
    { total, gained, lost, again, same, unknown },
    { total: 7, gained: 2, lost: 1, again: 1, same: 3, unknown: 2 },
  );
  assert.equal(gained + lost + again + same, total);
  assert.deepEqual([sums.letIn, sums.shutOut], [2, 1], 'refusals are counted by the server');
  assert.equal(reachedMs, noon - dayMs);
  assert.deepEqual(sums.byDay.get(dayOf(noon)), { gained: 2, lost: 1, again: 0 });
  assert.deepEqual(sums.byDay.get(dayOf(noon - dayMs)), { gained: 0, lost: 0, again: 1 });
  assert.deepEqual(mostFirst(sums.byPerson), [
    { id: 'u_a', gained: 2, lost: 0, again: 1 },
    { id: 'u_b', gained: 0, lost: 1, again: 0 },
  ]);
  assert.deepEqual([countOf(sums.byServer, 'lost'), countOf(sums.byServer, 'gained')], [1, 1]);
  assert.equal(sums.changed.length, 4);
  assert.equal(noSums.total, 0, 'what was added to is left alone');
});

test('the list is of the newest, the sums are of all', () => {
  const many = page(Array.from({ length: mostRows + 1 }, (_, at) => line('lost', { id: `d_${at}` })));
  const sums = addPage(addPage(noSums, many), page([line('lost', { id: 'older' })]));
  assert.deepEqual(
    [sums.changed.length, sums.lost, sums.changed.at(-1)?.id],
    [mostRows, mostRows + 2, `d_${mostRows - 1}`],
  );
});

test('as many touched come in the order of their ids', () => {
  const counts = new Map(['b', 'a'].map((id) => [id, { gained: 1, lost: 0, again: 0 }]));
  assert.deepEqual(
    mostFirst(counts).map(({ id }) => id),
    ['a', 'b'],
  );
});

test('how far it has come', () => {
  assert.equal(partDone({ reachedMs: undefined }, 0, 100), 0);
  assert.equal(partDone({ reachedMs: 25 }, 0, 100), 0.75);
  assert.deepEqual([partDone({ reachedMs: 200 }, 0, 100), partDone({ reachedMs: -5 }, 0, 100)], [0, 1]);
});

test('every day of the range once, from midnight to midnight', () => {
  const days = daysOf(noon - 7 * dayMs, noon);
  assert.deepEqual([days.length, days.at(-1), days.at(0)], [8, dayOf(noon), dayOf(noon - 7 * dayMs)]);
  assert.ok(days.every((day) => new Date(day).getHours() === 0));
  assert.deepEqual(daysOf(dayOf(noon), dayOf(noon)), [dayOf(noon)], 'also the day that begins as the range ends');
  // Half a year: days of 23 and of 25 hours are in it, wherever clocks are changed.
  assert.equal(new Set(daysOf(noon - 180 * dayMs, noon).map((day) => dayOf(day))).size, 181);
});

describe('boxes of the chart', () => {
  const [one, two] = [1, 2];
  const of = (counts: [number, Partial<Counts>][]) =>
    boxesOf([one, two], new Map(counts.map(([day, some]) => [day, { gained: 0, lost: 0, again: 0, ...some }])), {
      up: 3,
      down: 2,
    });

  test('one for each decision: given more above the line, less below it, and then who would sign in again', () => {
    const { per, boxes } = of([[two, { gained: 2, lost: 1, again: 1 }]]);
    assert.equal(per, 1);
    assert.deepEqual(
      boxes.map(({ day, level, kind }) => [day, level, kind]),
      [
        [1, 1, 'gained'],
        [1, 2, 'gained'],
        [1, -1, 'lost'],
        [1, -2, 'again'],
      ],
    );
  });

  const table: [name: string, counts: Partial<Counts>, per: number, boxes: number][] = [
    ['as many as there is room for', { gained: 3 }, 1, 3],
    ['one more above', { gained: 4 }, 2, 2],
    ['one more below', { lost: 3 }, 2, 2],
    ['both kinds below', { lost: 2, again: 1 }, 2, 2],
    ['very many', { gained: 1_000_000 }, 500_000, 2],
    ['one stays one beside many', { gained: 100, lost: 1 }, 50, 3],
    ['none', {}, 1, 0],
  ];
  for (const [name, counts, per, boxes] of table) {
    test(`${name}: ${boxes} boxes of ${per}`, () => {
      const found = of([[one, counts]]);
      assert.deepEqual([found.per, found.boxes.length], [per, boxes]);
    });
  }
});
