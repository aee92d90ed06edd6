import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SignInNeeds } from './model.ts';
import {
  acrOf,
  acrToAskFor,
  bestOf,
  coversAcr,
  isAs,
  levelAskedFor,
  satisfiesRequest,
  strongerAcr,
  waysElsewhere,
  waysHere,
} from './sign-in-levels.ts';

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
  const all = ['pwd', 'otp', 'mfa', 'pop', 'user', 'hwk'];
  const [gold, ours] = [waysElsewhere(['gold'], all), waysElsewhere([passkey, 'gold', twoFactors], all)];
  const table: [ways: string, of: typeof waysHere, needs: SignInNeeds, acr: string | undefined][] = [
    ['here', waysHere, {}, undefined],
    ['here', waysHere, { max_age: 60 }, undefined],
    ['here', waysHere, { acr: password }, password],
    ['here', waysHere, { acr: 'gold' }, undefined],
    ['here', waysHere, { amr: ['mfa'] }, twoFactors],
    ['here', waysHere, { amr: ['otp', 'pwd'] }, twoFactors],
    ['here', waysHere, { amr: ['pwd'] }, password],
    ['here', waysHere, { amr: ['mfa', 'pop'] }, passkey],
    ['here', waysHere, { amr: ['swk'] }, passkey],
    ['here', waysHere, { acr: passkey, amr: ['mfa'] }, passkey],
    ['here', waysHere, { acr: twoFactors, amr: ['pop'] }, passkey],
    ['here', waysHere, { amr: ['retina'] }, undefined],
    ['there, in a word of its own', gold, { acr: 'gold', amr: ['mfa'] }, 'gold'],
    ['there, in a word of its own', gold, { amr: ['mfa'] }, undefined],
    ['there, in a word of its own', gold, { acr: twoFactors }, undefined],
    ['there, in words of ours too', ours, { amr: ['mfa'] }, twoFactors],
    ['there, in words of ours too', ours, { amr: ['pwd'] }, twoFactors],
    ['there, in words of ours too', ours, { acr: password }, twoFactors],
    ['there, in words of ours too', ours, { amr: ['user'] }, passkey],
    ['there, in words of ours too', ours, { amr: ['hwk'] }, undefined],
    ['there, in words of ours too', ours, { acr: 'gold', amr: ['hwk'] }, 'gold'],
    ['there, in words of ours too', ours, { acr: twoFactors, amr: ['hwk'] }, twoFactors],
    ['there, without words', waysElsewhere([], all), { amr: ['mfa'] }, undefined],
  ];
  for (const [where, ways, needs, acr] of table) {
    test(`${where}, ${JSON.stringify(needs)}: ${acr}`, () => assert.equal(acrToAskFor(needs, ways), acr));
  }
});

describe('ways to sign in', () => {
  const here = { password: waysHere.slice(0, 1), app: waysHere.slice(1, 2), passkey: waysHere.slice(2) };
  const elsewhere = waysElsewhere(['gold', 'silver'], ['mfa']);
  const table: [name: string, of: typeof waysHere, needs: SignInNeeds[], best: typeof waysHere][] = [
    ['nothing is needed', waysHere, [], here.passkey],
    ['what all of them have', waysHere, [{ amr: ['pwd'] }, { max_age: 60 }], here.passkey],
    ['what the strongest has too', waysHere, [{ acr: twoFactors }, { amr: ['mfa', 'pwd'] }], here.passkey],
    ['what only a weaker one has', waysHere, [{ amr: ['otp'] }], here.app],
    ['what each has alone', waysHere, [{ amr: ['otp'] }, { acr: passkey }], [...here.app, ...here.passkey]],
    ['what none has', waysHere, [{ amr: ['hwk'] }], here.passkey],
    ['two words, and one is needed', elsewhere, [{ acr: 'gold' }], elsewhere.slice(0, 1)],
    ['two words, and both are needed', elsewhere, [{ acr: 'gold' }, { acr: 'silver' }], elsewhere],
    ['no words', waysElsewhere([], []), [{ acr: 'gold' }], [{ acr: undefined, amr: [] }]],
  ];
  for (const [name, ways, needs, best] of table) {
    test(`the best where ${name}`, () => assert.deepEqual(bestOf(ways, needs), best));
  }

  test('a code and a passkey are never shown in one sign-in here, and elsewhere they may be', () => {
    const both = { amr: ['otp', 'pop'] };
    assert.ok(!waysHere.some((way) => isAs(both, way)));
    assert.ok(waysElsewhere([], ['otp', 'pop']).some((way) => isAs(both, way)));
  });
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
