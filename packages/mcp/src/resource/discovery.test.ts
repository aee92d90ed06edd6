import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { issuer, mint, signing, world } from './fixtures/world.ts';

describe('keys by discovery, as an own server uses them', () => {
  let server: Server;
  let origin: string;
  let answer: (path: string) => { status?: number; location?: string; body: unknown };
  before(async () => {
    server = createServer((incoming, outgoing) => {
      const { status = 200, location, body } = answer(incoming.url ?? '');
      outgoing.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) });
      outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const good = (path: string) =>
    path === '/jwks' ? { body: { keys: [signing.jwk] } } : { body: { issuer: origin, jwks_uri: `${origin}/jwks` } };
  const table: [name: string, answer: (path: string) => ReturnType<typeof good>, outcome: string][] = [
    ['metadata and keys', good, 'accepted'],
    ['metadata of another issuer', () => ({ body: { issuer, jwks_uri: `${origin}/jwks` } }), 'issuer_keys_unavailable'],
    [
      'keys behind a redirect',
      (path) => (path === '/jwks' ? { status: 302, location: '/other', body: {} } : good(path)),
      'issuer_keys_unavailable',
    ],
    [
      'keys in clear text elsewhere',
      () => ({ body: { issuer: origin, jwks_uri: 'http://keys.example/jwks' } }),
      'issuer_keys_unavailable',
    ],
    [
      'keys without end',
      (path) => (path === '/jwks' ? { body: ' '.repeat(300 * 1024) } : good(path)),
      'issuer_keys_unavailable',
    ],
    ['nothing', () => ({ status: 500, body: {} }), 'issuer_keys_unavailable'],
  ] as [string, typeof good, string][];
  for (const [name, how, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      answer = how;
      const own = `${origin}/tracker/mcp`;
      const { outcomeOf } = world({ issuer: origin, resource: own, keys: 'discovery' });
      assert.equal(await outcomeOf(`Bearer ${await mint({ iss: origin, aud: own })}`, own), outcome);
    });
  }
});
