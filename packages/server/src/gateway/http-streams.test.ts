import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Caller } from '@credence/mcp/resource';
import { createAnswer } from './answer.ts';
import { type HttpServer, json, openHttpServer, sse } from './fixtures/http-server.ts';
import { callTool, http, initialize, openWorld, rpc, serverOf, type World } from './fixtures/world.ts';
import { createHttpUpstream } from './http-upstream.ts';
import { parseMessage } from './message.ts';
import { createToolBook } from './tools.ts';

const tools = { a_read: 'read', echo: 'read', slow: 'read', whoami: 'read' };
let upstream: HttpServer;
let world: World;

before(async () => {
  upstream = await openHttpServer();
  world = await openWorld([
    serverOf('tracker', http(upstream.url), tools),
    serverOf('asking', http(upstream.url, ['sampling']), tools),
    serverOf('gone', http('http://127.0.0.1:1/mcp'), tools),
  ]);
});
after(async () => {
  await world.close();
  upstream.close();
});
afterEach(() => upstream.reset());

const result = (id: unknown, value: object = {}) => ({ jsonrpc: '2.0', id, result: value });

describe('event streams', { timeout: 15_000 }, () => {
  test('each event as it comes, long before the upstream has finished', async () => {
    upstream.answerWith(async ({ body }, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      const progress = (step: number) => ({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { progressToken: 1, progress: step },
      });
      outgoing.write(sse(progress(1)));
      await new Promise((resolve) => setTimeout(resolve, 400));
      outgoing.write(sse(progress(2)));
      outgoing.end(sse(result(body.id)));
    });
    const response = await world.call('tracker', { body: callTool(1, 'a_read') });
    const arrivals: number[] = [];
    for await (const _ of response.body ?? []) arrivals.push(performance.now());
    const apart = (arrivals.at(-1) ?? 0) - (arrivals[0] ?? 0);
    assert.ok(apart > 200, `the upstream was silent for 400 ms between events, and they came ${apart} ms apart`);
  });

  test('tool lists are filtered there too, whatever request they claim to answer, cut at any byte', async () => {
    upstream.answerWith(async (_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      const list = sse(result(99, { tools: [{ name: 'a_read' }, { name: 'hidden', description: 'ü' }] }));
      for (const byte of Buffer.from(`: hello\r\n\r\nid: 7\nretry: 5\n${list}`)) outgoing.write(Buffer.from([byte]));
      outgoing.end();
    });
    const response = await world.call('tracker', { method: 'GET' });
    const text = await response.text();
    assert.match(text, /id: 7\.\S+\nretry: 5\ndata: .*a_read/);
    assert.doesNotMatch(text, /hidden/);
  });

  for (const method of ['sampling/createMessage', 'elicitation/create', 'roots/list', 'own/method']) {
    test(`${method} goes no further, and the upstream is told at once`, async () => {
      upstream.answerWith(({ body }, outgoing) => {
        if (body.method === undefined) return outgoing.writeHead(202).end();
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        outgoing.write(sse({ jsonrpc: '2.0', id: 'q', method, params: {} }));
        setTimeout(() => outgoing.end(sse(result(body.id))), 100);
      });
      const text = await (await world.call('tracker', { body: callTool(1, 'a_read') })).text();
      assert.doesNotMatch(text, /"method"/);
      const told = upstream.seen.find((one) => one.body.method === undefined);
      assert.deepEqual([told?.body.id, told?.body.error.code], ['q', -32601]);
    });
  }

  const asksAt = (method: string) =>
    upstream.answerWith(({ body }, outgoing) => {
      if (body.method !== method) return outgoing.writeHead(202).end();
      const opened = method === 'initialize' && { 'mcp-session-id': 'session-1' };
      outgoing.writeHead(200, { 'content-type': 'text/event-stream', ...opened });
      outgoing.write(sse({ jsonrpc: '2.0', id: 'q', method: 'own/method' }));
      return setTimeout(() => outgoing.end(sse(result(body.id))), 50);
    });

  test('it is told no in the session that it asks in, also when that begins with it', async () => {
    asksAt('initialize');
    const begun = await world.call('tracker', { body: initialize() });
    await begun.text();
    asksAt('tools/call');
    const headers = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
    await (await world.call('tracker', { body: callTool(1, 'a_read'), headers })).text();
    assert.deepEqual(
      upstream.seen.map(({ body, headers }) => [body.method ?? 'no', headers['mcp-session-id']]),
      [
        ['initialize', undefined],
        ['no', 'session-1'],
        ['tools/call', 'session-1'],
        ['no', 'session-1'],
      ],
    );
  });

  for (const accept of ['application/json', 'application/json, text/event-stream']) {
    test(`the answer is the one with the id of the request, and nothing after it is heard (${accept})`, async () => {
      upstream.answerWith(({ body }, outgoing) => {
        if (body.method === undefined) return outgoing.writeHead(202).end();
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        const question = { jsonrpc: '2.0', id: 'q', method: 'own/method' };
        return outgoing.write(sse(result(99)) + sse(result(body.id, { said: 1 })) + sse(question) + sse(result(100)));
      });
      const text = await (await world.call('tracker', { body: callTool(1, 'a_read'), headers: { accept } })).text();
      assert.match(text, /"id":1,"result":\{"said":1\}/);
      assert.doesNotMatch(text, /"id":100/);
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(upstream.seen.length, 1, 'what it asked too late is not answered either');
    });
  }

  test('after the answer an upstream that goes on is left, also while the client has not taken all of it', async () => {
    const { promise: isLeft, resolve: left } = Promise.withResolvers<void>();
    upstream.answerWith(({ body }, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write(sse(result(body.id)));
      const more = setInterval(() => outgoing.write(sse({ jsonrpc: '2.0', method: 'notifications/message' })), 10);
      outgoing.once('close', () => {
        clearInterval(more);
        left();
      });
    });
    const open = createHttpUpstream(upstream.url, 'a secret of this test');
    const message = parseMessage(JSON.stringify(callTool(1, 'a_read')));
    const caller: Caller = {
      issuer: world.origin,
      subject: 'a_alice',
      clientId: 'claude-code',
      id: 'jti-1',
      resource: world.url('tracker'),
      scopes: ['read'],
      issuedAt: 1,
      expiresAt: 2,
      keyThumbprint: undefined,
    };
    const between = createServer(async (_, outgoing) => {
      const answer = createAnswer(outgoing, { json: true, stream: true }, async () => undefined);
      const server = serverOf('tracker', http(upstream.url), tools)(world.origin);
      const { signal } = new AbortController(); // of a client that never goes
      const rest = { headers: {}, traceparent: undefined, tools: createToolBook(), recordRefusal: () => undefined };
      await open.forward({ method: 'POST', server, caller, message, answer, signal, ...rest });
    });
    between.listen(0, '127.0.0.1');
    await once(between, 'listening');
    await (await fetch(`http://127.0.0.1:${(between.address() as AddressInfo).port}/`)).text();
    await isLeft;
    await open.close();
    between.close();
  });

  test('a notification may be answered with a stream: no answer in it is the last', async () => {
    upstream.answerWith((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.end(sse(result(1)) + sse(result(2)));
    });
    const body = { jsonrpc: '2.0', method: 'notifications/initialized' };
    assert.match(await (await world.call('tracker', { body })).text(), /"id":1,[\s\S]*"id":2,/);
  });

  test('where its entry allows it the question arrives, and only its receiver can answer it', async () => {
    upstream.answerWith(({ body }, outgoing) => {
      if (body.method === undefined) return outgoing.writeHead(202).end();
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.end(sse({ jsonrpc: '2.0', id: 5, method: 'sampling/createMessage', params: {} }) + sse(result(body.id)));
    });
    const text = await (await world.call('asking', { body: callTool(1, 'a_read') })).text();
    const { id } = JSON.parse(/^data: (.*createMessage.*)$/m.exec(text)?.[1] ?? '{}') as { id: string };
    upstream.seen.length = 0;
    for (const [answerId, token] of [
      [5, {}],
      ['5', {}],
      [id, { subject: 'a_bob' }],
    ] as const) {
      await world.call('asking', { body: { jsonrpc: '2.0', id: answerId, result: { forged: true } }, token });
    }
    assert.equal(upstream.seen.length, 0);
    await world.call('asking', { body: { jsonrpc: '2.0', id, result: {} } });
    assert.equal(upstream.seen[0]?.body.id, 5);
  });

  test('input_required (2026-07-28) for what is not allowed becomes an error', async () => {
    const inputRequests = { a: { method: 'elicitation/create', params: { mode: 'url', url: 'https://evil.example' } } };
    upstream.answerWith(({ body }, outgoing) =>
      json(outgoing, result(body.id, { resultType: 'input_required', inputRequests })),
    );
    const text = await (await world.call('tracker', { body: callTool(1, 'a_read') })).text();
    assert.match(text, /"error"/);
    assert.doesNotMatch(text, /evil/);
  });

  const both: [accept: string, type: string][] = [
    ['application/json', 'application/json'],
    ['text/event-stream', 'text/event-stream'],
  ];
  for (const [accept, type] of both) {
    test(`a client that reads ${accept} only gets that, whatever the upstream speaks`, async () => {
      for (const streamed of [true, false]) {
        upstream.answerWith(({ body }, outgoing) => {
          if (!streamed) return json(outgoing, result(body.id, { said: 1 }));
          outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
          outgoing.end(
            sse({ jsonrpc: '2.0', method: 'notifications/message', params: {} }) + sse(result(body.id, { said: 1 })),
          );
        });
        const response = await world.call('tracker', { body: callTool(1, 'a_read'), headers: { accept } });
        assert.equal(response.headers.get('content-type'), type);
        assert.match(await response.text(), /"said":1/);
      }
    });
  }

  test('a stream that ends without the answer: it ends for a client that reads streams, and for any other there is an error', async () => {
    upstream.answerWith((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.end(sse({ jsonrpc: '2.0', method: 'notifications/message', params: {} }));
    });
    const streamed = await world.call('tracker', { body: callTool(6, 'a_read') });
    assert.doesNotMatch(await streamed.text(), /error/);
    const headers = { accept: 'application/json' };
    const failed = await world.call('tracker', { body: callTool(6, 'a_read'), headers });
    assert.equal(failed.status, 502);
    assert.match(await failed.text(), /"id":6,.*gave no answer/);
  });

  test('B82: a stream ends with its token', async () => {
    let closedAt = 0;
    upstream.answerWith((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      outgoing.on('close', () => {
        closedAt = Date.now();
      });
    });
    const expiresAt = Math.floor(Date.now() / 1000) + 2;
    const response = await world.call('tracker', { method: 'GET', token: { expiresAt } });
    await response.text();
    assert.ok(Math.abs(Date.now() / 1000 - expiresAt) < 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(closedAt > 0, 'the upstream is left too');
  });

  test('a stop does not wait for streams that only listen', async () => {
    upstream.answerWith((_, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    );
    const responses = [
      await world.call('tracker', { method: 'GET' }),
      await world.call('tracker', { body: rpc(1, 'subscriptions/listen') }),
    ];
    assert.equal(world.gateway.listening(), 2);
    world.gateway.drain();
    for (const response of responses) assert.equal(await response.text(), '');
  });

  for (const body of [callTool(1, 'a_read'), rpc(1, 'prompts/get')]) {
    test(`but for ${body.method} it does, whose answer comes in a stream as well`, async () => {
      const { promise: isDrained, resolve: drained } = Promise.withResolvers<void>();
      upstream.answerWith(async (seen, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        await isDrained;
        outgoing.end(sse(result(seen.body.id, { said: 1 })));
      });
      const response = await world.call('tracker', { body });
      assert.equal(world.gateway.listening(), 0);
      world.gateway.drain();
      drained();
      assert.match(await response.text(), /"said":1/);
    });
  }
});

describe('T35: event ids are where a stream can be taken up again', { timeout: 15_000 }, () => {
  const withIds = () =>
    upstream.answerWith(({ method }, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.end(method === 'GET' ? 'id: stream-1_5\ndata:\n\n' : '');
    });
  const idFor = async (token = {}) => {
    const response = await world.call('tracker', { method: 'GET', token });
    return /^id: (.+)$/m.exec(await response.text())?.[1] ?? '';
  };
  const sent = async (id: string, server = 'tracker', token = {}) => {
    upstream.seen.length = 0;
    await (await world.call(server, { method: 'GET', headers: { 'last-event-id': id }, token })).text();
    return upstream.seen[0]?.headers['last-event-id'];
  };

  test('whoever received an event goes on after it', async () => {
    withIds();
    assert.equal(await sent(await idFor()), 'stream-1_5');
  });
  const others: [who: string, server: string, token: object, change: (id: string) => string][] = [
    ['another person', 'tracker', { subject: 'a_bob' }, (id) => id],
    ['another client', 'tracker', { clientId: 'vscode' }, (id) => id],
    ['another server', 'asking', {}, (id) => id],
    ['a guess', 'tracker', {}, () => 'stream-1_5'],
    ['a changed id', 'tracker', {}, (id) => id.replace('_5', '_0')],
  ];
  for (const [who, server, token, change] of others) {
    test(`${who}: begins at the beginning`, async () => {
      withIds();
      assert.equal(await sent(change(await idFor()), server, token), undefined);
    });
  }
});

describe('T27: connections to an HTTP upstream', { timeout: 60_000 }, () => {
  /** Opens streams over one connection, as an agent can that does not wait for answers. */
  const listen = async (subject: string, streams: number): Promise<Socket> => {
    const { hostname, port, host } = new URL(world.origin);
    const token = await world.token('tracker', { subject });
    const head = `GET /tracker/mcp HTTP/1.1\r\nhost: ${host}\r\naccept: text/event-stream\r\nauthorization: Bearer ${token}\r\n\r\n`;
    const before = upstream.seen.length;
    const client = connect(Number(port), hostname);
    client.write(head.repeat(streams));
    while (upstream.seen.length < before + streams) await new Promise((resolve) => setTimeout(resolve, 20));
    return client;
  };

  test('one person holds a quarter of them, and those that only listen half: nobody else waits without end', async () => {
    upstream.answerWith(({ body }, outgoing) => {
      if (body) return json(outgoing, result(body.id));
      return outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    const ask = (subject: string, method = 'POST') =>
      world.call('tracker', { method, ...(method === 'POST' && { body: callTool(1, 'a_read') }), token: { subject } });
    const clients = [await listen('a_alice', 256)];
    try {
      for (const method of ['POST', 'GET']) {
        world.records.length = 0;
        const refused = await ask('a_alice', method);
        assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '10']);
        assert.equal(world.records.filter(({ reason }) => reason === 'mcp_too_many').length, 1);
        assert.equal(world.records.length, method === 'POST' ? 2 : 1, 'and what was let through as well, before it');
        assert.match(await refused.text(), /Too many requests to this server are under way/);
      }
      assert.equal((await ask('a_bob')).status, 200);

      clients.push(await listen('a_bob', 255), await listen('a_carol', 1));
      assert.equal((await ask('a_dave', 'GET')).status, 503);
      assert.equal((await ask('a_dave')).status, 200);
    } finally {
      for (const client of clients) client.destroy();
    }
    while (world.gateway.listening() > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await ask('a_alice')).status, 200);
  });
});

describe('streams that take their time', { timeout: 15_000 }, () => {
  test('the client has its headers while the tool is still silent', async () => {
    upstream.answerWith(({ body }, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      setTimeout(() => outgoing.end(sse(result(body.id))), 600);
    });
    const startedAt = performance.now();
    const response = await world.call('tracker', { body: callTool(1, 'a_read') });
    assert.ok(performance.now() - startedAt < 400);
    assert.match(await response.text(), /"result"/);
  });

  for (const kind of ['silent', 'in a stream'] as const) {
    test(`the client goes away: the upstream is left (${kind})`, async () => {
      const left = Promise.withResolvers<void>();
      const arrived = Promise.withResolvers<void>();
      upstream.answerWith((_, outgoing) => {
        if (kind === 'in a stream') outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
        outgoing.once('close', left.resolve);
        arrived.resolve();
      });
      const leaving = new AbortController();
      const call = world.call('tracker', { body: callTool(1, 'a_read'), signal: leaving.signal });
      call.then((response) => response.text()).catch(() => undefined);
      await arrived.promise;
      leaving.abort();
      await left.promise;
    });
  }

  test('the upstream breaks off: the client hears an error in JSON-RPC, in the stream', async () => {
    upstream.answerWith((_, outgoing) => {
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
      outgoing.write(sse({ jsonrpc: '2.0', method: 'notifications/message', params: {} }), () => outgoing.destroy());
    });
    const text = await (await world.call('tracker', { body: callTool(8, 'a_read') })).text();
    assert.match(text, /^data: \{"jsonrpc":"2.0","id":8,"error"/m);
  });

  test('T35: equal JSON-RPC ids of two people at once', async () => {
    upstream.answerWith(({ body }, outgoing) => {
      const { say, delay } = body.params.arguments;
      setTimeout(() => json(outgoing, result(body.id, { say })), delay);
    });
    const ask = async (say: string, delay: number, token: object) => {
      const response = await world.call('tracker', { body: callTool(7, 'a_read', { say, delay }), token });
      return ((await response.json()) as { result: { say: string } }).result.say;
    };
    const said = await Promise.all([ask('alice', 80, {}), ask('bob', 10, { subject: 'a_bob' })]);
    assert.deepEqual(said, ['alice', 'bob']);
  });

  test('an upstream that asks without end is told one at a time', async () => {
    let [open, most] = [0, 0];
    upstream.answerWith(({ body }, outgoing) => {
      if (body.method !== undefined) {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        for (let n = 0; n < 50; n++) outgoing.write(sse({ jsonrpc: '2.0', id: n, method: 'own/method' }));
        return outgoing.end(sse(result(body.id)));
      }
      most = Math.max(most, ++open);
      return setTimeout(() => {
        open -= 1;
        outgoing.writeHead(202).end();
      }, 1);
    });
    const text = await (await world.call('tracker', { body: callTool(1, 'a_read') })).text();
    assert.match(text, /"result"/);
    assert.equal(most, 1);
  });
});
