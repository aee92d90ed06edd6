import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { openSession, tellTools, use } from './fixtures/sessions.ts';
import { callTool, commands, initialize, openWorld, rpc, serverOf, stdio, type World } from './fixtures/world.ts';

const { tell } = commands;

describe('limits of a stdio upstream', { timeout: 20_000 }, () => {
  test('too many sessions: 503 to the newcomer, nobody else is thrown out', async () => {
    const world = await openWorld([serverOf('tell', stdio(tell, { maxSessions: 2 }), tellTools)]);
    try {
      const mine = await openSession(world, 'tell');
      await openSession(world, 'tell', {}, { subject: 'a_bob' });
      const third = await world.call('tell', { body: initialize(), token: { subject: 'a_carol' } });
      assert.equal(third.status, 503);
      assert.equal(world.records.at(-1)?.reason, 'mcp_too_many');
      assert.ok(third.headers.get('retry-after'));
      assert.equal(await use(world, 'tell', mine, 'calls'), 1);
    } finally {
      await world.close();
    }
  });

  test('a person at the limit replaces their own oldest idle session', async () => {
    const world = await openWorld([serverOf('tell', stdio(tell, { maxSessions: 1 }), tellTools)]);
    try {
      const first = await openSession(world, 'tell');
      const second = await openSession(world, 'tell');
      const gone = await world.call('tell', { body: callTool(1, 'calls'), headers: { 'mcp-session-id': first } });
      assert.equal(gone.status, 404);
      assert.equal(await use(world, 'tell', second, 'calls'), 1);
    } finally {
      await world.close();
    }
  });

  test('an idle session is ended with its process, once it has been idle for as long as it may', async () => {
    let at = Date.now();
    const upstream = stdio(tell, { idleSeconds: 10 });
    const world = await openWorld([serverOf('tell', upstream, tellTools)], { nowMs: () => at });
    try {
      const session = await openSession(world, 'tell');
      at += 9999;
      await new Promise((resolve) => setTimeout(resolve, 700));
      assert.equal(await use(world, 'tell', session, 'calls'), 1);
      at += 10_000;
      await new Promise((resolve) => setTimeout(resolve, 700));
      const gone = await world.call('tell', { body: callTool(1, 'calls'), headers: { 'mcp-session-id': session } });
      assert.equal(gone.status, 404);
    } finally {
      await world.close();
    }
  });

  test('a session ends with the token that used it last, and its process with it, also in the middle of a call', async () => {
    const world = await openWorld([serverOf('tell', stdio(tell), tellTools)]);
    try {
      const session = await openSession(world, 'tell', {}, { id: 'first' });
      const headers = { 'mcp-session-id': session };
      const call = (id: string, delay: number) =>
        world.call('tell', { body: callTool(1, 'echo', { say: 'done', delay }), headers, token: { id } });
      assert.match(await (await call('second', 0)).text(), /done/);
      world.revoked.add('first');
      await new Promise((resolve) => setTimeout(resolve, 1100));
      assert.match(await (await call('second', 0)).text(), /done/, 'the token that uses it now still holds');
      const waiting = call('second', 20_000);
      await new Promise((resolve) => setTimeout(resolve, 100));
      world.revoked.add('second');
      const startedAt = performance.now();
      assert.match(await (await waiting).text(), /ended/);
      assert.ok(performance.now() - startedAt < 3000);
      assert.equal((await call('third', 0)).status, 404);
    } finally {
      await world.close();
    }
  });

  test('a new version of the policy that leaves the upstream alone leaves its sessions alone', async () => {
    const toServer = serverOf('tell', stdio(tell), tellTools);
    const world = await openWorld([toServer]);
    try {
      const session = await openSession(world, 'tell');
      world.setServers([toServer(world.origin)]);
      assert.equal(await use(world, 'tell', session, 'calls'), 1);
      world.setServers([serverOf('tell', stdio(tell, { env: { A: 'b' } }), tellTools)(world.origin)]);
      const gone = await world.call('tell', { body: callTool(1, 'calls'), headers: { 'mcp-session-id': session } });
      assert.equal(gone.status, 404);
    } finally {
      await world.close();
    }
  });
});

