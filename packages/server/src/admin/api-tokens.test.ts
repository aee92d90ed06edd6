import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashApiToken, newApiToken } from './api-tokens.ts';

test('a token begins so that scanners know it, and nothing else has a hash', () => {
  const { value, token } = newApiToken({ personId: 'u_1', name: 'ci', scopes: ['b', 'a', 'b'], days: 2, now: 1000 });
  assert.match(value, /^cred_[\w-]{43}$/);
  assert.equal(hashApiToken(value), token.tokenHash);
  assert.deepEqual([token.scopes, token.createdAt, token.expiresAt], [['a', 'b'], 1000, 1000 + 2 * 86_400]);
  for (const other of ['', value.slice(5), value.slice(0, -1), `${value}A`, value.toUpperCase(), `${value}\n`]) {
    assert.equal(hashApiToken(other), undefined, JSON.stringify(other));
  }
});
