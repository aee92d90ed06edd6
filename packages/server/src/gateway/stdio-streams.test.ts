import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { JsonObject } from '@credence/mcp/protocol';
import { firstEvent, openSession, tellTools, use } from './fixtures/sessions.ts';
import { callTool, commands, openWorld, rpc, serverOf, stdio, type World } from './fixtures/world.ts';

const { tell } = commands;

/** All messages of an event stream. */
async function messagesOf(response: Response) {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: '));
  return lines.map((line) => JSON.parse(line.slice(6)) as { id?: unknown; method?: string; params?: JsonObject });
}

describe('streams of a stdio upstream', { timeout: 15_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([serverOf('tell', stdio(tell), tellTools)]);
  });
  after(() => world.close());

  test('progress arrives while the tool still works', async () => {
    const session = await openSession(world, 'tell');
    const body = rpc(3, 'tools/call', { name: 'slow', arguments: { ms: 5000 }, _meta: { progressToken: 'p' } });
    const startedAt = performance.now();
    const response = await world.call('tell', { body, headers: { 'mcp-session-id': session } });
    const first = await firstEvent(response);
    assert.equal(first.method, 'notifications/progress');
    assert.ok(performance.now() - startedAt < 4500);
  });

  test('equal progress tokens of two requests never meet, and each client gets its own back', async () => {
    const session = await openSession(world, 'tell');
    const ask = async (id: number, ms: number) => {
      const body = rpc(id, 'tools/call', { name: 'slow', arguments: { ms }, _meta: { progressToken: 1 } });
      const said = messagesOf(await world.call('tell', { body, headers: { 'mcp-session-id': session } }));
      return (await said).map(({ id: answered, params }) => answered ?? params?.progressToken);
    };
    assert.deepEqual(await Promise.all([ask(1, 50), ask(2, 100)]), [
      [1, 1, 1],
      [1, 1, 2],
    ]);
  });

  test('a request that names no progress token goes on as it is, but for its id', async () => {
    const session = await openSession(world, 'tell');
    const heard = (await use(world, 'tell', session, 'heard')) as object[];
    assert.deepEqual(heard.at(-1), callTool(2, 'heard'));
  });

  test('news of a subscription name it as the client knows it; other news name none', async () => {
    const session = await openSession(world, 'tell');
    const name = 'io.modelcontextprotocol/subscriptionId';
    const newsOf = async (message: JsonObject) => {
      const body = callTool('mine', 'say', { message });
      const said = messagesOf(await world.call('tell', { body, headers: { 'mcp-session-id': session } }));
      const [news] = await said;
      return [news?.method, news?.params];
    };
    const method = 'notifications/resources/updated';
    assert.deepEqual(await newsOf({ method, params: { uri: 'a', _meta: { [name]: 2, a: 1 } } }), [
      method,
      { uri: 'a', _meta: { [name]: 'mine', a: 1 } },
    ]);
    const progress = 'notifications/progress';
    assert.deepEqual(await newsOf({ method: progress, params: { progressToken: 3, progress: 1, _meta: { a: 1 } } }), [
      progress,
      { progress: 1, _meta: { a: 1 } },
    ]);
  });

  test('B82: the stream is closed when the token ends', async () => {
    const session = await openSession(world, 'tell');
    const expiresAt = Math.floor(Date.now() / 1000) + 2;
    const response = await world.call('tell', {
      method: 'GET',
      headers: { 'mcp-session-id': session },
      token: { expiresAt },
    });
    assert.equal(response.status, 200);
    await response.text();
    assert.ok(Math.abs(Date.now() / 1000 - expiresAt) < 1);
  });

  test('a stream is closed within a second or two when the token is revoked', async () => {
    const session = await openSession(world, 'tell');
    const response = await world.call('tell', {
      method: 'GET',
      headers: { 'mcp-session-id': session },
      token: { id: 'to-be-revoked' },
    });
    world.revoked.add('to-be-revoked');
    const startedAt = performance.now();
    await response.text();
    assert.ok(performance.now() - startedAt < 2000);
  });

  test('a call that outlives its token still gets its answer', async () => {
    const session = await openSession(world, 'tell');
    const response = await world.call('tell', {
      body: callTool(1, 'echo', { say: 'late', delay: 2300 }),
      headers: { 'mcp-session-id': session },
      token: { expiresAt: Math.floor(Date.now() / 1000) + 2 },
    });
    assert.equal(response.status, 200);
    assert.match(await response.text(), /late/);
  });
});

