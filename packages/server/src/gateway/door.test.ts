import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { http, openWorld, rpc, serverOf, type World } from './fixtures/world.ts';

let upstream: HttpServer;
let world: World;
before(async () => {
  upstream = await openHttpServer();
  world = await openWorld([serverOf('tracker', http(upstream.url), { a_read: 'read' })]);
});
after(async () => {
  await world.close();
  upstream.close();
});
afterEach(() => upstream.reset());

describe('what comes without an id is news, or goes no further', () => {
  const table: [method: string, status: number, reaches: number][] = [
    ['notifications/initialized', 202, 1],
    ['notifications/cancelled', 202, 1],
    ['notifications/roots/list_changed', 202, 0],
    ['tasks/cancel', 202, 0],
    ['resources/subscribe', 202, 0],
    ['own/delete', 202, 0],
    ['Tools/Call', 202, 0],
    ['tools/call', 400, 0],
  ];
  for (const [method, status, reaches] of table) {
    test(`${method}: ${status}, ${reaches} at the upstream`, async () => {
      const body = { jsonrpc: '2.0', method, params: { name: 'a_read' } };
      assert.equal((await world.call('tracker', { body })).status, status);
      assert.equal(upstream.seen.length, reaches);
    });
  }
});

test('a second spelling of what a request of 2026-07-28 says of the client: refused', async () => {
  const _meta = { 'io.modelcontextprotocol/ClientCapabilities': { sampling: {} } };
  const response = await world.call('tracker', { body: rpc(1, 'tools/list', { _meta }) });
  assert.equal(response.status, 400);
  assert.deepEqual(upstream.seen, []);
});

for (const method of ['HEAD', 'PUT', 'PATCH', 'OPTIONS']) {
  test(`${method}: 405, with what there is`, async () => {
    const response = await world.call('tracker', { method });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'POST, GET, DELETE');
  });
}

test('the metadata can be read, and nothing else done with it', async () => {
  const url = `${world.origin}/.well-known/oauth-protected-resource/tracker/mcp`;
  assert.equal((await fetch(url, { method: 'HEAD' })).status, 200);
  assert.equal((await fetch(url, { method: 'POST', body: '{}' })).status, 405);
});
