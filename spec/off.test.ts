import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { cutReachSeconds } from '@credence/mcp/protocol';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import type { AuditRecord } from '../packages/server/src/audit/record.ts';
import { toRow } from '../packages/server/src/audit/record.ts';
import { createEgress } from '../packages/server/src/egress.ts';
import { createOff, type Off } from '../packages/server/src/idp/off/follow.ts';
import { generatePrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import type { AccessDocument } from '../packages/server/src/policy/access-document.ts';
import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import type { Person, Store } from '../packages/server/src/store/store.ts';
import { type EventReceiver, openEventReceiver } from './event-receiver.ts';

const issuer = 'https://id.acme.example';
const key = generatePrivateJwk('ES256');
const secret = 'a secret of this organisation';
const egress = createEgress({ internalRanges: [], allowLoopback: true, extraCa: [] });
const closing: (() => Promise<void>)[] = [() => egress.close()];
after(async () => {
  for (const close of closing.reverse()) await close();
});

const erin: Person = {
  id: 'u_erin',
  source: 'local',
  email: 'erin@acme.example',
  name: 'Erin',
  active: true,
  groups: ['engineering', 'chess'],
  roles: ['lead'],
};

interface Opening {
  readonly store?: Store;
  readonly audiences?: string;
  readonly bearer?: string;
  /** Rules beside those that are always there. */
  readonly rules?: readonly string[];
}

/** The sending half over a store, towards RASs that really listen. */
async function openSending(receivers: readonly EventReceiver[], opening: Opening = {}) {
  const store = opening.store ?? (await openSqliteStore(':memory:', { node: 'spec' }));
  if (!opening.store) {
    await store.people.save(erin);
    closing.push(() => store.close());
  }
  const servers = receivers.map(({ ras }, at) => `s${at}: { resource: ${ras}/mcp, ras: ${ras}, scopes: { a: {} } }`);
  let audiences = opening.audiences ?? '{}';
  let more = opening.rules ?? [];
  const compile = (names: readonly string[], version: number) => {
    const rules = [
      `{ id: one, allow: all, on: [${names}], to: [group:engineering] }`,
      `{ id: two, allow: all, on: s0, to: [role:lead] }`,
      ...more,
    ];
    const text = `servers: { ${servers.slice(0, names.length).join(', ')} }\naudiences: ${audiences}\nrules: [${rules.join(', ')}]`;
    const parsed = parsePolicy(text, 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return compileAccess(parsed.document as AccessDocument, { version, localRas: undefined });
  };
  const names = receivers.map((_, at) => `s${at}`);
  let policy = compile(names, 1);
  const versions = new Map([[1, policy]]);
  const faults: unknown[] = [];
  const clock = { aheadSeconds: 0 };
  const nowMs = () => Date.now() + clock.aheadSeconds * 1000;
  const start = (): Off & { readonly end: () => Promise<void> } => {
    const off = createOff({
      issuer,
      policy: () => policy,
      versionOf: async (version) => versions.get(version),
      signer: () => toSigner(key),
      subjectSecret: secret,
      store,
      post: egress.fetch,
      bearerOf: () => opening.bearer,
      now: () => Math.floor(nowMs() / 1000),
      nowMs,
      alert: async (facts) => {
        const record: AuditRecord = {
          v: 2,
          id: `a_${Math.random()}`,
          kind: 'alert',
          domain: 'idp',
          timeMs: nowMs(),
          outcome: 'allowed',
          ...facts,
        };
        await store.commit({ marks: [], records: [toRow(record)] });
      },
      onFault: (fault) => faults.push(fault),
    });
    const timer = setInterval(() => void off.look().catch((fault) => faults.push(fault)), 5);
    const end = async () => {
      clearInterval(timer);
      await off.stop();
    };
    closing.push(end);
    return { ...off, end };
  };
  const records = async () => {
    const rows = await store.audit.last(1000);
    return rows.map(readRecord);
  };
  const off = start();
  await off.look();
  return {
    store,
    off,
    start,
    faults,
    clock,
    records,
    /** Resolves when a line says so. */
    recorded: async (isIt: (record: AuditRecord) => boolean): Promise<AuditRecord> => {
      for (let tries = 0; tries < 1000; tries += 1) {
        const found = (await records()).find(isIt);
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 8));
      }
      throw new Error(`nothing like it in ${JSON.stringify(await records())}`);
    },
    publish: (change: { servers: number; audiences?: string; rules?: readonly string[] }) => {
      audiences = change.audiences ?? audiences;
      more = change.rules ?? more;
      policy = compile(names.slice(0, change.servers), policy.version + 1);
      versions.set(policy.version, policy);
    },
  };
}

