import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toGroupRef } from './group-ref.ts';

test('a group has the address that the server gives it, whatever its id is made of', () => {
  for (const id of ['engineering', 'okta/g_1~?>', 'Müller & Söhne', '']) {
    assert.equal(toGroupRef('role', id), Buffer.from(`role:${id}`).toString('base64url'));
  }
});
