import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkAccessToken, type ExpectedAccessToken, isBound } from './access-token.ts';

const issuer = 'https://mcp.acme.example';
const resource = `${issuer}/tracker/mcp`;
const now = 1_800_000_000;
const expected: ExpectedAccessToken = { issuer, resource, now, skewSeconds: 30 };
const claims = {
  iss: issuer,
  sub: 'a_1',
  aud: resource,
  client_id: 'claude-code',
  jti: 't1',
  iat: now,
  exp: now + 600,
  scope: 'issues:read',
};
const table: [rule: string, name: string, header: object, change: object, outcome: string][] = [
  ['-', 'as issued', {}, {}, 'accepted'],
  ['MCS-05', 'an ID-JAG', { typ: 'oauth-id-jag+jwt' }, {}, 'token_wrong_type'],
  ['MCS-05', 'an ID Token', { typ: 'JWT' }, {}, 'token_wrong_type'],
  ['MCS-05', 'no typ', { typ: undefined }, {}, 'token_wrong_type'],
  ['MCS-04', 'another issuer', {}, { iss: 'https://id.acme.example' }, 'token_wrong_issuer'],
  ['MCS-04', 'another server', {}, { aud: `${issuer}/files/mcp` }, 'token_wrong_audience'],
  ['MCS-04', 'the RAS itself', {}, { aud: issuer }, 'token_wrong_audience'],
  ['MCS-04', 'a longer path', {}, { aud: `${resource}/more` }, 'token_wrong_audience'],
  ['MCS-04', 'no exp', {}, { exp: undefined }, 'token_claims_malformed'],
  ['MCS-04', 'expired this second', {}, { exp: now }, 'token_expired'],
  ['MCS-04', 'iat far ahead', {}, { iat: now + 31 }, 'token_claims_malformed'],
  ['MCS-04', 'nbf as far ahead as a clock may be', {}, { nbf: now + 30 }, 'accepted'],
  ['MCS-04', 'nbf yet to come (RFC 7519 §4.1.5)', {}, { nbf: now + 31 }, 'token_claims_malformed'],
  ['MCS-04', 'an nbf that is no date', {}, { nbf: `${now}` }, 'token_claims_malformed'],
  ['MCS-04', 'no sub', {}, { sub: undefined }, 'token_claims_malformed'],
  ['MCS-04', 'no client_id', {}, { client_id: undefined }, 'token_claims_malformed'],
  ['MCS-04', 'no jti', {}, { jti: '' }, 'token_claims_malformed'],
  ['MCS-04', 'scope as an array', {}, { scope: ['a'] }, 'token_claims_malformed'],
  ['MCS-04', 'no scope', {}, { scope: undefined }, 'accepted'],
  ['RAS-22', 'authorization details', {}, { authorization_details: [{ type: 'project' }] }, 'accepted'],
  ['RAS-22', 'details that are none', {}, { authorization_details: 'project' }, 'token_claims_malformed'],
  ['RAS-22', 'a detail without a type', {}, { authorization_details: [{}] }, 'token_claims_malformed'],
  ['MCS-11', 'bound to a key', {}, { cnf: { jkt: 'x' } }, 'accepted'],
  ['MCS-12', 'bound to a certificate', {}, { cnf: { 'x5t#S256': 'x'.repeat(43) } }, 'accepted'],
  ['MCS-12', 'bound to no SHA-256', {}, { cnf: { 'x5t#S256': 'x' } }, 'token_binding_unsupported'],
  [
    'MCS-12',
    'bound to a key and a certificate',
    {},
    { cnf: { jkt: 'x', 'x5t#S256': 'x'.repeat(43) } },
    'token_binding_unsupported',
  ],
  ['MCS-12', 'bound to something else', {}, { cnf: { kid: 'x' } }, 'token_binding_unsupported'],
];

describe('checkAccessToken, one rule a row', () => {
  for (const [rule, name, header, change, outcome] of table) {
    test(`${rule} ${name}: ${outcome}`, () => {
      const jwt = { header: { typ: 'at+jwt', ...header }, claims: { ...claims, ...change } };
      const result = checkAccessToken(jwt, expected);
      assert.equal(result.ok ? 'accepted' : result.refusal, outcome);
    });
  }
});

test('authorization details are handed to the server that enforces them', () => {
  const details = [{ type: 'project', actions: ['read'] }];
  const jwt = { header: { typ: 'at+jwt' }, claims: { ...claims, authorization_details: details } };
  const result = checkAccessToken(jwt, expected);
  assert.deepEqual(result.ok && result.value.details, details);
});

test('RAS-30: bound is what goes with a key or with a certificate', () => {
  const table: [keyThumbprint: string | undefined, certificateThumbprint: string | undefined, bound: boolean][] = [
    ['k', undefined, true],
    [undefined, 'c', true],
    [undefined, undefined, false],
  ];
  for (const [keyThumbprint, certificateThumbprint, bound] of table) {
    assert.equal(isBound({ keyThumbprint, certificateThumbprint }), bound);
  }
});
