import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Counted, createTally, dayMs, hourMs } from './audit-tally.ts';

function tallyOf(...lines: Counted[]) {
  const tally = createTally();
  for (const line of lines) tally.add(line);
  return tally.sums();
}

const issuance = { kind: 'issuance', timeMs: 0, client: 'c', server: 's', said: { domain: 'idp', outcome: 'allowed' } };

describe('lines in numbers', () => {
  test('by hour, kind, outcome and reason', () => {
    const refusal = { ...issuance, kind: 'refusal', said: { outcome: 'refused', reason: 'policy_denied' } };
    const { hours } = tallyOf(issuance, issuance, { ...issuance, timeMs: hourMs }, refusal, {
      kind: 'x',
      timeMs: 1,
      said: {},
    });
    assert.deepEqual(hours, [
      { hour: 0, kind: 'issuance', outcome: 'allowed', reason: '', lines: 2 },
      { hour: 1, kind: 'issuance', outcome: 'allowed', reason: '', lines: 1 },
      { hour: 0, kind: 'refusal', outcome: 'refused', reason: 'policy_denied', lines: 1 },
      { hour: 0, kind: 'x', outcome: '', reason: '', lines: 1 },
    ]);
  });

  test('by day for each client at each server, on each side, with the last time', () => {
    const said = { domain: 'ras', outcome: 'allowed' };
    const { days } = tallyOf(
      { ...issuance, timeMs: 5 },
      { ...issuance, timeMs: 3 },
      { ...issuance, kind: 'redemption', said },
      { ...issuance, kind: 'tool_call', said },
      { ...issuance, kind: 'decision', said: { domain: 'idp', outcome: 'refused' } },
      { ...issuance, kind: 'decision', said: { domain: 'idp', outcome: 'allowed' } },
      { ...issuance, timeMs: dayMs },
    );
    const none = { issued: 0, redeemed: 0, called: 0, refused: 0 };
    const [place, first] = [
      { server: 's', client: 'c' },
      { ...none, last_ms: 0 },
    ];
    assert.deepEqual(days, [
      { side: 'idp', day: 0, ...place, ...none, issued: 2, refused: 1, last_ms: 5 },
      { side: 'ras', day: 0, ...place, ...first, redeemed: 1, called: 1 },
      { side: 'idp', day: 1, ...place, ...none, issued: 1, last_ms: dayMs },
    ]);
  });

  test('of a line that names one of the two only, and not of one that names neither, or is about something else', () => {
    const { client: _, server: __, ...nobody } = issuance;
    const { days } = tallyOf({ ...nobody, client: 'c' }, { ...nobody, server: 's' }, nobody, {
      ...issuance,
      kind: 'sign_in',
    });
    assert.deepEqual(
      days.map(({ client, server }) => [client, server]),
      [
        ['c', ''],
        ['', 's'],
      ],
    );
  });

  const outcomes: [name: string, kind: string, said: object, outcome: string][] = [
    ['what was asked for', 'issuance', { scopesAsked: ['a', 'b'], scopesGranted: ['a', 'b'] }, 'allowed'],
    ['more than was asked for', 'issuance', { scopesAsked: ['a'], scopesGranted: ['a', 'b'] }, 'allowed'],
    ['less', 'issuance', { scopesAsked: ['a', 'b'], scopesGranted: ['a'] }, 'narrowed'],
    ['without those that are not known', 'issuance', { unknownScopes: 1 }, 'narrowed'],
    ['with none that is not known', 'issuance', { unknownScopes: 0 }, 'allowed'],
    ['with what is no number', 'issuance', { unknownScopes: '1' }, 'allowed'],
    ['nothing by name', 'issuance', { scopesGranted: ['a'] }, 'allowed'],
    ['less, of another kind', 'redemption', { scopesAsked: ['a', 'b'], scopesGranted: ['a'] }, 'allowed'],
    ['less, and refused', 'issuance', { scopesAsked: ['a'], scopesGranted: [], outcome: 'refused' }, 'refused'],
  ];
  for (const [name, kind, said, outcome] of outcomes) {
    test(`given ${name}: ${outcome}`, () => {
      const { hours } = tallyOf({ ...issuance, kind, said: { outcome: 'allowed', ...said } });
      assert.equal(hours[0]?.outcome, outcome);
    });
  }
});
