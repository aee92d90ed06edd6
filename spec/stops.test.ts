import assert from 'node:assert/strict';
import { after, describe, mock, test } from 'node:test';
import {
  type AccessToken,
  checkAccessToken,
  cutReachSeconds,
  type ParsedJws,
  parseJws,
  type Refusal,
  refusalRow,
} from '@credence/mcp/protocol';
import { followRevocations, guard, type Revocations } from '@credence/mcp/resource';
import { toRow } from '../packages/server/src/audit/record.ts';
import { eventId } from '../packages/server/src/call.ts';
import { createOff } from '../packages/server/src/idp/off/follow.ts';
import { toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { isDead } from '../packages/server/src/stops/dead.ts';
import { issuerMark } from '../packages/server/src/stops/descent.ts';
import type { StopOrder } from '../packages/server/src/stops/plan.ts';
import { receivedStopId } from '../packages/server/src/stops/received.ts';
import { type By, resumeDue, resumeStop, stop } from '../packages/server/src/stops/stop.ts';
import {
  alice,
  claimsOf,
  idpIssuer,
  openSession,
  openWorld,
  rasIssuer,
  refused,
  tracker,
  type World,
} from './world.ts';

// Each kind of stop at each place where it has to be felt: the IdP, the RAS, introspection, the gateway, a guard elsewhere;
// where IdP and RAS are one installation, and where they are two that know each other by events alone.

const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const by: By = {
  name: 'dana',
  toRow: (kind, detail, facts) =>
    toRow({ v: 2, id: eventId('o_'), kind, domain: 'admin', timeMs: Date.now(), outcome: 'allowed', ...facts, detail }),
};

type Layout = 'one installation' | 'two installations';

/** Two sides, told of each other as in production, and a guard that follows the RAS. */
async function openPlace(layout: Layout) {
  const a = await openWorld();
  const b = layout === 'one installation' ? a : await openWorld();
  const worlds = new Set([a, b]);
  const clock = {
    set: (ms: number) => {
      for (const world of worlds) world.clock.ms = ms;
    },
  };
  // Bulletins carry the time of the machine.
  clock.set(Date.now());
  const off = createOff({
    issuer: idpIssuer,
    policy: a.policy,
    signer: () => toSigner(a.keys.idJag),
    subjectSecret: 'a secret of this organisation',
    store: a.store,
    versionOf: async () => undefined,
    ownRas: layout === 'one installation' ? rasIssuer : undefined,
    post: async (url, init) =>
      url.startsWith(rasIssuer) ? b.raw('ras', new Request(url, init)) : new Response(null, { status: 202 }),
    bearerOf: () => undefined,
    now: a.now,
    nowMs: () => a.clock.ms,
    alert: async () => undefined,
    onFault: (fault) => a.faults.push(fault),
  });
  const timer = setInterval(() => void off.look(), 10);
  await off.look();
  const keys = [b.keys.accessToken, b.keys.revocation].map(toPublicJwk);
  const revocations: Revocations = followRevocations({
    issuer: rasIssuer,
    resource: tracker,
    credentials: { id: 'server:tracker', secret: 'server:tracker-secret' },
    keys,
    nowMs: () => b.clock.ms,
    fetch: (input, init) => Promise.resolve(b.raw('ras', new Request(input as string, init))),
  });
  const check = guard({ issuer: rasIssuer, resource: tracker, keys, revocations, now: b.now });
  closing.push(
    () => clearInterval(timer),
    () => off.stop(),
    () => revocations.close(),
    () => b.streams.close(),
  );
  await revocations.ready;

  const follow = setInterval(() => void b.stops.follow(), 20);
  closing.push(() => clearInterval(follow));
  const callerOf = (token: string): AccessToken => {
    const expected = { issuer: rasIssuer, resource: tracker, now: b.now(), skewSeconds: 30 };
    const checked = checkAccessToken(parseJws(token) as ParsedJws, expected);
    assert.ok(checked.ok);
    return checked.value;
  };
  const placeOf = (side: 'a' | 'b') => ({
    store: side === 'a' ? a.store : b.store,
    access: side === 'a' || a === b ? a.policy() : undefined,
    resource: side === 'b' || a === b ? b.resourcePolicy() : undefined,
    idpIssuer,
    rasIssuer,
    now: a.now(),
  });
  return {
    a,
    b,
    clock,
    placeOf,
    /** Whether a token is taken, at each place that takes any. */
    takes: async (token: string) => {
      const request = new Request(tracker, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
      const asked = await b.ask('introspect', { token, client_id: 'cc-at-ras', client_secret: 'cc-at-ras-secret' });
      const guarded = await check(request);
      return {
        introspection: asked.body.active,
        gateway: !(await isDead(callerOf(token), b.stops.current(), b.store)),
        guard: !(guarded instanceof Response),
      };
    },
  };
}
type Place = Awaited<ReturnType<typeof openPlace>>;

const everywhere = { introspection: true, gateway: true, guard: true };
const nowhere = { introspection: false, gateway: false, guard: false };

/** Until it is so, within the second that a stop has. */
async function soon(isSo: () => Promise<void>): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await isSo();
    } catch (fault) {
      if (performance.now() - startedAt > 1000) throw fault;
      await wait(25);
    }
  }
}

