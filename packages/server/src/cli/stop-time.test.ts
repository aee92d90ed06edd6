import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toStopEnd } from './stop-time.ts';

// A Thursday, by the clock of this machine.
const now = new Date(2026, 10, 26, 13, 0, 0);
const at = (day: number, ...time: [number, number, number]) => new Date(2026, 10, day, ...time).getTime() / 1000;

describe('when a stop ends', () => {
  const table: [name: string, options: { until?: string; for?: string }, end: number | undefined][] = [
    ['nothing said: when somebody resumes it', {}, undefined],
    ['for minutes', { for: '30m' }, at(26, 13, 30, 0)],
    ['for hours', { for: '2h' }, at(26, 15, 0, 0)],
    ['for days', { for: '3d' }, at(29, 13, 0, 0)],
    ['today: its end', { until: 'today' }, at(26, 23, 59, 59)],
    ['tomorrow', { until: 'tomorrow' }, at(27, 23, 59, 59)],
    ['a day of the week', { until: 'Friday' }, at(27, 23, 59, 59)],
    ['the day it is', { until: 'thursday' }, at(26, 23, 59, 59)],
    ['the day before it', { until: 'wednesday' }, at(26 + 6, 23, 59, 59)],
    ['a date', { until: '2026-11-28' }, at(28, 23, 59, 59)],
    ['a time', { until: '2026-11-28T18:00' }, at(28, 18, 0, 0)],
    ['a time somewhere else', { until: '2026-11-28T18:00:30Z' }, Date.UTC(2026, 10, 28, 18, 0, 30) / 1000],
  ];
  for (const [name, options, end] of table) test(name, () => assert.equal(toStopEnd(options, now), end));

  const bad: [name: string, options: { until?: string; for?: string }][] = [
    ['both', { until: 'friday', for: '2h' }],
    ['no span', { for: 'friday' }],
    ['a span without a unit', { for: '2' }],
    ['no time at all', { for: '0h' }],
    ['no day', { until: 'someday' }],
    ['a day that is not in the calendar', { until: '2027-02-31' }],
    ['a time of a day that is not in the calendar', { until: '2027-02-31T10:00' }],
    ['a day that has passed', { until: '2026-11-25' }],
    ['more than a year', { until: '2028-01-01' }],
    ['nothing', { until: '' }],
    ['a time that is none', { until: '2026-11-28T25:00' }],
  ];
  for (const [name, options] of bad) {
    test(`${name}: a problem that says how`, () => {
      assert.throws(() => toStopEnd(options, now), { name: 'Problem' });
    });
  }
});
