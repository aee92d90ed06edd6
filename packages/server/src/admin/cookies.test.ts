import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTicket, newTicket } from './cookies.ts';

test('a ticket is 43 letters of base64url, and nothing else has a hash', () => {
  const { value, hash } = newTicket();
  assert.match(value, /^[\w-]{43}$/);
  assert.equal(hashTicket(value), hash);
  for (const other of ['', value.slice(1), `${value}A`, `${value.slice(1)}=`, `${value}\n`]) {
    assert.equal(hashTicket(other), undefined, JSON.stringify(other));
  }
});
