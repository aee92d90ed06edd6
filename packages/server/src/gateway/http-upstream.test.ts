import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, describe, mock, test } from 'node:test';
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
    ['a choice of places', 300, 'application/json', '{"jsonrpc":"2.0","id":1,"result":{}}', 502],
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

  test('a document that comes to no end, of a length or of none, is given up after five minutes, and the upstream left', async () => {
    const heads = [{ 'content-length': '1000' }, {}];
    const left: Promise<unknown>[] = [];
    upstream.answerWith((_, outgoing) => {
      left.push(once(outgoing, 'close'));
      outgoing.writeHead(200, { 'content-type': 'application/json', ...heads[left.length - 1] }).write('{');
    });
    const headers = { authorization: `Bearer ${await world.token('tracker')}`, 'content-type': 'application/json' };
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      let answers = 0;
      const ask = async () => {
        const asked = request(world.url('tracker'), { method: 'POST', headers });
        asked.end(JSON.stringify(callTool(3, 'a_read')));
        const [response] = (await once(asked, 'response')) as [IncomingMessage];
        answers += 1;
        return { status: response.statusCode, said: await text(response) };
      };
      const all = Promise.all([ask(), ask()]);
      while (left.length < 2) await new Promise((resolve) => setImmediate(resolve));
      let seconds = 0;
      for (; answers < 2 && seconds < 1000; seconds++) {
        mock.timers.tick(1000);
        for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      }
      assert.ok(seconds >= 300 && seconds < 1000, `after ${seconds} s`);
      for (const { status, said } of await all) {
        assert.equal(status, 502);
        assert.match(said, /"id":3,.*could not be passed on/);
      }
      await Promise.all(left);
    } finally {
      mock.timers.reset();
    }
  });

  const lengths: [name: string, head: string][] = [
    ['chunks beside a length', 'content-length: 5\r\ntransfer-encoding: chunked'],
    ['two lengths', 'content-length: 5\r\ncontent-length: 99999999999'],
    ['a length that is too much', 'content-length: 99999999999'],
    ['none', 'connection: close'],
  ];
  for (const [name, head] of lengths) {
    test(`T27: ${name}, and more than we take in: 502, and the upstream is left`, { timeout: 15_000 }, async () => {
      let sent = 0;
      const { promise: isLeft, resolve: left } = Promise.withResolvers<void>();
      const piece = Buffer.from(
        head.includes('chunked') ? `100000\r\n${'x'.repeat(2 ** 20)}\r\n` : 'x'.repeat(2 ** 20),
      );
      const endless = createServer((socket) => {
        const send = (fault?: Error | null) => {
          if (fault) return;
          sent += 1;
          socket.write(piece, send);
        };
        socket.on('error', () => undefined);
        socket.once('close', left);
        socket.once('data', () =>
          socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${head}\r\n\r\n`, send),
        );
      });
      endless.listen(0, '127.0.0.1');
      await once(endless, 'listening');
      const { port } = endless.address() as AddressInfo;
      const told = await openWorld([serverOf('tracker', http(`http://127.0.0.1:${port}/mcp`), tools)]);
      try {
        const response = await told.call('tracker', { body: callTool(1, 'a_read') });
        assert.equal(response.status, 502);
        await isLeft;
        assert.ok(sent < 64, `${sent} MB`);
      } finally {
        await told.close();
        endless.close();
      }
    });
  }

  const bare: [name: string, method: string, status: number, outcome: number][] = [
    ['a stream that it does not have', 'GET', 405, 405],
    ['what is no stream', 'GET', 200, 502],
    ['the end of a session', 'DELETE', 200, 200],
    ['an end that it does not know', 'DELETE', 405, 405],
  ];
  for (const [name, method, status, outcome] of bare) {
    test(`${method}, answered with ${status}: ${name}: ${outcome}`, async () => {
      upstream.answerWith((_, outgoing) => outgoing.writeHead(status, { 'content-type': 'text/plain' }).end('what?'));
      const response = await world.call('tracker', { method });
      assert.equal(response.status, outcome);
      assert.doesNotMatch(await response.text(), /what/);
    });
  }

  describe('a fault of ours while it is judged is not laid at its door, and we are told', () => {
    let ours: World;
    before(async () => {
      const scopeOfTool = () => {
        throw new Error('ours');
      };
      ours = await openWorld([
        (origin) => ({ ...serverOf('tracker', http(upstream.url), tools)(origin), scopeOfTool }),
      ]);
    });
    after(() => ours.close());
    afterEach(() => {
      assert.deepEqual(ours.faults.splice(0).map(String), ['Error: ours']);
    });

    test('before anything was said: 500', async () => {
      const response = await ours.call('tracker', { body: rpc(1, 'tools/list') });
      assert.equal(response.status, 500);
      assert.doesNotMatch(await response.text(), /ours|a_read/);
    });

    test('in the middle of a stream: it breaks off, and nobody takes half of it for the whole', async () => {
      upstream.answerWith(({ body }, outgoing) => {
        outgoing.writeHead(200, { 'content-type': 'text/event-stream' });
        outgoing.end(sse(result(body.id, { tools: [{ name: 'a_read' }] })));
      });
      const response = await ours.call('tracker', { body: rpc(1, 'tools/list') });
      assert.equal(response.status, 200);
      await assert.rejects(response.text(), /terminated/);
    });
  });

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

  for (const id of ['', 'sitzung-ü', 'one two']) {
    test(`transports, session management: what is not visible ASCII ("${id}") is no id, and the call goes on`, async () => {
      upstream.answerWith(({ body }, outgoing) =>
        json(outgoing, result(body.id), 200, { 'mcp-session-id': Buffer.from(id).toString('latin1') }),
      );
      const response = await world.call('tracker', { body: initialize() });
      assert.deepEqual([response.status, response.headers.get('mcp-session-id')], [200, null]);
    });
  }

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
