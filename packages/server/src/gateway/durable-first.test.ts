import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { StoreUnavailable } from '../store/store.ts';
import { type HttpServer, openHttpServer, sse } from './fixtures/http-server.ts';
import { openSession, tellTools } from './fixtures/sessions.ts';
import { callTool, commands, http, openWorld, rpc, serverOf, stdio, type World } from './fixtures/world.ts';

let upstream: HttpServer;
let world: World;
before(async () => {
  upstream = await openHttpServer();
  world = await openWorld([
    serverOf('tracker', http(upstream.url), { a_read: 'read' }),
    serverOf('tell', stdio(commands.tell), tellTools),
    serverOf('danger', stdio(commands.tell), { ...tellTools, echo: 'danger' }),
  ]);
});
after(async () => {
  await world.close();
  upstream.close();
});
afterEach(() => upstream.reset());

const inStream = () =>
  upstream.answerWith(({ body }, outgoing) => {
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
    outgoing.write(sse({ jsonrpc: '2.0', method: 'notifications/message', params: { data: 'first words' } }));
    outgoing.end(sse({ jsonrpc: '2.0', id: body.id, result: { said: 'last words' } }));
  });
const slow = rpc(3, 'tools/call', { name: 'slow', arguments: { ms: 20 }, _meta: { progressToken: 'p' } });

/** The same call through both kinds of upstream, each answering with a stream. */
const calls: [kind: string, call: () => Promise<Response>][] = [
  ['HTTP', () => world.call('tracker', { body: callTool(1, 'a_read') })],
  [
    'stdio',
    async () => world.call('tell', { body: slow, headers: { 'mcp-session-id': await openSession(world, 'tell') } }),
  ],
];

describe('design.md §3: the record is durable before the first byte of a stream', () => {
  for (const [kind, call] of calls) {
    test(`${kind}: a record that takes its time holds back headers and events`, async () => {
      inStream();
      let isDurable = false;
      world.setAppend(async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        isDurable = true;
      });
      const response = await call();
      assert.ok(isDurable, 'headers came first');
      assert.match(await response.text(), /"result"/);
    });

    test(`${kind}: no record, no stream: 503, and nothing of the answer`, async () => {
      inStream();
      world.setAppend(async () => {
        throw new StoreUnavailable('disk full');
      });
      const response = await call();
      assert.equal(response.status, 503);
      assert.equal(response.headers.get('content-type'), 'application/json');
      assert.doesNotMatch(await response.text(), /words|progress|disk|slow/);
    });
  }

  test('after a record that failed, the session and its process go on', async () => {
    const session = await openSession(world, 'tell');
    const headers = { 'mcp-session-id': session };
    world.setAppend(async () => {
      throw new StoreUnavailable('disk full');
    });
    assert.equal((await world.call('tell', { body: callTool(1, 'calls'), headers })).status, 503);
    world.setAppend(async () => undefined);
    assert.match(await (await world.call('tell', { body: callTool(2, 'calls'), headers })).text(), /"text":"2"/);
  });

  test('T26: a high-risk call without a record never reaches the process', async () => {
    const token = { scopes: ['read', 'danger'] };
    const session = await openSession(world, 'danger', {}, token);
    const headers = { 'mcp-session-id': session };
    world.setAppend(async () => {
      throw new StoreUnavailable('disk full');
    });
    assert.equal((await world.call('danger', { body: callTool(1, 'echo'), headers, token })).status, 503);
    world.setAppend(async () => undefined);
    const calls = await world.call('danger', { body: callTool(2, 'calls'), headers, token });
    assert.match(await calls.text(), /"text":"1"/);
  });
});

test('T36: the folder of a server is closed to all others', async () => {
  await openSession(world, 'tell');
  assert.equal((await stat(join(world.dataDir, 'tell'))).mode & 0o777, 0o700);
});