type Answer = Awaited<ReturnType<World['exchange']>>;

async function expectAnswer(world: World, answer: Answer, refusal?: Refusal) {
  if (refusal) await refusedWith(world, answer, refusal);
  else assert.equal(answer.status, 200, `${answer.record.reason}`);
}

/** By its reference: others write to the record at the same time. */
async function refusedWith(world: World, { body, status }: Answer, reason: Refusal) {
  const [, id = ''] = /Reference: (\S+)/.exec(String(body.error_description)) ?? [];
  const line = JSON.parse((await world.store.audit.find(id))?.body ?? '{}');
  assert.equal(line.reason, reason);
  assert.deepEqual([body.error, status], [refusalRow(reason).wire, refusalRow(reason).status]);
}

interface Kind {
  readonly name: string;
  /** Where it is ordered, when there are two installations. */
  readonly side: 'a' | 'b';
  readonly order: (place: Place, token: string) => Pick<StopOrder, 'kind' | 'target' | 'issuer'>;
  /** While it stands: what the IdP says to an ID Token, the RAS to an ID-JAG from before and to a new one. */
  readonly idp?: Refusal;
  readonly before: Refusal;
  readonly fresh?: Refusal;
  /** When it is over: what the IdP says to the old ID Token, and the RAS to the old ID-JAG. Absent = it does not come back. */
  readonly over?: { readonly idp?: Refusal; readonly before: Refusal };
}

const over = { idp: 'subject_token_before_stop', before: 'id_jag_before_stop' } as const;
const kinds = (layout: Layout): readonly Kind[] => [
  {
    name: 'a person',
    side: 'a',
    order: () => ({ kind: 'person', target: alice.email }),
    idp: 'person_stopped',
    before: 'subject_blocked',
    fresh: 'subject_blocked',
    over: { idp: 'subject_token_before_stop', before: 'id_jag_revoked' },
  },
  {
    name: 'an account at the RAS',
    side: 'b',
    order: (_, token) => ({ kind: 'person', target: String(claimsOf(token).sub) }),
    before: 'person_stopped',
    fresh: 'person_stopped',
    over: { before: 'id_jag_before_stop' },
  },
  {
    name: 'a client',
    side: 'a',
    order: () => ({ kind: 'client', target: 'claude-code' }),
    idp: 'client_stopped',
    before: 'client_stopped',
    fresh: 'client_stopped',
    over,
  },
  {
    name: 'a server',
    side: 'a',
    order: () => ({ kind: 'server', target: 'tracker' }),
    idp: 'server_stopped',
    before: 'server_stopped',
    fresh: 'server_stopped',
    over: { before: 'id_jag_before_stop' },
  },
  {
    name: 'a rule',
    side: 'a',
    order: () => ({ kind: 'rule', target: 'eng' }),
    idp: 'rule_stopped',
    before: 'id_jag_before_stop',
    over: { before: 'id_jag_before_stop' },
  },
  {
    name: 'a session',
    side: 'a',
    order: () => ({ kind: 'session', target: 'uid-sid-1' }),
    idp: 'session_stopped',
    before: 'id_jag_revoked',
  },
  {
    name: 'an issuer',
    side: 'b',
    order: () => ({ kind: 'issuer', target: idpIssuer }),
    before: 'issuer_stopped',
    fresh: 'issuer_stopped',
    over: { before: 'id_jag_before_stop' },
  },
  {
    name: 'T10: a signing key of an issuer, with what descends from it',
    side: 'b',
    order: ({ b }) => ({ kind: 'key', target: b.keys.idJag.kid, issuer: idpIssuer }),
    before: 'key_stopped',
    fresh: 'key_stopped',
    over: { before: 'id_jag_before_stop' },
  },
  {
    name: 'everything',
    side: 'a',
    order: () => ({ kind: 'everything', target: '' }),
    idp: 'everything_stopped',
    before: layout === 'one installation' ? 'everything_stopped' : 'issuer_stopped',
    fresh: layout === 'one installation' ? 'everything_stopped' : 'issuer_stopped',
    over,
  },
];

