import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { toTools } from './fixtures/tools-2026.ts';
import { commands, http, openWorld, serverOf, stdio, textOf, type World } from './fixtures/world.ts';

const tellTools = { calls: 'read' };
const tools = { echo: 'read', slow: 'read', whoami: 'read' };

describe('the real servers, through the official client', () => {
  let world: World;
  const fileTools = { read_text_file: 'read', list_allowed_directories: 'read', list_directory: 'read' };
  const memoryTools = { create_entities: 'write', read_graph: 'read' };
  before(async () => {
    const memory = stdio('mcp-server-memory', { env: { MEMORY_FILE_PATH: '{data}/{person}.json' } });
    world = await openWorld([
      serverOf('everything', stdio('mcp-server-everything', { args: ['stdio'] }), { echo: 'read', 'get-env': 'read' }),
      serverOf('files', stdio('mcp-server-filesystem', { args: ['{data}/documents'] }), fileTools),
      serverOf('memory', memory, memoryTools),
    ]);
    await mkdir(join(world.dataDir, 'files', 'documents'), { recursive: true });
    await writeFile(join(world.dataDir, 'files', 'documents', 'hello.txt'), 'hello');
  });
  after(() => world.close());

  for (const mode of ['legacy', 'auto'] as const) {
    test(`everything: list and call, version negotiation "${mode}"`, async () => {
      const client = await world.client('everything', {}, { versionNegotiation: { mode } });
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map(({ name }) => name).sort(), ['echo', 'get-env']);
      assert.match(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })), /hi/);
    });
  }

  test('T36: the tool that prints the environment prints nothing of ours', async () => {
    process.env.CANARY = 'secret of the gateway';
    const client = await world.client('everything');
    const text = textOf(await client.callTool({ name: 'get-env', arguments: {} }));
    delete process.env.CANARY;
    assert.deepEqual(JSON.parse(text), {});
  });

  test('the call record carries the hash of the definition as listed, and null before', async () => {
    const client = await world.client('memory', { subject: 'a_hash' });
    await client.callTool({ name: 'read_graph', arguments: {} });
    await client.listTools();
    await client.callTool({ name: 'read_graph', arguments: {} });
    const hashes = world.records
      .filter(({ kind, person }) => kind === 'tool_call' && person === 'a_hash')
      .map(({ toolHash }) => toolHash);
    assert.equal(hashes[0], null);
    assert.match(String(hashes[1]), /^[A-Za-z0-9_-]{43}$/);
  });

  test('a client root file:/// does not widen what the file server reads', async () => {
    const client = await world.client('files', {}, { capabilities: { roots: { listChanged: true } } });
    client.setRequestHandler('roots/list', () => ({ roots: [{ uri: 'file:///', name: 'all' }] }));
    await client.sendRootsListChanged();
    const text = textOf(await client.callTool({ name: 'list_allowed_directories', arguments: {} }));
    assert.equal(text.split('\n').filter((line) => line.startsWith('/')).length, 1);
    assert.match(text, /files\/documents$/m);
    const passwd = await client.callTool({ name: 'read_text_file', arguments: { path: '/etc/passwd' } });
    assert.equal(passwd.isError, true);
    const hello = join(world.dataDir, 'files', 'documents', 'hello.txt');
    assert.match(textOf(await client.callTool({ name: 'read_text_file', arguments: { path: hello } })), /hello/);
  });

  test("alice's memory is not bob's", async () => {
    const alice = await world.client('memory');
    const bob = await world.client('memory', { subject: 'a_bob' });
    const entity = { name: 'secret of alice', entityType: 'note', observations: ['x'] };
    await alice.callTool({ name: 'create_entities', arguments: { entities: [entity] } });
    assert.doesNotMatch(textOf(await bob.callTool({ name: 'read_graph', arguments: {} })), /alice/);
    assert.match(textOf(await alice.callTool({ name: 'read_graph', arguments: {} })), /alice/);
  });

  test('a server that exits at the probe of 2026-07-28: the official client falls back', async () => {
    const shy = await openWorld([serverOf('shy', stdio(commands.tell, { args: ['--exit-on-probe'] }), tellTools)]);
    try {
      const client = await shy.client('shy', {}, { versionNegotiation: { mode: 'auto' } });
      assert.equal(textOf(await client.callTool({ name: 'calls', arguments: {} })), '1');
    } finally {
      await shy.close();
    }
  });
});

