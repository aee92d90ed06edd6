import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Day, days, type Hours, hoursWords, isWithin, isZone } from './hours.ts';

const week: readonly Day[] = ['mon', 'tue', 'wed', 'thu', 'fri'];
const office: Hours = { days: week, from: '08:00', to: '18:00', zone: 'Europe/Zurich' };
const night: Hours = { days: ['fri'], from: '22:00', to: '06:00', zone: 'Europe/Zurich' };

describe('hours of some days, by the clocks of a place', () => {
  // 2026-11-27 is a Friday; Zurich is one hour ahead of UTC then, two in summer.
  const table: [name: string, hours: Hours, time: string, isIn: boolean][] = [
    ['before it opens', office, '2026-11-27T06:59:59Z', false],
    ['as it opens', office, '2026-11-27T07:00:00Z', true],
    ['the last second', office, '2026-11-27T16:59:59Z', true],
    ['as it shuts', office, '2026-11-27T17:00:00Z', false],
    ['in summer, an hour earlier', office, '2026-07-03T06:00:00Z', true],
    ['and shut an hour earlier', office, '2026-07-03T16:00:00Z', false],
    ['on Saturday', office, '2026-11-28T10:00:00Z', false],
    ['Friday night', night, '2026-11-27T21:00:00Z', true],
    ['which goes on until Saturday morning', night, '2026-11-28T04:59:59Z', true],
    ['and no longer', night, '2026-11-28T05:00:00Z', false],
    ['Saturday night is another', night, '2026-11-28T22:00:00Z', false],
    ['nor was it Friday night in the small hours of Friday', night, '2026-11-27T02:00:00Z', false],
    ['Sunday night reaches into Monday', { ...night, days: ['sun'] }, '2026-11-30T01:00:00Z', true],
    ['the whole day, its last minute', { ...office, from: '00:00', to: '24:00' }, '2026-11-27T22:59:59Z', true],
    ['half an hour that is none elsewhere', { ...office, zone: 'Asia/Kolkata' }, '2026-11-27T02:30:00Z', true],
    ['a minute before', { ...office, zone: 'Asia/Kolkata' }, '2026-11-27T02:29:00Z', false],
  ];
  for (const [name, hours, time, isIn] of table) {
    test(`${name}: ${isIn ? 'within' : 'outside'}`, () => assert.equal(isWithin(hours, Date.parse(time) / 1000), isIn));
  }

  test('a place that is none is none', () => {
    assert.deepEqual(['UTC', 'Europe/Zurich', 'Europe/Atlantis', ''].map(isZone), [true, true, false, false]);
  });

  test('in words', () => {
    assert.equal(hoursWords(night), 'on fri from 22:00 to 06:00, Europe/Zurich');
    assert.equal(hoursWords({ ...night, days }), 'on every day from 22:00 to 06:00, Europe/Zurich');
  });
});