for (const layout of ['one installation', 'two installations'] as const) {
  describe(`SIG-02, stops, ${layout}`, { concurrency: 4 }, () => {
    for (const kind of kinds(layout)) {
      test(kind.name, async () => {
        const place = await openPlace(layout);
        const { a, b, clock } = place;
        const idToken = await a.idToken();
        const spare = await b.idJag();
        const token = String((await b.redeem()).body.access_token);
        assert.deepEqual(await place.takes(token), everywhere);

        const order = { ...kind.order(place, token), reason: 'a drill' };
        const made = await stop(place.placeOf(kind.side), order, by);
        // The IdP says so at once; everybody else within a second.
        await expectAnswer(a, await a.exchange({ subject_token: idToken }), kind.idp);
        await soon(async () => assert.deepEqual(await place.takes(token), nowhere));
        await refusedWith(b, await b.redeem({ assertion: spare }), kind.before);
        // A cut takes what is two seconds younger as well.
        clock.set(a.clock.ms + 3500);
        const fresh = await b.redeem();
        await expectAnswer(b, fresh, kind.fresh);
        if (!kind.fresh) assert.deepEqual(await place.takes(String(fresh.body.access_token)), everywhere);
        await expectAnswer(a, await a.exchange(), kind.idp);

        const resume = { id: made.id, reason: 'it was a drill' };
        if (!kind.over)
          return void (await assert.rejects(resumeStop(place.placeOf(kind.side), resume, by), /not come back/));
        await resumeStop(place.placeOf(kind.side), resume, by);
        clock.set(a.clock.ms + 1500);
        const { over: later } = kind;
        await soon(async () => {
          clock.set(a.clock.ms + 1000); // what arrives later counts for what was issued until then
          const again = await b.redeem();
          assert.equal(again.status, 200, `${again.record.reason}`);
          assert.deepEqual(await place.takes(String(again.body.access_token)), everywhere);
        });
        assert.deepEqual(await place.takes(token), nowhere, 'a token from before stays dead');
        await refusedWith(b, await b.redeem({ assertion: spare }), later.before);
        await expectAnswer(a, await a.exchange({ subject_token: idToken }), later.idp);
        if (kind.name === 'a person') await openSession(a.store, 'sid-1', 'claude-code', alice.id, a.now());
        await expectAnswer(a, await a.exchange());
      });
    }

    test('a token, by its jti or that of its ID-JAG, and no other', async () => {
      const place = await openPlace(layout);
      const { b } = place;
      const grant = async () => {
        const assertion = await b.idJag();
        return {
          jti: String(claimsOf(assertion).jti),
          token: String((await b.redeem({ assertion })).body.access_token),
        };
      };
      const [one, two, three] = [await grant(), await grant(), await grant()];
      const unused = await b.idJag();
      const targets = [String(claimsOf(one.token).jti), two.jti, String(claimsOf(unused).jti)];
      for (const target of targets) await stop(place.placeOf('b'), { kind: 'token', target, reason: 'a drill' }, by);
      await soon(async () => {
        assert.deepEqual(await place.takes(one.token), nowhere);
        assert.deepEqual(await place.takes(two.token), nowhere);
      });
      assert.deepEqual(await place.takes(three.token), everywhere);
      await refusedWith(b, await b.redeem({ assertion: unused }), 'id_jag_stopped');
      assert.equal((await b.redeem()).status, 200);
    });

    test('the IdP stops a single ID-JAG that it has issued', async () => {
      const place = await openPlace(layout);
      const { a, b } = place;
      const grant = async () => String((await a.exchange()).body.access_token);
      const [used, unused] = [await grant(), await grant()];
      const token = String((await b.redeem({ assertion: used })).body.access_token);
      for (const each of [used, unused]) {
        const target = String(claimsOf(each).jti);
        await stop(place.placeOf('a'), { kind: 'token', target, reason: 'a drill' }, by);
      }
      await soon(async () => {
        assert.deepEqual(await place.takes(token), nowhere);
        await refusedWith(b, await b.redeem({ assertion: unused }), 'id_jag_stopped');
      });
      assert.equal((await b.redeem({ assertion: await grant() })).status, 200);
    });

    test('others go on: another client, another server, another issuer', async () => {
      const place = await openPlace(layout);
      const { a, b } = place;
      const keyed = async () => {
        const assertion = await b.idJag({ client_id: 'keyed' });
        const proof = await b.clientAssertion(rasIssuer);
        return b.redeem({ assertion, ...proof });
      };
      const token = String((await keyed()).body.access_token);
      await stop(place.placeOf('a'), { kind: 'client', target: 'claude-code', reason: 'a drill' }, by);
      await wait(400);
      assert.deepEqual((await place.takes(token)).guard, true);
      assert.equal((await keyed()).status, 200);
      await stop(place.placeOf('a'), { kind: 'server', target: 'wiki', reason: 'a drill' }, by);
      await wait(400);
      assert.deepEqual((await place.takes(token)).guard, true);
      await refusedWith(a, await a.exchange({ resource: `${rasIssuer}/wiki/mcp` }), 'client_stopped');
    });

    test('ends by itself, and not before', async () => {
      const place = await openPlace(layout);
      const { a, b, clock } = place;
      const endsAt = a.now() + 2;
      await stop(place.placeOf('a'), { kind: 'client', target: 'claude-code', reason: 'a drill', endsAt }, by);
      await refusedWith(a, await a.exchange(), 'client_stopped');
      clock.set(a.clock.ms + 1000);
      await resumeDue(a.store, a.clock.ms, { people: true });
      await refusedWith(a, await a.exchange(), 'client_stopped');
      clock.set(a.clock.ms + 1000);
      await refusedWith(a, await a.exchange(), 'client_stopped'); // whoever judges goes by no clock
      await resumeDue(a.store, a.clock.ms, { people: true });
      clock.set(a.clock.ms + 1500);
      assert.equal((await a.exchange()).status, 200);
      await soon(async () => {
        clock.set(a.clock.ms + 1000);
        assert.equal((await b.redeem()).status, 200);
      });
      const lines = (await a.store.audit.last(50)).map(({ personal }) => personal ?? '');
      assert.ok(lines.some((line) => line.includes('its time is over')));
    });
  });
}

