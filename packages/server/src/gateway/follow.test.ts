import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Jwk, mintRevocationFrame, type RevocationFrame, toWhoInput } from '@credence/mcp/protocol';
import { verifySignature } from '../keys/verify-signature.ts';
import type { ResourceIndex } from '../policy/compile.ts';
import type { ResourceServer } from '../policy/model.ts';
import { json, openHttpServer } from './fixtures/http-server.ts';
import { openSession, tellTools } from './fixtures/sessions.ts';
import { callTool, commands, http, openWorld, serverOf, stdio, type World } from './fixtures/world.ts';
import { createFollowed, type FollowOptions, standingAt } from './follow.ts';

const issuer = 'https://ras.example';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' } as unknown as Jwk];
const signing = {
  kid: 'k1',
  algorithm: 'ES256',
  sign: (text: string) => sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
};

/** A RAS that is nothing but its streams, and a gateway's ears. */
function openRas(change: Partial<FollowOptions> = {}) {
  const connections: { authorization: string; say: (resource: string, said?: Partial<RevocationFrame>) => unknown }[] =
    [];
  const state = { index: servers(), status: 200, told: [] as string[], faults: [] as string[] };
  let clockMs = 1_000_000;
  const followed = createFollowed({
    issuer,
    index: () => state.index,
    keys,
    deafSeconds: 10,
    whenDeaf: 'refuse',
    verifySignature,
    nowMs: Date.now,
    secretOf: async (server) => `secret of ${server}`,
    onDeaf: (server, isDeaf) => state.told.push(`${server} ${isDeaf ? 'deaf' : 'hears'}`),
    onFault: (server, fault) => state.faults.push(`${server}: ${(fault as Error).message}`),
    fetch: async (input, init) => {
      if (state.status !== 200) return new Response(null, { status: state.status });
      const nonce = new URL(String(input)).searchParams.get('nonce') ?? '';
      let [seq, controller]: [number, ReadableStreamDefaultController<Uint8Array> | undefined] = [0, undefined];
      const body = new ReadableStream<Uint8Array>({
        start(its) {
          controller = its;
        },
      });
      init?.signal?.addEventListener('abort', () => controller?.error(new Error('aborted')));
      connections.push({
        authorization: atob(new Headers(init?.headers).get('authorization')?.replace('Basic ', '') ?? ''),
        async say(resource, said = {}) {
          seq += 1;
          clockMs += 1;
          const frame = {
            nonce,
            seq,
            atMs: clockMs,
            position: 7,
            complete: true,
            people: [],
            tokens: [],
            stops: [],
            ...said,
          };
          const set = { issuer, resource, id: `j${seq}` };
          controller?.enqueue(
            new TextEncoder().encode(`id: 7\ndata: ${await mintRevocationFrame(frame, set, signing)}\n\n`),
          );
          await wait(30);
        },
      });
      return new Response(body);
    },
    ...change,
  });
  const start = (index: typeof state.index) => {
    state.index = index;
    return followed.start();
  };
  return { followed, start, connections, state, [Symbol.dispose]: () => followed.close() };
}

const servers = (...of: ResourceServer[]): ResourceIndex => ({
  version: 1,
  servers: new Map(of.map((server) => [server.id, server])),
  serversByResource: new Map(),
  clients: new Map(),
  clientsByClientId: new Map(),
  trust: new Map(),
  secondPerson: false,
});
const tracker = serverOf('tracker', http('http://127.0.0.1:9'), {})(issuer);
const wiki = serverOf('wiki', http('http://127.0.0.1:9'), {})(issuer);
const now = Math.floor(Date.now() / 1000);
const caller = {
  issuer,
  subject: 'a_1',
  clientId: 'app',
  id: 't1',
  resource: tracker.resource,
  scopes: [],
  issuedAt: now,
  expiresAt: now + 600,
  keyThumbprint: undefined,
};
const cutOff = (resource: string, subject: string) => ({
  people: [
    {
      who: createHash('sha256').update(toWhoInput(resource, subject)).digest('base64url'),
      before: now + 5,
      blocked: true,
      until: now + 900,
    },
  ],
});
const never = async () => false;

