import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { http, openWorld, serverOf, type World } from './fixtures/world.ts';

const startedAt = Math.floor(Date.now() / 1000);
let upstream: HttpServer;
let world: World;
let nowMs = 0;
let cutOff: string[] = [];
/** What it is like to ask whether a token still holds. */
let look: () => Promise<void> = async () => {};

before(async () => {
  upstream = await openHttpServer();
  upstream.answerWith((_, outgoing) => outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders());
  world = await openWorld([serverOf('tracker', http(upstream.url), { a_read: 'read' })], {
    nowMs: () => nowMs,
    onCutOff: (_, { subject }, what) => cutOff.push(`${subject} ${what}`),
    async isRevoked({ id }) {
      await look();
      return world.revoked.has(id);
    },
  });
});
after(async () => {
  await world.close();
  upstream.close();
});
beforeEach(() => {
  nowMs = startedAt * 1000;
  cutOff = [];
  look = async () => {};
});

async function listen(token: object) {
  const response = await world.call('tracker', { method: 'GET', token });
  assert.equal(response.status, 200);
  const stream = { isOver: false, response };
  void response.text().then(() => {
    stream.isOver = true;
  });
  await wait(600);
  assert.ok(!stream.isOver);
  return stream;
}

describe('MCS-14: a stream ends', { timeout: 10_000 }, () => {
  test('in the second its token does, and no sooner', async () => {
    nowMs = (startedAt + 60) * 1000 - 1;
    const stream = await listen({ expiresAt: startedAt + 60 });
    nowMs += 1;
    await wait(600);
    assert.ok(stream.isOver);
    assert.deepEqual(cutOff, []);
  });

  test('once its caller is cut off, which is told once', async () => {
    const stream = await listen({ id: 'taken-back' });
    world.revoked.add('taken-back');
    await wait(600);
    assert.ok(stream.isOver);
    assert.deepEqual(cutOff, ['a_alice stream']);
  });

  test('when nobody can say whether its token holds, which is no cutting off', async () => {
    const stream = await listen({});
    look = () => Promise.reject(new Error('the store is away'));
    await wait(600);
    assert.ok(stream.isOver);
    assert.deepEqual(cutOff, []);
    assert.match(String(world.faults.at(-1)), /the store is away/);
  });
});
