import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { comingFriday, compact, daysFrom, isTimeOfDay, toConditions, toKey, toWords } from './conditions.ts';

test('what a rule says of the circumstances, without what is no condition', () => {
  const rule = { id: 'r', allow: 'all', through: ['code'], from: [], until: '2026-12-04', to: ['everyone'] };
  assert.deepEqual(toConditions(rule), { through: ['code'], until: '2026-12-04' });
  assert.deepEqual(compact({ acr: '', amr: ['mfa'], max_age: undefined }), { amr: ['mfa'] });
});

describe('what means the same has one key', () => {
  const hours = { days: ['tue', 'mon'], from: '08:00', to: '18:00', zone: 'UTC' };
  const table: [one: object, other: object, isSame: boolean][] = [
    [{ through: ['a', 'b'] }, { through: ['b', 'a'] }, true],
    [{ through: [], until: '2026-12-04' }, { until: '2026-12-04' }, true],
    [{ from: ['a'], hours }, { hours: { ...hours, days: ['mon', 'tue'] }, from: ['a'] }, true],
    [{ from: ['a'] }, { not_from: ['a'] }, false],
    [{ hours }, { hours: { ...hours, to: '19:00' } }, false],
    [{ max_age: 60 }, { max_age: 61 }, false],
  ];
  for (const [one, other, isSame] of table) {
    test(`${JSON.stringify(one)} and ${JSON.stringify(other)}`, () =>
      assert.equal(toKey(one) === toKey(other), isSame));
  }
});

test('networks as they are typed', () => {
  assert.deepEqual(toWords(' office, 10.0.0.0/8;office\n2001:db8::/32 '), ['office', '10.0.0.0/8', '2001:db8::/32']);
  assert.deepEqual(toWords('  '), []);
});

test('times of day; only an end may be the end of the day', () => {
  const times = ['08:00', '23:59', '24:00', '8:00', '08:60', '25:00'];
  assert.deepEqual(
    times.filter((each) => isTimeOfDay(each, false)),
    ['08:00', '23:59'],
  );
  assert.deepEqual(
    times.filter((each) => isTimeOfDay(each, true)),
    ['08:00', '23:59', '24:00'],
  );
});

test('the coming Friday, which on a Friday is that day', () => {
  const at = (day: string) => comingFriday(Date.parse(`${day}T23:59:59Z`));
  assert.deepEqual(['2026-12-02', '2026-12-04', '2026-12-05'].map(at), ['2026-12-04', '2026-12-04', '2026-12-11']);
  assert.equal(daysFrom(Date.parse('2026-12-30T12:00:00Z'), 7), '2027-01-06');
});