describe('SIG-02: a gateway apart from the authorization server', () => {
  test('one that is closed while the secret of a server is looked for begins no stream any more', async () => {
    const secret = Promise.withResolvers<string>();
    using ras = openRas({ secretOf: () => secret.promise });
    const started = ras.start(servers(tracker));
    ras.followed.close();
    secret.resolve('found');
    await started;
    await wait(700); // nor when it would look for news
    assert.equal(ras.connections.length, 0);
  });

  test('follows for each server with an upstream, as that server; one without is not heard of', async () => {
    using ras = openRas();
    const { upstream: _, ...bare } = serverOf('bare', http('http://127.0.0.1:9'), {})(issuer);
    const started = ras.start(servers(tracker, wiki, { ...bare, upstream: undefined }));
    await wait(50);
    assert.deepEqual(
      ras.connections.map(({ authorization }) => authorization),
      ['server%3Atracker:secret%20of%20tracker', 'server%3Awiki:secret%20of%20wiki'],
    );
    await ras.connections[0]?.say(tracker.resource);
    await ras.connections[1]?.say(wiki.resource);
    await started;
    const standings = ['tracker', 'wiki', 'bare', 'unheard'].map((id) => ras.followed.of({ id }).standingOf(caller));
    assert.deepEqual(await Promise.all(standings), ['holds', 'holds', 'unknown', 'unknown']);
    await ras.connections[0]?.say(tracker.resource, cutOff(tracker.resource, 'a_1'));
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'revoked');
    assert.equal(await ras.followed.of(wiki).standingOf(caller), 'holds');
    assert.deepEqual(ras.state.told, []);
  });

  test('what the store knows counts too, and comes first', async () => {
    using ras = openRas();
    assert.equal(await standingAt(tracker, caller, { isRevoked: async () => true, ...ras }), 'revoked');
    assert.equal(await standingAt(tracker, caller, { isRevoked: never, ...ras }), 'unknown');
    assert.equal(await standingAt(tracker, caller, { isRevoked: never }), 'holds');
  });

  test('starts while the authorization server is away, and knows nothing until it is back', async () => {
    using ras = openRas();
    ras.state.status = 503;
    await ras.start(servers(tracker));
    assert.deepEqual(ras.state.told, ['tracker deaf']);
    assert.equal(ras.state.faults[0], 'tracker: answered 503');
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'unknown');
    ras.state.status = 200;
    while (ras.connections.length === 0) await wait(50);
    await ras.connections[0]?.say(tracker.resource);
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'holds');
    await wait(600);
    assert.deepEqual(ras.state.told, ['tracker deaf', 'tracker hears']);
  });

  test('a secret that was changed at the authorization server is read again, and no restart is needed', async () => {
    let secret = 'of yesterday';
    using ras = openRas({ secretOf: async () => secret });
    ras.state.status = 401;
    await ras.start(servers(tracker));
    assert.equal(ras.state.faults[0], 'tracker: answered 401');
    [secret, ras.state.status] = ['of today', 200];
    while (ras.connections.length === 0) await wait(50);
    assert.equal(ras.connections[0]?.authorization, 'server%3Atracker:of%20today');
    await ras.connections[0]?.say(tracker.resource);
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'holds');
  });

  test('does not start without the secret of a server', async () => {
    using ras = openRas({ secretOf: async (server) => Promise.reject(new Error(`no secret for ${server}`)) });
    await assert.rejects(ras.start(servers(tracker)), /no secret for tracker/);
  });

  test('a new version of the document: what stays goes on, what is new begins, what is gone or elsewhere ends', async () => {
    using ras = openRas();
    const started = ras.start(servers(tracker));
    await wait(50);
    await ras.connections[0]?.say(tracker.resource);
    await started;
    ras.state.index = servers({ ...tracker, name: 'Tracker' }, wiki);
    await wait(600);
    assert.equal(ras.connections.length, 2);
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'holds');
    assert.equal(await ras.followed.of(wiki).standingOf(caller), 'unknown');
    ras.state.index = servers({ ...tracker, resource: 'https://ras.example/elsewhere' });
    await wait(600);
    assert.equal(ras.connections.length, 3);
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'unknown');
    ras.followed.close();
    assert.equal(await ras.followed.of(tracker).standingOf(caller), 'unknown');
  });

  test('the secret of a server that a new version brings cannot be had: told, and refused until it can', async () => {
    const there = new Set(['tracker']);
    using ras = openRas({
      secretOf: async (id) => (there.has(id) ? 'a secret' : Promise.reject(new Error('no secret'))),
    });
    const started = ras.start(servers(tracker));
    await wait(50);
    await ras.connections[0]?.say(tracker.resource);
    await started;
    ras.state.index = servers(tracker, wiki);
    await wait(600);
    assert.equal(ras.state.faults[0], 'wiki: no secret');
    assert.equal(await ras.followed.of(wiki).standingOf(caller), 'unknown');
    assert.equal(ras.connections.length, 1);
    there.add('wiki');
    await wait(1100);
    assert.equal(ras.connections.length, 2, 'the secret is there now');
  });

  test('a server that is taken out while its secret is read is not followed', async () => {
    using ras = openRas({ secretOf: (id) => wait(id === 'wiki' ? 900 : 0, 'a secret') });
    const started = ras.start(servers(tracker));
    await wait(50);
    await ras.connections[0]?.say(tracker.resource);
    await started;
    ras.state.index = servers(tracker, wiki);
    await wait(700);
    ras.state.index = servers(tracker);
    await wait(1200);
    assert.equal(ras.connections.length, 1);
  });
});

