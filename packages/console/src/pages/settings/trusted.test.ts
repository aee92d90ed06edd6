import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trustedOf } from './trusted.ts';

test('issuers of a resource document, each with its tenants; what is none is left out', () => {
  const trust = {
    local: { accounts: 'create', clients: ['claude'], keys: 'discovery' },
    'https://id.example': {
      accounts: { unknown: 'known', email_domains: ['a.example'] },
      clients: ['a', 'b'],
      servers: { wiki: 'all', tickets: ['read', 'comment'] },
      keys: { keys: [{ kty: 'OKP' }, { kty: 'EC' }] },
      replay: 'until_expiry',
      require_encryption: true,
    },
    'https://many.example': {
      keys: 'discovery',
      signals: ['session-revoked'],
      tenants: { t1: { accounts: 'known', clients: ['c'] }, t2: { accounts: 'create', clients: ['d'] } },
    },
  };
  const all = { servers: undefined };
  const both = { keys: 'discovery' as const, also: ['signals: session-revoked'] };
  assert.deepEqual(trustedOf({ trust }), [
    {
      issuer: 'local',
      tenant: undefined,
      accounts: 'create',
      clients: ['claude'],
      ...all,
      keys: 'discovery',
      also: [],
    },
    {
      issuer: 'https://id.example',
      tenant: undefined,
      accounts: 'known',
      clients: ['a', 'b'],
      servers: ['wiki', 'tickets: read comment'],
      keys: 2,
      also: ['email_domains: a.example', 'replay: until_expiry', 'require_encryption: true'],
    },
    { issuer: 'https://many.example', tenant: 't1', accounts: 'known', clients: ['c'], ...all, ...both },
    { issuer: 'https://many.example', tenant: 't2', accounts: 'create', clients: ['d'], ...all, ...both },
  ]);
  assert.deepEqual(trustedOf({}), []);
  assert.deepEqual(trustedOf({ trust: [] }), []);
});
