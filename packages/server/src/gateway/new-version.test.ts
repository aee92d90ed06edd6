import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Jwk, mintJws, toThumbprint } from '@credence/mcp/protocol';
import { type HttpServer, openHttpServer } from './fixtures/http-server.ts';
import { openSession, tellTools } from './fixtures/sessions.ts';
import { callTool, commands, http, openWorld, rpc, serverOf, stdio, type World } from './fixtures/world.ts';

const tools = { a_read: 'read' };
let upstream: HttpServer;
let other: HttpServer;
let world: World;
const tracker = () => serverOf('tracker', http(upstream.url), tools);
const tell = serverOf('tell', stdio(commands.tell), tellTools);

before(async () => {
  [upstream, other] = [await openHttpServer(), await openHttpServer()];
  world = await openWorld([tracker(), tell]);
});
after(async () => {
  await world.close();
  upstream.close();
  other.close();
});
afterEach(() => {
  upstream.reset();
  world.records.length = 0;
  world.setServers([tracker()(world.origin), tell(world.origin)]);
});

/** Headers of a token that is bound to a key, with a proof for one request with it. */
async function provenFor(htm: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = publicKey.export({ format: 'jwk' }) as unknown as Jwk;
  const keyThumbprint = toThumbprint(jwk, (text) => createHash('sha256').update(text).digest());
  const token = await world.token('tracker', { keyThumbprint });
  const ath = createHash('sha256').update(token).digest('base64url');
  const claims = { htm, htu: world.url('tracker'), iat: Math.floor(Date.now() / 1000), jti: 'p1', ath };
  const dpop = await mintJws({ typ: 'dpop+jwt', alg: 'ES256', jwk }, claims, (text) =>
    sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  );
  return { authorization: `DPoP ${token}`, dpop };
}

describe('a new version of the resource document', { timeout: 15_000 }, () => {
  test('MCS-11: a proof that was used stays used', async () => {
    const headers = await provenFor('POST');
    assert.equal((await world.call('tracker', { body: callTool(1, 'a_read'), headers })).status, 200);
    world.setServers([tracker()(world.origin)]);
    const again = await world.call('tracker', { body: callTool(1, 'a_read'), headers });
    assert.equal(again.status, 401);
    assert.match(again.headers.get('www-authenticate') ?? '', /^DPoP error="invalid_token"/);
  });

  test('a scope that a tool is moved to counts at once', async () => {
    assert.equal((await world.call('tracker', { body: callTool(1, 'a_read') })).status, 200);
    world.setServers([serverOf('tracker', http(upstream.url), { a_read: 'danger' })(world.origin)]);
    assert.equal((await world.call('tracker', { body: callTool(1, 'a_read') })).status, 403);
  });

  test('T33: another upstream has listed nothing yet', async () => {
    await (await world.call('tracker', { body: rpc(1, 'tools/list') })).text();
    await (await world.call('tracker', { body: callTool(1, 'a_read') })).text();
    world.setServers([serverOf('tracker', http(other.url), tools)(world.origin)]);
    await (await world.call('tracker', { body: callTool(1, 'a_read') })).text();
    const [before, after] = world.records.map(({ toolHash }) => toolHash);
    assert.ok(before);
    assert.equal(after, null);
  });

  test('a server that was taken out: its open streams end, new requests find nothing', async () => {
    upstream.answerWith((_, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    );
    const session = await openSession(world, 'tell');
    const streams = [
      await world.call('tracker', { method: 'GET' }),
      await world.call('tell', { method: 'GET', headers: { 'mcp-session-id': session } }),
    ];
    world.setServers([]);
    const startedAt = performance.now();
    await Promise.all(streams.map((stream) => stream.text()));
    assert.ok(performance.now() - startedAt < 2000);
    assert.equal((await world.call('tracker', { body: callTool(1, 'a_read') })).status, 404);
  });

  test('RAS-30: bound tokens are demanded: streams of unbound ones end and no more begin, those of bound ones stay', async () => {
    upstream.answerWith((_, outgoing) =>
      outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    );
    const unbound = await world.call('tracker', { method: 'GET' });
    const bound = await world.call('tracker', { method: 'GET', headers: await provenFor('GET') });
    let isOver = false;
    const read = bound.text().then(() => {
      isOver = true;
    });
    world.setServers([{ ...tracker()(world.origin), requiresBoundTokens: true }]);
    await unbound.text();
    assert.equal((await world.call('tracker', { method: 'GET' })).status, 401);
    await wait(600); // longer than it takes to look again
    assert.ok(!isOver);
    world.setServers([]);
    await read;
  });

  test('a server that was taken out and comes back begins anew', async () => {
    const session = await openSession(world, 'tell');
    world.setServers([]);
    await world.call('tell', { method: 'GET' });
    world.setServers([tell(world.origin)]);
    const headers = { 'mcp-session-id': session };
    assert.equal((await world.call('tell', { body: callTool(1, 'calls'), headers })).status, 404);
  });
});
