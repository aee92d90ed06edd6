import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuditRecord } from '../audit/record.ts';
import { isSame } from './explain.ts';

const base = { v: 2, id: 'd_1', kind: 'issuance', domain: 'idp', timeMs: 1 } as const;
const allowed = { ...base, outcome: 'allowed', scopesGranted: ['a', 'b'] } as const;
const refused = { ...base, outcome: 'refused', reason: 'policy_denied' } as const;
const because: readonly string[] = [];

const table: [name: string, effect: 'allow' | 'deny', scopes: string[], record: AuditRecord, isAlike: boolean][] = [
  ['the same scopes, in another order', 'allow', ['b', 'a'], allowed, true],
  ['fewer than were given', 'allow', ['a'], allowed, false],
  ['more than were given', 'allow', ['a', 'b', 'c'], allowed, false],
  ['as many, and others', 'allow', ['a', 'c'], allowed, false],
  ['nothing, where something was given', 'deny', [], allowed, false],
  ['nothing, where nothing was given', 'deny', [], refused, true],
  ['something, where nothing was given', 'allow', ['a'], refused, false],
  ['what was withheld outside', 'allow', ['a', 'b', 'c'], { ...allowed, withheldOutside: ['c'] }, true],
  [
    'allowed by the rules, refused for something else',
    'allow',
    ['a'],
    { ...refused, decision: { effect: 'allow', because } },
    true,
  ],
  [
    'denied by the rules, and the record says so',
    'deny',
    [],
    { ...refused, decision: { effect: 'deny', because } },
    true,
  ],
];
for (const [name, effect, scopes, record, isAlike] of table) {
  test(`a decision that comes to ${name}: ${isAlike ? 'the same' : 'another'}`, () => {
    const explanation = { decision: { effect, scopes } } as unknown as Parameters<typeof isSame>[0];
    assert.equal(isSame(explanation, record), isAlike);
  });
}
