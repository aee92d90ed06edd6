import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { eitherOf, meet, orAnyUpTo, type Places, placesOf, type Seek } from './audit-places.ts';

/** The rows of a term that comes up at these places, so many to a row; and what was asked for. */
function rowsOf(places: readonly number[], perRow = 1) {
  const rows = Array.from({ length: Math.ceil(places.length / perRow) }, (_, at) => {
    const [position = 0, ...others] = places.slice(at * perRow, (at + 1) * perRow);
    const distances = others.map((place, index) => (place - (others[index - 1] ?? position)).toString(36));
    return { position, others: distances.length > 0 ? distances.join(',') : null };
  });
  const asked: [at: number, limit: number][] = [];
  const seek: Seek = async (at, limit) => {
    asked.push([at, limit]);
    return rows
      .filter(({ position }) => position <= at)
      .reverse()
      .slice(0, limit);
  };
  return { seek, asked };
}

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

async function all(places: Places, from: number): Promise<number[]> {
  const found: number[] = [];
  for (let at = from; ; ) {
    const place = await places.atOrBefore(at);
    if (place === undefined) return found;
    assert.ok(place <= at, `${place} is not behind ${at}`);
    found.push(place);
    at = place - 1;
  }
}

const somePlaces = fc
  .uniqueArray(fc.integer({ min: 1, max: 400 }), { maxLength: 80 })
  .map((places) => places.toSorted((one, other) => one - other));

describe('where one fact comes up', () => {
  test('from any place on, the last one that is not behind it', async () => {
    await fc.assert(
      fc.asyncProperty(
        somePlaces,
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.integer({ min: 0, max: 420 })),
        async (places, perRow, questions) => {
          const { seek } = rowsOf(places, perRow);
          const where = placesOf(seek);
          for (const at of questions.toSorted((one, other) => other - one)) {
            assert.equal(
              await where.atOrBefore(at),
              places.findLast((place) => place <= at),
            );
          }
        },
      ),
    );
  });

  test('one after the other, twice as many rows are read each time, and no more than 32', async () => {
    const { seek, asked } = rowsOf(upTo(100));
    assert.deepEqual(await all(placesOf(seek), 100), upTo(100).reverse());
    assert.deepEqual(
      asked.map(([, limit]) => limit),
      [1, 2, 4, 8, 16, 32, 32, 32],
    );
    // What was not full was the end: nobody asks again.
    const short = rowsOf(upTo(2));
    assert.deepEqual(await all(placesOf(short.seek), 9), [2, 1]);
    assert.deepEqual(short.asked, [
      [9, 1],
      [1, 2],
    ]);
  });

  test('where half of what was read was wanted, more is read; where less was, one row', async () => {
    const { seek, asked } = rowsOf(upTo(100));
    const where = placesOf(seek);
    for (const at of [100, 99, 98, 97, 96, 95]) await where.atOrBefore(at);
    // Of the four rows 97 to 94 three were wanted.
    await where.atOrBefore(93);
    // Of the eight rows 93 to 86 four are wanted, then of sixteen one.
    for (const at of [92, 91, 90, 80, 40]) await where.atOrBefore(at);
    assert.deepEqual(asked, [
      [100, 1],
      [99, 2],
      [97, 4],
      [93, 8],
      [80, 16],
      [40, 1],
    ]);
  });
});

test('of several facts the last that comes up counts; one alone is itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(somePlaces, { maxLength: 4 }), async (each) => {
      const either = eitherOf(each.map((places) => placesOf(rowsOf(places).seek)));
      const union = [...new Set(each.flat())].toSorted((one, other) => other - one);
      assert.deepEqual(await all(either, 400), union);
    }),
  );
  const one = placesOf(rowsOf([1]).seek);
  assert.equal(eitherOf([one]), one);
});

test('up to a line where nobody has written it down, it may be anywhere', async () => {
  const places = () => placesOf(rowsOf([3, 7, 9]).seek);
  const one = places();
  assert.equal(orAnyUpTo(0, one), one);
  assert.deepEqual(await all(orAnyUpTo(5, places()), 12), [9, 7, 5, 4, 3, 2, 1]);
  const where = orAnyUpTo(9, { atOrBefore: () => assert.fail('no row says anything up to there') });
  assert.equal(await where.atOrBefore(9), 9);
  assert.equal(await where.atOrBefore(1), 1);
  assert.equal(await where.atOrBefore(0), undefined);
});

describe('where several meet', () => {
  test('round by round, from the end, all places that are common to them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(somePlaces, { minLength: 1, maxLength: 3 }), async (each) => {
        const where = each.map((places) => placesOf(rowsOf(places).seek));
        const [first = [], ...others] = each;
        const found: number[] = [];
        for (let at = 400; ; ) {
          const round = await meet(where, at);
          if (!round) break;
          if (round.isMeeting) found.push(round.place);
          at = round.isMeeting ? round.place - 1 : round.place;
        }
        const common = first.filter((place) => others.every((places) => places.includes(place)));
        assert.deepEqual(found, common.reverse());
      }),
    );
  });

  test('who has none ends it, and those behind are not asked', async () => {
    const none: Places = { atOrBefore: async () => undefined };
    assert.equal(await meet([none, { atOrBefore: () => assert.fail() }], 5), undefined);
  });
});
