import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, mock, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Told } from '@credence/mcp/resource';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { callTool, http, openWorld, serverOf, type World } from './fixtures/world.ts';

const tools = { a_read: 'read' };
let upstream: HttpServer;
let world: World;
const standing: { of: 'holds' | 'unknown'; asked: number } = { of: 'holds', asked: 0 };
const standingOf = () => {
  standing.asked += 1;
  return standing.of;
};
/** What whoever is refused at the door is told. */
let told: Told;
const whose: [server: string | undefined, token: string | undefined][] = [];

before(async () => {
  upstream = await openHttpServer();
  world = await openWorld(
    [serverOf('tracker', http(upstream.url), tools), serverOf('wiki', http(upstream.url), tools)],
    {
      followed: { of: () => ({ standingOf }), start: async () => undefined, close: () => undefined },
      onStranger: async (refusal, from) => {
        world.strangers.push(refusal);
        whose.push([from?.server.id, from?.caller.id]);
        return told;
      },
    },
  );
});
after(async () => {
  await world.close();
  upstream.close();
});
beforeEach(() => {
  upstream.reset();
  for (const list of [world.strangers, world.records, whose]) list.length = 0;
  [standing.of, standing.asked] = ['holds', 0];
  told = undefined;
});

/** A call whose body comes after something has happened, and after so long. */
async function slowly(meanwhile: () => unknown, ms = 400, server = 'tracker', token = {}): Promise<Response> {
  const text = JSON.stringify(callTool(1, 'a_read'));
  const parts = async function* () {
    yield Buffer.from(text.slice(0, 10));
    await wait(ms);
    meanwhile();
    yield Buffer.from(text.slice(10));
  };
  return fetch(world.url(server), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await world.token(server, { id: 'slow', ...token })}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    },
    body: ReadableStream.from(parts()),
    duplex: 'half',
  });
}

