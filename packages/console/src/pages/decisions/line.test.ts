import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inWords, type Line, newestFirst, outcomeOf, personOf, short, whyOf, withheldOf } from './line.ts';

const line = (more: Partial<Line>): Line => ({
  id: 'd_1',
  kind: 'decision',
  domain: 'idp',
  timeMs: 1,
  outcome: 'refused',
  ...more,
});

describe('what became of it', () => {
  const table: [name: string, given: Partial<Line>, outcome: string][] = [
    ['refused', { reason: 'policy_denied' }, 'refused'],
    ['a sign-in would earn it', { decision: { effect: 'step_up', because: [] } }, 'again'],
    ['a reason that says so', { reason: 'too_old' }, 'again'],
    ['all of it', { outcome: 'allowed', scopesAsked: ['a'], scopesGranted: ['a'] }, 'allowed'],
    ['more than asked for by name', { outcome: 'allowed', scopesGranted: ['a'] }, 'allowed'],
    ['less', { outcome: 'allowed', scopesAsked: ['a', 'b'], scopesGranted: ['a'] }, 'narrowed'],
    ['an alert', { kind: 'alert', outcome: 'allowed' }, 'look'],
  ];
  for (const [name, given, outcome] of table) {
    test(name, () =>
      assert.equal(
        outcomeOf(line(given), (reason) => reason === 'too_old'),
        outcome,
      ),
    );
  }
});

test('of what was refused everything was withheld', () => {
  assert.deepEqual(withheldOf(line({ scopesAsked: ['a', 'b'] })), ['a', 'b']);
});

test('whom a server knows by the subject of our own identity provider is the person here; of another they are not', () => {
  const at = { person: 'a_1', subject: 'u_1', issuer: 'https://id.example' };
  assert.equal(personOf(line(at), 'https://id.example'), 'u_1');
  assert.equal(personOf(line(at), 'https://other.example'), 'a_1');
});

test('why, on one line', () => {
  const hint = (reason: string) => ({ policy_denied: 'denied', other: 'a hint' })[reason];
  assert.equal(whyOf(line({ reason: 'other' }), hint), 'a hint');
  assert.equal(whyOf(line({ reason: 'unheard_of' }), hint), 'unheard_of');
  assert.equal(
    whyOf(line({ reason: 'policy_denied', decision: { effect: 'deny', because: [] } }), hint),
    'no rule gives it',
  );
  const refused = { reason: 'policy_denied', decision: { effect: 'deny', because: ['out'] } };
  assert.equal(whyOf(line(refused), hint), 'refused by out');
  assert.equal(whyOf(line({ ...refused, reason: 'other' }), hint), 'a hint');
  assert.equal(whyOf(line({ outcome: 'allowed', detail: 'key made' }), hint), 'key made');
});

test('only what is long is cut', () => {
  assert.deepEqual(['d_345678901234', 'd_3456789012345'].map(short), ['d_345678901234', 'd_345678901…']);
});

test('names in a row', () => {
  assert.deepEqual([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(inWords), ['', 'a', 'a and b', 'a, b and c']);
});

test('a line stands once, and where it belongs, whether it came live or was found', () => {
  const at = (id: string, timeMs: number) => line({ id, timeMs });
  const live = [at('d_4', 40), at('d_1', 10)];
  const found = [at('d_4', 40), at('d_3', 30), at('d_2b', 20), at('d_2a', 20), at('d_1', 10)];
  const ids = newestFirst([...live, ...found]).map(({ id }) => id);
  assert.deepEqual(ids, ['d_4', 'd_3', 'd_2b', 'd_2a', 'd_1']);
});
