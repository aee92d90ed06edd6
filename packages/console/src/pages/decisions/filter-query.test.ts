import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { canBeLive, fromTimeField, isNarrowed, readFilters, toQuery, toTimeField } from './filter-query.ts';

const now = 1_800_000_000_000;

describe('filters in an address, as the API takes them', () => {
  const table: [name: string, search: Record<string, unknown>, query: object][] = [
    ['none', {}, { kind: 'issuance,decision,refusal' }],
    ['everything', { show: 'all' }, {}],
    ['a view that is none', { show: 'toString' }, { kind: 'issuance,decision,refusal' }],
    ['calls that were refused', { show: 'calls', outcome: 'refused' }, { kind: 'tool_call', outcome: 'refused' }],
    ['an outcome that is none', { show: 'all', outcome: 'maybe' }, {}],
    ['an hour', { show: 'all', since: 'h1' }, { fromMs: now - 3_600_000 }],
    [
      'a time of day',
      { show: 'all', from: '2026-11-24T09:00Z', to: '2026-11-24T10:00Z' },
      { fromMs: 1795510800000, toMs: 1795514400000 },
    ],
    ['a span that is none', { show: 'all', since: 'toString' }, {}],
    ['a time that is none', { show: 'all', from: 'yesterday' }, {}],
    ['the first time there is', { show: 'all', from: '1970-01-01T00:00Z' }, { fromMs: 0 }],
    ['a time before there was any', { show: 'all', from: '1969-12-31T23:59Z' }, {}],
    ['a run', { show: 'all', run: 'abc', person: 'u_1' }, { correlation: 'abc', person: 'u_1' }],
    ['what is no text', { show: 'all', person: ['u_1'] }, {}],
  ];
  for (const [name, search, query] of table) {
    test(name, () => assert.deepEqual(toQuery(readFilters(search), now), query));
  }

  test('a time is shown by the clock of the reader, and stands in the address as the moment that it is', () => {
    const address = new Date(2026, 1, 3, 4, 5, 6, 7).toISOString();
    assert.equal(toTimeField(address), '2026-02-03T04:05');
    assert.equal(fromTimeField('2026-02-03T04:05'), new Date(2026, 1, 3, 4, 5).toISOString());
    assert.deepEqual(['', 'yesterday', '275761-01-01T00:00'].map(toTimeField), ['', '', '']);
    assert.deepEqual(['', 'yesterday', '275761-01-01T00:00'].map(fromTimeField), ['', '', '']);
  });

  test('what looks back, or at a run, is not live', () => {
    assert.deepEqual([{}, { toMs: 1 }, { correlation: 'x' }, { fromMs: 1 }].map(canBeLive), [true, false, false, true]);
  });

  test('another view is not narrower', () => {
    assert.equal(isNarrowed(readFilters({ show: 'all' })), false);
    assert.equal(isNarrowed(readFilters({ scope: 'a' })), true);
  });
});
