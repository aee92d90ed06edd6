import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { type JsonObject, parseJws, revocationsEvent } from '@credence/mcp/protocol';
import { followRevocations, guard, type Revocations } from '@credence/mcp/resource';
import { toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { alice, claimsOf, idpIssuer, openWorld, rasIssuer, refused, tracker, type World, wiki } from './world.ts';

const basic = (id: string, secret = `${id}-secret`) => `Basic ${btoa([id, secret].map(encodeURIComponent).join(':'))}`;
const nonce = 'n'.repeat(32);
const streamRequest = (headers: Record<string, string>, query = `?nonce=${nonce}`) =>
  new Request(`${rasIssuer}/events/stream${query}`, { headers });
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const opened: { close(): void }[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

async function openStreamWorld() {
  const world = await openWorld();
  opened.push(world.streams);
  return world;
}

/** An own MCP server in another process than the RAS, all but for the wire. */
function openServer(world: World, resource = tracker, id = 'tracker') {
  const keys = [world.keys.accessToken, world.keys.revocation].map(toPublicJwk);
  const faults: unknown[] = [];
  const revocations: Revocations = followRevocations({
    issuer: rasIssuer,
    resource,
    credentials: { id: `server:${id}`, secret: `server:${id}-secret` },
    keys,
    nowMs: () => world.clock.ms,
    onFault: (fault) => faults.push(fault),
    fetch: (input, init) => Promise.resolve(world.raw('ras', new Request(input as string, init))),
  });
  opened.push(revocations);
  const check = guard({ issuer: rasIssuer, resource, keys, revocations, now: world.now });
  const call = async (token: unknown) => {
    const request = new Request(resource, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    const caller = await check(request);
    return caller instanceof Response ? caller.status : 200;
  };
  return { revocations, call, faults };
}

/** The events of a stream, as JSON, until `count` have come. */
async function read(response: Response, count: number): Promise<JsonObject[]> {
  const frames: JsonObject[] = [];
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  const limit = setTimeout(() => reader.cancel('a frame did not come'), 10_000);
  while (frames.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += new TextDecoder().decode(value);
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const jws = parseJws(event.split('\ndata: ')[1] ?? '', 1e6);
      assert.ok(jws);
      const [, position] = /^id: (\d+)$/m.exec(event) ?? [];
      const said = (jws.claims.events as JsonObject)[revocationsEvent] as JsonObject;
      assert.equal(Number(position), said.position);
      frames.push({ ...said, kid: jws.header.kid, typ: jws.header.typ, aud: jws.claims.aud });
    }
  }
  clearTimeout(limit);
  await reader.cancel();
  return frames;
}

const tokenFor = async (world: World, claims: object = {}) => {
  const { body, record } = await world.redeem({ assertion: await world.idJag(claims) });
  assert.ok(body.access_token, record.reason);
  return body.access_token;
};

describe('SIG-02: "tell MCP servers"', { timeout: 15_000 }, () => {
  for (const name of ['session-revoked', 'account-disabled'] as const) {
    test(`${name}: a guard in another process refuses within a second, and nobody else is cut off`, async () => {
      const world = await openStreamWorld();
      const [hers, his] = [await tokenFor(world), await tokenFor(world, { sub: 'u_bob' })];
      const { revocations, call, faults } = openServer(world);
      assert.equal(await call(hers), 503, 'nothing is known yet');
      await revocations.ready;
      assert.deepEqual([await call(hers), await call(his)], [200, 200]);
      const signal = revocations.signalOf({ ...claimsToCaller(hers) });
      const startedAt = performance.now();
      assert.equal((await world.push(await world.event(name))).status, 202);
      while ((await call(hers)) === 200) await wait(5);
      const gap = performance.now() - startedAt;
      assert.equal(await call(hers), 401);
      assert.equal(await call(his), 200);
      await wait(20);
      assert.equal(signal.aborted, true);
      assert.ok(gap <= 1000, `${gap} ms`);
      assert.deepEqual(faults, []);
      assert.deepEqual(world.faults, []);
    });
  }

  test('a single token that is revoked (RFC 7009), and an account that is switched off here', async () => {
    const world = await openStreamWorld();
    world.clock.ms = Date.now(); // who switches an account off does not say when it is
    const { revocations, call } = openServer(world);
    await revocations.ready;
    const [one, two] = [await tokenFor(world), await tokenFor(world)];
    await world.ask('revoke', { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret', token: String(one) });
    await wait(500);
    assert.deepEqual([await call(one), await call(two)], [401, 200]);
    const account = await world.store.accounts.find({ issuer: idpIssuer, tenant: undefined, subject: alice.id });
    await world.store.accounts.setActive(account?.id ?? '', false);
    await wait(500);
    assert.equal(await call(two), 401);
    await world.store.accounts.setActive(account?.id ?? '', true);
    await wait(500);
    assert.equal(await call(two), 200);
  });

  test('whoever comes later is told all that still matters, and whoever comes back what it missed', async () => {
    const world = await openStreamWorld();
    const [hers, his] = [await tokenFor(world), await tokenFor(world, { sub: 'u_bob' })];
    await world.push(await world.event('session-revoked'));
    const { revocations, call } = openServer(world);
    await revocations.ready;
    assert.deepEqual([await call(hers), await call(his)], [401, 200]);
    world.streams.close(); // as when the RAS is restarted
    const bob = { sub_id: { format: 'iss_sub', iss: idpIssuer, sub: 'u_bob' } };
    await world.push(await world.event('session-revoked', { claims: bob }));
    await wait(1000);
    assert.deepEqual([await call(hers), await call(his)], [401, 401]);
  });
});

describe('SIG-05: "Without a signal the exposure is access token life"', () => {
  test('a guard that follows nothing lets in whoever was cut off until the token expires, and not a second longer', async () => {
    const world = await openStreamWorld();
    const issuedAt = world.now();
    const token = await tokenFor(world);
    const keys = [toPublicJwk(world.keys.accessToken)];
    const check = guard({ issuer: rasIssuer, resource: tracker, keys, now: world.now, skewSeconds: 0 });
    const call = async () => {
      const headers = { authorization: `Bearer ${token}` };
      return (await check(new Request(tracker, { method: 'POST', headers }))) instanceof Response ? 401 : 200;
    };
    await world.push(await world.event('session-revoked'));
    const { exp, iat } = claimsOf(String(token)) as { exp: number; iat: number };
    assert.deepEqual([iat, exp], [issuedAt, issuedAt + 600]);
    world.clock.ms = (exp - 1) * 1000;
    assert.equal(await call(), 200);
    world.clock.ms = exp * 1000;
    assert.equal(await call(), 401);
  });
});

describe('the stream itself', { timeout: 15_000 }, () => {
  test('frames are signed by a key of their own purpose, numbered, for one server, with a sign of life', async () => {
    const world = await openStreamWorld();
    const response = await world.raw('ras', streamRequest({ authorization: basic('server:tracker') }));
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.equal(response.headers.get('cache-control'), 'no-store');
    const living = setInterval(() => {
      world.clock.ms += 2500;
    }, 250);
    const frames = await read(response, 3);
    clearInterval(living);
    for (const [at, frame] of frames.entries()) {
      const { seq, nonce: echoed, kid, typ, aud, complete } = frame;
      assert.deepEqual([seq, echoed, aud, typ, complete], [at + 1, nonce, tracker, 'secevent+jwt', true]);
      assert.equal(kid, world.keys.revocation.kid);
    }
    assert.deepEqual([frames[2]?.people, frames[2]?.tokens], [[], []]);
  });

  test('a server learns nothing about people it has not seen, nor of tokens for others', async () => {
    const world = await openStreamWorld();
    const token = await tokenFor(world);
    await world.ask('revoke', { client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret', token: String(token) });
    await world.push(await world.event('session-revoked'));
    const of = async (id: string) => {
      const [frame] = await read(await world.raw('ras', streamRequest({ authorization: basic(`server:${id}`) })), 1);
      return frame as { people: unknown[][]; tokens: unknown[][] };
    };
    const [mine, others] = [await of('tracker'), await of('wiki')];
    assert.deepEqual([mine.tokens.length, others.tokens.length], [1, 0]);
    assert.deepEqual([mine.people.length, others.people.length], [1, 1]);
    assert.notEqual(mine.people[0]?.[0], others.people[0]?.[0]);
    const text = JSON.stringify([mine, others]);
    for (const secret of [alice.id, String(claimsOf(token).sub), idpIssuer]) assert.ok(!text.includes(secret));
  });

  test('another server takes no frame for its own', async () => {
    const world = await openStreamWorld();
    const { revocations, faults } = openServer(world, wiki, 'tracker');
    await Promise.race([revocations.ready, wait(700)]);
    assert.match(String(faults[0]), /next/);
  });

  test('Last-Event-ID: only what came after it; one that has not been yet: everything', async () => {
    const world = await openStreamWorld();
    await tokenFor(world);
    await world.push(await world.event('session-revoked'));
    const position = await world.store.changeSequence();
    const people = async (id: string) => {
      const headers = { authorization: basic('server:tracker'), 'last-event-id': id };
      const [frame] = await read(await world.raw('ras', streamRequest(headers)), 1);
      return ((frame?.people ?? []) as unknown[]).length;
    };
    assert.deepEqual(
      [await people('0'), await people(String(position)), await people('99999'), await people('x')],
      [1, 0, 1, 1],
    );
  });

  test('nobody but a server of ours, with its secret, in the header', async () => {
    const world = await openStreamWorld();
    const send = (headers: Record<string, string>, query?: string) => world.send('ras', streamRequest(headers, query));
    await refused(world, await send({}), 'client_not_authenticated');
    await refused(world, await send({ authorization: basic('server:tracker', 'x') }), 'client_secret_wrong');
    await refused(world, await send({ authorization: basic('server:nowhere') }), 'client_unknown');
    await refused(world, await send({ authorization: basic('cc-at-ras') }), 'stream_for_servers_only');
    for (const query of [
      '',
      '?nonce=short',
      `?nonce=${'x'.repeat(129)}`,
      `?nonce=${encodeURIComponent('ä'.repeat(20))}`,
    ]) {
      await refused(world, await send({ authorization: basic('server:tracker') }, query), 'missing_parameter');
    }
    for (let n = 0; n < 10; n++) await send({ authorization: basic('server:tracker', 'x') });
    const blocked = await send({ authorization: basic('server:tracker', 'y') });
    await refused(world, blocked, 'too_many_requests');
    assert.ok(Number(blocked.headers.get('retry-after')) > 0);
    assert.equal(blocked.headers.get('www-authenticate'), null, 'other credentials would change nothing');
  });

  test('T21: in an epoch that began a while ago, only a server that judges stops follows, until nothing of before can live', async () => {
    const world = await openStreamWorld();
    const ask = (judges = '') => {
      const headers = { authorization: basic('server:tracker') };
      return world.raw('ras', streamRequest(headers, `?nonce=${nonce}${judges}`));
    };
    world.beginEpoch('second');
    assert.equal((await ask()).status, 400);
    assert.equal((await ask('&stops=0')).status, 400);
    assert.equal((await ask('&stops=1')).status, 200);
    world.clock.ms += 3720_000;
    assert.equal((await ask()).status, 200);
  });

  test('a refusal says how to come again only where that would help, and is kept nowhere', async () => {
    const world = await openStreamWorld();
    const send = (id: string, secret?: string, query?: string) =>
      world.send('ras', streamRequest({ authorization: basic(id, secret) }, query));
    const wrong = await send('server:tracker', 'x');
    const unfit = await send('cc-at-ras');
    for (const { headers } of [wrong, unfit]) assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(wrong.headers.get('www-authenticate') ?? '', /^Basic /);
    assert.equal(unfit.headers.get('www-authenticate'), null);
    assert.equal(wrong.headers.get('retry-after'), null);
    for (let n = 0; n < 20; n++) await send('server:tracker', undefined, '?nonce=short');
    assert.equal((await send('server:tracker', undefined, '?nonce=short')).record.reason, 'missing_parameter');
  });

  test('a flood of strangers is counted, and each is told a reference', async () => {
    const world = await openWorld(undefined, { linesPerSecond: 2 });
    opened.push(world.streams);
    for (let n = 0; n < 10; n++) {
      const answer = await world.raw('ras', streamRequest({}));
      assert.equal(answer.status, 401);
      assert.match(await answer.text(), /Reference: \w+/);
    }
    const lines = (await world.store.audit.read(0, 100)).filter(({ kind }) => kind === 'refusal');
    assert.equal(lines.length, 2);
  });

  test('KEY-09: whose secret is taken away hears nothing more, and others go on', async () => {
    const world = await openStreamWorld();
    const [tracked, pages] = [openServer(world), openServer(world, wiki, 'wiki')];
    await Promise.all([tracked.revocations.ready, pages.revocations.ready]);
    world.takeSecret('server:tracker');
    while (world.streams.counts().get('tracker')) await wait(5);
    assert.equal(world.streams.counts().get('wiki'), 1);
    assert.deepEqual(world.faults, []);
  });

  test('HEAD opens none: nobody would read it', async () => {
    const world = await openStreamWorld();
    const headers = { authorization: basic('server:tracker') };
    const { status } = await world.raw('ras', new Request(streamRequest(headers), { method: 'HEAD' }));
    assert.deepEqual([status, world.streams.counts().size], [405, 0]);
  });

  test('so many of one server at once, and no more until one is left', async () => {
    const world = await openStreamWorld();
    const open = () => world.raw('ras', streamRequest({ authorization: basic('server:tracker') }));
    const [first, second] = [await open(), await open()];
    await refused(
      world,
      await world.send('ras', streamRequest({ authorization: basic('server:tracker') })),
      'too_many_streams',
    );
    assert.equal((await world.raw('ras', streamRequest({ authorization: basic('server:wiki') }))).status, 200);
    await first.body?.cancel();
    assert.equal((await open()).status, 200);
    await second.body?.cancel();
  });
});

function claimsToCaller(token: unknown) {
  const { iss, sub, client_id, jti, iat, exp } = claimsOf(token) as Record<string, string> & {
    iat: number;
    exp: number;
  };
  const who = { issuer: iss ?? '', subject: sub ?? '', clientId: client_id ?? '', id: jti ?? '' };
  return { ...who, resource: tracker, scopes: [], issuedAt: iat, expiresAt: exp, keyThumbprint: undefined };
}