describe('one person and the others', { timeout: 20_000 }, () => {
  test('one person holds half of the sessions at most, through all clients together', async () => {
    const world = await openWorld([serverOf('tell', stdio(tell, { maxSessions: 4 }), tellTools)]);
    try {
      const mine = [
        await openSession(world, 'tell', {}, { clientId: 'vscode' }),
        await openSession(world, 'tell'),
        await openSession(world, 'tell'),
      ];
      const [first = '', ...others] = mine;
      const gone = await world.call('tell', {
        body: callTool(1, 'calls'),
        headers: { 'mcp-session-id': first },
        token: { clientId: 'vscode' },
      });
      assert.equal(gone.status, 404);
      for (const session of others) assert.equal(await use(world, 'tell', session, 'calls'), 1);
      await openSession(world, 'tell', {}, { subject: 'a_bob' });
    } finally {
      await world.close();
    }
  });

  test('half of them at work: 503 to the same person, not to another', async () => {
    const world = await openWorld([serverOf('tell', stdio(tell, { maxSessions: 2 }), tellTools)]);
    try {
      const session = await openSession(world, 'tell');
      const body = callTool(1, 'echo', { say: 'done', delay: 500 });
      const working = world.call('tell', { body, headers: { 'mcp-session-id': session } });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal((await world.call('tell', { body: initialize() })).status, 503);
      await openSession(world, 'tell', {}, { subject: 'a_bob' });
      assert.match(await (await working).text(), /done/);
    } finally {
      await world.close();
    }
  });
});

/** Processes that were given this mark. */
const running = (mark: string) =>
  readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false; // no process, or none any more
    }
  }).length;

describe('T27: processes that take their time to end', { timeout: 30_000 }, () => {
  const mark = randomUUID();
  let world: World;
  let most = 0;
  let look: NodeJS.Timeout;
  before(async () => {
    const stubborn = { maxSessions: 4, args: ['--stubborn', mark] };
    world = await openWorld([serverOf('tell', stdio(tell, stubborn), tellTools)]);
    look = setInterval(() => {
      most = Math.max(most, running(mark));
    }, 20);
  });
  after(async () => {
    clearInterval(look);
    await world.close();
  });

  test('take room until they have ended: one person never has more than half of them running', async () => {
    for (let n = 0; n < 4; n++) await openSession(world, 'tell');
    assert.equal(most, 2);
  });

  test('also where each is asked for and left in turn', async () => {
    for (let n = 0; n < 10; n++) {
      const leaving = new AbortController();
      const call = world.call('tell', { body: initialize(), signal: leaving.signal }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 30));
      leaving.abort();
      await call;
    }
    assert.equal(most, 2);
  });

  test('of several that ask at once none is begun and ended again for the next', async () => {
    const asked = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const response = await world.call('tell', { body: initialize() });
        await response.text();
        return response.status;
      }),
    );
    assert.ok(asked.includes(200));
    assert.deepEqual(
      asked.filter((status) => status !== 200 && status !== 503),
      [],
    );
    assert.equal(most, 2);
  });

  test('others have their own, and one who asks while all are ending waits for it', async () => {
    const token = { subject: 'a_bob' };
    const session = await openSession(world, 'tell', {}, token);
    const left = world.call('tell', { method: 'DELETE', headers: { 'mcp-session-id': session }, token });
    const both = Array.from({ length: 2 }, () => world.call('tell', { body: initialize(), token }));
    for (const { status } of [await left, ...(await Promise.all(both))]) assert.equal(status, 200);
    assert.ok(most <= 4);
  });
});

