import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ClientCertificate } from '../clients/client-certificate.ts';
import { callTool, http, openWorld, serverOf, type World } from './fixtures/world.ts';

describe('MCS-12: the gateway takes a token bound to a certificate over connections with that certificate only', () => {
  const thumbprint = 'c'.repeat(43);
  let shown: string | undefined;
  let world: World;
  before(async () => {
    const certificateOf = () => (shown === undefined ? undefined : ({ thumbprint: shown } as ClientCertificate));
    world = await openWorld([serverOf('notes', http('http://127.0.0.1:9/mcp'), { read: 'read' })], { certificateOf });
  });
  after(() => world.close());

  const table: [name: string, certificate: string | undefined, status: number][] = [
    ['that certificate: it is passed on', thumbprint, 502],
    ['another one: 401', 'd'.repeat(43), 401],
    ['none: 401', undefined, 401],
  ];
  for (const [name, certificate, status] of table) {
    test(name, async () => {
      shown = certificate;
      world.strangers.length = 0;
      const token = { certificateThumbprint: thumbprint };
      const response = await world.call('notes', { body: callTool(1, 'read'), token });
      assert.equal(response.status, status);
      assert.deepEqual(world.strangers, status === 401 ? ['token_other_certificate'] : []);
    });
  }

  test('the metadata says so', async () => {
    const response = await fetch(`${world.origin}/.well-known/oauth-protected-resource/notes/mcp`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.equal(metadata.tls_client_certificate_bound_access_tokens, true);
  });
});