describe('cancelling', { timeout: 15_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([
      serverOf('tell', stdio(tell, { idleSeconds: 1 }), tellTools),
      serverOf('patient', stdio(tell), tellTools),
    ]);
  });
  after(() => world.close());

  const never = (id: number) => callTool(id, 'never');
  const cancel = (requestId: number) => ({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId } });
  type Heard = { id?: number; method?: string; params?: { requestId?: number } };

  for (const [accept, expected] of [
    ['text/event-stream, application/json', /^$/],
    ['application/json', /"id":41,"error"/],
  ] as const) {
    test(`a request without an answer ends (${accept}), under the id its process knows it by`, async () => {
      const session = await openSession(world, 'patient');
      const headers = { 'mcp-session-id': session };
      const waiting = world.call('patient', { body: never(41), headers: { ...headers, accept } });
      await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal((await world.call('patient', { body: cancel(41), headers })).status, 202);
      assert.match(await (await waiting).text(), expected);
      const heard = (await use(world, 'patient', session, 'heard')) as Heard[];
      const [asked, cancelled] = [
        heard.find(({ id }) => id === 2),
        heard.find(({ method }) => method?.endsWith('led')),
      ];
      assert.equal(cancelled?.params?.requestId, asked?.id);
    });
  }

  test('a cancelled request no longer keeps its process', async () => {
    const session = await openSession(world, 'tell');
    const headers = { 'mcp-session-id': session };
    const waiting = world.call('tell', { body: never(5), headers });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await world.call('tell', { body: cancel(5), headers });
    await (await waiting).text();
    await new Promise((resolve) => setTimeout(resolve, 2500));
    assert.equal((await world.call('tell', { body: callTool(1, 'calls'), headers })).status, 404);
  });

  test('T35: nobody cancels what another session asked', async () => {
    const [mine, theirs] = [await openSession(world, 'patient'), await openSession(world, 'patient')];
    const waiting = world.call('patient', {
      body: callTool(9, 'echo', { say: 'still here', delay: 200 }),
      headers: { 'mcp-session-id': mine },
    });
    const cancelled = await world.call('patient', { body: cancel(9), headers: { 'mcp-session-id': theirs } });
    assert.equal(cancelled.status, 202);
    assert.match(await (await waiting).text(), /still here/);
  });

  test('a client that goes away leaves its session usable', async () => {
    const session = await openSession(world, 'patient');
    const headers = { 'mcp-session-id': session };
    const leaving = new AbortController();
    const waiting = world.call('patient', { body: never(5), headers, signal: leaving.signal });
    setTimeout(() => leaving.abort(), 50);
    await assert.rejects(waiting);
    const heard = (await use(world, 'patient', session, 'heard')) as Heard[];
    assert.ok(
      !heard.some(({ method }) => method?.endsWith('cancelled')),
      'before 2026-07-28 leaving is not cancelling',
    );
  });

  test('where going away is cancelling (2026-07-28) the process is told, and of nothing that it has answered', async () => {
    const session = await openSession(world, 'patient');
    const version = '2026-07-28';
    const _meta = { 'io.modelcontextprotocol/protocolVersion': version };
    const call = (name: string, signal?: AbortSignal) =>
      world.call('patient', {
        body: rpc(5, 'tools/call', { name, arguments: {}, _meta }),
        headers: {
          'mcp-session-id': session,
          'mcp-protocol-version': version,
          'mcp-method': 'tools/call',
          'mcp-name': name,
        },
        ...(signal && { signal }),
      });
    assert.equal((await call('calls')).status, 200);
    const leaving = new AbortController();
    setTimeout(() => leaving.abort(), 50);
    await assert.rejects(call('never', leaving.signal));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const heard = (await use(world, 'patient', session, 'heard')) as Heard[];
    const cancelled = heard.filter(({ method }) => method === 'notifications/cancelled');
    assert.deepEqual(
      cancelled.map(({ params }) => params?.requestId),
      [3],
    );
  });
});

