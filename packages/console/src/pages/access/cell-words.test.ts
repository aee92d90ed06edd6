import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accessTexts as texts } from '../../texts/access.ts';
import { cellWords, conditionWords, foldedWords, toDuration } from './cell-words.ts';
import type { Cell, OpenedCell, ServerColumn } from './model.ts';

const column: ServerColumn = {
  kind: 'server',
  area: { id: 'work', name: 'Work' },
  id: 'tracker',
  name: 'Tracker',
  ras: 'https://mcp.acme.example',
  enabled: true,
  scopes: [
    { name: 'issues:read', risk: 'low' },
    { name: 'issues:write', risk: 'high' },
  ],
};
const cell: Cell = {
  subject: 'group:data',
  server: 'tracker',
  allowed: [],
  conditional: [],
  denied: [],
  own: true,
  changed: false,
};

describe('a cell in words', () => {
  const table: [cell: Partial<Cell> | undefined, words: string][] = [
    [undefined, 'Data on Tracker: no rule'],
    [{}, 'Data on Tracker: no rule'],
    [{ allowed: ['issues:read'] }, 'Data on Tracker: low risk all, high risk none'],
    [{ denied: ['issues:write'] }, 'Data on Tracker: refused by a rule'],
    [{ changed: true }, 'Data on Tracker: no rule; changed by the draft'],
    [{ denied: ['issues:write'], changed: true }, 'Data on Tracker: refused by a rule; changed by the draft'],
    [
      { allowed: ['issues:write'], changed: true },
      'Data on Tracker: low risk none, high risk all; changed by the draft',
    ],
    [
      { allowed: ['issues:read'], denied: ['issues:write'], conditional: ['issues:read'], own: false },
      'Data on Tracker: low risk all, high risk none; a rule refuses some; with conditions; from a rule for everyone',
    ],
  ];
  for (const [given, words] of table) {
    test(words, () => assert.equal(cellWords({ name: 'Data' }, column, given && { ...cell, ...given }, texts), words));
  }
});

describe('a folded area in words', () => {
  const area = { area: { id: 'work', name: 'Work' }, servers: 12 };
  const folded = {
    subject: 'group:data',
    area: 'work',
    bars: [{ level: 'low', has: 'all' }],
    allowed: 3,
    refused: 0,
    conditional: false,
    own: true,
    changed: false,
  } as const;

  test('nothing', () =>
    assert.equal(foldedWords({ name: 'Data' }, area, undefined, texts), 'Data on Work, 12 servers: no rule'));

  test('the most of each level, and on how many', () =>
    assert.equal(
      foldedWords({ name: 'Data' }, area, { ...folded, bars: [...folded.bars] }, texts),
      'Data on Work, 12 servers: at most low risk all; something on 3',
    ));

  test('all that there is to say', () =>
    assert.equal(
      foldedWords(
        { name: 'Data' },
        { ...area, servers: 1 },
        { ...folded, bars: [], allowed: 0, refused: 2, conditional: true, own: false, changed: true },
        texts,
      ),
      'Data on Work, 1 server: at most nothing; refused on 2; with conditions; from a rule for everyone; changed by the draft',
    ));
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
