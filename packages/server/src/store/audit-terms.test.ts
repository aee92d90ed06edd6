import assert from 'node:assert/strict';
import { test } from 'node:test';
import { factsOf } from './audit-terms.ts';

test('every fact of a line is told, by name, and each scope once', () => {
  const said = { outcome: 'allowed', reason: 'r', correlation: 'x', by: 'b', credential: 'k' };
  const line = { kind: 'issuance', timeMs: 0, person: 'p', client: 'c', server: 's' };
  assert.deepEqual(factsOf({ ...line, said: { ...said, scopesGranted: ['a'], scopesAsked: ['a', 'z', 5] } }), [
    ['kind', 'issuance'],
    ['person', 'p'],
    ['client', 'c'],
    ['server', 's'],
    ['outcome', 'allowed'],
    ['reason', 'r'],
    ['correlation', 'x'],
    ['by', 'b'],
    ['credential', 'k'],
    ['scope', 'a'],
    ['scope', 'z'],
  ]);
});

test('what a line does not say, or says in no text, is not told', () => {
  const said = {
    outcome: 1,
    reason: null,
    correlation: {},
    by: [],
    credential: true,
    scopesGranted: 'a',
    scopesAsked: 1,
  };
  assert.deepEqual(factsOf({ kind: 'system', timeMs: 0, said }), [['kind', 'system']]);
});
