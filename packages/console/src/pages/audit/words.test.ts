import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Findings } from '@credence/server/record-verification';
import { changesOf, toAbout, toActionQuery } from './actions-query.ts';
import { openOf, provenOf } from './found-words.ts';
import { saysOf } from './says.ts';
import { toBehind } from './span.ts';

describe('what verification proved, and what it did not', () => {
  const found: Findings = {
    lines: 90,
    chains: 2,
    startedAt: 0,
    erased: 0,
    checkpoints: 3,
    sealed: 80,
    unsealed: 10,
    sealedAtMs: 1,
    witnessed: 0,
  };
  const all = (findings: Findings, more: { wasPinned: boolean; behind: number }) =>
    [...provenOf(findings, more.wasPinned), '|', ...openOf(findings, more)].join(' ');

  test('with a pinned key and a witness: lines at the end, and the code itself, are left', () => {
    const words = all({ ...found, witnessed: 1 }, { wasPinned: true, behind: 0 });
    assert.match(words, /Lines 1 to 80 say what was written/);
    assert.match(words, /The key is the one that you pinned\. 1 checkpoint is what the witness/);
    const [, open = ''] = words.split('|');
    assert.match(open, /^ 10 lines at the end/);
    assert.doesNotMatch(open, /Pin it first|cut off|before/);
    assert.match(open, /its code came from the same server/);
  });

  test('without them, that is said', () => {
    const [, open = ''] = all(found, { wasPinned: false, behind: 0 }).split('|');
    assert.match(open, /^ That the key is the right one/);
    assert.match(open, /nothing was cut off at the end/);
  });

  test('what stands before a part was not looked at; what was removed is another thing', () => {
    const part = { ...found, startedAt: 500 };
    assert.match(all(part, { wasPinned: true, behind: 500 }), /The 500 lines before: they were not looked at/);
    assert.match(all(part, { wasPinned: true, behind: 0 }), /The 500 lines before are kept no more/);
    assert.match(all(part, { wasPinned: true, behind: 500 }), /Lines 501 to 580/);
  });

  test('what was erased', () => {
    assert.match(all({ ...found, erased: 1 }, { wasPinned: true, behind: 0 }), /Whom 1 line were about/);
  });
});

describe('what is verified', () => {
  test('the last lines, or all that are kept', () => {
    assert.equal(toBehind('few', 25_000), 15_000);
    assert.equal(toBehind('many', 25_000), 0);
    assert.equal(toBehind('all', 25_000), 0);
    assert.equal(toBehind('few', 0), 0);
  });
});

describe('what the page of the record opens with', () => {
  const witness = { kind: 'file' as const, at: '/mnt', number: 1, timeMs: 1 };
  const checkpoint = { number: 1 } as Parameters<typeof saysOf>[0]['checkpoint'];
  const state = { last: 5, checkpoint, witnesses: [witness], unwitnessedSinceMs: null };
  const table: [name: string, change: Partial<typeof state>, says: string][] = [
    ['nothing written', { last: 0 }, 'none'],
    ['nothing sealed', { checkpoint: null }, 'unsealed'],
    ['no witness', { witnesses: [] }, 'unwitnessed'],
    ['a witness that has all', {}, 'good'],
    ['a witness that hears of the last one just now', { unwitnessedSinceMs: 999_000 as never }, 'good'],
    ['a witness that has not heard for long', { unwitnessedSinceMs: 1 as never }, 'late'],
  ];
  for (const [name, change, says] of table) {
    test(`${name}: ${says}`, () => assert.equal(saysOf({ ...state, ...change }, 1_000_000), says));
  }
});

describe('what administrators did', () => {
  test('is asked for by kind, outcome, time and person', () => {
    assert.deepEqual(toActionQuery({ about: '', outcome: '', since: '', person: '', by: '', token: '' }, 0), {
      kind: 'admin,policy,directory,factor,key,alert,system',
    });
    const all = { about: 'people', outcome: 'refused', since: 'h1', person: 'u_1', by: 'u_2', token: 't_1' };
    assert.deepEqual(toActionQuery(all, 4_000_000), {
      kind: 'directory,factor',
      outcome: 'refused',
      person: 'u_1',
      by: 'u_2',
      token: 't_1',
      fromMs: 400_000,
    });
    assert.equal(toAbout('constructor'), 'all');
  });

  test('shows what is another than before', () => {
    const before = { role: 'auditor', name: 'a', gone: 1 };
    const after = { role: 'owner', name: 'a', list: ['x'] };
    assert.deepEqual(changesOf({ before, after }), [
      { name: 'role', before: 'auditor', after: 'owner' },
      { name: 'gone', before: '1', after: undefined },
      { name: 'list', before: undefined, after: '["x"]' },
    ]);
    assert.deepEqual(changesOf({}), []);
  });
});
