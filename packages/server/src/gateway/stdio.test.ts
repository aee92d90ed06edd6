import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { firstEvent, openSession, tellTools, use } from './fixtures/sessions.ts';
import { callTool, commands, openWorld, serverOf, stdio, textOf, type World } from './fixtures/world.ts';

const { tell } = commands;

const isRoot = process.getuid?.() === 0;

describe('T36: what a child process sees of us', { timeout: 10_000 }, () => {
  let world: World;
  let seen: { env: object; cwd: string; argv: string[]; open: string[]; uid: number; groups: number[] };

  before(async () => {
    process.env.CANARY = 'secret of the gateway';
    const upstream = stdio(tell, { args: ['--for', '{person}', '{data}'], env: { ONE: '{data}/{person}.json' } });
    world = await openWorld([serverOf('tell', upstream, tellTools)]);
    seen = await use(world, 'tell', await openSession(world, 'tell'), 'self');
  });
  after(async () => {
    delete process.env.CANARY;
    await world.close();
  });

  test('the environment its entry lists, and nothing else', () => {
    assert.deepEqual(seen.env, { ONE: join(world.dataDir, 'tell', 'a_alice.json') });
  });
  test('placeholders in its arguments', () => {
    assert.deepEqual(seen.argv, ['--for', 'a_alice', join(world.dataDir, 'tell')]);
  });
  test('its own folder to work in', () => {
    assert.equal(seen.cwd, join(world.dataDir, 'tell'));
  });
  test('no file and no socket that we have open, but its three pipes', () => {
    const foreign = seen.open.filter((one) => /\.ts|\.sqlite|\/home|\/tmp/.test(one));
    assert.deepEqual(foreign, []);
    const sockets = seen.open.filter((one) => one.includes('socket:') && !/^[012] /.test(one));
    assert.deepEqual(sockets, []);
  });
  test('its own OS user and none of our groups, where we may switch', { skip: !isRoot && 'not root' }, () => {
    assert.ok(seen.uid >= 61_184 && seen.uid <= 65_519, `uid ${seen.uid}`);
    assert.ok(!seen.groups.includes(0));
  });
});

describe('T35: one session is one person through one client (B81)', { timeout: 10_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([serverOf('tell', stdio(tell), tellTools)]);
  });
  after(() => world.close());

  const others: [who: string, token: object][] = [
    ['another person', { subject: 'a_bob' }],
    ['the same person through another client', { clientId: 'vscode' }],
  ];
  for (const [who, token] of others) {
    for (const method of ['POST', 'GET', 'DELETE']) {
      test(`${method} with the session of ${who}: 404, and the session lives on`, async () => {
        const session = await openSession(world, 'tell');
        const body = method === 'POST' ? callTool(1, 'calls') : undefined;
        const response = await world.call('tell', { method, body, headers: { 'mcp-session-id': session }, token });
        assert.equal(response.status, 404);
        assert.equal(await use(world, 'tell', session, 'calls'), 1);
      });
    }
  }

  test('equal JSON-RPC ids at the same time: each gets its own answer', async () => {
    const sessions = [await openSession(world, 'tell'), await openSession(world, 'tell', {}, { subject: 'a_bob' })];
    const ask = async (session: string, say: string, delay: number, token: object) => {
      const response = await world.call('tell', {
        body: callTool(7, 'echo', { say, delay }),
        headers: { 'mcp-session-id': session },
        token,
      });
      const { id, result } = (await response.json()) as { id: number; result: unknown };
      assert.equal(id, 7);
      return JSON.parse(textOf(result));
    };
    const [one, two] = sessions as [string, string];
    const said = await Promise.all([
      ask(one, 'alice slow', 80, {}),
      ask(one, 'alice quick', 0, {}),
      ask(two, 'bob slow', 60, { subject: 'a_bob' }),
      ask(two, 'bob quick', 0, { subject: 'a_bob' }),
    ]);
    assert.deepEqual(said, ['alice slow', 'alice quick', 'bob slow', 'bob quick']);
  });

  test('an ended session is no session', async () => {
    const session = await openSession(world, 'tell');
    const headers = { 'mcp-session-id': session };
    assert.equal((await world.call('tell', { method: 'DELETE', headers })).status, 200);
    assert.equal((await world.call('tell', { body: callTool(1, 'calls'), headers })).status, 404);
  });

  test('the child ends in the middle of a call: 502 with a JSON-RPC error, then 404', async () => {
    const session = await openSession(world, 'tell');
    const headers = { 'mcp-session-id': session };
    const response = await world.call('tell', { body: callTool(9, 'exit'), headers });
    assert.equal(response.status, 502);
    const { id, error } = (await response.json()) as { id: number; error: { code: number } };
    assert.deepEqual([id, typeof error.code], [9, 'number']);
    assert.equal((await world.call('tell', { body: callTool(10, 'calls'), headers })).status, 404);
  });
});

