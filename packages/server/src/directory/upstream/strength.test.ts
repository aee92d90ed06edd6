import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AskedStrength, checkStrength, toStrength, toStrengthParameters } from './strength.ts';

const now = 1_800_000_000;
const covers = (held: string | undefined, asked: string) => held === asked || (held === 'phr' && asked === 'mfa');
const times = { startedAt: now - 20, now, skewSeconds: 30, covers };
const nothing: AskedStrength = { again: false, maxAge: undefined, acr: [] };

describe('what was asked of an upstream has to be in its answer', () => {
  const table: [name: string, asked: Partial<AskedStrength>, claims: object, outcome: string][] = [
    ['nothing asked, nothing said', {}, {}, 'in'],
    ['nothing asked, an old sign-in', {}, { auth_time: now - 99_999 }, 'in'],
    ['fresh enough', { maxAge: 300 }, { auth_time: now - 300 }, 'in'],
    ['at the edge of the skew', { maxAge: 300 }, { auth_time: now - 20 - 300 - 30 }, 'in'],
    ['max_age ignored', { maxAge: 300 }, { auth_time: now - 20 - 300 - 31 }, 'upstream_not_fresh'],
    ['max_age asked and no auth_time', { maxAge: 300 }, {}, 'upstream_not_fresh'],
    ['auth_time as text', { maxAge: 300 }, { auth_time: String(now) }, 'upstream_not_fresh'],
    ['max_age 0, proven since', { maxAge: 0 }, { auth_time: now - 5 }, 'in'],
    ['max_age 0, a session that stood', { maxAge: 0 }, { auth_time: now - 60 }, 'upstream_not_fresh'],
    ['again, proven since', { again: true }, { auth_time: now }, 'in'],
    ['again, ignored', { again: true }, { auth_time: now - 60 }, 'upstream_not_fresh'],
    ['again, and no auth_time', { again: true }, {}, 'upstream_not_fresh'],
    ['an authentication to come', {}, { auth_time: now + 31 }, 'upstream_answer_invalid'],
    ['a clock a little ahead', {}, { auth_time: now + 30 }, 'in'],
    ['one of the acr asked for', { acr: ['a', 'b'] }, { acr: 'b' }, 'in'],
    ['a stronger acr', { acr: ['mfa'] }, { acr: 'urn:there:phr' }, 'in'],
    ['a weaker acr', { acr: ['phr'] }, { acr: 'mfa' }, 'upstream_too_weak'],
    ['another acr', { acr: ['a'] }, { acr: 'b' }, 'upstream_too_weak'],
    ['no acr', { acr: ['a'] }, {}, 'upstream_too_weak'],
    ['acr as a list', { acr: ['a'] }, { acr: ['a'] }, 'upstream_too_weak'],
    ['in its own word for ours', { acr: ['phr'] }, { acr: 'urn:there:phr' }, 'in'],
    ['our word, which there means something else', { acr: ['phr'] }, { acr: 'phr' }, 'upstream_too_weak'],
  ];
  const there = new Map([['phr', 'urn:there:phr']]);
  for (const [name, asked, claims, outcome] of table) {
    test(`${name}: ${outcome}`, () => {
      const result = checkStrength(toStrength({ ...claims }, there), { ...nothing, ...asked }, times);
      assert.equal(result.ok ? 'in' : result.refusal, outcome);
    });
  }
});

test('what it says is carried as it is, and what it does not say is nowhere', () => {
  const said = toStrength({ auth_time: now, acr: 'two', amr: ['pwd', 7, 'mfa'] }, new Map());
  assert.deepEqual(said, { authTime: now, acr: 'two', amr: ['pwd', 'mfa'] });
  assert.equal(toStrength({ auth_time: now + 0.9 }, new Map()).authTime, now, 'in whole seconds');
  const [word, method] = ['x'.repeat(256), 'y'.repeat(64)];
  const edge = toStrength({ acr: word, amr: [method] }, new Map());
  assert.deepEqual([edge.acr, edge.amr], [word, [method]]);
  assert.deepEqual(toStrength({ amr: 'pwd' }, new Map()), { authTime: undefined, acr: undefined, amr: [] });
  const long = toStrength(
    { acr: 'x'.repeat(300), amr: Array.from({ length: 50 }, () => 'x'.repeat(70)).concat('mfa') },
    new Map(),
  );
  assert.deepEqual(long, { authTime: undefined, acr: undefined, amr: ['mfa'] });
});

test('the parameters of the request, in the words of the upstream', () => {
  const there = new Map([['phr', 'urn:there:phr']]);
  assert.deepEqual(toStrengthParameters(nothing, there), {});
  assert.deepEqual(toStrengthParameters({ again: true, maxAge: 0, acr: ['phr', 'x'] }, there), {
    max_age: '0',
    acr_values: 'urn:there:phr x',
  });
});
