import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { toRow } from '../audit/record.ts';
import { compileAccess, compileResource } from '../policy/compile.ts';
import { parsePolicy } from '../policy/parse.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Store } from '../store/store.ts';
import { issuerMark, keyMark } from './descent.ts';
import { planStop, type StopOrder, type StopPlace } from './plan.ts';
import { type By, listStops, resumeStop, stop } from './stop.ts';

const [idp, ras, far] = ['https://id.example', 'https://ras.example', 'https://far.example'];
/** Trusted once. */
const gone = 'https://gone.example';
const access = `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { a: {} } }
  chat: { resource: ${far}/mcp, ras: ${far}, scopes: { a: {} } }
clients:
  app: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: app-there, ${far}: app-far } }
rules:
  - { id: one, allow: all, on: [tracker, chat], to: [group:g] }
  - { id: out, deny: all, on: tracker, to: [group:h] }
`;
const resource = `
servers: { tracker: { upstream: { http: http://127.0.0.1:9/mcp }, scopes: { a: {} }, tools: { "*": a } } }
clients: { app-there: {} }
trust: { ${idp}: { keys: discovery, accounts: create, clients: [app-there] }, https://b.example: { keys: discovery, accounts: create, clients: [app-there] } }
`;
const now = 1_800_000_000;
let store: Store;
const compiled = () => {
  const [a, b] = [parsePolicy(access, 'access'), parsePolicy(resource, 'resource')];
  assert.ok(a.ok && b.ok, JSON.stringify([a, b]));
  return {
    access: compileAccess(a.document as never, { version: 1, localRas: ras }),
    resource: compileResource(b.document as never, { version: 1, issuer: ras, localIdp: idp }),
  };
};
const place = (change: Partial<StopPlace> = {}): StopPlace => ({
  store,
  ...compiled(),
  idpIssuer: idp,
  rasIssuer: ras,
  now,
  ...change,
});
const order = (change: Partial<StopOrder>): StopOrder => ({
  kind: 'client',
  target: 'app',
  reason: 'a drill',
  ...change,
});
const line = (kind: 'issuance' | 'redemption', facts: object) =>
  toRow({ v: 2, id: `d_${Math.random()}`, kind, domain: 'idp', timeMs: now * 1000, outcome: 'allowed', ...facts });
const by: By = {
  name: 'dana',
  toRow: (kind, detail, facts) =>
    toRow({
      v: 2,
      id: `o_${Math.random()}`,
      kind,
      domain: 'admin',
      timeMs: now * 1000,
      outcome: 'allowed',
      ...facts,
      detail,
    }),
};

before(async () => {
  store = await openSqliteStore(':memory:', { node: 'one' });
  const person = { source: 'local', name: 'E', active: true, groups: ['g'], roles: [] };
  await store.people.save({ ...person, id: 'u_erin', email: 'erin@acme.example' });
  await store.accounts.findOrCreate({ issuer: idp, tenant: undefined, subject: 'u_erin' }, 'a_erin');
  const used = { person: 'u_erin', client: 'app', server: 'tracker' };
  await store.commit({ marks: [], records: [line('issuance', { ...used, idJag: 'j_1', audience: far })] });
  await store.commit({
    marks: [],
    records: [line('redemption', { idJag: 'j_2', accessToken: 't_2', resource: `${ras}/tracker/mcp` })],
  });
  await store.accounts.findOrCreate({ issuer: gone, tenant: undefined, subject: 'u_1' }, 'a_gone');
  await store.commit({ marks: [], records: [line('issuance', { idJag: 'j_3' })] });
  await store.agentUses.catchUp(100);
});
after(() => store.close());