describe('waiting for a process that takes its time to end', { timeout: 20_000 }, () => {
  let world: World;
  const mark = randomUUID();
  const open = async (maxSessions: number) => {
    const upstream = stdio(tell, { maxSessions, args: ['--stubborn', mark] });
    world = await openWorld([serverOf('tell', upstream, tellTools)]);
  };
  afterEach(() => world.close());
  const leave = async (subject: string) => {
    const session = await openSession(world, 'tell', {}, { subject });
    const headers = { 'mcp-session-id': session };
    const left = { isOver: false, session, whenOver: Promise.resolve() };
    left.whenOver = world.call('tell', { method: 'DELETE', headers, token: { subject } }).then(({ status }) => {
      assert.equal(status, 200);
      left.isOver = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    return left;
  };
  const begin = async (subject: string, signal?: AbortSignal) =>
    (await world.call('tell', { body: initialize(), token: { subject }, ...(signal && { signal }) })).status;

  test('it is no session any more', async () => {
    await open(4);
    const { session, whenOver } = await leave('a_alice');
    const headers = { 'mcp-session-id': session };
    assert.equal((await world.call('tell', { body: callTool(1, 'calls'), headers })).status, 404);
    await whenOver;
  });

  test('it is waited for by others too, where all have their share and only room is missing', async () => {
    await open(2);
    await openSession(world, 'tell', {}, { subject: 'a_bob' });
    const left = await leave('a_alice');
    assert.equal(await begin('a_carol'), 200);
    assert.ok(left.isOver);
    await left.whenOver;
  });

  test('but not by whoever has their share at work: that room will not be theirs', async () => {
    await open(4);
    for (let n = 0; n < 2; n++) {
      const headers = { 'mcp-session-id': await openSession(world, 'tell') };
      world.call('tell', { body: callTool(1, 'never'), headers }).catch(() => undefined);
    }
    const left = await leave('a_bob');
    assert.equal(await begin('a_alice'), 503);
    assert.ok(!left.isOver);
    await left.whenOver;
  });

  test('a client that goes away meanwhile has none started', async () => {
    await open(1);
    const left = await leave('a_alice');
    const leaving = new AbortController();
    const call = begin('a_alice', leaving.signal);
    setTimeout(() => leaving.abort(), 100);
    await assert.rejects(call);
    await left.whenOver;
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(running(mark), 0);
  });

  test('none is started when all have been ended: nobody would end it', async () => {
    await open(1);
    const left = await leave('a_alice');
    const call = begin('a_alice');
    await new Promise((resolve) => setTimeout(resolve, 100));
    await world.gateway.close();
    assert.equal(await call, 503);
    await left.whenOver;
    assert.equal(running(mark), 0);
  });
});

const version = '2026-07-28';
const _meta = {
  'io.modelcontextprotocol/protocolVersion': version,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};
const toHeaders = (method: string) => ({ 'mcp-protocol-version': version, 'mcp-method': method });

describe('a request without a session', { timeout: 20_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([serverOf('tell', stdio(tell), tellTools)]);
  });
  after(() => world.close());

  for (const method of ['GET', 'DELETE']) {
    test(`${method}: 405`, async () => {
      assert.equal((await world.call('tell', { method })).status, 405);
    });
  }
  test('of an older revision: 400, which says how to begin', async () => {
    const response = await world.call('tell', { body: rpc(1, 'tools/list') });
    assert.equal(response.status, 400);
    const { id, error } = (await response.json()) as { id: number; error: { code: number; message: string } };
    assert.deepEqual([id, error.code], [1, -32600]);
    assert.match(error.message, /begin with initialize/);
  });
  test('of 2026-07-28, to a server that does not speak it: 400, which says what it speaks', async () => {
    const response = await world.call('tell', {
      body: rpc(1, 'tools/list', { _meta }),
      headers: toHeaders('tools/list'),
    });
    assert.equal(response.status, 400);
    const { error } = (await response.json()) as { error: { code: number; data: object } };
    assert.deepEqual([error.code, error.data], [-32022, { supported: ['2025-11-25'], requested: version }]);
  });
  test('which is known then: whoever asks again takes no room', async () => {
    const full = await openWorld([serverOf('tell', stdio(tell, { maxSessions: 2 }), tellTools)]);
    try {
      const ask = () => full.call('tell', { body: rpc(1, 'tools/list', { _meta }), headers: toHeaders('tools/list') });
      assert.equal((await ask()).status, 400);
      for (const subject of ['a_bob', 'a_carol']) await openSession(full, 'tell', {}, { subject });
      assert.equal((await ask()).status, 400);
    } finally {
      await full.close();
    }
  });
  test('and the question what it speaks is one it does not know', async () => {
    const body = rpc(1, 'server/discover', { _meta });
    const response = await world.call('tell', { body, headers: toHeaders('server/discover') });
    assert.equal(response.status, 404);
    assert.equal(((await response.json()) as { error: { code: number } }).error.code, -32601);
  });
  test('news of 2026-07-28 are taken, whatever it speaks: nothing under way could be meant', async () => {
    const method = 'notifications/cancelled';
    const body = { jsonrpc: '2.0', method, params: { requestId: 1, _meta } };
    assert.equal((await world.call('tell', { body, headers: toHeaders(method) })).status, 202);
  });
});

