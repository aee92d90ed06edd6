import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type HttpServer, json, openHttpServer } from './fixtures/http-server.ts';
import { http, openWorld, serverOf, type World } from './fixtures/world.ts';

const tools = { a_read: 'read', a_write: 'write', a_danger: 'danger' };
let upstream: HttpServer;
let world: World;

before(async () => {
  upstream = await openHttpServer();
  world = await openWorld([serverOf('tracker', http(upstream.url), tools)]);
});
after(async () => {
  await world.close();
  upstream.close();
});
afterEach(() => upstream.reset());

const methods = [
  ...[
    'initialize',
    'ping',
    'tools/list',
    'tools/call',
    'prompts/list',
    'prompts/get',
    'resources/list',
    'resources/read',
  ],
  ...['resources/subscribe', 'completion/complete', 'logging/setLevel', 'tasks/get', 'tasks/cancel', 'server/discover'],
  ...['notifications/initialized', 'notifications/cancelled', 'notifications/progress', 'subscriptions/listen', ''],
];
const meta = 'io.modelcontextprotocol/';
const names = [
  ...['name', 'Name', 'arguments', 'uri', 'taskId', 'cursor', '_meta', 'capabilities', 'protocolVersion', 'clientInfo'],
  ...[`${meta}protocolVersion`, `${meta}clientCapabilities`, 'progressToken', 'requestId', 'task', 'tools', 'result'],
  ...[
    'content',
    'structuredContent',
    'inputSchema',
    'nextCursor',
    'resultType',
    'type',
    'text',
    '__proto__',
    'toString',
  ],
];
const words = [
  ...[null, true, 0, -1, 7.5, 1e300, '', 'a', 'a_read', 'a_danger', 'A_DANGER', 'a_read\u0000', '\ud800'],
  ...['2025-11-25', '2026-07-28', '=?base64?YV9kYW5nZXI=?=', 'init', { toString: 1 }, [[]], 'x'.repeat(2000)],
];
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(...words),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 4 }),
  ),
}));
const tool = fc.constantFrom(...Object.keys(tools), 'unlisted').map((name) => ({ name, arguments: {} }));
const message = fc.record(
  {
    jsonrpc: fc.oneof({ weight: 9, arbitrary: fc.constant('2.0') }, tree),
    id: fc.oneof(fc.constantFrom<unknown>(1, 'a', ...words), tree),
    method: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...methods) }, tree),
    params: fc.oneof(
      tool,
      fc.tuple(tool, fc.dictionary(fc.constantFrom(...names), tree)).map(([a, b]) => ({ ...a, ...b })),
      tree,
    ),
    result: tree,
    error: tree,
  },
  { requiredKeys: ['jsonrpc'] },
);
const right = fc.record({
  jsonrpc: fc.constant('2.0'),
  id: fc.constantFrom(1, 'a'),
  method: fc.constantFrom('tools/call', 'tools/list', 'initialize', 'resources/read'),
  params: tool,
});
const text = fc.constantFrom('a_read', 'a_danger', '2025-11-25', '2026-07-28', 'tools/call', 'tools/list', 'x');
const headers = fc.record(
  {
    'mcp-method': text,
    'mcp-name': text,
    'mcp-protocol-version': text,
    'mcp-session-id': text,
    'last-event-id': text,
    accept: fc.constantFrom('application/json', 'text/event-stream', '*/*', 'x'),
  },
  { requiredKeys: [] },
);

/** The answer, whole; within two seconds. */
async function send(body: unknown, more: Record<string, string>) {
  const response = await world.call('tracker', { body, headers: more, signal: AbortSignal.timeout(2000) });
  const said = await response.text();
  assert.deepEqual(world.faults, []);
  const isJson = response.headers.get('content-type') === 'application/json';
  return { status: response.status, said, body: isJson ? JSON.parse(said) : undefined };
}

describe('whatever a client or an upstream says', { timeout: 120_000 }, () => {
  test('a client: an answer and never a fault, and no tool is called that its token does not reach', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(message, message, right), headers, async (body, more) => {
        upstream.seen.length = 0;
        const { status } = await send(body, more);
        assert.ok(status < 500, `${status}`);
        for (const { body: asked } of upstream.seen) {
          if (asked?.method === 'tools/call')
            assert.ok(['a_read', 'a_write'].includes(asked.params.name), asked.params.name);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('an upstream: an answer and never a fault, and no tool is listed that the token does not reach', async () => {
    const listed = fc.array(fc.oneof(tool, tree), { maxLength: 4 });
    const result = fc.oneof(
      tree,
      fc.record({ tools: listed }),
      fc.record({ content: fc.array(tree, { maxLength: 2 }) }),
    );
    const answer = fc.record({
      body: fc.oneof(
        fc.record({ jsonrpc: fc.constant('2.0'), id: fc.constant(1), result }),
        fc.record({ jsonrpc: fc.constant('2.0'), id: fc.constant(1), error: tree }),
        message,
        tree,
      ),
      status: fc.constantFrom(200, 200, 200, 200, 202, 204, 400, 401, 404, 500),
      type: fc.constantFrom('application/json', 'application/json', 'text/event-stream', 'text/html'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('tools/call', 'tools/list', 'initialize', 'prompts/list'),
        answer,
        async (method, it) => {
          upstream.answerWith((_, outgoing) => {
            const written = JSON.stringify(it.body);
            const isStream = it.type === 'text/event-stream';
            json(outgoing, isStream ? `event: message\ndata: ${written}\n\n` : written, it.status, {
              'content-type': it.type,
            });
          });
          const params = method === 'tools/call' ? { name: 'a_read', arguments: {} } : {};
          const { status, said, body } = await send({ jsonrpc: '2.0', id: 1, method, params }, {});
          assert.ok(status < 500 || status === 502 || status === 504, `${status}`);
          if (method !== 'tools/list') return;
          const answered = body ?? [...said.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(String(data)));
          for (const each of [answered].flat()) {
            const list = each?.result?.tools;
            for (const one of Array.isArray(list) ? list : [])
              assert.ok(['a_read', 'a_write'].includes(one?.name), said);
          }
        },
      ),
      { numRuns: 800 },
    );
  });
});
