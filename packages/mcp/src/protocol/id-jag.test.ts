import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkIdJag, type ExpectedIdJag, toEpochClaim } from './id-jag.ts';

const us = 'https://mcp.acme.example';
const now = 1_800_000_000;
const expected: ExpectedIdJag = { issuer: us, clientId: 'claude-code', now, skewSeconds: 30, maxLifetimeSeconds: 600 };
const claims = {
  iss: 'https://id.acme.example',
  sub: 'u_1',
  aud: us,
  client_id: 'claude-code',
  jti: 'j1',
  iat: now,
  exp: now + 300,
  resource: `${us}/tracker/mcp`,
  scope: 'issues:read issues:write',
};
const outcomeOf = (change: object) => {
  const result = checkIdJag({ header: {}, claims: { ...claims, ...change } }, expected);
  return result.ok ? 'accepted' : result.refusal;
};

test('who it is about is taken over as it is said; email_verified counts as true only', () => {
  const said = { tenant: 'acme', aud_sub: 'a_1', email: 'erin@acme.example' };
  const saidBy = (change: object) => {
    const result = checkIdJag({ header: {}, claims: { ...claims, ...said, ...change } }, expected);
    assert.ok(result.ok);
    const { tenant, audSub, email, emailVerified } = result.value;
    return [tenant, audSub, email, emailVerified];
  };
  assert.deepEqual(saidBy({}), ['acme', 'a_1', 'erin@acme.example', undefined]);
  assert.deepEqual(saidBy({ email_verified: true })[3], true);
  for (const other of [false, 'true', 1, null]) assert.deepEqual(saidBy({ email_verified: other })[3], false);
});

test('B62: scope as a JSON array only where it is accepted, and every item one scope', () => {
  const outcome = (scope: unknown, acceptsScopeArray: boolean) => {
    const result = checkIdJag({ header: {}, claims: { ...claims, scope } }, { ...expected, acceptsScopeArray });
    return result.ok ? result.value.scopes : result.refusal;
  };
  assert.equal(outcome(['a'], false), 'id_jag_scope_malformed');
  assert.deepEqual(outcome(['a', 'b'], true), ['a', 'b']);
  assert.deepEqual(outcome('a b', true), ['a', 'b']);
  assert.equal(outcome([], true), undefined);
  for (const other of [['a', 1], ['a', ''], ['a"b'], 7, { a: 1 }]) {
    assert.equal(outcome(other, true), 'id_jag_scope_malformed');
  }
});

test('RAS-22: authorization details are one to twenty objects with a type', () => {
  const outcome = (authorization_details: unknown) => {
    const result = checkIdJag({ header: {}, claims: { ...claims, authorization_details } }, expected);
    return result.ok ? result.value.details : result.refusal;
  };
  assert.deepEqual(outcome([{ type: 'a' }]), [{ type: 'a' }]);
  assert.equal(outcome(undefined), undefined);
  const twentyOne = Array(21).fill({ type: 'a' });
  for (const other of [null, '[]', {}, [], [{}], [{ type: '' }], ['a'], twentyOne]) {
    assert.equal(outcome(other), 'id_jag_details_malformed');
  }
});

test('RAS-28: aud_tenant must be what this issuer calls us', () => {
  const outcome = (aud_tenant: unknown) => {
    const result = checkIdJag({ header: {}, claims: { ...claims, aud_tenant } }, { ...expected, audTenant: 'us' });
    return result.ok ? 'accepted' : result.refusal;
  };
  assert.equal(outcome('us'), 'accepted');
  for (const other of [undefined, 'US', ['us'], null]) assert.equal(outcome(other), 'id_jag_tenant_unexpected');
});