async function openReceiver(): Promise<EventReceiver> {
  const receiver = await openEventReceiver(() => [toPublicJwk(key)]);
  closing.push(() => receiver.close());
  return receiver;
}

const settle = (milliseconds = 60) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('IDP-43: "As SSF transmitter send session-revoked [...] account-disabled on disable, logout, group loss"', () => {
  const session = async ({ artifacts }: Store) => {
    await artifacts.upsert('Session', 's-1', { uid: 'uid-1', accountId: erin.id }, 4e9);
    await artifacts.upsert('RefreshToken', 'r-1', { accountId: erin.id, grantId: 'grant-1' }, 4e9);
  };
  const group = async ({ directory }: Store, id: string) => {
    const found = await directory.groups.find('group', id);
    assert.ok(found);
    return found;
  };
  const table: [name: string, act: (store: Store) => Promise<unknown>, told: string[]][] = [
    ['a person blocked', ({ directory }) => directory.provisioned.block(erin.id, true, []), ['account-disabled admin']],
    [
      'let in again',
      async ({ directory }) => {
        await directory.provisioned.block(erin.id, true, []);
        await directory.provisioned.block(erin.id, false, []);
      },
      ['account-disabled admin', 'account-enabled admin'],
    ],
    [
      'a session ended',
      async (store) => session(store).then(() => store.sessions.end('uid-1', [])),
      ['session-revoked admin'],
    ],
    [
      'a sign-out',
      async (store) => session(store).then(() => store.sessions.signOut('uid-1')),
      ['session-revoked user'],
    ],
    [
      'an upstream that ends a session',
      async (store) => session(store).then(() => store.sessions.end('uid-1', [], 'system')),
      ['session-revoked system'],
    ],
    ['every session ended', ({ artifacts }) => artifacts.endSessionsOf(erin.id), ['session-revoked admin']],
    [
      'a refresh token used twice',
      async (store) => session(store).then(() => store.artifacts.revokeGrant('grant-1')),
      ['session-revoked system'],
    ],
    ['second factors taken away', ({ factors }) => factors.reset(erin.id, []), ['session-revoked admin']],
    [
      'taken out of a group that grants something',
      async (store) =>
        store.directory.groups.update(await group(store, 'engineering'), { add: [], remove: [erin.id] }, []),
      ['session-revoked policy'],
    ],
    [
      'that group deleted',
      async (store) => store.directory.groups.remove(await group(store, 'engineering'), []),
      ['session-revoked policy'],
    ],
    ['a role lost', ({ people }) => people.save({ ...erin, roles: [] }), ['session-revoked policy']],
    ['taken out of a group that no rule names', ({ people }) => people.save({ ...erin, groups: ['engineering'] }), []],
    ['put into another group', ({ people }) => people.save({ ...erin, groups: [...erin.groups, 'more'] }), []],
    ['another name', ({ people }) => people.save({ ...erin, name: 'E.' }), []],
  ];
  for (const [name, act, told] of table) {
    test(`${name}: ${told.join(', ') || 'nothing is told'}`, async () => {
      const receiver = await openReceiver();
      const { store, faults } = await openSending([receiver]);
      await act(store);
      await receiver.accepted(told.length);
      await settle();
      const events = receiver.events.map(({ name: event, payload }) => `${event} ${payload.initiating_entity}`);
      assert.deepEqual(events, told);
      assert.deepEqual(faults, []);
    });
  }

  test('PRV-02: nothing is left of the sessions of somebody who lost the last group that granted anything', async () => {
    const receiver = await openReceiver();
    const { store } = await openSending([receiver]);
    await session(store);
    await store.people.save({ ...erin, groups: ['engineering'], roles: [] });
    await receiver.accepted(1);
    await settle();
    assert.ok(await store.artifacts.find('Session', 's-1'), 'another group still grants');
    await store.people.save({ ...erin, groups: ['chess'], roles: [] });
    for (let tries = 0; (await store.artifacts.find('Session', 's-1')) && tries < 200; tries += 1) await settle(10);
    assert.equal(await store.artifacts.find('Session', 's-1'), undefined);
    assert.equal(await store.artifacts.find('RefreshToken', 'r-1'), undefined);
  });

  test('only a RAS at which the group granted something hears that it is lost', async () => {
    const [near, far] = [await openReceiver(), await openReceiver()];
    const { store } = await openSending([near, far]);
    await store.people.save({ ...erin, roles: [] });
    await near.accepted(1);
    await store.people.save({ ...erin, roles: [], groups: [] });
    await near.accepted(2);
    await far.accepted(1);
    await settle();
    // The loss of the group, and the end of the sessions of whoever has nothing left: together, or one after the other.
    assert.ok(far.events.length <= 2 && far.events.every(({ name }) => name === 'session-revoked'));
  });
});