describe('what an order means', () => {
  const a = issuerMark(idp);
  const tracker = `${ras}/tracker/mcp`;
  const table: [name: string, change: Partial<StopOrder>, hits: string[], words: RegExp][] = [
    [
      'a person, by address',
      { kind: 'person', target: 'ERIN@acme.example' },
      ['idp person u_erin'],
      /erin@acme.example/,
    ],
    ['a person, by id', { kind: 'person', target: 'u_erin' }, ['idp person u_erin'], /erin@acme.example/],
    ['an account', { kind: 'person', target: 'a_erin' }, ['ras account a_erin'], /account a_erin/],
    [
      'a client, by its id here',
      {},
      ['idp client app', 'ras client app-there', `told client app-there ${ras}`, `told client app-far ${far}`],
      /1 person had it act/,
    ],
    ['a client, by its id at the RAS', { target: 'app-there' }, ['ras client app-there'], /nobody here can say/],
    ['at one side only', { side: 'ras' }, ['ras client app-there'], /app/],
    [
      'at the other',
      { side: 'idp' },
      ['idp client app', `told client app-there ${ras}`, `told client app-far ${far}`],
      /app/,
    ],
    [
      'a server',
      { kind: 'server', target: 'tracker' },
      ['idp server tracker', `ras server ${tracker}`, `told server ${tracker} ${ras}`],
      /1 person used it/,
    ],
    [
      'a server, by its resource',
      { kind: 'server', target: tracker },
      ['idp server tracker', `ras server ${tracker}`, `told server ${tracker} ${ras}`],
      /tracker/,
    ],
    [
      'a server that is elsewhere',
      { kind: 'server', target: 'chat' },
      ['idp server chat', `told server ${far}/mcp ${far}`],
      /0 people used it/,
    ],
    [
      'a rule',
      { kind: 'rule', target: 'one' },
      [
        'idp rule one',
        `told server ${tracker} ${ras} cut`,
        `ras server ${tracker} from ${a} cut`,
        `told server ${far}/mcp ${far} cut`,
      ],
      /on tracker, chat/,
    ],
    [
      'an ID-JAG',
      { kind: 'token', target: 'j_1' },
      ['ras id_jag j_1', `told id_jag j_1 ${far}`],
      /ends the ID-JAG j_1 for good$/,
    ],
    ['an ID-JAG that was redeemed', { kind: 'token', target: 'j_2' }, ['ras id_jag j_2'], /and the access token/],
    ['an access token', { kind: 'token', target: 't_2' }, [], /ends the access token t_2 for good$/],
    [
      'an ID-JAG nobody has seen',
      { kind: 'token', target: 'j_9' },
      ['ras id_jag j_9'],
      /nothing of it is on the record/,
    ],
    ['an ID-JAG for nobody knows whom', { kind: 'token', target: 'j_3' }, ['ras id_jag j_3'], /ends the ID-JAG j_3/],
    ['an issuer', { kind: 'issuer', target: idp }, [`ras issuer ${a}`], /1 person have an account/],
    [
      'an issuer of whom nobody has come yet',
      { kind: 'issuer', target: 'https://b.example' },
      [`ras issuer ${issuerMark('https://b.example')}`],
      /0 people/,
    ],
    [
      'an issuer that is trusted no more, whose people have accounts',
      { kind: 'issuer', target: gone },
      [`ras issuer ${issuerMark(gone)}`],
      /1 person/,
    ],
    [
      'a key, of whomever',
      { kind: 'key', target: 'k' },
      ['idp key k', `ras key ${keyMark(idp, 'k')}`, `ras key ${keyMark('https://b.example', 'k')}`],
      /our own and every trusted issuer/,
    ],
    ['a key of one', { kind: 'key', target: 'k', issuer: idp }, [`ras key ${keyMark(idp, 'k')}`], /of https:\/\/id/],
    [
      'everything',
      { kind: 'everything', target: '' },
      ['idp everything ', 'ras everything ', 'told everything '],
      /all agents/,
    ],
  ];
  for (const [name, change, hits, words] of table) {
    test(name, async () => {
      const plan = await planStop(place(), order(change));
      const said = plan.hits.map(({ at, what, value, ras: to, from, cut }) =>
        [at, what, value, to, from && `from ${from}`, cut && 'cut'].filter((each) => each !== undefined).join(' '),
      );
      assert.deepEqual(said, hits);
      assert.match(plan.words, words);
    });
  }

  test('a session, with the sids of its clients', async () => {
    const payload = { uid: 'uid-1', accountId: 'u_erin', authorizations: { app: { sid: 'sid-1' } } };
    await store.artifacts.upsert('Session', 's-1', payload, 4e9);
    const plan = await planStop(place(), order({ kind: 'session', target: 'uid-1' }));
    assert.deepEqual(plan.hits, [{ at: 'idp', what: 'session', value: 'sid-1' }]);
    assert.equal(plan.endsAt, now + 86_400);
  });

  test('a session that no client is part of, by its own id', async () => {
    await store.artifacts.upsert('Session', 's-2', { uid: 'uid-2', accountId: 'u_erin' }, 4e9);
    const plan = await planStop(place(), order({ kind: 'session', target: 'uid-2' }));
    assert.deepEqual(plan.hits, [{ at: 'idp', what: 'session', value: 'uid-2' }]);
  });

  test('what ends with it ends at the IdP, so not where only the RAS is meant', async () => {
    const endsAt = async (side?: 'idp' | 'ras') => (await planStop(place(), order({ side }))).ends;
    assert.deepEqual(await endsAt(), { agents: { client: 'app' } });
    assert.deepEqual(await endsAt('idp'), { agents: { client: 'app' } });
    assert.deepEqual(await endsAt('ras'), {});
  });

  test('without a side A, or a side B', async () => {
    const only = async (change: Partial<StopPlace>, of: Partial<StopOrder>) =>
      (await planStop(place(change), order(of))).hits.map(({ at }) => at);
    assert.deepEqual(await only({ access: undefined }, { target: 'app-there' }), ['ras']);
    assert.deepEqual(await only({ access: undefined }, { kind: 'everything', target: '' }), ['ras']);
    assert.deepEqual(await only({ resource: undefined }, { kind: 'key', target: 'k' }), ['idp']);
    assert.deepEqual(await only({ resource: undefined }, { kind: 'token', target: 'j_1' }), ['told']);
  });

  const bad: [name: string, change: Partial<StopOrder>, where: Partial<StopPlace>, says: RegExp][] = [
    ['no reason', { reason: '' }, {}, /needs a reason/],
    ['a reason of two lines', { reason: 'a\nb' }, {}, /needs a reason/],
    ['no target', { target: '' }, {}, /Which client/],
    ['an end that has passed', { endsAt: now }, {}, /has passed/],
    ['nobody', { kind: 'person', target: 'x@acme.example' }, {}, /no person/],
    ['a person where there is no directory', { kind: 'person', target: 'u_erin' }, { access: undefined }, /no person/],
    ['no such client', { target: 'x' }, {}, /no client/],
    ['no such server', { kind: 'server', target: 'x' }, {}, /no server/],
    ['no such rule', { kind: 'rule', target: 'x' }, {}, /no rule/],
    ['a rule that denies', { kind: 'rule', target: 'out' }, {}, /allows nothing/],
    ['no such session', { kind: 'session', target: 'x' }, {}, /no session/],
    [
      'a token that only a RAS can know',
      { kind: 'token', target: 'x' },
      { resource: undefined },
      /no token x on the record/,
    ],
    ['an issuer that is not trusted', { kind: 'issuer', target: 'https://x.example' }, {}, /no issuer/],
    ['an issuer at an IdP', { kind: 'issuer', target: idp }, { resource: undefined }, /no issuer/],
    ['a key of a stranger', { kind: 'key', target: 'k', issuer: 'https://x.example' }, {}, /no trusted issuer/],
    ['a side that does not know it', { kind: 'person', target: 'u_erin', side: 'ras' }, {}, /at the side ras/],
  ];
  for (const [name, change, where, says] of bad) {
    test(`${name}: a problem`, async () => {
      await assert.rejects(planStop(place(where), order(change)), { name: 'Problem', message: says });
    });
  }
});