describe('what the client offers, and what a server may ask of it', { timeout: 10_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([
      serverOf('closed', stdio(tell), tellTools),
      serverOf('open', stdio(tell, { allow: ['roots'] }), tellTools),
    ]);
  });
  after(() => world.close());

  const everything = { roots: { listChanged: true }, sampling: {}, elicitation: {}, experimental: { x: {} } };
  type Heard = { method?: string; id?: unknown; params?: { capabilities?: object }; error?: object; result?: object };

  test('roots, sampling and elicitation do not reach a server whose entry does not allow them', async () => {
    const session = await openSession(world, 'closed', everything);
    const [first] = (await use(world, 'closed', session, 'heard')) as Heard[];
    assert.deepEqual(first?.params?.capabilities, { experimental: { x: {} } });
  });

  test('an entry that allows roots lets roots through, and nothing else', async () => {
    const session = await openSession(world, 'open', everything);
    const [first] = (await use(world, 'open', session, 'heard')) as Heard[];
    assert.deepEqual(first?.params?.capabilities, { roots: { listChanged: true }, experimental: { x: {} } });
  });

  for (const method of ['roots/list', 'sampling/createMessage', 'elicitation/create', 'tasks/list', 'own/method']) {
    test(`the server asks for ${method} all the same: it gets an error, the client hears nothing`, async () => {
      const session = await openSession(world, 'closed');
      const headers = { 'mcp-session-id': session };
      const stream = await world.call('closed', { method: 'GET', headers });
      await use(world, 'closed', session, 'ask', { method, id: 'q1' });
      await use(world, 'closed', session, 'say', {
        message: { method: 'notifications/message', params: { data: 'end' } },
      });
      const first = await firstEvent(stream);
      assert.equal(first.method, 'notifications/message');
      const heard = (await use(world, 'closed', session, 'heard')) as Heard[];
      assert.ok(heard.some(({ id, error }) => id === 'q1' && error !== undefined));
    });
  }

  test('an answer that was never asked for does not reach the server', async () => {
    for (const server of ['closed', 'open']) {
      const session = await openSession(world, server);
      const body = { jsonrpc: '2.0', id: 0, result: { roots: [{ uri: 'file:///' }] } };
      await world.call(server, { body, headers: { 'mcp-session-id': session } });
      const changed = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
      await world.call('closed', { body: changed, headers: { 'mcp-session-id': session } });
      const heard = (await use(world, server, session, 'heard')) as Heard[];
      assert.ok(!heard.some(({ result, method }) => result !== undefined || method?.startsWith('notifications/roots')));
    }
  });

  const answer = (session: string, id: unknown) =>
    world.call('open', { body: { jsonrpc: '2.0', id, result: { roots: [] } }, headers: { 'mcp-session-id': session } });
  const answersIn = (heard: Heard[]) => heard.filter(({ result }) => result !== undefined).map(({ id }) => id);

  test('what its entry allows the server asks of the client, which answers once; other news arrive too', async () => {
    const session = await openSession(world, 'open');
    const headers = { 'mcp-session-id': session };
    const stream = await world.call('open', { method: 'GET', headers });
    await use(world, 'open', session, 'ask', { method: 'roots/list', id: 'q1' });
    assert.equal((await firstEvent(stream)).method, 'roots/list');
    for (const id of ['q2', 'q1', 'q1', null]) await answer(session, id);
    const changed = { jsonrpc: '2.0', method: 'notifications/roots/list_changed' };
    await world.call('open', { body: changed, headers });
    const heard = (await use(world, 'open', session, 'heard')) as Heard[];
    assert.deepEqual(answersIn(heard), ['q1']);
    assert.ok(heard.some(({ method }) => method === changed.method));
  });

  test('of a hundred questions each may be answered, of more the latest', async () => {
    const session = await openSession(world, 'open');
    const stream = await world.call('open', { method: 'GET', headers: { 'mcp-session-id': session } });
    const ask = (ids: number[]) => use(world, 'open', session, 'ask', { method: 'roots/list', ids });
    await ask(Array.from({ length: 100 }, (_, n) => n));
    await answer(session, '0');
    await ask([100, 101]);
    for (const id of ['1', '2', '101']) await answer(session, id);
    const heard = (await use(world, 'open', session, 'heard')) as Heard[];
    assert.deepEqual(answersIn(heard), ['0', '2', '101']);
    await stream.body?.cancel();
  });

  test('an error that makes the client open a URL is an elicitation too', async () => {
    const session = await openSession(world, 'closed');
    const response = await world.call('closed', { body: callTool(1, 'url'), headers: { 'mcp-session-id': session } });
    assert.doesNotMatch(await response.text(), /-32042|evil/);
  });
});
