import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rule } from '../packages/server/src/policy/compile-rules.ts';
import { meets, needsToEarn, toRequest } from '../packages/server/src/policy/decide.ts';
import type { Ask, SignInNeeds } from '../packages/server/src/policy/model.ts';
import { waysElsewhere, waysHere } from '../packages/server/src/policy/sign-in-levels.ts';

const ruleOf = (effect: Rule['effect'], scopes: string[], needs: SignInNeeds): Rule => ({
  id: 'r',
  position: 0,
  effect,
  scopes: new Set(scopes),
  details: new Set(),
  to: [],
  through: undefined,
  needs,
  when: undefined,
});

const words = ['silver', 'iron', 'phr', 'gold'];
// As strong as two words at once where they are ours, and never more than one of somebody else's.
const anything = waysElsewhere(words, ['pwd', 'otp']);

describe('IDP-24: what the next sign-in has to be like, "only if a fresher sign-in could succeed"', () => {
  const needs: [name: string, rules: [scope: string, needs: SignInNeeds][], needs: SignInNeeds | undefined][] = [
    ['an age alone', [['write', { max_age: 60 }]], { max_age: 60 }],
    ['an acr alone', [['write', { acr: 'gold' }]], { acr: 'gold' }],
    [
      'an acr and an age',
      [
        ['write', { acr: 'gold' }],
        ['write', { max_age: 60 }],
      ],
      { acr: 'gold', max_age: 60 },
    ],
    [
      'an age and an acr',
      [
        ['write', { max_age: 60 }],
        ['write', { acr: 'gold' }],
      ],
      { acr: 'gold', max_age: 60 },
    ],
    [
      'one acr twice',
      [
        ['write', { acr: 'gold' }],
        ['write', { acr: 'gold' }],
      ],
      { acr: 'gold' },
    ],
    [
      'two different acr',
      [
        ['write', { acr: 'gold' }],
        ['write', { acr: 'iron' }],
      ],
      undefined,
    ],
    [
      'the stronger of two that we know',
      [
        ['write', { acr: 'phr' }],
        ['write', { acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport' }],
      ],
      { acr: 'phr' },
    ],
    [
      'two different acr, and a rule after them',
      [
        ['write', { acr: 'gold' }],
        ['write', { acr: 'iron' }],
        ['write', { max_age: 60 }],
      ],
      undefined,
    ],
    [
      'two different acr and an age',
      [
        ['write', { acr: 'gold' }],
        ['write', { acr: 'iron', max_age: 60 }],
      ],
      undefined,
    ],
    [
      'the smaller of two ages',
      [
        ['write', { max_age: 60 }],
        ['write', { max_age: 30 }],
      ],
      { max_age: 30 },
    ],
    [
      'both of two methods',
      [
        ['write', { amr: ['pwd'] }],
        ['write', { amr: ['otp'] }],
      ],
      { amr: ['otp', 'pwd'] },
    ],
    [
      'nothing for another scope',
      [
        ['write', { max_age: 60 }],
        ['purge', { acr: 'gold' }],
      ],
      { max_age: 60 },
    ],
  ];
  for (const [name, rules, expected] of needs) {
    test(`${name}: ${JSON.stringify(expected)}`, () => {
      const required = rules.map(([scope, each]) => ruleOf('require', [scope], each));
      assert.deepEqual(needsToEarn(['write'], [], required, anything), expected);
    });
  }

  test('only a rule that requires has needs', () => {
    const rules = [ruleOf('require', ['write'], { max_age: 60 }), ruleOf('allow', ['write'], { acr: 'gold' })];
    assert.deepEqual(needsToEarn(['write'], [], rules, anything), { max_age: 60 });
  });

  test('all methods have to be such as can be earned here, not one of them', () => {
    const rules = [ruleOf('require', ['write'], { amr: ['otp', 'pwd'] })];
    const earnable = (...amr: string[]) => waysElsewhere([], amr);
    assert.equal(needsToEarn(['write'], [], rules, earnable('pwd')), undefined);
    assert.deepEqual(needsToEarn(['write'], [], rules, earnable('pwd', 'otp')), { amr: ['otp', 'pwd'] });
  });

  test('methods that no one sign-in here shows together cannot be earned, each alone or not', () => {
    const rules = [ruleOf('require', ['write'], { amr: ['otp'] }), ruleOf('require', ['write'], { amr: ['pop'] })];
    assert.equal(needsToEarn(['write'], [], rules, waysHere), undefined);
    assert.deepEqual(needsToEarn(['write'], [], rules.slice(0, 1), waysHere), { amr: ['otp'] });
    const passkeyToo = [...rules.slice(0, 1), ruleOf('require', ['write'], { acr: 'phr' })];
    assert.equal(needsToEarn(['write'], [], passkeyToo, waysHere), undefined, 'nor with an acr that comes without it');
  });

  test('a stronger sign-in meets what a weaker one does, and not the other way round', () => {
    const ask = { person: { id: 'u', groups: [], roles: [] }, client: 'c', server: 's', scopes: ['write'] };
    const signIn = (acr: string) => ({ ...ask, acr, amr: [], authTime: 1, now: 1 });
    const twoFactors = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';
    assert.equal(meets({ acr: twoFactors }, signIn('phr')), true);
    assert.equal(meets({ acr: 'phr' }, signIn(twoFactors)), false);
  });

  test('all methods have to have been used, not one of them', () => {
    const ask = { person: { id: 'u', groups: [], roles: [] }, client: 'c', server: 's', scopes: ['write'] };
    const signIn = (amr: string[]) => ({ ...ask, acr: undefined, amr, authTime: 1, now: 1 });
    assert.equal(meets({ amr: ['pwd', 'otp'] }, signIn(['pwd'])), false);
    assert.equal(meets({ amr: ['pwd', 'otp'] }, signIn(['otp', 'pwd'])), true);
  });
});

describe('IDP-24: the request for it is one that the sign-in that is there does not answer, or it would go round in circles', () => {
  const twoFactors = 'http://schemas.openid.net/pape/policies/2007/06/multi-factor';
  const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport';
  const signIn = (acr: string | undefined, amr: string[], ageSeconds: number | undefined): Ask => ({
    person: { id: 'u', groups: [], roles: [] },
    client: 'c',
    server: 's',
    scopes: ['write'],
    acr,
    amr,
    authTime: ageSeconds === undefined ? undefined : 1_000_000 - ageSeconds,
    now: 1_000_000,
  });
  const passkey = signIn('phr', ['pop', 'user', 'mfa'], 10);
  const [theirs, wordless] = [waysElsewhere(['gold'], ['hwk', 'mfa']), waysElsewhere([], ['hwk', 'mfa'])];
  const table: [name: string, needs: SignInNeeds, had: Ask, ways: typeof waysHere, says: SignInNeeds][] = [
    ['a word that it lacks', { amr: ['mfa'] }, signIn(undefined, [], 10), waysHere, { acr: twoFactors }],
    ['a word that it covers', { amr: ['otp'] }, passkey, waysHere, { acr: twoFactors, max_age: 0 }],
    ['an age that has passed', { max_age: 60 }, signIn(undefined, [], 61), waysHere, { max_age: 60 }],
    ['an age that is unknown', { max_age: 60 }, signIn(undefined, [], undefined), waysHere, { max_age: 60 }],
    ['an age that has not passed', { amr: ['hwk'], max_age: 60 }, signIn('gold', [], 60), theirs, { max_age: 0 }],
    ['an age that has, and no word', { amr: ['hwk'], max_age: 60 }, signIn('gold', [], 61), theirs, { max_age: 60 }],
    ['a covered word, an age that has', { amr: ['pwd'], max_age: 5 }, passkey, waysHere, { acr: password, max_age: 5 }],
    ['neither word nor age', { amr: ['hwk'] }, signIn('gold', ['mfa'], 10), theirs, { max_age: 0 }],
    ['a method that a word of ours means, which is not theirs', { amr: ['mfa'] }, passkey, theirs, { max_age: 0 }],
    ['no words at all', { amr: ['hwk'] }, passkey, wordless, { max_age: 0 }],
    ['a word of theirs that it has', { acr: 'gold', amr: ['mfa'] }, signIn('gold', [], 9), theirs, { max_age: 0 }],
    ['a word of theirs that it lacks', { acr: 'gold', amr: ['mfa'] }, passkey, theirs, { acr: 'gold' }],
  ];
  for (const [name, needs, had, ways, says] of table) {
    test(`${name}: ${JSON.stringify(says)}`, () => {
      const request = toRequest(needs, had, ways);
      const { acr, max_age } = request;
      assert.deepEqual(request, { ...needs, ...says });
      assert.equal(meets({ acr, max_age }, { ...had, now: had.now + 1 }), false, 'a second later, at /auth');
    });
  }
});
