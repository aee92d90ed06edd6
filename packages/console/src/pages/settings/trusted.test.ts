import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trustedOf } from './trusted.ts';

test('issuers of a resource document, each with its tenants; what is none is left out', () => {
  const trust = {
    local: { accounts: 'create', clients: ['claude'] },
    'https://id.example': { accounts: { unknown: 'known', email_domains: ['a.example'] }, clients: ['a', 'b'] },
    'https://many.example': {
      tenants: { t1: { accounts: 'known', clients: ['c'] }, t2: { accounts: 'create', clients: ['d'] } },
    },
  };
  assert.deepEqual(trustedOf({ trust }), [
    { issuer: 'local', tenant: undefined, accounts: 'create', clients: ['claude'] },
    { issuer: 'https://id.example', tenant: undefined, accounts: 'known', clients: ['a', 'b'] },
    { issuer: 'https://many.example', tenant: 't1', accounts: 'known', clients: ['c'] },
    { issuer: 'https://many.example', tenant: 't2', accounts: 'create', clients: ['d'] },
  ]);
  assert.deepEqual(trustedOf({}), []);
  assert.deepEqual(trustedOf({ trust: [] }), []);
});