describe('T19: nothing is issued past a stop that is made while the answer is', () => {
  const meanwhile = (world: World, order: StopOrder) => {
    const { commit } = world.store;
    let isFirst = true;
    mock.method(world.store, 'commit', async (unit: Parameters<typeof commit>[0]) => {
      const place = {
        access: world.policy(),
        resource: world.resourcePolicy(),
        idpIssuer,
        rasIssuer,
        now: world.now(),
      };
      if (isFirst) {
        isFirst = false;
        await stop({ store: world.store, ...place }, order, by);
      }
      return commit(unit);
    });
  };
  const reason = 'a drill';
  const table: [name: string, side: 'idp' | 'ras', order: StopOrder, refusal: Refusal][] = [
    ['a client, at the IdP', 'idp', { kind: 'client', target: 'claude-code', reason }, 'client_stopped'],
    ['a rule', 'idp', { kind: 'rule', target: 'eng', reason }, 'rule_stopped'],
    ['everything, at the IdP', 'idp', { kind: 'everything', target: '', reason }, 'everything_stopped'],
    ['a client, at the RAS', 'ras', { kind: 'client', target: 'cc-at-ras', reason }, 'client_stopped'],
    ['an issuer', 'ras', { kind: 'issuer', target: idpIssuer, reason }, 'issuer_stopped'],
    ['everything, at the RAS', 'ras', { kind: 'everything', target: '', reason }, 'everything_stopped'],
  ];
  for (const [name, side, order, refusal] of table) {
    test(`${name}: decided again, refused, and only that is on the record`, async () => {
      const world = await openWorld();
      meanwhile(world, order);
      await refused(world, side === 'idp' ? await world.exchange() : await world.redeem(), refusal);
      const lines = (await world.store.audit.last(20)).map(({ kind }) => kind);
      assert.ok(!lines.includes('issuance') && !lines.includes('redemption'), String(lines));
    });
  }
});

