import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { signatureAlgorithms } from '@credence/mcp/protocol';
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

  const metadata = async () => {
    const response = await fetch(`${world.origin}/.well-known/oauth-protected-resource/notes/mcp`);
    return (await response.json()) as Record<string, unknown>;
  };

  test('the metadata says so', async () => {
    assert.equal((await metadata()).tls_client_certificate_bound_access_tokens, true);
  });

  test('RAS-30: where bound tokens are demanded it is one, and the metadata does not ask for a key', async () => {
    const notes = serverOf('notes', http('http://127.0.0.1:9/mcp'), { read: 'read' })(world.origin);
    world.setServers([{ ...notes, requiresBoundTokens: true }]);
    [shown, world.strangers.length] = [thumbprint, 0];
    const call = (token: object) => world.call('notes', { body: callTool(1, 'read'), token });
    assert.equal((await call({ certificateThumbprint: thumbprint })).status, 502);
    assert.equal((await call({})).status, 401);
    assert.deepEqual(world.strangers, ['token_not_bound']);
    const said = await metadata();
    assert.deepEqual(
      [said.dpop_bound_access_tokens_required, said.tls_client_certificate_bound_access_tokens],
      [undefined, true],
    );
    assert.deepEqual(said.dpop_signing_alg_values_supported, signatureAlgorithms);
  });
});