describe('MCS-16, T19: a token counts when what it is shown for is there', () => {
  test('taken back while the body came: 401 with a challenge, nothing is called, and it is told as at the door', async () => {
    const answer = await slowly(() => world.revoked.add('slow'));
    world.revoked.clear();
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token", resource_metadata="/);
    assert.match(answer.headers.get('www-authenticate') ?? '', /scope="read write"$/);
    assert.deepEqual(world.strangers, ['token_revoked']);
    assert.deepEqual(whose, [['tracker', 'slow']]);
    assert.deepEqual([upstream.seen.length, world.records.length], [0, 0]);
  });

  const page = 'https://id.acme.example/refused/d_1';
  const tellings: [name: string, told: Told, uri: string | undefined][] = [
    ['with the page of its line', { reference: 'd_1', page }, page],
    ['where no page could tell, by its reference alone', 'd_1', undefined],
  ];
  for (const [name, what, uri] of tellings) {
    test(`and is told why as at the door, ${name}`, async () => {
      told = what;
      const answer = await slowly(() => world.revoked.add('slow'));
      world.revoked.clear();
      const said = (await answer.json()) as { error_uri?: string; error_description: string };
      assert.equal(said.error_uri, uri);
      assert.match(said.error_description, / Reference: d_1$/);
    });
  }

  test('nobody can say any more whether it holds: 503', async () => {
    const answer = await slowly(() => {
      standing.of = 'unknown';
    });
    assert.equal(answer.status, 503);
    assert.deepEqual([world.strangers, upstream.seen.length], [['revocations_unknown'], 0]);
  });

  test('expired while the body came', async () => {
    const now = mock.method(Date, 'now');
    const expiresAt = Math.floor(Date.now() / 1000) + 600;
    const atTheEnd = (expiresAt + 30) * 1000;
    const answer = await slowly(() => now.mock.mockImplementation(() => atTheEnd), 400, 'tracker', { expiresAt });
    now.mock.restore();
    assert.equal(answer.status, 401);
    assert.deepEqual([world.strangers, upstream.seen.length], [['token_expired'], 0]);
  });

  test('its server was taken out while the body came: 404, as for any that is not there', async () => {
    const left = serverOf('tracker', http(upstream.url), tools)(world.origin);
    const answer = await slowly(() => world.setServers([left]), 400, 'wiki');
    assert.deepEqual([answer.status, upstream.seen.length], [404, 0]);
  });

  test('RAS-30: bound tokens are demanded since while the body came, however soon: 401', async () => {
    const before = serverOf('tracker', http(upstream.url), tools)(world.origin);
    const answer = await slowly(() => world.setServers([{ ...before, requiresBoundTokens: true }]), 20);
    world.setServers([before]);
    assert.deepEqual([answer.status, upstream.seen.length, world.strangers], [401, 0, ['token_not_bound']]);
  });

  test('its scope was taken from the tool while the body came, however soon', async () => {
    const changed = serverOf('tracker', http(upstream.url), { a_read: 'danger' })(world.origin);
    const answer = await slowly(() => world.setServers([changed]), 20);
    assert.deepEqual([answer.status, upstream.seen.length], [403, 0]);
    world.setServers([serverOf('tracker', http(upstream.url), tools)(world.origin)]);
  });

  test('who was let in under a document leaves alone what a newer one has put in its place', async () => {
    const other = await openHttpServer();
    const { promise: isAnswered, resolve: answer } = Promise.withResolvers<void>();
    other.answerWith(async (_, outgoing) => {
      await isAnswered;
      outgoing.writeHead(200, { 'content-type': 'application/json' });
      outgoing.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result: { content: [] } }));
    });
    const both = { ...tools, a_danger: 'danger' };
    const [before, after] = [upstream, other].map(({ url }) => serverOf('tracker', http(url), both)(world.origin));
    assert.ok(before && after);
    world.setServers([before]);
    const { promise: isRecorded, resolve: record } = Promise.withResolvers<void>();
    world.setAppend(async () => isRecorded);
    const old = world.call('tracker', { body: callTool(1, 'a_danger'), token: { scopes: ['danger'] } });
    await wait(50);
    world.setServers([after]);
    world.setAppend(async () => undefined);
    const next = world.call('tracker', { body: callTool(1, 'a_read') });
    while (other.seen.length === 0) await wait(5);
    record();
    assert.deepEqual([(await old).status, upstream.seen.length], [502, 0], 'nor opens what it has replaced');
    answer();
    assert.equal((await next).status, 200);
    other.close();
    world.setServers([serverOf('tracker', http(upstream.url), tools)(world.origin)]);
  });

  test('taken back while the line of a high-risk call was written: 401, and it is not carried out', async () => {
    world.setServers([serverOf('tracker', http(upstream.url), { a_danger: 'danger' })(world.origin)]);
    const call = () =>
      world.call('tracker', { body: callTool(1, 'a_danger'), token: { id: 'slow', scopes: ['danger'] } });
    world.setAppend(async () => wait(400));
    assert.deepEqual([(await call()).status, upstream.seen.length], [200, 1], 'slowly alone takes nothing away');
    upstream.reset();
    world.setAppend(async () => {
      await wait(400);
      world.revoked.add('slow');
    });
    const answer = await call();
    world.revoked.clear();
    world.setAppend(async () => undefined);
    world.setServers([serverOf('tracker', http(upstream.url), tools)(world.origin)]);
    assert.deepEqual([answer.status, upstream.seen.length, world.strangers], [401, 0, ['token_revoked']]);
  });

  test('slowly alone takes nothing away', async () => {
    const answer = await slowly(() => undefined);
    await answer.text();
    assert.deepEqual([answer.status, upstream.seen.length], [200, 1]);
  });

  test('what comes at once is asked for once', async () => {
    for (let ms = Number.POSITIVE_INFINITY; ms > 200; ) {
      const startedAt = performance.now();
      standing.asked = 0;
      assert.equal((await world.call('tracker', { body: callTool(1, 'a_read') })).status, 200);
      ms = performance.now() - startedAt; // on a busy machine not all that is sent at once comes at once
    }
    assert.equal(standing.asked, 1);
  });
});