describe('a stop', () => {
  const place = (world: World) => ({
    store: world.store,
    access: world.policy(),
    resource: world.resourcePolicy(),
    idpIssuer,
    rasIssuer,
    now: world.now(),
  });

  test('our own key for ID Tokens: none that it signed is exchanged; for ID-JAGs: it signs no more', async () => {
    for (const purpose of ['idToken', 'idJag'] as const) {
      const world = await openWorld();
      await stop(place(world), { kind: 'key', target: world.keys[purpose].kid, reason: 'stolen' }, by);
      await refused(world, await world.exchange(), 'key_stopped');
      // Whoever stole it need not say which key it is, where only one is published.
      const nameless = { subject_token: await world.idToken({}, { kid: undefined }) };
      await refused(world, await world.exchange(nameless), 'key_stopped');
    }
  });

  test('nobody is given an account by a client, or at a server, that is stopped', async () => {
    for (const [kind, target, refusal] of [
      ['client', 'cc-at-ras', 'client_stopped'],
      ['server', 'tracker', 'server_stopped'],
    ] as const) {
      const world = await openWorld();
      await stop(place(world), { kind, target, reason: 'a drill' }, by);
      await refused(world, await world.redeem(), refusal);
      assert.equal(
        await world.store.accounts.find({ issuer: idpIssuer, tenant: undefined, subject: alice.id }),
        undefined,
        kind,
      );
    }
  });

  test('of everything is an alert, and on the record with reason, before and after', async () => {
    const world = await openWorld();
    const made = await stop(place(world), { kind: 'everything', target: '', reason: 'a drill' }, by);
    const rows = await world.store.audit.last(2);
    assert.deepEqual(
      rows.map(({ kind }) => kind),
      ['admin', 'alert'],
    );
    const [line] = rows;
    for (const word of [made.id, 'a drill', 'before going on', 'until it is resumed']) {
      assert.ok(line?.personal?.includes(word), word);
    }
  });

  test('a server that does not say that it judges stops is told nothing while one concerns it: stream_cannot_judge', async () => {
    const world = await openWorld();
    closing.push(() => world.streams.close());
    const authorization = `Basic ${btoa('server%3Atracker:server%3Atracker-secret')}`;
    const ask = (query = '') =>
      world.raw(
        'ras',
        new Request(`${rasIssuer}/events/stream?nonce=${'n'.repeat(32)}${query}`, { headers: { authorization } }),
      );
    const before = await ask();
    assert.equal(before.status, 200);
    const ended = (async () => {
      for await (const _ of before.body as unknown as AsyncIterable<Uint8Array>) {
      }
    })();
    await stop(place(world), { kind: 'client', target: 'claude-code', reason: 'a drill' }, by);
    await world.stops.follow();
    await ended; // the stream that was open ends
    const after = await world.send(
      'ras',
      new Request(`${rasIssuer}/events/stream?nonce=${'n'.repeat(32)}`, { headers: { authorization } }),
    );
    assert.equal(after.status, 400);
    assert.equal(after.record.reason, 'stream_cannot_judge');
    const other = await ask('&stops=1');
    assert.equal(other.status, 200);
  });

  test('SIG-03, T09: an issuer stops what it has issued, and nothing of another', async () => {
    const world = await openWorld();
    const said = { event_timestamp: world.now(), id: 'st_1', what: 'everything' };
    const claims = { sub_id: undefined, events: { 'urn:credence:event:stop': said } };
    const set = await world.event('stop', {
      claims: { ...claims, iss: 'https://acme.okta.example' },
      key: world.keys.partner,
    });
    assert.equal((await world.push(set)).status, 202);
    assert.equal((await world.redeem()).status, 200, 'ours go on');
    await world.store.stops
      .inForce(world.now())
      .then((all) => assert.equal(all[0]?.target, 'https://acme.okta.example'));
  });

  test('IDP-38: one issuer fills our memory so far and no further; it can still stop everything, and end what is in force', async () => {
    const world = await openWorld();
    const partner = 'https://acme.okta.example';
    const mark = issuerMark(partner, undefined);
    for (let number = 0; number < 2000; number += 1) {
      const stopId = receivedStopId({ issuer: partner, tenant: undefined }, `st_${number}`);
      const hits = [{ at: 'ras', what: 'client', value: `c${number}`, from: mark }] as const;
      const about = { kind: 'client', target: `c${number}`, origin: partner, reason: 'r', by: partner } as const;
      const signal = { id: `set-${number}`, until: world.now() + 600 };
      await world.store.stops.take(signal, { id: stopId, ...about, hits, at: world.now(), resumed: undefined }, []);
    }
    await world.stops.follow();
    const say = async (said: object, from: object = { iss: partner }, key = world.keys.partner) => {
      const events = { 'urn:credence:event:stop': { event_timestamp: world.now(), ...said } };
      return world.push(await world.event('stop', { claims: { sub_id: undefined, ...from, events }, key }));
    };
    const answer = await say({ id: 'st_new', what: 'client', value: 'claude-code' });
    assert.deepEqual([answer.status, answer.record.reason], [429, 'set_too_many_stops']);
    assert.equal((await world.redeem()).status, 200);
    const ended = { id: 'st_7', what: 'client', value: 'c7', resumed_at: world.now() };
    assert.equal((await say(ended)).status, 202, 'the end of one that is known');
    assert.equal((await say({ id: 'st_all', what: 'everything' })).status, 202, 'the last resort');
    const ours = await say({ id: 'st_ours', what: 'client', value: 'x' }, {}, world.keys.idJag);
    assert.equal(ours.status, 202, 'another issuer');
  });

  const malformed: [name: string, change: object][] = [
    ['of something that is none', { what: 'planet', value: 'earth' }],
    ['of everything, and of something', { what: 'everything', value: 'x' }],
    ['of a client without a name', { what: 'client' }],
    ['without an id', { id: undefined }],
    ['with an end that is no time', { resumed_at: 'now' }],
    ['of a tenant that is no name', { tenant: 7 }],
  ];
  for (const [name, change] of malformed) {
    test(`${name}: set_malformed, and nothing is stopped`, async () => {
      const world = await openWorld();
      const said = { event_timestamp: world.now(), id: 'st_1', what: 'everything', ...change };
      const set = await world.event('stop', { claims: { events: { 'urn:credence:event:stop': said } } });
      const answer = await world.push(set);
      assert.equal(answer.record.reason, 'set_malformed');
      assert.equal((await world.redeem()).status, 200);
    });
  }

  test('an end that is still to come: set_from_the_future', async () => {
    const world = await openWorld();
    const said = { event_timestamp: world.now(), id: 'st_1', what: 'everything', resumed_at: world.now() + 3600 };
    const set = await world.event('stop', { claims: { events: { 'urn:credence:event:stop': said } } });
    assert.equal((await world.push(set)).record.reason, 'set_from_the_future');
  });

  test('a cut ends up to two seconds past its order, by clocks that may differ', async () => {
    const world = await openWorld();
    const latest = world.now() + 30;
    for (const [id, resumed_at, reason] of [
      ['st_1', latest + cutReachSeconds, undefined],
      ['st_2', latest + cutReachSeconds + 1, 'set_from_the_future'],
    ] as const) {
      const said = { event_timestamp: world.now(), id, what: 'everything', resumed_at };
      const set = await world.event('stop', { claims: { events: { 'urn:credence:event:stop': said } } });
      assert.equal((await world.push(set)).record.reason, reason, id);
    }
  });
});
