import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { acrOf } from '../../policy/sign-in-levels.ts';
import { borrowedIdReason, createInteractionPolicy, needsConfirmation } from './interaction-policy.ts';

/** What a check looks at. */
interface Facts {
  readonly session?: { readonly accountId?: string; readonly acr?: string };
  readonly account?: object;
  readonly params?: { readonly acr_values?: string; readonly redirect_uri?: string; readonly id_token_hint?: string };
  readonly result?: { readonly login?: object; readonly consent?: object };
}
const contextOf = (oidc: Facts) => ({ oidc }) as unknown as KoaContextWithOIDC;

const samePerson = (_client: string | undefined, person: string) => person;

describe('when a person is asked for something', () => {
  const policy = createInteractionPolicy(samePerson);
  const asks = (prompt: string, reason: string, facts: Facts) => {
    const check = policy.get(prompt)?.checks.get(reason);
    assert.ok(check, reason);
    return check.check(contextOf(facts));
  };

  const hintOf = (sub: string) =>
    [{ alg: 'RS256' }, { sub }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') +
    '.AA';
  const signedIn = { accountId: 'u_1', acr: acrOf.password };
  const logins: [reason: string, name: string, facts: Facts, asked: boolean][] = [
    ['person_switched_off', 'nobody is signed in', { session: {} }, false],
    ['person_switched_off', 'somebody is', { session: signedIn, account: {} }, false],
    ['person_switched_off', 'somebody was, who is switched off', { session: signedIn }, true],
    ['acr_too_weak', 'nobody is signed in', { session: {}, params: { acr_values: 'phr' } }, false],
    ['acr_too_weak', 'nothing is asked for', { session: signedIn, params: {} }, false],
    ['acr_too_weak', 'what they have', { session: signedIn, params: { acr_values: acrOf.password } }, false],
    ['acr_too_weak', 'more than they have', { session: signedIn, params: { acr_values: acrOf.passkey } }, true],
    ['another_than_hinted', 'nobody is signed in', { session: {}, params: { id_token_hint: hintOf('u_1') } }, false],
    ['another_than_hinted', 'nobody is meant', { session: signedIn, params: {} }, false],
    ['another_than_hinted', 'whom it means', { session: signedIn, params: { id_token_hint: hintOf('u_1') } }, false],
    ['another_than_hinted', 'somebody else', { session: signedIn, params: { id_token_hint: hintOf('u_2') } }, true],
  ];
  for (const [reason, name, facts, asked] of logins) {
    test(`${reason}, ${name}: ${asked ? 'asked' : 'not asked'}`, () => {
      assert.equal(asks('login', reason, facts), asked);
    });
  }

  const [native, web] = ['http://localhost:51234/callback', 'https://portal.example/cb'];
  const consents: [name: string, facts: Facts, asked: boolean][] = [
    ['a native program', { params: { redirect_uri: native } }, true],
    ['a program with a web server', { params: { redirect_uri: web } }, false],
    [
      'a native program, and the person has signed in',
      { params: { redirect_uri: native }, result: { login: {} } },
      false,
    ],
    [
      'a native program, and the person has said so',
      { params: { redirect_uri: native }, result: { consent: {} } },
      false,
    ],
    [
      'a native program, and the person was asked something else',
      { params: { redirect_uri: native }, result: {} },
      true,
    ],
  ];
  for (const [name, facts, asked] of consents) {
    test(`T03, ${name}: ${asked ? 'asked' : 'not asked'}`, () => {
      assert.equal(needsConfirmation(contextOf(facts)), asked);
      assert.equal(asks('consent', borrowedIdReason, facts), asked);
    });
  }

  test('further reasons to ask for a sign-in are among the others', () => {
    const more = new interactionPolicy.Check('more', 'a reason', 'login_required', () => true);
    assert.equal(createInteractionPolicy(samePerson, [more]).get('login')?.checks.get('more'), more);
  });
});
