import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JsonObject, mintJws, type VerifySignature } from '@credence/mcp/protocol';
import { checkLogoutToken, verifyLogoutToken } from './logout-token.ts';

const now = 1_800_000_000;
const expected = { issuer: 'https://idp.acme.example', clientId: 'credence', now, skewSeconds: 30 };
const event = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const claims = {
  iss: expected.issuer,
  aud: 'credence',
  iat: now,
  exp: now + 120,
  jti: 'j',
  events: event,
  sid: 's',
  sub: 'u',
};

describe('B90, SIG-04: a logout token is nothing else, and nothing else is one', () => {
  const table: [name: string, change: JsonObject, header: JsonObject, isOk: boolean][] = [
    ['as it should be', {}, {}, true],
    ['typ in other case, with its prefix', {}, { typ: 'application/LOGOUT+JWT' }, true],
    ['typ JWT, of an older provider', {}, { typ: 'JWT' }, true],
    ['no typ', {}, { typ: undefined }, true],
    ['sid alone', { sub: undefined }, {}, true],
    ['sub alone', { sid: undefined }, {}, true],
    ['aud in a list', { aud: ['credence', 'other'] }, {}, true],
    ['no exp', { exp: undefined }, {}, true],
    ['late by less than the skew', { iat: now - 150, exp: now - 29 }, {}, true],
    ['early by the skew', { iat: now + 30 }, {}, true],
    ['a typ of another token', {}, { typ: 'at+jwt' }, false],
    ['another issuer', { iss: 'https://idp.acme.example/' }, {}, false],
    ['another client', { aud: 'other' }, {}, false],
    ['no aud', { aud: undefined }, {}, false],
    ['no iat', { iat: undefined }, {}, false],
    ['iat as text', { iat: String(now) }, {}, false],
    ['iat to come', { iat: now + 31 }, {}, false],
    ['old iat', { iat: now - 151 }, {}, false],
    ['expired', { exp: now - 30 }, {}, false],
    ['exp as text', { exp: 'never' }, {}, false],
    ['no jti', { jti: undefined }, {}, false],
    ['a jti of a kilobyte', { jti: 'j'.repeat(1000) }, {}, false],
    ['without events: an ID Token in its place', { events: undefined }, {}, false],
    ['another event', { events: { other: {} } }, {}, false],
    [
      'an event that is no object',
      { events: { ...event, 'http://schemas.openid.net/event/backchannel-logout': true } },
      {},
      false,
    ],
    ['with a nonce', { nonce: 'n' }, {}, false],
    ['with a nonce of null', { nonce: null }, {}, false],
    ['neither sub nor sid', { sub: undefined, sid: undefined }, {}, false],
    ['sid that is no text', { sid: 7 }, {}, false],
    ['sub that is empty', { sub: '' }, {}, false],
  ];
  for (const [name, change, header, isOk] of table) {
    test(`${name}: ${isOk ? 'taken' : 'refused'}`, () => {
      const jwt = JSON.parse(
        JSON.stringify({ header: { typ: 'logout+jwt', ...header }, claims: { ...claims, ...change } }),
      );
      assert.equal(checkLogoutToken(jwt, expected).ok, isOk);
    });
  }

  test('the mark outlives the last second in which the token would be taken', () => {
    const checked = checkLogoutToken({ header: {}, claims: { ...claims, exp: undefined } }, expected);
    assert.equal(checked.ok && checked.value.until, now + 150);
  });
});

describe('the signature', () => {
  const key = { kty: 'RSA', kid: 'k', alg: 'RS256' };
  const good: VerifySignature = () => true;
  const mint = (change: JsonObject = {}, header: JsonObject = {}) =>
    mintJws(
      { typ: 'logout+jwt', alg: 'RS256', kid: 'k', ...header },
      { ...claims, ...change },
      () => new Uint8Array([1]),
    );
  const outcome = async (text: string, keys: readonly (typeof key)[] | undefined, verify = good) => {
    let fetched = false;
    const keysOf = async () => {
      fetched = true;
      return keys;
    };
    const result = await verifyLogoutToken(text, expected, keysOf, verify);
    return [result.ok ? 'in' : result.refusal, fetched];
  };

  test('good: taken', async () => assert.deepEqual(await outcome(await mint(), [key]), ['in', true]));
  test('bad: refused', async () => {
    assert.deepEqual(await outcome(await mint(), [key], () => false), ['logout_token_invalid', true]);
  });
  test('of a key that is not theirs, or an algorithm that is not one', async () => {
    assert.deepEqual(await outcome(await mint({}, { kid: 'other' }), [key]), ['logout_token_invalid', true]);
    assert.deepEqual(await outcome(await mint({}, { alg: 'none' }), [key]), ['logout_token_invalid', true]);
    assert.deepEqual(await outcome(await mint({}, { alg: 'HS256' }), [key]), ['logout_token_invalid', true]);
  });
  test('keys that cannot be had are an outage, not a lie', async () => {
    assert.deepEqual(await outcome(await mint(), undefined), ['upstream_unreachable', true]);
  });
  test('nothing is fetched for what could not be one', async () => {
    assert.deepEqual(await outcome('not a token', [key]), ['logout_token_invalid', false]);
    assert.deepEqual(await outcome(await mint({ iss: 'https://evil.example' }), [key]), [
      'logout_token_invalid',
      false,
    ]);
  });
});
