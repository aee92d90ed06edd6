import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupClients } from './group-clients.ts';

test('clients that were never used stand together by what they give; those that were used, one by one, the latest first', () => {
  const through = [
    { client: 'a', scopes: ['read'], lastMs: null },
    { client: 'b', scopes: ['read'], lastMs: 5 },
    { client: 'c', scopes: ['read', 'write'], lastMs: null },
    { client: 'd', scopes: ['read'], lastMs: null },
    { client: 'e', scopes: ['read'], lastMs: 9 },
  ];
  assert.deepEqual(groupClients(through), [
    { clients: ['e'], scopes: ['read'], lastMs: 9 },
    { clients: ['b'], scopes: ['read'], lastMs: 5 },
    { clients: ['a', 'd'], scopes: ['read'], lastMs: null },
    { clients: ['c'], scopes: ['read', 'write'], lastMs: null },
  ]);
  assert.deepEqual(groupClients([]), []);
});