describe('a stdio server of 2026-07-28, made with the official library, and the official client', () => {
  let world: World;
  before(async () => {
    world = await openWorld([serverOf('new', stdio(commands.new), tools)]);
  });
  after(() => world.close());

  for (const mode of ['auto', 'legacy', { pin: '2026-07-28' }] as const) {
    test(`version negotiation ${JSON.stringify(mode)}: list and call`, async () => {
      const client = await world.client('new', {}, { versionNegotiation: { mode } });
      assert.equal(client.getProtocolEra(), mode === 'legacy' ? 'legacy' : 'modern');
      const { tools: listed } = await client.listTools();
      assert.deepEqual(listed.map(({ name }) => name).sort(), ['echo', 'slow', 'whoami']);
      assert.equal(textOf(await client.callTool({ name: 'echo', arguments: { message: 'hi' } })), 'echo hi');
    });
  }

  test('requests without a session go to one process of each person and client', async () => {
    const ask = async (token: object) => {
      const client = await world.client('new', token, { versionNegotiation: { mode: 'auto' } });
      const [pid, calls] = textOf(await client.callTool({ name: 'whoami', arguments: {} })).split(' ');
      return { pid, calls: Number(calls) };
    };
    const [first, again, bob, vscode] = [
      await ask({}),
      await ask({}),
      await ask({ subject: 'a_bob' }),
      await ask({ clientId: 'vscode' }),
    ];
    assert.equal(first.pid, again.pid);
    assert.equal(again.calls, first.calls + 1);
    assert.equal(new Set([first.pid, bob.pid, vscode.pid]).size, 3);
  });

  test('equal ids and progress tokens of two clients at once', async () => {
    const clients = [
      await world.client('new', {}, { versionNegotiation: { mode: 'auto' } }),
      await world.client('new', {}, { versionNegotiation: { mode: 'auto' } }),
    ];
    const steps = await Promise.all(
      clients.map(async (client, index) => {
        const seen: number[] = [];
        const onprogress = ({ progress }: { progress: number }) => seen.push(progress);
        const answer = await client.callTool({ name: 'slow', arguments: { ms: 50 * (index + 1) } }, { onprogress });
        assert.equal(textOf(answer), 'slow is done');
        return seen;
      }),
    );
    assert.deepEqual(steps, [[1], [1]]);
  });
});

describe('an upstream of 2026-07-28, made with the official library, and the official client', () => {
  let server: HttpServer;
  let modern: World;
  before(async () => {
    const handler = createMcpHandler(() =>
      toTools(new McpServer({ name: 'new', version: '1' }, { capabilities: { tools: {} } })),
    );
    server = await openHttpServer();
    server.answerWith(async ({ method, url, headers, text }, outgoing) => {
      const request = new Request(new URL(url, server.url), {
        method,
        headers: headers as Record<string, string>,
        ...(text && { body: text }),
      });
      const response = await handler.fetch(request);
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      for await (const chunk of response.body ?? []) outgoing.write(chunk);
      outgoing.end();
    });
    modern = await openWorld([serverOf('new', http(server.url), tools)]);
  });
  after(async () => {
    await modern.close();
    server.close();
  });

  for (const mode of ['auto', 'legacy', { pin: '2026-07-28' }] as const) {
    test(`version negotiation ${JSON.stringify(mode)}: list and call`, async () => {
      const client = await modern.client('new', {}, { versionNegotiation: { mode } });
      const { tools: listed } = await client.listTools();
      assert.deepEqual(listed.map(({ name }) => name).sort(), ['echo', 'slow', 'whoami']);
      const answer = await client.callTool({ name: 'echo', arguments: { message: 'hi' } });
      assert.equal(textOf(answer), 'echo hi');
      if (mode !== 'legacy') assert.equal(server.seen.at(-1)?.headers['mcp-name'], 'echo');
    });
  }

  test('progress arrives', async () => {
    const client = await modern.client('new', {}, { versionNegotiation: { mode: 'auto' } });
    const steps: number[] = [];
    const onprogress = ({ progress }: { progress: number }) => steps.push(progress);
    await client.callTool({ name: 'slow', arguments: { ms: 50 } }, { onprogress });
    assert.deepEqual(steps, [1]);
  });
});
