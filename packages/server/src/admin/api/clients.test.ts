import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessClient, ResourceClient } from '../../policy/model.ts';
import { toClient } from './clients.ts';

const code: AccessClient = {
  id: 'code',
  name: 'Code',
  redirectUris: ['http://localhost/cb'],
  postLogoutRedirectUris: [],
  public: false,
  exchange: undefined,
  jwks: undefined,
  clientIds: new Map(),
};
const workload = {
  issuer: 'https://cluster.example',
  subject: 'agent',
  audience: undefined,
  keys: 'discovery',
  algorithms: ['RS256'],
  reuse: true,
} as const;
const tls = { kind: 'self_signed', thumbprints: [], bound: true } as const;

describe('a client as it is shown', () => {
  const table: [name: string, more: Partial<AccessClient>, proof: string][] = [
    ['nothing else is said', {}, 'secret'],
    ['it is public', { public: true }, 'none'],
    ['it has keys', { jwks: [] }, 'keys'],
    ['its keys are fetched', { jwksUri: 'https://client.example/keys' }, 'keys'],
    ['it has a document, even if it may be public', { metadata: 'https://client.example/', public: true }, 'metadata'],
    ['it is a workload', { workload }, 'workload'],
    ['it has a certificate', { tls }, 'certificate'],
  ];
  for (const [name, more, proof] of table) {
    test(`where ${name}, proves itself by: ${proof}`, () => {
      assert.equal(toClient('idp', { ...code, ...more }, []).proof, proof);
    });
  }

  test('T02: is distributed where the access document says so', () => {
    const atRas: ResourceClient = { id: 'code', name: 'Code', jwks: undefined };
    assert.equal(toClient('ras', atRas, []).distributed, false);
    assert.equal(toClient('idp', code, []).distributed, false);
    assert.equal(toClient('idp', { ...code, distributed: false }, []).distributed, false);
    assert.equal(toClient('idp', { ...code, distributed: true }, []).distributed, true);
  });
});