describe('PRV-02: what takes away without taking anybody out of anything', () => {
  const session = ({ artifacts }: Store) =>
    artifacts.upsert('Session', 's-1', { uid: 'uid-1', accountId: erin.id }, 4e9);
  const denies = '{ id: no, deny: all, on: s0, to: [group:suspects] }';

  test('put into a group that a rule denies: those who are signed in are told of, once, and nobody else', async () => {
    const receiver = await openReceiver();
    const { store, faults } = await openSending([receiver], { rules: [denies] });
    const join = (groups: string[]) => store.people.save({ ...erin, groups: [...erin.groups, ...groups] });
    const losses = await store.lossSequence();
    await join(['others']);
    assert.equal(await store.lossSequence(), losses, 'who holds nothing loses nothing');
    await session(store);
    await join(['others', 'more']);
    await settle();
    assert.equal(receiver.events.length, 0, 'no rule names it');
    const before = await store.lossSequence();
    await join(['others', 'more', 'suspects']);
    assert.ok((await store.lossSequence()) > before, 'T19');
    const [event] = await receiver.accepted(1);
    assert.deepEqual([event?.name, event?.subject], ['session-revoked', erin.id]);
    await settle();
    const told = receiver.events.length;
    assert.ok(told <= 2, 'with the end of the session of whoever has nothing left');
    await join(['others', 'more', 'suspects']);
    await settle();
    assert.equal(receiver.events.length, told);
    assert.deepEqual(faults, []);
  });

  test('a version that grants less: its servers are told, with those whom the changed rules name; one that grants more is not', async () => {
    const [near, far] = [await openReceiver(), await openReceiver()];
    const sending = await openSending([near, far]);
    await session(sending.store);
    sending.publish({ servers: 2, rules: ['{ id: more, allow: all, on: s1, to: [everyone] }'] });
    await sending.off.look();
    await settle();
    assert.equal(near.events.length + far.events.length, 0);
    sending.publish({ servers: 2, rules: [denies.replace('suspects', 'chess')] });
    await sending.off.look();
    const events = await near.accepted(2);
    const [stop] = events.filter(({ name }) => name.endsWith('stop'));
    const { id: _, event_timestamp: at, ...said } = stop?.payload ?? {};
    assert.deepEqual(said, { what: 'server', value: `${near.ras}/mcp`, resumed_at: Number(at) + cutReachSeconds });
    const [person] = events.filter(({ name }) => name === 'session-revoked');
    assert.equal(person?.subject, erin.id);
    await settle();
    // s1 loses the rule of the version before; both are told of the person, who may have had something there.
    assert.ok(far.events.every(({ payload }) => payload.value !== `${near.ras}/mcp`));
    assert.equal((await sending.store.stops.list({ over: true, limit: 9 })).length, 1);
    await sending.off.look();
    await settle();
    assert.equal((await sending.store.stops.list({ over: true, limit: 9 })).length, 1, 'once');
  });

  test('a version that was in force for a moment only: what it granted ends, although the one before it granted no more', async () => {
    const [near, far] = [await openReceiver(), await openReceiver()];
    const sending = await openSending([near, far]);
    await session(sending.store);
    sending.publish({ servers: 2, rules: [denies] });
    await sending.off.look();
    await settle();
    const before = (await sending.store.stops.list({ over: true, limit: 9 })).length;
    sending.publish({ servers: 2, rules: [denies, '{ id: oops, allow: all, on: s1, to: [everyone] }'] });
    sending.publish({ servers: 2, rules: [denies] });
    await sending.off.look();
    await settle();
    assert.equal((await sending.store.stops.list({ over: true, limit: 9 })).length, before + 1);
  });

  test('a rule whose time is over: its servers are told in that second, once, also by whoever was away then', async () => {
    const [near, far] = [await openReceiver(), await openReceiver()];
    const end = new Date((Math.floor(Date.now() / 1000) + 600) * 1000).toISOString();
    const helper = `{ id: helper, allow: all, on: s1, to: [group:chess], until: "${end}" }`;
    const sending = await openSending([near, far], { rules: [helper] });
    const stops = () => sending.store.stops.list({ over: true, limit: 9 });
    await sending.off.look();
    assert.equal((await stops()).length, 0, 'its time has not come');
    sending.clock.aheadSeconds = 600;
    await sending.off.look();
    const [stop] = await far.accepted(1);
    const { id: _, event_timestamp: at, ...said } = stop?.payload ?? {};
    assert.deepEqual(said, { what: 'server', value: `${far.ras}/mcp`, resumed_at: Number(at) + cutReachSeconds });
    await sending.off.look();
    await sending.off.end();
    const again = sending.start();
    await again.look();
    await settle();
    assert.equal((await stops()).length, 1, 'once, whoever looks');
    assert.equal(near.events.length, 0, 'of no other server');
    const [made] = await stops();
    assert.match(made?.reason ?? '', /the time of helper in version 1 of the access document is over/);
    assert.ok((made?.resumed?.tokensBefore ?? 0) >= Math.floor(Date.now() / 1000) + 600);
  });

  test('a rule whose time came while nobody was here: at the next start', async () => {
    const receiver = await openReceiver();
    const end = new Date((Math.floor(Date.now() / 1000) - 100) * 1000).toISOString();
    const helper = `{ id: helper, allow: all, on: s0, to: [group:chess], until: "${end}" }`;
    const sending = await openSending([receiver], { rules: [helper] });
    await sending.off.look();
    const [stop] = await receiver.accepted(1);
    assert.equal(stop?.payload.what, 'server');
  });

  test('a version that was published while nobody was there to look is compared with the last that was', async () => {
    const receiver = await openReceiver();
    const sending = await openSending([receiver]);
    await sending.off.end();
    sending.publish({ servers: 1, rules: [denies] });
    const again = sending.start();
    await again.look();
    const [stop] = await receiver.accepted(1);
    assert.equal(stop?.payload.what, 'server');
  });
});

