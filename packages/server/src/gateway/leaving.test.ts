import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { callTool, commands, http, openWorld, rpc, serverOf, stdio, type World } from './fixtures/world.ts';

const tools = { a_read: 'read', whoami: 'read' };
let upstream: HttpServer;
let world: World;
/** Streams of the upstream that nobody has ended. */
let open = 0;
/** What has to be before the gateway goes on with a token. */
let looked: Promise<unknown> = Promise.resolve();

before(async () => {
  upstream = await openHttpServer();
  world = await openWorld(
    [serverOf('tracker', http(upstream.url), tools), serverOf('new', stdio(commands.new), tools)],
    {
      async isRevoked({ id }) {
        await looked;
        return world.revoked.has(id);
      },
    },
  );
});
after(async () => {
  await world.close();
  upstream.close();
});
afterEach(() => {
  upstream.reset();
  looked = Promise.resolve();
  open = 0;
});

const countStreams = (begun: Promise<unknown> = Promise.resolve()) =>
  upstream.answerWith(async (_, outgoing) => {
    open += 1;
    outgoing.on('close', () => {
      open -= 1;
    });
    await begun;
    outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  });

describe('T27: nothing stays open for a client that has left', { timeout: 20_000 }, () => {
  for (const method of ['GET', 'POST']) {
    test(`${method}, and gone while its token was looked at: nothing is passed on`, async () => {
      countStreams();
      const { promise, resolve } = Promise.withResolvers<void>();
      looked = promise;
      const { hostname, port, host } = new URL(world.origin);
      const body = method === 'POST' ? JSON.stringify(callTool(1, 'a_read')) : '';
      const head = [
        `${method} /tracker/mcp HTTP/1.1`,
        `host: ${host}`,
        'accept: application/json, text/event-stream',
        `authorization: Bearer ${await world.token('tracker')}`,
        ...(method === 'POST' ? ['content-type: application/json', `content-length: ${body.length}`] : []),
      ];
      const client = connect(Number(port), hostname);
      await once(client, 'connect');
      client.write(`${head.join('\r\n')}\r\n\r\n${body}`);
      await wait(50);
      client.resetAndDestroy();
      await wait(50);
      resolve();
      await wait(300);
      assert.deepEqual([upstream.seen.length, open, world.gateway.listening()], [0, 0, 0]);
      assert.deepEqual(world.faults, []);
    });
  }

  test('gone while it was looked at again after a slow body: nothing is passed on, and no line says that it was', async () => {
    world.records.length = 0;
    const { hostname, port, host } = new URL(world.origin);
    const body = JSON.stringify(callTool(1, 'a_read'));
    const head = [
      'POST /tracker/mcp HTTP/1.1',
      `host: ${host}`,
      `authorization: Bearer ${await world.token('tracker')}`,
      'content-type: application/json',
      `content-length: ${body.length}`,
    ];
    const client = connect(Number(port), hostname);
    await once(client, 'connect');
    client.write(`${head.join('\r\n')}\r\n\r\n${body.slice(0, 10)}`);
    await wait(350);
    const { promise, resolve } = Promise.withResolvers<void>();
    looked = promise;
    client.write(body.slice(10));
    await wait(50);
    client.resetAndDestroy();
    await wait(50);
    resolve();
    await wait(100);
    assert.deepEqual([upstream.seen, world.records, world.faults], [[], [], []]);
  });

  test('a stream that the upstream opens too late is left again', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    countStreams(promise);
    const response = world.call('tracker', { method: 'GET', token: { id: 'taken-back' } }).catch(() => undefined);
    while (open === 0) await wait(10);
    world.revoked.add('taken-back');
    await wait(600);
    resolve();
    await response;
    await wait(300);
    assert.equal(open, 0);
  });

  test('gone while the process of a stdio upstream was started: it is asked nothing', async () => {
    const version = '2026-07-28';
    const call = (signal?: AbortSignal) =>
      world.call('new', {
        body: rpc(1, 'tools/call', {
          name: 'whoami',
          arguments: {},
          _meta: {
            'io.modelcontextprotocol/protocolVersion': version,
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        }),
        headers: { 'mcp-protocol-version': version, 'mcp-method': 'tools/call', 'mcp-name': 'whoami' },
        ...(signal && { signal }),
      });
    const leaving = new AbortController();
    const left = call(leaving.signal).catch(() => undefined);
    await wait(50);
    leaving.abort();
    await left;
    assert.match(await (await call()).text(), /"text":"\d+ 1"/);
  });
});