describe('the GET stream of a session', { timeout: 15_000 }, () => {
  let world: World;
  before(async () => {
    world = await openWorld([serverOf('tell', stdio(tell), tellTools)]);
  });
  after(() => world.close());
  const news = (method = 'notifications/tools/list_changed', data = '') => ({ message: { method, params: { data } } });

  test('gets what belongs to no request, also what was said before it was there', async () => {
    const session = await openSession(world, 'tell');
    await fetchFirstAnswer(session);
    const first = await firstEvent(await listen(session));
    assert.equal(first.method, 'notifications/tools/list_changed');
  });

  test('a second one takes the place of the first', async () => {
    const session = await openSession(world, 'tell');
    const [one, two] = await Promise.all([listen(session), listen(session)]);
    const ended = await Promise.race([one.clone().text(), two.clone().text()]);
    assert.equal(ended, '');
  });

  test('and one that took the place of another gets it from then on', async () => {
    const session = await openSession(world, 'tell');
    const [one, two] = [await listen(session), await listen(session)];
    assert.equal(await one.text(), '');
    await use(world, 'tell', session, 'say', news());
    assert.equal((await firstEvent(two)).method, 'notifications/tools/list_changed');
  });

  test('one that was left hears nothing more: it is kept for the next', async () => {
    const session = await openSession(world, 'tell');
    const others = world.gateway.listening();
    for (let n = 0; n < 2; n++) {
      await fetchFirstAnswer(session);
      await firstEvent(await listen(session));
      while (world.gateway.listening() > others) await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });

  test('what nobody hears is kept as far as may be', async () => {
    const session = await openSession(world, 'tell');
    const { message } = news();
    const data = 'x'.repeat(1024 * 1024 - JSON.stringify({ jsonrpc: '2.0', ...message }).length);
    await fetchFirstAnswer(session, news(message.method, data));
    assert.equal((await firstEvent(await listen(session))).params?.data, data);
  });

  test('what nobody hears is kept within bounds: the oldest goes first', async () => {
    const session = await openSession(world, 'tell');
    for (let n = 0; n < 5; n++) {
      const body = callTool(1, 'say', news('notifications/message', `${n}${'x'.repeat(400 * 1024)}`));
      const headers = { 'mcp-session-id': session, accept: 'application/json' };
      // Nothing is under way while it speaks: the answer to another question comes first.
      assert.equal((await world.call('tell', { body: sayLater(body), headers })).status, 200);
      // And it has spoken before the next question, which would hear it.
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    const first = await firstEvent(await listen(session));
    assert.equal(String(first.params?.data)[0], '3');
  });

  test('ends with the process', async () => {
    const session = await openSession(world, 'tell');
    const stream = await listen(session);
    const headers = { 'mcp-session-id': session };
    await (await world.call('tell', { body: callTool(1, 'exit'), headers })).text();
    assert.equal(await stream.text(), '');
  });

  const listen = (session: string) => world.call('tell', { method: 'GET', headers: { 'mcp-session-id': session } });
  const sayLater = ({ params }: { params: JsonObject }) =>
    callTool(1, 'say-later', (params as { arguments: JsonObject }).arguments);
  const fetchFirstAnswer = async (session: string, said = news()) => {
    const headers = { 'mcp-session-id': session };
    await (await world.call('tell', { body: callTool(1, 'say-later', said), headers })).text();
    await new Promise((resolve) => setTimeout(resolve, 100));
  };
});

test('a stop ends every stream and every request', { timeout: 10_000 }, async () => {
  const world = await openWorld([serverOf('tell', stdio(tell), tellTools)]);
  const session = await openSession(world, 'tell');
  const headers = { 'mcp-session-id': session };
  const waiting = world.call('tell', { body: callTool(3, 'never'), headers });
  const stream = await world.call('tell', { method: 'GET', headers });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const startedAt = performance.now();
  await world.gateway.close();
  assert.equal((await waiting).status, 502);
  assert.equal(await stream.text(), '');
  assert.ok(performance.now() - startedAt < 3000);
  await world.close();
});