describe('IDP-43, RFC 8417, RFC 8935: what is sent', () => {
  test('one signed SET to a RAS, about the person as it knows them, and nothing that would make it another token', async () => {
    const [plain, pairwise, tenant] = [await openReceiver(), await openReceiver(), await openReceiver()];
    const audiences = `{ ${pairwise.ras}: { subject: pairwise }, ${tenant.ras}: { tenant: acme } }`;
    const { store, recorded } = await openSending([plain, pairwise, tenant], { audiences });
    const before = Math.floor(Date.now() / 1000);
    await store.directory.provisioned.block(erin.id, true, []);
    const [event] = await plain.accepted(1);
    assert.ok(event);
    assert.deepEqual(event.header, { typ: 'secevent+jwt', alg: 'ES256', kid: key.kid });
    const { iat, jti, events, ...rest } = event.claims;
    assert.deepEqual(rest, {
      iss: issuer,
      aud: plain.ras,
      sub_id: { format: 'iss_sub', iss: issuer, sub: erin.id },
    });
    assert.ok(Number(iat) >= before && Number(iat) <= before + 5 && Number.isInteger(iat));
    const uri = 'https://schemas.openid.net/secevent/risc/event-type/account-disabled';
    const { event_timestamp: at } = event.payload;
    assert.deepEqual(events, { [uri]: { event_timestamp: at, initiating_entity: 'admin' } });
    assert.ok(Number(at) >= before && Number(at) <= before + 5 && Number.isInteger(at));

    const [toPairwise] = await pairwise.accepted(1);
    assert.match(toPairwise?.subject ?? '', /^[\w-]{43}$/);
    const [toTenant] = await tenant.accepted(1);
    assert.deepEqual(toTenant?.claims.sub_id, {
      format: 'complex',
      user: { format: 'iss_sub', iss: issuer, sub: erin.id },
      tenant: { format: 'opaque', id: 'acme' },
    });
    assert.equal(new Set([jti, toPairwise?.claims.jti, toTenant?.claims.jti]).size, 3, 'a jti of its own for each');

    const line = await recorded(({ audience, signal }) => audience === plain.ras && signal !== undefined);
    assert.deepEqual(
      [line.kind, line.domain, line.outcome, line.person, line.signal],
      ['revocation', 'idp', 'allowed', erin.id, { event: 'account-disabled', id: jti, at }],
    );
  });

  test('it goes to /events behind the issuer, to where the document says, or not at all', async () => {
    const [usual, elsewhere, deaf] = [await openReceiver(), await openReceiver(), await openReceiver()];
    const audiences = `{ ${elsewhere.ras}: { signals: "${elsewhere.ras}/ssf/push" }, ${deaf.ras}: { signals: false } }`;
    const sending = await openSending([usual, elsewhere, deaf], { audiences, bearer: 's3cret' });
    await sending.store.artifacts.endSessionsOf(erin.id);
    await usual.accepted(1);
    await elsewhere.accepted(1);
    await settle();
    const seen = { path: '/events', authorization: 'Bearer s3cret' };
    assert.deepEqual(usual.requests, [seen]);
    assert.deepEqual(elsewhere.requests, [{ ...seen, path: '/ssf/push' }]);
    assert.deepEqual(deaf.requests, []);
    assert.ok(!JSON.stringify(await sending.records()).includes('s3cret'));
  });

  test('a RAS that the document names later hears of what may still live there; one that it drops is forgotten', async () => {
    const [first, second] = [await openReceiver(), await openReceiver()];
    const helper = '{ id: helper, allow: all, on: s0, to: [group:chess], until: "2100-01-01T00:00:00Z" }';
    const sending = await openSending([first, second], { rules: [helper] });
    sending.publish({ servers: 1 });
    await sending.off.look();
    await sending.store.artifacts.endSessionsOf(erin.id);
    await first.accepted(1);
    assert.deepEqual([...(await sending.store.bulletins.readers()).keys()].sort(), [first.ras, 'sessions'].sort());
    const ofStops = [...(await sending.store.stops.shelf.readers()).keys()];
    assert.deepEqual(ofStops.toSorted(), [first.ras, 'endings', 'policy'].toSorted());
    const told = second.events.length;
    assert.ok(
      second.events.every(({ name }) => name.endsWith('stop')),
      'at most that its server is taken from it',
    );
    sending.publish({ servers: 2 });
    await second.accepted(told + 1);
  });
});

