import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { type HttpServer, json, openHttpServer, sse } from './fixtures/http-server.ts';
import { callTool, http, initialize, openWorld, rpc, serverOf, type World } from './fixtures/world.ts';

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

describe('T37: what crosses to an HTTP upstream', () => {
  test('no token, no cookie, no identity, no forwarding header; only what MCP needs', async () => {
    const headers = {
      cookie: 'a=b',
      'proxy-authorization': 'Basic x',
      forwarded: 'for=1.2.3.4',
      'x-forwarded-for': '1.2.3.4',
      'x-user-email': 'dana@acme.example',
      'x-remote-user': 'dana',
      'x-ms-client-principal': 'dana',
      origin: 'http://evil.example',
      'mcp-protocol-version': '2025-11-25',
      'mcp-param-region': 'eu',
    };
    await world.call('tracker', { body: callTool(1, 'a_read'), headers });
    const [seen] = upstream.seen;
    const allowed = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-param-region'];
    const transport = ['host', 'connection', 'content-length', 'transfer-encoding'];
    assert.deepEqual(
      Object.keys(seen?.headers ?? {})
        .filter((name) => !transport.includes(name))
        .sort(),
      allowed.sort(),
    );
    assert.doesNotMatch(JSON.stringify(seen), /dana|evil|eyJ/);
  });

  test('what was judged is what is sent, also numbers that no double can hold', async () => {
    const big =
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a_read","arguments":{"n":12345678901234567890}}}';
    upstream.answerWith((_, outgoing) =>
      json(outgoing, '{"jsonrpc":"2.0","id":1,"result":{"n":98765432109876543210}}'),
    );
    const response = await world.call('tracker', { body: big });
    assert.equal(upstream.seen[0]?.text, big);
    assert.match(await response.text(), /98765432109876543210/);
  });

  test('roots, sampling and elicitation of the client stay here, at initialize and in each request', async () => {
    const offered = { roots: {}, sampling: {}, elicitation: {}, Roots: {}, other: {} };
    await world.call('tracker', { body: initialize(offered) });
    assert.deepEqual(upstream.seen[0]?.body.params.capabilities, { other: {} });
    const key = 'io.modelcontextprotocol/clientCapabilities';
    await world.call('asking', { body: rpc(1, 'tools/list', { _meta: { [key]: offered } }) });
    assert.deepEqual(upstream.seen[1]?.body.params._meta[key], { sampling: {}, other: {} });
  });
});

