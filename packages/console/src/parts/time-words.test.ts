import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toDayOrTime, toRelative } from './time-words.ts';

describe('how long ago', () => {
  const now = Date.UTC(2026, 10, 24, 12, 0, 0);
  const table: [secondsAgo: number, words: RegExp][] = [
    [2, /^just now$/],
    [9.999, /^just now$/],
    [10, /^10 s ago$/],
    [-20, /^just now$/],
    [-24.999, /^just now$/],
    [-25, /^in 25 s$/],
    [-40, /^in 40 s$/],
    [40, /^40 s ago$/],
    [60, /^1 min ago$/],
    [180, /^3 min ago$/],
    [-300, /^in 5 min$/],
    [3600, /^1 h ago$/],
    [5 * 3600, /^5 h ago$/],
    [86_400, /^Mon \d\d:00$/],
    [2 * 86_400, /^Sun \d\d:00$/],
    [6 * 86_400, /^18 Nov$/],
    [30 * 86_400, /^25 Oct$/],
    [400 * 86_400, /^20 Oct 2025$/],
  ];
  for (const [secondsAgo, words] of table) {
    test(`${secondsAgo} s`, () => assert.match(toRelative(now - secondsAgo * 1000, now), words));
  }
});

test('a line of a year ago does not look like one of today', () => {
  const now = new Date(2026, 10, 28, 12, 0, 0).getTime();
  const of = (...at: [year: number, month: number, day: number, hour: number]) =>
    toDayOrTime(new Date(...at).getTime(), now);
  assert.equal(of(2026, 10, 28, 9), '09:00:00');
  assert.equal(of(2026, 10, 27, 23), '27 Nov');
  assert.equal(of(2025, 10, 28, 9), '28 Nov 2025');
});