describe('resume', () => {
  test('needs a reason and a stop that stands, and works once', async () => {
    const made = await stop(place(), order({}), by);
    await assert.rejects(resumeStop(place(), { id: made.id, reason: '' }, by), /needs a reason/);
    await assert.rejects(resumeStop(place(), { id: 'st_x', reason: 'r' }, by), /no stop st_x/);
    await resumeStop(place(), { id: made.id, reason: 'it was a drill' }, by);
    await assert.rejects(resumeStop(place(), { id: made.id, reason: 'r' }, by), /over already/);
    assert.equal((await listStops(place(), true))[0]?.resumed?.reason, 'it was a drill');
    assert.ok(!(await listStops(place(), false)).some(({ id }) => id === made.id));
  });

  test('what does not come back says so', async () => {
    const made = await stop(place(), order({ kind: 'token', target: 't_2' }), by);
    await assert.rejects(resumeStop(place(), { id: made.id, reason: 'r' }, by), /does not come back/);
    assert.equal(await store.isMarked('token_revoked', 't_2'), true);
    assert.equal(made.endsAt, now + 3720);
  });

  test('the earlier of two ends counts', async () => {
    const endsAt = now + 60;
    assert.equal((await stop(place(), order({ kind: 'token', target: 'j_1', endsAt }), by)).endsAt, endsAt);
  });

  test('LOG-01: of a person the record and the list have the id', async () => {
    const made = await stop(place(), order({ kind: 'person', target: 'erin@acme.example' }), by);
    assert.equal(made.target, 'u_erin');
    const [row] = await store.audit.last(1);
    assert.ok(!`${row?.body}${row?.personal}`.includes('erin@'));
  });
});

describe('what the record can be searched by', () => {
  const table: [order: Partial<StopOrder>, facts: object][] = [
    [{ kind: 'person', target: 'erin@acme.example' }, { person: 'u_erin' }],
    [{ kind: 'person', target: 'a_erin' }, { person: 'a_erin' }],
    [{}, { client: 'app' }],
    [{ kind: 'server', target: 'tracker' }, { server: 'tracker' }],
    [{ kind: 'issuer', target: idp }, { issuer: idp }],
    [{ kind: 'session', target: 'uid-3' }, { session: 'uid-3' }],
    [{ kind: 'rule', target: 'one' }, {}],
  ];
  for (const [about, facts] of table) {
    test(`a stop of a ${about.kind ?? 'client'}: ${JSON.stringify(facts)}`, async () => {
      await store.artifacts.upsert('Session', 's-3', { uid: 'uid-3', accountId: 'u_erin' }, 4e9);
      await stop(place(), order(about), by);
      const [row] = await store.audit.last(1);
      const whole = { ...JSON.parse(row?.body ?? '{}'), ...JSON.parse(row?.personal ?? '{}') };
      const { person, client, server, issuer, session } = whole;
      const said = Object.entries({ person, client, server, issuer, session }).filter(([, value]) => value);
      assert.deepEqual(Object.fromEntries(said), facts);
    });
  }
});
