import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Rule } from '../packages/server/src/policy/compile-rules.ts';
import { meets, needsToEarn } from '../packages/server/src/policy/decide.ts';
import type { SignInNeeds } from '../packages/server/src/policy/model.ts';

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
      assert.deepEqual(needsToEarn(['write'], [], required, undefined), expected);
    });
  }

  test('only a rule that requires has needs', () => {
    const rules = [ruleOf('require', ['write'], { max_age: 60 }), ruleOf('allow', ['write'], { acr: 'gold' })];
    assert.deepEqual(needsToEarn(['write'], [], rules, undefined), { max_age: 60 });
  });

  test('all methods have to be such as can be earned here, not one of them', () => {
    const rules = [ruleOf('require', ['write'], { amr: ['otp', 'pwd'] })];
    const earnable = (...amr: string[]) => ({ acr: new Set<string>(), amr: new Set(amr) });
    assert.equal(needsToEarn(['write'], [], rules, earnable('pwd')), undefined);
    assert.deepEqual(needsToEarn(['write'], [], rules, earnable('pwd', 'otp')), { amr: ['otp', 'pwd'] });
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
