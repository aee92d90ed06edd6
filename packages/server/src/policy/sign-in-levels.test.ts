import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SignInNeeds } from './model.ts';
import { acrOf, acrToAskFor, coversAcr, levelAskedFor, satisfiesRequest, strongerAcr } from './sign-in-levels.ts';

const { password, twoFactors, passkey } = acrOf;

describe('how strong a sign-in was', () => {
  const covers: [held: string | undefined, asked: string, does: boolean][] = [
    [password, password, true],
    [twoFactors, password, true],
    [passkey, twoFactors, true],
    [passkey, password, true],
    [password, twoFactors, false],
    [twoFactors, passkey, false],
    [undefined, password, false],
    ['gold', 'gold', true],
    ['gold', password, false],
    [passkey, 'gold', false],
    ['gold', 'silver', false],
  ];
  for (const [held, asked, does] of covers) {
    test(`${held} ${does ? 'covers' : 'does not cover'} ${asked}`, () => assert.equal(coversAcr(held, asked), does));
  }

  const sums: [one: string, other: string, sum: string | undefined][] = [
    [password, passkey, passkey],
    [passkey, password, passkey],
    [twoFactors, twoFactors, twoFactors],
    ['gold', 'gold', 'gold'],
    ['gold', 'silver', undefined],
    ['gold', password, undefined],
  ];
  for (const [one, other, sum] of sums) {
    test(`${one} and ${other}: ${sum}`, () => assert.equal(strongerAcr(one, other), sum));
  }
});

describe('RFC 9470 §3: what is asked for in acr_values, since methods cannot be', () => {
  const table: [needs: SignInNeeds, acr: string | undefined][] = [
    [{}, undefined],
    [{ max_age: 60 }, undefined],
    [{ acr: 'gold' }, 'gold'],
    [{ amr: ['mfa'] }, twoFactors],
    [{ amr: ['otp', 'pwd'] }, twoFactors],
    [{ amr: ['pwd'] }, password],
    [{ amr: ['mfa', 'pop'] }, passkey],
    [{ amr: ['swk'] }, passkey],
    [{ acr: passkey, amr: ['mfa'] }, passkey],
    [{ acr: twoFactors, amr: ['pop'] }, passkey],
    [{ acr: 'gold', amr: ['mfa'] }, 'gold'],
    [{ amr: ['retina'] }, undefined],
  ];
  for (const [needs, acr] of table) {
    test(`${JSON.stringify(needs)}: ${acr}`, () => assert.equal(acrToAskFor(needs), acr));
  }
});

describe('a sign-in satisfies a request', () => {
  const table: [held: string | undefined, values: unknown, does: boolean][] = [
    [password, undefined, true],
    [password, 'gold', true],
    [password, twoFactors, false],
    [passkey, twoFactors, true],
    ['gold', `gold ${passkey}`, true],
    ['gold', passkey, false],
    [undefined, password, false],
  ];
  for (const [held, values, does] of table) {
    test(`${held} for ${values}: ${does}`, () => assert.equal(satisfiesRequest(held, values), does));
  }
});

describe('what a request with acr_values needs', () => {
  const table: [values: unknown, level: string | undefined][] = [
    [undefined, undefined],
    ['', undefined],
    ['gold', undefined],
    [passkey, passkey],
    [`gold ${passkey} ${twoFactors}`, twoFactors],
    [`${passkey}x`, undefined],
    [7, undefined],
  ];
  for (const [values, level] of table) {
    test(`${values}: ${level}`, () => assert.equal(levelAskedFor(values), level));
  }
});
