import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Line } from './line.ts';
import { toText, verdictOf } from './verdict.ts';

const called = { person: 'carol', client: 'Claude Code', server: 'Tracker' };

describe('a line as one sentence', () => {
  const table: [given: Partial<Line>, sentence: string, names?: Partial<Record<keyof typeof called, undefined>>][] = [
    [{ scopesAsked: ['w'] }, 'carol may not use w on Tracker through Claude Code.'],
    [{}, 'carol may not reach anything on Tracker through Claude Code.'],
    [
      { scopesAsked: ['w'], decision: { effect: 'step_up', because: [] } },
      'carol has to sign in again to use w on Tracker through Claude Code.',
    ],
    [
      { kind: 'issuance', outcome: 'allowed', scopesAsked: ['r'], scopesGranted: ['r'] },
      'carol may use r on Tracker through Claude Code.',
    ],
    [
      { kind: 'issuance', outcome: 'allowed', scopesAsked: ['r', 'w'], scopesGranted: ['r'] },
      'carol may use r on Tracker through Claude Code, and not w.',
    ],
    [{ kind: 'redemption', outcome: 'allowed' }, 'Claude Code was given a token on Tracker for carol.'],
    [{ kind: 'redemption' }, 'Claude Code was given no token on Tracker for carol.'],
    [{ kind: 'tool_call', outcome: 'allowed', tool: 'list' }, 'Claude Code called list on Tracker for carol.'],
    [{ kind: 'tool_call' }, 'Claude Code may not call something on Tracker for carol.'],
    [{ kind: 'refusal' }, 'Refusal: refused through Claude Code.', { server: undefined }],
    [{ kind: 'admin', outcome: 'allowed', detail: 'role given' }, 'Administration: role given.'],
    [{ kind: 'of later', outcome: 'allowed' }, 'of later.'],
    [{ scopesAsked: ['w'] }, 'Somebody unknown may not use w on Tracker through Claude Code.', { person: undefined }],
  ];
  for (const [given, sentence, names] of table) {
    test(sentence, () => {
      const line: Line = { id: 'd', kind: 'decision', domain: 'idp', timeMs: 1, outcome: 'refused', ...given };
      assert.equal(toText(verdictOf(line, { ...called, ...names })), sentence);
    });
  }
});