describe('T37: what crosses back', () => {
  test('no cookie, no challenge, no CORS, nothing outside the list', async () => {
    const foreign = {
      'set-cookie': 'a=b',
      'www-authenticate': 'Bearer realm="evil"',
      'access-control-allow-origin': '*',
      'x-powered-by': 'evil',
      'content-encoding': 'identity',
    };
    upstream.answerWith(({ body }, outgoing) => json(outgoing, result(body.id), 200, foreign));
    const response = await world.call('tracker', { body: callTool(1, 'a_read') });
    assert.equal(response.status, 200);
    for (const name of Object.keys(foreign)) assert.equal(response.headers.get(name), null, name);
  });

  const table: [name: string, status: number, type: string | undefined, body: string, outcome: number][] = [
    ['a page', 200, 'text/html', '<script>', 502],
    ['JSON that is no JSON-RPC', 200, 'application/json', '{"hello":1}', 502],
    ['an answer in a batch', 200, 'application/json', '[{"jsonrpc":"2.0","id":1,"result":{}}]', 502],
    [
      'a request as the answer',
      200,
      'application/json',
      '{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}',
      502,
    ],
    ['broken JSON', 200, 'application/json', '{', 502],
    ['nothing', 200, undefined, '', 502],
    ['a redirect', 307, 'text/plain', '', 502],
    ['a login page of its own', 401, 'text/html', '', 502],
    ['a refusal of its own', 403, 'application/json', '{}', 502],
    ['its own failure', 500, 'text/html', 'stack trace', 502],
    [
      'an error in JSON-RPC',
      400,
      'application/json',
      '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no"}}',
      400,
    ],
  ];
  for (const [name, status, type, body, outcome] of table) {
    test(`${name} (${status}): ${outcome}, in JSON-RPC`, async () => {
      upstream.answerWith((_, outgoing) => {
        const location = status === 307 ? { location: 'http://127.0.0.1:1/' } : {};
        outgoing.writeHead(status, { ...(type && { 'content-type': type }), ...location }).end(body);
      });
      const response = await world.call('tracker', { body: callTool(1, 'a_read') });
      assert.equal(response.status, outcome);
      const answer = await response.text();
      assert.equal(typeof (JSON.parse(answer) as { error: { code: number } }).error.code, 'number');
      assert.doesNotMatch(answer, /script|stack/);
      assert.equal(upstream.seen.length, 1);
    });
  }

  test('an upstream that is not there: 502 in plain words', async () => {
    const response = await world.call('gone', { body: callTool(4, 'a_read') });
    assert.equal(response.status, 502);
    const { id, error } = (await response.json()) as { id: number; error: { message: string } };
    assert.equal(id, 4);
    assert.match(error.message, /does not answer/);
  });

  for (const status of [400, 404, 405, 500]) {
    test(`a probe of 2026-07-28 that an old server answers with ${status}: something clients understand`, async () => {
      upstream.answerWith((_, outgoing) => outgoing.writeHead(status, { 'content-type': 'text/plain' }).end('what?'));
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' };
      const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' };
      const response = await world.call('tracker', { body: rpc('p', 'server/discover', { _meta }), headers });
      assert.equal(response.status, 404);
      assert.match(await response.text(), /-32601/);
    });
  }
});

describe('sessions of an HTTP upstream (B81)', () => {
  const open = async (token = {}) => {
    const response = await world.call('tracker', { body: initialize(), token });
    return response.headers.get('mcp-session-id') ?? '';
  };

  test('the owner uses it, and the upstream knows it by its own id', async () => {
    const session = await open();
    await world.call('tracker', { body: rpc(2, 'tools/list'), headers: { 'mcp-session-id': session } });
    assert.equal(upstream.seen[1]?.headers['mcp-session-id'], 'upstream-session-1');
  });

  const others: [who: string, server: string, token: object, change: (id: string) => string][] = [
    ['another person', 'tracker', { subject: 'a_bob' }, (id) => id],
    ['another client of the same person', 'tracker', { clientId: 'vscode' }, (id) => id],
    ['the session of another server', 'asking', {}, (id) => id],
    ['the bare id of the upstream', 'tracker', {}, () => 'upstream-session-1'],
    ['a changed id', 'tracker', {}, (id) => id.replace('1.', '2.')],
  ];
  for (const [who, server, token, change] of others) {
    test(`${who}: 404, and the upstream hears nothing`, async () => {
      const session = change(await open());
      upstream.seen.length = 0;
      world.records.length = 0;
      for (const method of ['POST', 'GET', 'DELETE']) {
        const body = method === 'POST' ? rpc(2, 'tools/list') : undefined;
        const headers = { 'mcp-session-id': session };
        assert.equal((await world.call(server, { method, body, headers, token })).status, 404);
      }
      assert.deepEqual(upstream.seen, []);
      assert.deepEqual(
        world.records.map(({ reason }) => reason),
        Array(3).fill('mcp_session_unknown'),
      );
    });
  }
});

describe('event streams', () => {
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
    const startedAt = performance.now();
    const response = await world.call('tracker', { body: callTool(1, 'a_read') });
    const arrivals: number[] = [];
    for await (const _ of response.body ?? []) arrivals.push(performance.now() - startedAt);
    assert.ok((arrivals[0] ?? 1e9) < 300, `first event after ${arrivals[0]} ms`);
    assert.ok((arrivals.at(-1) ?? 0) > 390);
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
    assert.match(text, /id: 7\nretry: 5\ndata: .*a_read/);
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
    const response = await world.call('tracker', { method: 'GET' });
    world.gateway.drain();
    assert.equal(await response.text(), '');
  });
});
