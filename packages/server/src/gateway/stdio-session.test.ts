import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Caller } from '@credence/mcp/resource';
import { type Answer, createAnswer } from './answer.ts';
import { startChild } from './child.ts';
import type { Exchange } from './exchange.ts';
import { firstEvent, tellTools } from './fixtures/sessions.ts';
import { callTool, commands, rpc, serverOf, stdio } from './fixtures/world.ts';
import { parseMessage } from './message.ts';
import { createStdioSession, type StdioSession } from './stdio-session.ts';
import { createToolBook } from './tools.ts';

let cwd: string;
const outgoings: ((outgoing: ServerResponse) => void)[] = [];
const listener = createServer((_, outgoing) => outgoings.shift()?.(outgoing));
const origin = () => `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'session-'));
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  listener.closeAllConnections();
  listener.close();
  await rm(cwd, { recursive: true, force: true });
});

const caller: Caller = {
  issuer: 'https://idp.example',
  subject: 'a_alice',
  clientId: 'claude-code',
  id: 't1',
  resource: 'https://tell.example',
  scopes: ['read'],
  issuedAt: 0,
  expiresAt: 1,
  keyThumbprint: undefined,
};

/** A session with a process of its own, which is ended with the test. */
function open(): StdioSession & AsyncDisposable & { hasExited: Promise<void> } {
  const { promise: hasExited, resolve: onExit } = Promise.withResolvers<void>();
  const plan = { command: process.execPath, args: [commands.tell], env: {}, cwd, user: undefined };
  const session = createStdioSession({ owner: 'alice', person: 'a_alice', lastCaller: caller }, startChild(plan), {
    allowed: [],
    nowMs: Date.now,
    onExit,
  });
  return Object.assign(session, { hasExited, [Symbol.asyncDispose]: () => session.stop() });
}

interface Asked {
  readonly exchange: Exchange;
  readonly answer: Answer;
  readonly leaving: AbortController;
  readonly response: Promise<Response>;
}

/** A request of a client that has come as far as the session. */
async function ask(body: object | undefined, released = async () => {}): Promise<Asked> {
  const arrived = new Promise<ServerResponse>((resolve) => outgoings.push(resolve));
  const response = fetch(origin());
  response.catch(() => undefined);
  const answer = createAnswer(await arrived, { json: true, stream: true }, released);
  const leaving = new AbortController();
  const exchange: Exchange = {
    method: body ? 'POST' : 'GET',
    server: serverOf('tell', stdio(commands.tell), tellTools)(origin()),
    caller,
    message: body && parseMessage(JSON.stringify(body)),
    headers: {},
    traceparent: undefined,
    answer,
    tools: createToolBook(),
    signal: leaving.signal,
    recordRefusal: () => undefined,
  };
  return { exchange, answer, leaving, response };
}

const say = async (session: StdioSession, method: string) => {
  const { exchange, response } = await ask(callTool(1, 'say', { message: { method } }));
  await session.request(exchange);
  await (await response).text();
};

describe('a session whose process has ended', { timeout: 10_000 }, () => {
  test('answers what comes too late', async () => {
    await using session = open();
    await session.stop();
    await session.hasExited;
    const { exchange, response } = await ask(rpc(7, 'ping'));
    await session.request(exchange);
    const { status, body } = { status: (await response).status, body: await (await response).json() };
    assert.deepEqual([status, (body as { id: number }).id], [502, 7]);
    assert.ok(!session.isBusy);
  });

  test('ends a stream that was opened meanwhile', async () => {
    await using session = open();
    const { promise, resolve } = Promise.withResolvers<void>();
    const { exchange, response } = await ask(undefined, () => promise);
    const listening = session.listen(exchange);
    await session.stop();
    await session.hasExited;
    resolve();
    await listening;
    assert.equal(await (await response).text(), '');
  });
});

describe('a stream that listens', { timeout: 10_000 }, () => {
  test("takes nobody's place when it may not be opened any more", async () => {
    await using session = open();
    const [first, late] = [await ask(undefined), await ask(undefined)];
    void session.listen(first.exchange);
    late.answer.endStream();
    await session.listen(late.exchange);
    await assert.rejects(late.response);
    await say(session, 'notifications/tools/list_changed');
    assert.equal((await firstEvent(await first.response)).method, 'notifications/tools/list_changed');
    first.leaving.abort();
  });

  test('hears nothing when its client has gone before it was opened: it is kept for the next', async () => {
    await using session = open();
    const [gone, next] = [await ask(undefined), await ask(undefined)];
    const told = ask(callTool(1, 'say-later', { message: { method: 'notifications/tools/list_changed' } }));
    await session.request((await told).exchange);
    gone.leaving.abort();
    await session.listen(gone.exchange);
    await wait(200);
    void session.listen(next.exchange);
    assert.equal((await firstEvent(await next.response)).method, 'notifications/tools/list_changed');
    next.leaving.abort();
  });
});

test('a request whose client has gone is not passed on', { timeout: 10_000 }, async () => {
  await using session = open();
  const { exchange, leaving } = await ask(callTool(1, 'exit'));
  leaving.abort();
  await session.request(exchange);
  assert.ok(!session.isBusy);
  await wait(300);
  await say(session, 'notifications/message');
});