describe('the process for requests without a session', { timeout: 30_000 }, () => {
  const headers = toHeaders('tools/list');
  const ask = async (world: World, token = {}) =>
    (await world.call('new', { body: rpc(1, 'tools/list', { _meta }), headers, token })).status;

  test('is no session that a client can name, and end for all while it is asked what it speaks', async () => {
    const world = await openWorld([serverOf('new', stdio(commands.new), { echo: 'read' })]);
    try {
      const mine = ask(world);
      await new Promise((resolve) => setTimeout(resolve, 30));
      const name = `stateless ${JSON.stringify([world.origin, 'a_alice', 'claude-code'])}`;
      const named = { method: 'DELETE', headers: { 'mcp-session-id': name } };
      assert.equal((await world.call('new', named)).status, 404);
      assert.equal(await mine, 200);
      assert.equal(await ask(world, { subject: 'a_bob' }), 200);
    } finally {
      await world.close();
    }
  });

  test('finds no room where all is taken: 503', async () => {
    const world = await openWorld([serverOf('new', stdio(commands.new, { maxSessions: 2 }), { echo: 'read' })]);
    try {
      for (const subject of ['a_bob', 'a_carol']) {
        assert.equal((await world.call('new', { body: initialize(), token: { subject } })).status, 200);
      }
      assert.equal(await ask(world), 503);
    } finally {
      await world.close();
    }
  });

  test('makes no room for another session while it is asked', async () => {
    const world = await openWorld([serverOf('new', stdio(commands.new, { maxSessions: 2 }), { echo: 'read' })]);
    try {
      const mine = ask(world);
      await new Promise((resolve) => setTimeout(resolve, 30));
      assert.equal((await world.call('new', { body: initialize() })).status, 503);
      assert.equal(await mine, 200);
    } finally {
      await world.close();
    }
  });
});

describe('a hostile or broken process', { timeout: 20_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([
      serverOf('tell', stdio(tell), tellTools),
      serverOf('missing', stdio('no-such-command'), tellTools),
    ]);
  });
  after(() => world.close());
  const call = async (session: string, name: string) => {
    const response = await world.call('tell', { body: callTool(1, name), headers: { 'mcp-session-id': session } });
    return { status: response.status, text: await response.text() };
  };

  test('lines that are no messages are passed over, and nothing of them goes on', async () => {
    const { status, text } = await call(await openSession(world, 'tell'), 'noise');
    assert.equal(status, 200);
    assert.match(text, /after the noise/);
    assert.doesNotMatch(text, /hello|"result":2/);
  });
  test('an answer just before the end arrives; then there is no such session', async () => {
    const session = await openSession(world, 'tell');
    assert.match((await call(session, 'last')).text, /last words/);
    let status = 0;
    for (let tries = 0; tries < 50 && status !== 404; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ({ status } = await call(session, 'calls'));
    }
    assert.equal(status, 404);
  });
  test('a line without end: 502, and the process is gone', async () => {
    const session = await openSession(world, 'tell');
    assert.equal((await call(session, 'huge')).status, 502);
    assert.equal((await call(session, 'calls')).status, 404);
  });
  test('a command that is not there: 502 in plain words, the reason only to the operator', async () => {
    const response = await world.call('missing', { body: initialize() });
    assert.equal(response.status, 502);
    assert.doesNotMatch(await response.text(), /no-such-command/);
    assert.match(String(world.faults.at(-1)), /no-such-command/);
  });
});

test('one process that ends at the probe does not speak for all that come after it', { timeout: 20_000 }, async () => {
  let at = Date.now();
  const file = join(tmpdir(), `first-${randomUUID()}`);
  const upstream = stdio(commands.new, { args: ['--fail-first', file] });
  const world = await openWorld([serverOf('new', upstream, { echo: 'read' })], { nowMs: () => at });
  const headers = toHeaders('tools/list');
  const ask = async () => (await world.call('new', { body: rpc(1, 'tools/list', { _meta }), headers })).status;
  try {
    assert.equal(await ask(), 400);
    at += 59_999;
    assert.equal(await ask(), 400); // nobody can have a process started for every request
    at += 1;
    assert.equal(await ask(), 200);
  } finally {
    await world.close();
    await rm(file, { force: true });
  }
});
