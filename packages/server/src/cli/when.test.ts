import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '../problem.ts';
import { toMs } from './when.ts';

const now = Date.parse('2026-11-26T09:30:15.250Z');

describe('a time as somebody types it', () => {
  const table: [text: string, from: string, to?: string][] = [
    ['now', '2026-11-26T09:30:15.250Z'],
    ['2h', '2026-11-26T07:30:15.250Z'],
    ['45 m', '2026-11-26T08:45:15.250Z'],
    ['10s', '2026-11-26T09:30:05.250Z'],
    ['3d ago', '2026-11-23T09:30:15.250Z'],
    ['1w', '2026-11-19T09:30:15.250Z'],
    ['today', '2026-11-26T00:00:00.000Z', '2026-11-27T00:00:00.000Z'],
    ['yesterday', '2026-11-25T00:00:00.000Z', '2026-11-26T00:00:00.000Z'],
    ['1970-01-01', '1970-01-01T00:00:00.000Z', '1970-01-02T00:00:00.000Z'],
    ['2026-02-28', '2026-02-28T00:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['2026-11-26T09:30', '2026-11-26T09:30:00.000Z'],
    ['2026-11-26 09:30:01.5', '2026-11-26T09:30:01.500Z'],
    ['2026-11-26T09:30Z', '2026-11-26T09:30:00.000Z'],
    ['2026-11-26T00:30+01:00', '2026-11-25T23:30:00.000Z'],
  ];
  for (const [text, from, to = from] of table) {
    test(`${text}: from ${from} to ${to}`, () => {
      assert.equal(new Date(toMs(text, now, 'from')).toISOString(), from);
      assert.equal(new Date(toMs(text, now, 'to')).toISOString(), to);
    });
  }
  for (const text of ['', 'soon', '2 hours', '-2h', '2026-02-30', '2026-13-01', '2026-11-26T25:00', '99999w', '1e3s']) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.throws(() => toMs(text, now, 'from'), Problem);
    });
  }
});
