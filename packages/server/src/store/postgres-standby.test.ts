import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { riskOf } from './postgres-standby.ts';

describe('T22: what is said of a server whose place another may take', () => {
  const table: [what: string, state: Partial<Parameters<typeof riskOf>[0]>, said: RegExp | undefined][] = [
    ['alone', {}, undefined],
    ['with a copy that nobody waits for', { copies: 1 }, /no standby is synchronous/],
    ['with a copy of which we see nothing else', { copies: 1, hidden: 1 }, /no standby is synchronous/],
    ['with a synchronous standby', { copies: 1, confirming: 1, names: 's' }, undefined],
    ['with one, and a copy that nobody waits for', { copies: 2, confirming: 1, names: 's' }, undefined],
    ['with one that we cannot see', { copies: 1, hidden: 1, names: 's' }, /GRANT pg_monitor/],
    ['whose synchronous standby is gone', { names: 's' }, /nothing can be committed/],
    ['whose synchronous standby is gone, and a copy is there', { copies: 1, names: 's' }, /nothing can be committed/],
  ];
  for (const [what, state, said] of table) {
    test(`${what}: ${said ?? 'nothing'}`, () => {
      const words = riskOf({ copies: 0, confirming: 0, hidden: 0, names: '', ...state });
      if (said) assert.match(words ?? '', said);
      else assert.equal(words, undefined);
    });
  }
});