describe('IDP-43: a version that names the same RAS', () => {
  test('goes on with it: it hears of each thing once, and of one that is away there is one alert', async () => {
    const [well, away] = [await openReceiver(), await openReceiver()];
    const sending = await openSending([well, away]);
    await away.close();
    await sending.store.artifacts.endSessionsOf(erin.id);
    await sending.recorded(({ kind }) => kind === 'alert');
    const placesOf = async () => {
      const places = await sending.store.bulletins.readers();
      return [places.get(well.ras), places.get('sessions')];
    };
    await sending.recorded(({ audience, signal }) => audience === well.ras && signal !== undefined);
    await settle();
    const before = await placesOf();
    for (let version = 0; version < 3; version += 1) {
      sending.publish({ servers: 2 });
      await sending.off.look();
    }
    await settle(1500); // as long as three tries of a new one take
    assert.deepEqual(await placesOf(), before, 'where it was');
    await sending.store.directory.provisioned.block(erin.id, true, []);
    await well.accepted(2);
    await settle();
    assert.deepEqual(
      well.events.map(({ name }) => name),
      ['session-revoked', 'account-disabled'],
    );
    assert.equal((await sending.records()).filter(({ kind }) => kind === 'alert').length, 1);
  });
});

test('while nothing has changed, nobody reads what there is to tell', async () => {
  const { store } = await openSending([await openReceiver()]);
  await settle();
  const { readers } = store.bulletins;
  let reads = 0;
  const counted: typeof readers = () => {
    reads += 1;
    return readers();
  };
  Object.assign(store.bulletins, { readers: counted });
  await settle();
  assert.equal(reads, 0);
  await store.artifacts.endSessionsOf(erin.id);
  await settle();
  assert.ok(reads > 0);
});

