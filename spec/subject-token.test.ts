import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, mock, test } from 'node:test';
import { encodeBase64url } from '@credence/mcp/protocol';
import { checkSubjectToken, createIdTokenVerifier } from '../packages/server/src/idp/subject-token.ts';
import { generatePrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';

const now = 1_800_000_000;
const claims = { iss: 'https://id.acme.example', sub: 'u_1', aud: 'c', iat: now, exp: now + 60, sid: 's' };

describe('IDP-11: what an ID Token says of a sign-in', () => {
  const read = (change: object) => {
    const expected = { issuer: claims.iss, clientId: 'c', now, skewSeconds: 30 };
    const result = checkSubjectToken({ header: {}, claims: { ...claims, ...change } }, expected);
    return result.ok ? result.value : result.refusal;
  };

  test('iat ahead by the skew is accepted', () => assert.equal(typeof read({ iat: now + 30 }), 'object'));

  test('acr, amr and auth_time are taken as what they have to be, and otherwise not at all', () => {
    assert.deepEqual(read({ acr: 'gold', amr: ['pwd', 7, 'otp'], auth_time: now }), {
      personId: 'u_1',
      session: 's',
      issuedAt: now,
      kid: undefined,
      authTime: now,
      acr: 'gold',
      amr: ['pwd', 'otp'],
      keyThumbprint: undefined,
    });
    assert.deepEqual(read({ acr: ['gold'], amr: 'pwd', auth_time: 'now' }), {
      personId: 'u_1',
      session: 's',
      issuedAt: now,
      kid: undefined,
      authTime: undefined,
      acr: undefined,
      amr: [],
      keyThumbprint: undefined,
    });
  });
});

describe('T14: which signatures are remembered', () => {
  /** Counts how often a signature is verified, and finds each of them good. */
  function withVerifications(work: (count: () => number) => void): void {
    const verify = mock.method(crypto, 'verify', () => true);
    syncBuiltinESMExports();
    try {
      work(() => verify.mock.callCount());
    } finally {
      verify.mock.restore();
      syncBuiltinESMExports();
    }
  }
  const key = toPublicJwk(generatePrivateJwk('ES256'));
  const token = (n: number) =>
    ['{"alg":"ES256"}', JSON.stringify({ n }), 's'.repeat(64)].map((part) => encodeBase64url(part)).join('.');

  test('one that was good is not verified again', () =>
    withVerifications((count) => {
      const verifier = createIdTokenVerifier(() => [key]);
      for (const n of [1, 2, 3, 1, 2, 3]) assert.ok(verifier.verify(token(n)).ok);
      assert.equal(count(), 3);
    }));

  test('two generations of 10 000: with the first of a third, the eldest is forgotten', () =>
    withVerifications((count) => {
      const verifier = createIdTokenVerifier(() => [key]);
      for (let n = 0; n < 20_000; n++) verifier.verify(token(n));
      for (const n of [0, 9_999, 19_999]) verifier.verify(token(n));
      assert.equal(count(), 20_000);
      verifier.verify(token(20_000));
      verifier.verify(token(10_000));
      assert.equal(count(), 20_001);
      verifier.verify(token(1));
      assert.equal(count(), 20_002);
      verifier.verify(token(0)); // came twice: kept for itself
      assert.equal(count(), 20_002);
    }));
});