describe('MCS-14: the gateway obeys what it hears', () => {
  /** A gateway in front of `tracker`, whose streams are in our hands. */
  async function openFollowing(server: (origin: string) => ResourceServer, of: ReturnType<typeof openRas>) {
    const ended: string[] = [];
    const world = await openWorld([server], {
      followed: of.followed,
      onCutOff: (id, { subject }, what) => ended.push(`${id} ${subject} ${what}`),
    });
    const served = server(world.origin);
    const started = of.start(servers(served));
    await wait(50);
    return { world, ended, started, say: (said = {}) => of.connections.at(-1)?.say(served.resource, said), served };
  }
  const statusOf = async (world: World, token = {}) => {
    const response = await world.call('tracker', { body: callTool(1, 'echo'), token });
    await response.arrayBuffer();
    return response.status;
  };

  test('503 before anything was heard, then let in, then refused; an open stream ends, others go on', async () => {
    const upstream = await openHttpServer();
    upstream.answerWith(({ method, body }, outgoing) => {
      if (method === 'GET') return outgoing.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
      return json(outgoing, { jsonrpc: '2.0', id: body?.id, result: { content: [] } });
    });
    using ras = openRas();
    const { world, ended, started, say, served } = await openFollowing(
      serverOf('tracker', http(upstream.url), { echo: 'read' }),
      ras,
    );
    try {
      assert.equal(await statusOf(world), 503);
      assert.deepEqual(world.strangers, ['revocations_unknown']);
      await say();
      await started;
      assert.equal(await statusOf(world), 200);
      const stream = await world.call('tracker', { method: 'GET' });
      const other = await world.call('tracker', { method: 'GET', token: { subject: 'a_bob' } });
      const isOver = { alice: false, bob: false };
      void stream.arrayBuffer().then(() => (isOver.alice = true));
      void other.arrayBuffer().then(
        () => (isOver.bob = true),
        () => undefined,
      );
      await say(cutOff(served.resource, 'a_alice'));
      assert.equal(await statusOf(world), 401);
      assert.equal(await statusOf(world, { subject: 'a_bob' }), 200);
      await wait(600);
      assert.deepEqual(isOver, { alice: true, bob: false });
      assert.deepEqual(ended, ['tracker a_alice stream']);
    } finally {
      await world.close();
      upstream.close();
    }
  });

  test('the process of whoever is cut off ends', async () => {
    using ras = openRas();
    const { world, ended, started, say, served } = await openFollowing(
      serverOf('tracker', stdio(commands.tell), tellTools),
      ras,
    );
    try {
      await say();
      await started;
      await openSession(world, 'tracker');
      await say(cutOff(served.resource, 'a_bob'));
      await wait(1100);
      assert.deepEqual(ended, []);
      await say(cutOff(served.resource, 'a_alice'));
      await wait(1100);
      assert.deepEqual(ended, ['tracker a_alice session']);
    } finally {
      await world.close();
    }
  });
});
