import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type RecentLine, toRecentLine } from '../store/recent-lines.ts';
import { fromLineText, toLineText } from './line-text.ts';

const issued = { kind: 'issuance', timeMs: 5, body: '{}' };
const said = { domain: 'idp', outcome: 'allowed', scopesGranted: ['read'], scopesAsked: ['read', 'write'] };
const who = { person: 'u_1', client: 'notes', server: 'crm' };

const lines: readonly RecentLine[] = [
  toRecentLine(7, { ...issued, id: 'd_1', ...who, said, personal: '{"address":"::1"}' }),
  toRecentLine(8, { ...issued, id: 'd_2', said: { reason: 'policy_denied', unknownScopes: 1 } }),
  toRecentLine(9, { ...issued, id: 'd_3', person: '', client: 'mail', said: { ...said } }),
  toRecentLine(10, {
    ...issued,
    id: 'd_4',
    server: 'crm',
    said: { by: 'admin', credential: 'token', correlation: 't' },
  }),
];

test('lines that another process has written are what they were', () => {
  assert.deepEqual(fromLineText(toLineText(lines)), lines);
  assert.deepEqual(fromLineText(toLineText([])), []);
});

test('what many of them say is sent once, and kept once', () => {
  const many = Array.from({ length: 100 }, (_, at) => toRecentLine(at, { ...issued, id: 'd', said: { ...said } }));
  const text = toLineText(many);
  assert.equal(text.split('"scopesGranted"').length, 2);
  const [first, second] = [fromLineText(text), fromLineText(toLineText(lines))];
  assert.equal(first[0]?.said, first[99]?.said);
  assert.equal(first[0]?.said, second[0]?.said);
});