describe('IDP-43: a RAS that does not listen', () => {
  test('holds up nobody else, hears everything in order once it is back, and an alert says that it was away', async () => {
    const [well, away] = [await openReceiver(), await openReceiver()];
    const sending = await openSending([well, away]);
    const { provisioned } = sending.store.directory;
    await away.close();
    await provisioned.block(erin.id, true, []);
    await well.accepted(1);
    const alert = await sending.recorded(({ kind }) => kind === 'alert');
    assert.equal(alert.audience, away.ras);
    assert.match(alert.detail ?? '', /cannot be told that access has ended \(ECONNREFUSED\)/);
    await provisioned.block(erin.id, false, []);
    await well.accepted(2);
    await away.open();
    await away.accepted(2);
    const names = ['account-disabled', 'account-enabled'];
    for (const { events } of [well, away])
      assert.deepEqual(
        events.map(({ name }) => name),
        names,
      );
    const alerts = (await sending.records()).filter(({ kind }) => kind === 'alert');
    assert.equal(alerts.length, 1, 'one line, however long it lasts');
  });

  test('of what waits for it only the last of a kind is said', async () => {
    const away = await openReceiver();
    const sending = await openSending([away]);
    await away.close();
    for (let time = 0; time < 5; time += 1) await sending.store.artifacts.endSessionsOf(erin.id);
    await settle();
    await away.open();
    await away.accepted(1);
    await settle(300);
    assert.ok(away.events.length <= 2, 'what it has begun with, and what came after that');
  });

  test('a process that dies before it has told loses nothing', async () => {
    const away = await openReceiver();
    const sending = await openSending([away]);
    await away.close();
    await sending.store.directory.provisioned.block(erin.id, true, []);
    await sending.recorded(({ kind }) => kind === 'alert');
    await sending.off.end();
    await away.open();
    await settle();
    assert.equal(away.events.length, 0);
    sending.start();
    await away.accepted(1);
  });

  test('told again after a crash, it is the same event: the RAS knows it by its jti', async () => {
    const receiver = await openReceiver();
    const sending = await openSending([receiver]);
    await sending.store.artifacts.endSessionsOf(erin.id);
    await receiver.accepted(1);
    await sending.recorded(({ signal }) => signal !== undefined);
    await sending.off.end();
    // As it would be had the process died between the answer and writing that down.
    await sending.store.bulletins.forget(receiver.ras);
    sending.start();
    const [one, other] = await receiver.accepted(2);
    assert.equal(one?.claims.jti, other?.claims.jti);
  });

  test('a refusal is an alert at once, and what is refused waits until somebody has mended it', async () => {
    const receiver = await openReceiver();
    receiver.answer({ status: 400, body: '{"err":"authentication_failed","description":"<b>who are you</b>"}' });
    const sending = await openSending([receiver]);
    await sending.store.artifacts.endSessionsOf(erin.id);
    const alert = await sending.recorded(({ kind }) => kind === 'alert');
    assert.match(alert.detail ?? '', /refuses to be told that access has ended \(authentication_failed\)/);
    assert.ok(!JSON.stringify(await sending.records()).includes('who are you'));
    receiver.answer(undefined);
    await receiver.accepted(1);
  });

  test('after a day nobody is told any more that a session ended, and that is on the record; an account is never given up', async () => {
    const away = await openReceiver();
    const sending = await openSending([away]);
    await away.close();
    await sending.store.artifacts.endSessionsOf(erin.id);
    await sending.store.directory.provisioned.block(erin.id, true, []);
    await sending.recorded(({ kind }) => kind === 'alert');
    sending.clock.aheadSeconds = 86_400 - 1800;
    const line = await sending.recorded(({ detail }) => detail?.startsWith('given up') ?? false);
    assert.deepEqual([line.outcome, line.signal?.event], ['refused', 'session-revoked']);
    sending.clock.aheadSeconds = 7 * 86_400;
    await away.open();
    const [event] = await away.accepted(1);
    assert.equal(event?.name, 'account-disabled');
  });
});

describe('PRV-02: nothing ends unheard', () => {
  const root = dirname(import.meta.dirname);
  const files = globSync('packages/server/src/**/*.ts', { cwd: root }).filter(
    (path) => !/\.test\.ts$|\/contract\//.test(path),
  );
  const whoRemoves = (table: string) =>
    files
      .filter((path) => readFileSync(join(root, path), 'utf8').includes(`deleteFrom('${table}')`))
      .map((path) => path.split('/').at(-1) ?? '');

  test('sessions and grants are removed by what leaves a bulletin, by their id when they are replaced, or when they expire', () => {
    assert.deepEqual(whoRemoves('artifacts').sort(), ['artifacts.ts', 'ending.ts', 'purge.ts']);
  });
  test('so are memberships', () => assert.deepEqual(whoRemoves('memberships'), ['ending.ts']));
  test('a person is removed together with leaving a bulletin', () => {
    assert.deepEqual(whoRemoves('people').sort(), ['administrators.ts', 'provisioned.ts']);
    for (const file of whoRemoves('people')) {
      assert.match(readFileSync(join(root, 'packages/server/src/store', file), 'utf8'), /\.\.\.switchOff\(db, /, file);
    }
  });
});
