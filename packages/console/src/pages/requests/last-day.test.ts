import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dayRange, lastDay } from './last-day.ts';

test('the last day that is proposed goes by how long it is wanted, thirty days for daily work', () => {
  const now = Date.UTC(2026, 11, 20, 23, 59);
  assert.deepEqual(
    (['day', 'week', 'work'] as const).map((wanted) => lastDay(wanted, now)),
    ['2026-12-21', '2026-12-27', '2027-01-19'],
  );
  assert.deepEqual(dayRange(now), { min: '2026-12-20', max: '2027-12-20' });
});
