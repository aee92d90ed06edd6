import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accessTexts as texts } from '../../texts/access.ts';
import { cellWords, conditionWords, toDuration } from './cell-words.ts';
import type { Cell, Column, OpenedCell } from './model.ts';

const column: Column = {
  id: 'tracker',
  name: 'Tracker',
  ras: 'https://mcp.acme.example',
  enabled: true,
  scopes: [
    { name: 'issues:read', risk: 'low' },
    { name: 'issues:write', risk: 'high' },
  ],
};
const cell: Cell = { subject: 'group:data', server: 'tracker', allowed: [], conditional: [], denied: [], own: true };

describe('a cell in words', () => {
  const table: [cell: Partial<Cell> | undefined, words: string][] = [
    [undefined, 'Data on Tracker: no rule'],
    [{}, 'Data on Tracker: no rule'],
    [{ allowed: ['issues:read'] }, 'Data on Tracker: low risk all, high risk none'],
    [{ denied: ['issues:write'] }, 'Data on Tracker: refused by a rule'],
    [
      { allowed: ['issues:read'], denied: ['issues:write'], conditional: ['issues:read'], own: false },
      'Data on Tracker: low risk all, high risk none; a rule refuses some; with conditions; from a rule for everyone',
    ],
  ];
  for (const [given, words] of table) {
    test(words, () => assert.equal(cellWords({ name: 'Data' }, column, given && { ...cell, ...given }, texts), words));
  }
});

test('the conditions of a rule, a phrase each', () => {
  const rule: OpenedCell['rules'][number] = {
    id: 'r',
    effect: 'require',
    scopes: ['issues:write'],
    to: ['group:data'],
    through: ['claude-code'],
    needs: { acr: null, amr: ['mfa'], maxAgeSeconds: 28_800 },
    from: ['office'],
    notFrom: [],
    hours: null,
    until: Date.UTC(2026, 11, 4) / 1000,
  };
  assert.deepEqual(
    conditionWords(rule, () => 'Claude Code', texts),
    [
      'only through Claude Code',
      'a sign-in by mfa',
      'a sign-in at most 8 h old',
      'only from office',
      'until 2026-12-04',
    ],
  );
});

test('durations in the largest unit that says them exactly', () => {
  assert.deepEqual([86_400, 28_800, 5400, 61].map(toDuration), ['1 d', '8 h', '90 min', '61 s']);
});