const table: [rule: string, name: string, change: object, outcome: string][] = [
  ['-', 'as issued', {}, 'accepted'],
  ['RAS-08', 'our issuer in an array of one', { aud: [us] }, 'accepted'],
  ['RAS-08', 'our issuer beside another', { aud: [us, 'https://other.example'] }, 'id_jag_wrong_audience'],
  ['RAS-08', 'our issuer twice', { aud: [us, us] }, 'id_jag_wrong_audience'],
  ['RAS-08', 'an empty array', { aud: [] }, 'id_jag_wrong_audience'],
  ['RAS-08', 'no aud', { aud: undefined }, 'id_jag_wrong_audience'],
  ['RAS-08', 'a trailing slash', { aud: `${us}/` }, 'id_jag_wrong_audience'],
  ['RAS-08', 'the token endpoint', { aud: `${us}/token` }, 'id_jag_wrong_audience'],
  ['RAS-08', 'upper case', { aud: us.toUpperCase() }, 'id_jag_wrong_audience'],
  ['RAS-08', 'a number', { aud: 1 }, 'id_jag_wrong_audience'],
  ['RAS-09', 'another client', { client_id: 'vscode' }, 'id_jag_other_client'],
  ['RAS-09', 'no client_id', { client_id: undefined }, 'id_jag_other_client'],
  ['RAS-10', 'no exp', { exp: undefined }, 'id_jag_time_malformed'],
  ['RAS-10', 'exp as a string', { exp: String(now + 300) }, 'id_jag_time_malformed'],
  ['RAS-10', 'exp without end', { exp: Number.POSITIVE_INFINITY }, 'id_jag_time_malformed'],
  ['RAS-10', 'exp negative', { exp: -1 }, 'id_jag_time_malformed'],
  ['RAS-10', 'no iat', { iat: undefined }, 'id_jag_time_malformed'],
  ['RAS-10', 'nbf as a string', { nbf: 'now' }, 'id_jag_time_malformed'],
  ['RAS-10', 'expired within the skew', { iat: now - 300, exp: now - 29 }, 'accepted'],
  ['RAS-10', 'expired beyond the skew', { iat: now - 300, exp: now - 30 }, 'id_jag_expired'],
  ['RAS-10', 'iat ahead within the skew', { iat: now + 30 }, 'accepted'],
  ['RAS-10', 'iat ahead beyond the skew', { iat: now + 31, exp: now + 300 }, 'id_jag_not_yet_valid'],
  ['RAS-10', 'nbf ahead beyond the skew', { nbf: now + 31 }, 'id_jag_not_yet_valid'],
  ['RAS-10', 'a life of a year', { exp: now + 31_536_000 }, 'id_jag_lives_too_long'],
  ['RAS-10', 'a life at the ceiling', { exp: now + 600 }, 'accepted'],
  ['RAS-10', 'exp before iat', { iat: now + 20, exp: now + 10 }, 'id_jag_lives_too_long'],
  ['RAS-10', 'a session that ends in a second', { session_expiry: now + 1 }, 'accepted'],
  ['RAS-10', 'a session that ends now', { session_expiry: now }, 'id_jag_session_ended'],
  ['RAS-10', 'a session that ends within this second', { session_expiry: now + 0.9 }, 'id_jag_session_ended'],
  ['RAS-10', 'the end of a session as a string', { session_expiry: String(now + 1) }, 'id_jag_time_malformed'],
  ['RAS-11', 'no sub', { sub: undefined }, 'id_jag_subject_malformed'],
  ['RAS-11', 'an empty sub', { sub: '' }, 'id_jag_subject_malformed'],
  ['RAS-11', 'sub as an object', { sub: { id: 'u_1' } }, 'id_jag_subject_malformed'],
  ['RAS-11', 'NUL in sub', { sub: 'u\0' }, 'id_jag_subject_malformed'],
  ['RAS-11', 'C1 control in sub', { sub: 'u\x9b31m' }, 'id_jag_subject_malformed'],
  ['RAS-11', 'half a surrogate pair in sub', { sub: 'u\ud83d' }, 'id_jag_subject_malformed'],
  ['RAS-11', 'a whole surrogate pair in sub', { sub: 'u\ud83d\ude00' }, 'accepted'],
  ['RAS-11', 'the other half in jti', { jti: '\ude00' }, 'id_jag_jti_malformed'],
  ['RAS-11', 'a sub of 10 KB', { sub: 'u'.repeat(10_240) }, 'id_jag_subject_malformed'],
  ['RAS-11', 'no jti', { jti: undefined }, 'id_jag_jti_malformed'],
  ['RAS-11', 'an empty jti', { jti: '' }, 'id_jag_jti_malformed'],
  ['RAS-11', 'a jti of 256', { jti: 'j'.repeat(256) }, 'accepted'],
  ['RAS-11', 'a jti of 257', { jti: 'j'.repeat(257) }, 'id_jag_jti_malformed'],
  ['RAS-14', 'resource as an array', { resource: [`${us}/a/mcp`, `${us}/b/mcp`] }, 'accepted'],
  ['RAS-14', 'resource as an empty array', { resource: [] }, 'id_jag_resource_malformed'],
  ['RAS-14', 'resource as a number', { resource: 7 }, 'id_jag_resource_malformed'],
  ['RAS-14', 'no resource', { resource: undefined }, 'accepted'],
  ['RAS-18', 'scope as an array', { scope: ['issues:read'] }, 'id_jag_scope_malformed'],
  ['RAS-18', 'scope with a double blank', { scope: 'a  b' }, 'id_jag_scope_malformed'],
  ['RAS-18', 'scope as a number', { scope: 7 }, 'id_jag_scope_malformed'],
  ['RAS-29', 'cnf.jkt', { cnf: { jkt: 'x' } }, 'accepted'],
  ['RAS-31', 'cnf of a certificate', { cnf: { 'x5t#S256': 'x'.repeat(43) } }, 'accepted'],
  ['RAS-31', 'cnf of a certificate, no SHA-256', { cnf: { 'x5t#S256': 'x' } }, 'id_jag_binding_unsupported'],
  ['RAS-31', 'cnf of a certificate, a number', { cnf: { 'x5t#S256': 7 } }, 'id_jag_binding_unsupported'],
  [
    'RAS-31',
    'cnf of a certificate and more',
    { cnf: { 'x5t#S256': 'x'.repeat(43), kid: 'k' } },
    'id_jag_binding_unsupported',
  ],
  ['RAS-31', 'cnf of an unknown kind (B64)', { cnf: { kid: 'x' } }, 'id_jag_binding_unsupported'],
  [
    'RAS-31',
    'cnf of both kinds (B64)',
    { cnf: { jkt: 'x', 'x5t#S256': 'x'.repeat(43) } },
    'id_jag_binding_unsupported',
  ],
  ['RAS-31', 'cnf empty', { cnf: {} }, 'id_jag_binding_unsupported'],
  ['RAS-31', 'cnf.jkt a number', { cnf: { jkt: 7 } }, 'id_jag_binding_unsupported'],
  ['RAS-28', 'aud_tenant of another customer', { aud_tenant: 'other' }, 'id_jag_tenant_unexpected'],
  ['RAS-28', 'tenant a number', { tenant: 7 }, 'id_jag_tenant_unexpected'],
  ['RAS-28', 'tenant empty', { tenant: '' }, 'id_jag_tenant_unexpected'],
  ['RAS-28', 'a tenant of 257', { tenant: 't'.repeat(257) }, 'id_jag_tenant_unexpected'],
  ['RAS-23', 'aud_sub a number', { aud_sub: 7 }, 'id_jag_subject_malformed'],
  ['RAS-23', 'aud_sub empty', { aud_sub: '' }, 'id_jag_subject_malformed'],
  ['RAS-07', 'act gives no rights', { act: { sub: 'u_2' } }, 'accepted'],
];

describe('checkIdJag, one rule a row', () => {
  for (const [rule, name, change, outcome] of table) {
    test(`${rule} ${name}: ${outcome}`, () => assert.equal(outcomeOf(change), outcome));
  }

  test('RAS-21: an empty scope claim is no scope claim', () => {
    const result = checkIdJag({ header: {}, claims: { ...claims, scope: '' } }, expected);
    assert.equal(result.ok && result.value.scopes, undefined);
  });
});

test('T21: the epoch of a token is the text that it says, and anything else is none', () => {
  assert.equal(toEpochClaim({ credence_epoch: 'e_1' }), 'e_1');
  for (const other of [undefined, null, 7, ['e_1']]) assert.equal(toEpochClaim({ credence_epoch: other }), undefined);
});
