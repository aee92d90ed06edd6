import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Jwk, mintJws } from '@credence/mcp/protocol';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk, toSigner } from '../keys/signer.ts';
import { checkSubjectToken, createIdTokenVerifier, type ExpectedSubjectToken } from './subject-token.ts';

const issuer = 'https://id.acme.example';
const now = 1_800_000_000;
const expected: ExpectedSubjectToken = { issuer, clientId: 'claude-code', now, skewSeconds: 30 };
const claims = {
  iss: issuer,
  sub: 'u_1',
  aud: 'claude-code',
  iat: now - 10,
  exp: now + 3600,
  sid: 's1',
  auth_time: now - 10,
  amr: ['pwd'],
};

describe('IDP-11, IDP-12: whose ID Token it is, and for whom', () => {
  const table: [name: string, change: object, outcome: string][] = [
    ['as issued', {}, 'accepted'],
    ['wrong iss (B12)', { iss: 'https://other.example' }, 'subject_token_wrong_issuer'],
    ['of another client (B11)', { aud: 'vscode' }, 'subject_token_other_client'],
    ['two audiences and azp = us', { aud: ['claude-code', 'vscode'], azp: 'claude-code' }, 'accepted'],
    ['two audiences and no azp (B15)', { aud: ['claude-code', 'vscode'] }, 'subject_token_ambiguous_audience'],
    [
      'two audiences and azp = the other',
      { aud: ['claude-code', 'vscode'], azp: 'vscode' },
      'subject_token_ambiguous_audience',
    ],
    ['one audience and azp = another', { azp: 'vscode' }, 'subject_token_other_client'],
    ['expired this second (B12)', { exp: now }, 'subject_token_expired'],
    ['iat beyond the skew (B12)', { iat: now + 31 }, 'subject_token_not_yet_valid'],
    ['no exp', { exp: undefined }, 'subject_token_malformed'],
    ['exp as a string', { exp: String(now + 60) }, 'subject_token_malformed'],
    ['no sub', { sub: '' }, 'subject_token_malformed'],
    ['bound to a key', { cnf: { jkt: 'x' } }, 'accepted'],
    ['bound to a number', { cnf: { jkt: 7 } }, 'subject_token_malformed'],
    ['bound to nothing', { cnf: {} }, 'subject_token_malformed'],
    ['cnf is a name', { cnf: 'x' }, 'subject_token_malformed'],
    ['cnf is null', { cnf: null }, 'subject_token_malformed'],
    ['no sid', { sid: undefined }, 'subject_token_wrong_type'],
    [
      'a logout token (B14)',
      { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
      'subject_token_wrong_type',
    ],
  ];
  for (const [name, change, outcome] of table) {
    test(`${name}: ${outcome}`, () => {
      const result = checkSubjectToken({ header: {}, claims: { ...claims, ...change } }, expected);
      assert.equal(result.ok ? 'accepted' : result.refusal, outcome);
    });
  }

  test('by which key it was signed goes with it, so that the key can be stopped', () => {
    const kidOf = (kid: string | number | undefined) => {
      const result = checkSubjectToken({ header: kid === undefined ? {} : { kid }, claims }, expected);
      return result.ok ? result.value.kid : result.refusal;
    };
    assert.deepEqual([kidOf('k1'), kidOf(7), kidOf(undefined)], ['k1', undefined, undefined]);
  });
});

describe('the signature of an ID Token', () => {
  const key = generatePrivateJwk('RS256');
  const token = (by: PrivateJwk, header: object = {}) =>
    mintJws({ alg: by.alg, kid: by.kid, typ: 'JWT', ...header }, claims, toSigner(by).sign);
  const outcomeOf = (published: Jwk[], text: string) => {
    const result = createIdTokenVerifier(() => published).verify(text);
    return result.ok ? 'verified' : result.refusal;
  };
  const publicJwk = toPublicJwk(key);

  test('our key: verified', async () => assert.equal(outcomeOf([publicJwk], await token(key)), 'verified'));
  test('another key under our kid: refused', async () => {
    const other = { ...generatePrivateJwk('RS256'), kid: key.kid };
    assert.equal(outcomeOf([publicJwk], await token(other)), 'subject_token_bad_signature');
  });
  for (const typ of ['oauth-id-jag+jwt', 'at+jwt', 'logout+jwt', 'secevent+jwt', 7]) {
    test(`typ ${typ} (B14): refused`, async () => {
      assert.equal(outcomeOf([publicJwk], await token(key, { typ })), 'subject_token_wrong_type');
    });
  }
  for (const alg of ['none', 'HS256', 'PS256', 'ES256']) {
    test(`alg ${alg} (B13): refused`, async () => {
      assert.equal(outcomeOf([publicJwk], await token(key, { alg })), 'subject_token_bad_signature');
    });
  }

  test('T14: a remembered signature is forgotten with its key', async () => {
    let published = [publicJwk];
    const verifier = createIdTokenVerifier(() => published);
    const text = await token(key);
    for (let use = 0; use < 3; use++) assert.ok(verifier.verify(text).ok);
    published = [];
    assert.equal(verifier.verify(text).ok, false);
  });

  test('T14: one changed character is another token, also on a warm cache', async () => {
    const verifier = createIdTokenVerifier(() => [publicJwk]);
    const text = await token(key);
    assert.ok(verifier.verify(text).ok);
    const last = text.at(-1) === 'A' ? 'Q' : 'A';
    assert.equal(verifier.verify(text.slice(0, -1) + last).ok, false);
  });
});
