import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { createAdminApi, mostAtOnce } from '../packages/server/src/admin/api/api.ts';
import { answer, route } from '../packages/server/src/admin/api/route.ts';
import { routes } from '../packages/server/src/admin/api/routes.ts';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { type Permission, permissionsOf, tokenScopes } from '../packages/server/src/directory/permissions.ts';
import { type AdminWorld, adminRefused, adminUrl, allRoles, type Browser, openAdminWorld } from './admin-world.ts';

// The admin API through its front door: LOG-02, "access control" on everything that is personal, and HTTP as in HTP-01.

const everybody = 'owner policy people auditor help-desk';

/** What takes a sign-in of the last 15 minutes. */
const freshOnly =
  'grantRole revokeRole createSecret removeSecret changeMembers deleteGroup switchPersonOn createScimToken revokeScimToken stop resume createToken proposeDraft publishDraft proposeMembers proposeRole approveChange';

/** Who may call what, written out by hand: the other side of the table in permissions.ts. */
const mayCall: Readonly<Record<string, string>> = {
  getMe: everybody,
  signOut: everybody,
  getOverview: everybody,
  listPeople: everybody,
  namePeople: everybody,
  createPerson: 'owner people',
  getPerson: everybody,
  changePerson: 'owner people',
  switchPersonOff: 'owner people',
  switchPersonOn: 'owner people',
  importPeople: 'owner people',
  listFactors: everybody,
  listSessions: everybody,
  endSession: 'owner people',
  endSessionsOfPerson: 'owner people',
  listGroups: 'owner policy people auditor',
  createGroup: 'owner people',
  getGroup: 'owner policy people auditor',
  renameGroup: 'owner people',
  deleteGroup: 'owner people',
  listMembers: 'owner policy people auditor',
  changeMembers: 'owner people',
  listAdministrators: 'owner auditor',
  grantRole: 'owner',
  revokeRole: 'owner',
  listClients: 'owner policy auditor',
  createSecret: 'owner policy',
  removeSecret: 'owner policy',
  listNames: 'owner policy auditor',
  listServers: 'owner policy auditor',
  reachOfPerson: 'owner policy auditor',
  reachOfServer: 'owner policy auditor',
  reachOfClient: 'owner policy auditor',
  exportReach: 'owner policy auditor',
  listPaths: 'owner policy auditor',
  listReaching: 'owner policy auditor',
  listUnused: 'owner policy auditor',
  getFigures: 'owner policy auditor',
  followRecords: 'owner policy auditor',
  getCatalogue: 'owner policy auditor',
  probeServer: 'owner policy',
  listServerUse: 'owner policy auditor',
  getServer: 'owner policy auditor',
  listClientUse: 'owner policy auditor',
  getClient: 'owner policy auditor',
  getSetUp: 'owner policy auditor',
  getMatrix: 'owner policy auditor',
  getCell: 'owner policy auditor',
  countReach: 'owner policy auditor',
  getStandingOfGroup: 'owner policy auditor',
  listDrafts: 'owner policy auditor',
  createDraft: 'owner policy',
  getDraft: 'owner policy auditor',
  getDraftHead: 'owner policy auditor',
  replaceDraft: 'owner policy',
  editDraft: 'owner policy',
  discardDraft: 'owner policy',
  rebaseDraft: 'owner policy',
  proposeDraft: 'owner policy',
  publishDraft: 'owner policy',
  diffDraft: 'owner policy auditor',
  enableServer: 'owner policy',
  serverSteps: 'owner policy auditor',
  draftSteps: 'owner policy auditor',
  whatIf: 'owner policy auditor',
  replayDraft: 'owner policy auditor',
  listChanges: 'owner policy people auditor',
  proposeMembers: 'owner people',
  proposeRole: 'owner',
  approveChange: 'owner people',
  discardChange: 'owner people',
  listVersions: 'owner policy auditor',
  getVersion: 'owner policy auditor',
  planDocument: 'owner policy auditor',
  listKeys: 'owner policy auditor',
  listSources: 'owner policy people auditor',
  createScimToken: 'owner',
  revokeScimToken: 'owner',
  listRecords: 'owner policy auditor',
  getRecord: 'owner policy auditor',
  traceRecord: 'owner policy auditor',
  explainRecord: 'owner policy auditor',
  getRecordState: 'owner policy auditor',
  listCheckpoints: 'owner policy auditor',
  exportRecord: 'owner policy auditor',
  proveRecord: 'owner policy auditor',
  listExports: 'owner policy auditor',
  listReasons: 'owner policy auditor',
  listRequests: 'owner policy auditor',
  getRequest: 'owner policy auditor',
  requestOfDraft: 'owner policy auditor',
  approveRequest: 'owner policy',
  declineRequest: 'owner policy',
  listStops: everybody,
  previewStop: 'owner policy people',
  stop: 'owner policy people',
  resume: 'owner policy',
  listTokens: everybody,
  createToken: everybody,
  revokeToken: everybody,
};

describe('the admin API: who may call what', () => {
  test('every operation has a line in the table of this test, and the other way round', () => {
    assert.deepEqual(routes.map(({ id }) => id).sort(), Object.keys(mayCall).sort());
  });

  for (const role of allRoles) {
    test(`the role ${role}`, async () => {
      const may = routes
        .filter(({ permission }) => permission === undefined || permissionsOf(role).has(permission))
        .map(({ id }) => id);
      const expected = Object.keys(mayCall).filter((id) => mayCall[id]?.split(' ').includes(role));
      assert.deepEqual(may.sort(), expected.sort());
    });
  }

  test('no permission to read changes anything', () => {
    for (const { id, method, permission } of routes) {
      // A question with a document in it is posted; spec/policy-as-code.test.ts holds that it changes nothing.
      if (id === 'planDocument') assert.equal(permission, 'read:policy');
      else if (method !== 'GET') assert.ok(!permission?.startsWith('read:'), id);
      else assert.ok(permission === undefined || permission.startsWith('read:'), id);
    }
  });

  test('a token is let in where it has the scope, and nowhere else', async () => {
    const world = await openAdminWorld();
    for (const route of routes) {
      if (route.permission === undefined) continue;
      const path = route.path.replaceAll(/\{\w+\}/g, 'x');
      const other = tokenScopes.filter((scope) => scope !== route.permission);
      world.clock.ms += 60_000;
      const body = route.method !== 'GET' && { body: {} };
      const refused = await world.send(route.method, path, { token: await world.tokenOf('owner', other), ...body });
      await adminRefused(world, refused, 'admin_scope_lacks');
      if (!(tokenScopes as readonly string[]).includes(route.permission)) continue;
      const token = await world.tokenOf('owner', [route.permission]);
      const { status } = await world.send(route.method, path, { token, ...body });
      assert.ok(![401, 403].includes(status), `${route.id}: ${status}`);
    }
  });

  test('a token never has more than the role of its administrator', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('help-desk');
    const me = await world.send('GET', '/me', { token });
    const own = permissionsOf('help-desk');
    for (const each of me.body.permissions as Permission[]) assert.ok(own.has(each), each);
    assert.ok(!me.body.permissions.includes('read:audit'));
  });
});

describe('the admin API: tokens', () => {
  test('says who the caller is', async () => {
    const world = await openAdminWorld();
    const me = await world.send('GET', '/me', { token: await world.tokenOf('auditor', ['read:audit']) });
    assert.equal(me.status, 200);
    const { id, email, role, permissions, credential, signedInAt, organisation, demo } = me.body;
    assert.deepEqual(
      { id, email, role, permissions, credential, signedInAt, organisation, demo },
      {
        id: 'u_auditor',
        email: 'auditor@acme.example',
        role: 'auditor',
        permissions: ['read:audit'],
        credential: 'token',
        signedInAt: null,
        organisation: 'Acme',
        demo: false,
      },
    );
    assert.match(me.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.equal(me.headers.get('access-control-allow-origin'), null);
  });

  const bad: readonly [name: string, authorization: string | undefined, reason: Parameters<typeof adminRefused>[2]][] =
    [
      ['without any', undefined, 'admin_not_signed_in'],
      ['one nobody made', `Bearer cred_${'A'.repeat(43)}`, 'admin_token_unknown'],
      ['something else', 'Bearer eyJhbGciOiJub25lIn0.e30.', 'admin_token_unknown'],
      ['another scheme', 'Basic YTpi', 'admin_token_unknown'],
      ['an empty one', 'Bearer ', 'admin_token_unknown'],
    ];
  for (const [name, authorization, reason] of bad) {
    test(`${name}: ${reason}, at any address alike`, async () => {
      const world = await openAdminWorld();
      for (const path of ['/me', '/tokens', '/nothing/of/the/kind']) {
        const given = await world.send('GET', path, { headers: authorization === undefined ? {} : { authorization } });
        await adminRefused(world, given, reason, { known: false });
        assert.match(given.headers.get('www-authenticate') ?? '', /^Bearer/);
        assert.equal((await world.last()).kind, 'admin', 'no decision about an agent');
      }
    });
  }

  test('is good until it expires, to the second', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner', ['read:overview'], 1);
    world.clock.ms += 86_399_000;
    assert.equal((await world.send('GET', '/me', { token })).status, 200);
    world.clock.ms += 1000;
    await adminRefused(world, await world.send('GET', '/me', { token }), 'admin_token_unknown', { known: false });
  });

  test('goes with the role, and does not come back with it', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('policy');
    await world.store.administrators.revoke('u_policy', []);
    await world.store.administrators.grant({ personId: 'u_policy', role: 'owner', grantedAt: 1 }, []);
    await adminRefused(world, await world.send('GET', '/me', { token }), 'admin_token_unknown', { known: false });
  });

  test('loses at once what a lower role does not have', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    await world.store.administrators.grant({ personId: 'u_owner', role: 'help-desk', grantedAt: 1 }, []);
    const { role, permissions } = (await world.send('GET', '/me', { token })).body;
    assert.equal(role, 'help-desk');
    assert.deepEqual(permissions, ['read:overview', 'read:people', 'read:tokens']);
  });

  test('is worth nothing while its administrator is stopped', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    assert.equal((await world.send('GET', '/me', { token })).status, 200);
    world.stopped.add('u_owner');
    await adminRefused(world, await world.send('GET', '/me', { token }), 'admin_token_unknown', { known: false });
  });

  test('is worth nothing while its administrator is switched off', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    await world.store.directory.provisioned.block('u_owner', true, []);
    await adminRefused(world, await world.send('GET', '/me', { token }), 'admin_token_unknown', { known: false });
  });

  test('its last use is kept, to the minute', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    const usedAt = async () => (await world.store.apiTokens.list({ after: '', limit: 9 }))[0]?.lastUsedAt;
    await world.send('GET', '/me', { token });
    const first = world.now();
    world.clock.ms += 59_000;
    await world.send('GET', '/me', { token });
    assert.equal(await usedAt(), first);
    world.clock.ms += 1000;
    await world.send('GET', '/me', { token });
    assert.equal(await usedAt(), first + 60);
  });

  test('T27: whoever guesses is stopped, holds up nobody else at that address, and fills no disk', async () => {
    const world = await openAdminWorld({ linesPerSecond: 3 });
    const token = await world.tokenOf('owner');
    const guess = () => world.send('GET', '/me', { token: `cred_${'A'.repeat(43)}` });
    for (let at = 0; at < 10; at += 1) assert.equal((await guess()).status, 401);
    const stopped = await guess();
    assert.equal(stopped.status, 429);
    assert.equal(stopped.headers.get('retry-after'), '10');
    assert.equal((await world.send('GET', '/me', { token })).status, 200);
    const lines = await world.store.audit.last(1000);
    assert.equal(lines.filter(({ body }) => body.includes('admin_t')).length, 3);
    await world.edge.ledger.flush();
    assert.match((await world.last()).detail ?? '', /admin admin_token_unknown: 7.*admin admin_too_fast: 1/);
  });

  test('one that does too much is held up', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    for (let at = 0; at < 200; at += 1) assert.equal((await world.send('GET', '/me', { token })).status, 200);
    await adminRefused(world, await world.send('GET', '/me', { token }), 'admin_too_fast');
    world.clock.ms += 1000;
    assert.equal((await world.send('GET', '/me', { token })).status, 200);
  });

  test('what somebody known is refused has a line each time, with the trace it belongs to; that they do too much has not', async () => {
    const world = await openAdminWorld({ linesPerSecond: 3 });
    const token = await world.tokenOf('owner', ['read:people']);
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    for (let at = 0; at < 200; at += 1) {
      const refused = await world.send('GET', '/groups', { token, headers });
      if (at < 8) await adminRefused(world, refused, 'admin_scope_lacks');
      if (at === 0) assert.equal((await world.last()).correlation, trace);
    }
    for (let at = 0; at < 8; at += 1) assert.equal((await world.send('GET', '/groups', { token })).status, 429);
    const reasons = (await world.store.audit.last(1000)).map((row) => readRecord(row).reason);
    assert.equal(reasons.filter((reason) => reason === 'admin_scope_lacks').length, 200);
    assert.equal(reasons.filter((reason) => reason === 'admin_too_fast').length, 3);
  });

  test('T27: of those that are worked on, one that ends makes room for one', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const bodies: ReadableStreamDefaultController<Uint8Array>[] = [];
    /** One that is worked on until its body has come. */
    const begin = () => {
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void bodies.push(controller) });
      return world.raw(new Request(`${adminUrl}/api/v1/drafts`, { method: 'POST', headers, body, duplex: 'half' }));
    };
    const end = (body: (typeof bodies)[number] | undefined) => {
      body?.enqueue(new TextEncoder().encode('{}'));
      body?.close();
    };
    const isHeldUp = async () => (await world.send('GET', '/me', { token })).status === 429;
    const untilHeldUp = async () => {
      for (let tries = 0; tries < 20; tries += 1) {
        if (await isHeldUp()) return;
        await setImmediate();
      }
      assert.fail('nobody is held up');
    };
    const begun = Array.from({ length: mostAtOnce }, begin);
    await untilHeldUp();
    end(bodies[0]);
    assert.equal((await begun[0])?.status, 400);
    assert.equal(await isHeldUp(), false);
    begun.push(begin());
    await untilHeldUp();
    for (const body of bodies.slice(1)) end(body);
    await Promise.all(begun);
  });

  test('T27: 40 requests of one are worked on at once and not one more, and nobody else is held up by them', async () => {
    const world = await openAdminWorld();
    const [token, other] = [await world.tokenOf('owner'), await world.tokenOf('owner')];
    const asked = Array.from({ length: 60 }, () => world.send('GET', '/people?q=nobody', { token }));
    const given = await Promise.all([...asked, world.send('GET', '/people?q=nobody', { token: other })]);
    const countOf = (wanted: number) => given.filter(({ status }) => status === wanted).length;
    assert.deepEqual([countOf(200), countOf(429), given.at(-1)?.status], [mostAtOnce + 1, 20, 200]);
    assert.equal((await world.send('GET', '/me', { token })).status, 200, 'and afterwards it goes on');
  });
});

describe('the admin API: sessions of browsers', () => {
  test('has the whole role, and says when its person signed in', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('auditor', { agoSeconds: 60 });
    const { status, body } = await world.send('GET', '/me', { headers });
    assert.deepEqual([status, body.credential, body.signedInAt], [200, 'session', world.now() - 60]);
    assert.deepEqual(new Set(body.permissions), permissionsOf('auditor'));
  });

  test('its last use is kept, to the minute; a stream that comes again by itself is none', async () => {
    const world = await openAdminWorld();
    const { headers, idHash } = await world.browserOf('auditor');
    const seenAt = async () => (await world.store.adminSessions.find(idHash))?.seenAt;
    const first = world.now();
    world.clock.ms += 59_000;
    await world.send('GET', '/me', { headers });
    assert.equal(await seenAt(), first);
    world.clock.ms += 1000;
    await world.send('GET', '/live', { headers: { ...headers, accept: 'text/event-stream' } });
    assert.equal(await seenAt(), first);
    await world.send('GET', '/me', { headers });
    assert.equal(await seenAt(), first + 60);
  });

  const endings: readonly [name: string, end: (world: AdminWorld, browser: Browser) => unknown][] = [
    ['nobody has used it for 15 minutes', ({ clock }) => (clock.ms += 900_000)],
    ['its role was taken away', ({ store }) => store.administrators.revoke('u_owner', [])],
    ['its person was switched off', ({ store }) => store.directory.provisioned.block('u_owner', true, [])],
    ['its person was stopped', ({ stopped }) => stopped.add('u_owner')],
    ['the sessions of its person were ended', ({ store }) => store.artifacts.endSessionsOf('u_owner')],
    ['its sign-in was ended', ({ store }, { sid }) => store.sessions.end(`uid-${sid}`, [])],
    ['it was ended', ({ store }, { idHash }) => store.adminSessions.end(idHash, [])],
  ];
  for (const [name, end] of endings) {
    test(`is over when ${name}`, async () => {
      const world = await openAdminWorld();
      const browser = await world.browserOf('owner');
      assert.equal((await world.send('GET', '/me', browser)).status, 200);
      await end(world, browser);
      await adminRefused(world, await world.send('GET', '/me', browser), 'admin_session_over', { known: false });
    });
  }

  test('lasts as long as it is used, and no longer than 12 hours', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('owner');
    const began = world.clock.ms;
    while (world.clock.ms < began + 43_140_000) {
      world.clock.ms = Math.min(began + 43_199_000, world.clock.ms + 839_000);
      assert.equal((await world.send('GET', '/me', browser)).status, 200);
    }
    world.clock.ms = began + 43_200_000;
    await adminRefused(world, await world.send('GET', '/me', browser), 'admin_session_over', { known: false });
  });

  test('T28: used from another network it is over for everybody, and that is an alert', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('owner');
    world.caller.address = '198.51.100.7';
    await adminRefused(world, await world.send('GET', '/me', browser), 'admin_network_changed', { known: false });
    const alerts = (await world.store.audit.last(9)).filter(({ kind }) => kind === 'alert');
    assert.match(readRecord(alerts[0] ?? { body: '{}' }).detail ?? '', /another network/);
    assert.equal(alerts[0]?.person, 'u_owner');
    world.caller.address = '192.0.2.1';
    await adminRefused(world, await world.send('GET', '/me', browser), 'admin_session_over', { known: false });
  });

  test('one without a second factor is good in a demonstration only', async () => {
    for (const demo of [true, false]) {
      const world = await openAdminWorld({ demo });
      const browser = await world.browserOf('owner', { twoFactors: false });
      const { status, body } = await world.send('GET', '/me', browser);
      assert.equal(status, demo ? 200 : 401);
      if (demo) assert.equal(body.demo, true);
    }
  });

  test('a cookie that is there twice, or is none of ours, is nobody’s', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('owner');
    for (const [cookie, reason] of [
      [`${headers.cookie}; ${headers.cookie}`, 'admin_not_signed_in'],
      [headers.cookie?.replace('__Host-', ''), 'admin_not_signed_in'],
      ['__Host-credence_admin=short', 'admin_session_over'],
      [`__Host-credence_admin=${'A'.repeat(43)}`, 'admin_session_over'],
    ] as const) {
      const given = await world.send('GET', '/me', { headers: { ...headers, cookie: cookie ?? '' } });
      await adminRefused(world, given, reason, { known: false });
    }
  });

  test('CSRF: what a page of another origin sends is refused, however it is sent', async () => {
    const world = await openAdminWorld();
    const { headers } = await world.browserOf('owner');
    const without = (...names: string[]) =>
      Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
    const body = { name: 'x', scopes: ['read:audit'], days: 1 };
    const table: readonly [name: string, headers: Record<string, string>, write: boolean, read: boolean][] = [
      ['our own page', headers, true, true],
      ['our own page in a browser without fetch metadata', without('sec-fetch-site'), true, true],
      ['typed into the address bar', { ...without('origin'), 'sec-fetch-site': 'none' }, false, true],
      ['another site', { ...headers, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false, false],
      ['another port of this host', { ...headers, 'sec-fetch-site': 'same-site' }, false, false],
      ['another origin in an old browser', { ...without('sec-fetch-site'), origin: 'null' }, false, false],
      ['a form: no header of ours', without('credence-console'), false, true],
      ['another value of it', { ...headers, 'credence-console': 'true' }, false, true],
    ];
    for (const [name, sent, mayWrite, mayRead] of table) {
      const write = await world.send('POST', '/tokens', { headers: sent, body });
      if (mayWrite) assert.equal(write.status, 201, name);
      else await adminRefused(world, write, 'admin_foreign_page', { known: false });
      const read = await world.send('GET', '/me', { headers: sent });
      if (mayRead) assert.equal(read.status, 200, name);
      else await adminRefused(world, read, 'admin_foreign_page', { known: false });
    }
  });

  test('what asks for a fresh sign-in, written out by hand', () => {
    assert.deepEqual(routes.flatMap(({ id, fresh }) => (fresh ? [id] : [])).sort(), freshOnly.split(' ').sort());
  });

  test('what asks for a fresh sign-in is refused 15 minutes after it, whatever the session did since', async () => {
    const world = await openAdminWorld();
    for (const { id, method, path, fresh } of routes) {
      if (!fresh) continue;
      const [old, young] = [
        await world.browserOf('owner', { agoSeconds: 900 }),
        await world.browserOf('owner', { agoSeconds: 899 }),
      ];
      const at = path.replaceAll(/\{\w+\}/g, 'x');
      await adminRefused(world, await world.send(method, at, { ...old, body: {} }), 'admin_sign_in_too_old');
      const given = await world.send(method, at, { ...young, body: {} });
      assert.notEqual(given.body?.code, 'admin_sign_in_too_old', id);
    }
  });

  for (const role of allRoles) {
    test(`the role ${role} is let in to what it may call, and to nothing else`, async () => {
      const world = await openAdminWorld();
      for (const { id, method, path } of routes) {
        const browser = await world.browserOf(role);
        world.clock.ms += 1000;
        const given = await world.send(method, path.replaceAll(/\{\w+\}/g, 'x'), {
          ...browser,
          ...(method !== 'GET' && { body: {} }),
        });
        if (mayCall[id]?.split(' ').includes(role))
          assert.ok(![401, 403].includes(given.status), `${id}: ${given.status}`);
        else await adminRefused(world, given, 'admin_role_lacks');
      }
    });
  }
});

describe('the admin API: making and revoking tokens', () => {
  test('an administrator lists their own, an owner everybody’s; never what is secret', async () => {
    const world = await openAdminWorld();
    const [owner, auditor] = [await world.tokenOf('owner'), await world.tokenOf('auditor')];
    const seenBy = async (token: string) => {
      const { body } = await world.send('GET', '/tokens', { token });
      assert.ok(!/cred_|[Hh]ash/.test(JSON.stringify(body)));
      return body.items.map(({ administrator }: { administrator: string }) => administrator);
    };
    assert.deepEqual(await seenBy(auditor), ['u_auditor']);
    assert.deepEqual((await seenBy(owner)).sort(), ['u_auditor', 'u_owner']);
  });

  test('lists come page by page, and a cursor of nobody leads nowhere', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    for (let at = 0; at < 4; at += 1) await world.tokenOf('auditor');
    const ids: string[] = [];
    let cursor: string | null = '';
    for (let pages = 0; cursor !== null; pages += 1) {
      assert.ok(pages < 9);
      const { body } = await world.send('GET', `/tokens?limit=2${cursor && `&cursor=${cursor}`}`, { token });
      ids.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.next;
    }
    assert.equal(new Set(ids).size, 5);
    assert.equal(ids.length, 5);
    assert.equal((await world.send('GET', '/tokens?cursor=%F0%9F%92%A9', { token })).status, 200);
  });

  test('a new one is shown once, works, and is on the record with what it may do', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('auditor');
    const body = { name: 'reads', scopes: ['read:audit', 'read:audit', 'read:people'], days: 7 };
    const made = await world.send('POST', '/tokens', { ...browser, body });
    assert.equal(made.status, 201);
    assert.match(made.body.token, /^cred_[\w-]{43}$/);
    const { id, scopes, expiresAt } = made.body;
    assert.deepEqual([scopes, expiresAt], [['read:audit', 'read:people'], world.now() + 7 * 86_400]);
    const { kind, by, person, after, credential } = await world.last();
    assert.deepEqual([kind, by, person, credential], ['admin', 'u_auditor', 'u_auditor', undefined]);
    assert.deepEqual(after, { token: id, scopes, expiresAt });
    assert.ok(!JSON.stringify(await world.store.audit.last(99)).includes(made.body.token));
    const me = await world.send('GET', '/me', { token: made.body.token });
    assert.deepEqual(me.body.permissions, ['read:people', 'read:audit']);
  });

  test('nobody makes one with more than their role, or with what no token may have', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('help-desk');
    const more = { name: 'x', scopes: ['read:people', 'read:audit'], days: 7 };
    const given = await world.send('POST', '/tokens', { ...browser, body: more });
    await adminRefused(world, given, 'admin_role_lacks');
    assert.match(given.body.detail, /read:audit/);
    for (const scope of [
      'write:administrators',
      'write:tokens',
      'write:credentials',
      'write:sources',
      'resume',
      'publish',
      'approve',
      'x',
    ]) {
      const body = { name: 'x', scopes: [scope], days: 7 };
      await adminRefused(
        world,
        await world.send('POST', '/tokens', { ...(await world.browserOf('owner')), body }),
        'api_value_invalid',
      );
    }
  });

  test('what is wrong with the body is said, value by value', async () => {
    const world = await openAdminWorld();
    const good = { name: 'x', scopes: ['read:people'], days: 7 };
    for (const [body, at] of [
      [{ ...good, days: 367 }, 'body.days'],
      [{ ...good, days: 0 }, 'body.days'],
      [{ ...good, days: 1.5 }, 'body.days'],
      [{ ...good, days: '7' }, 'body.days'],
      [{ ...good, scopes: [] }, 'body.scopes'],
      [{ ...good, name: '' }, 'body.name'],
      [{ ...good, name: 'a\u0000b' }, 'body.name'],
      [{ ...good, more: 1 }, 'body'],
      [{ name: 'x', scopes: ['read:people'] }, 'body.days'],
    ] as const) {
      const given = await world.send('POST', '/tokens', { ...(await world.browserOf('owner')), body });
      await adminRefused(world, given, 'api_value_invalid');
      assert.equal(given.body.errors[0].at, at, JSON.stringify(body));
    }
  });

  test('HTP-01: a body of another type, too large, or no JSON object', async () => {
    const world = await openAdminWorld();
    const browser = await world.browserOf('owner');
    const post = (text: string, type = 'application/json') =>
      world.send('POST', '/tokens', { headers: { ...browser.headers, 'content-type': type }, text });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) {
      await adminRefused(world, await post('{}', type), 'api_wrong_content_type');
    }
    const large = `{"name":"${'x'.repeat(65_536)}"}`;
    await adminRefused(world, await post(large), 'api_body_too_large');
    for (const text of ['', 'null', '[]', '{', '{"name":"a","name":"b"}', `${'{"a":'.repeat(9)}1${'}'.repeat(9)}`]) {
      await adminRefused(world, await post(text), 'api_body_malformed');
    }
    const { items } = (await world.send('GET', '/tokens', browser)).body;
    assert.deepEqual(items, []);
  });

  test('revoking ends it at once; that of somebody else only an owner can', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('policy');
    const [{ id } = { id: '' }] = await world.store.apiTokens.list({ after: '', limit: 1 });
    const auditor = await world.browserOf('auditor');
    await adminRefused(world, await world.send('DELETE', `/tokens/${id}`, auditor), 'api_not_found');
    assert.equal((await world.send('GET', '/me', { token })).status, 200);
    const owner = await world.browserOf('owner');
    assert.equal((await world.send('DELETE', `/tokens/${id}`, owner)).status, 204);
    assert.deepEqual([(await world.last()).before?.token, (await world.last()).by], [id, 'u_owner']);
    await adminRefused(world, await world.send('GET', '/me', { token }), 'admin_token_unknown', { known: false });
    await adminRefused(world, await world.send('DELETE', `/tokens/${id}`, owner), 'api_not_found');
    const withBody = await world.send('DELETE', `/tokens/${id}`, { ...owner, body: { id } });
    await adminRefused(world, withBody, 'api_value_invalid');
  });
});

describe('the admin API: HTTP', () => {
  test('HTP-01: another method, an unknown address', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    const put = await world.send('PUT', '/me', { token, body: {} });
    await adminRefused(world, put, 'api_wrong_method');
    assert.equal(put.headers.get('allow'), 'GET');
    const nowhere = await world.send('GET', '/nothing', { token });
    await adminRefused(world, nowhere, 'api_not_found', { isRecorded: false });
    await adminRefused(world, await world.send('POST', '/nothing', { token, body: {} }), 'api_not_found');
    const { headers } = await world.browserOf('owner');
    const nul = await world.send('DELETE', '/scim-tokens/%00', { headers });
    await adminRefused(world, nul, 'api_not_found');
    assert.equal((await world.last()).detail, undefined, 'nothing is called so, and no operation is asked for it');
  });

  test('a parameter that is not known, or is there twice', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    for (const [query, at] of [
      ['?sort=name', 'query'],
      ['?limit=1&limit=2', 'query.limit'],
      ['?limit=0', 'query.limit'],
      ['?limit=201', 'query.limit'],
      ['?limit=ten', 'query.limit'],
    ]) {
      const given = await world.send('GET', `/tokens${query}`, { token });
      await adminRefused(world, given, 'api_value_invalid', { isRecorded: false });
      assert.equal(given.body.errors[0].at, at, query);
    }
    const onMe = await world.send('GET', '/me?x=1', { token });
    await adminRefused(world, onMe, 'api_value_invalid', { isRecorded: false });
  });

  test('no answer is for another origin', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    const preflight = await world.send('OPTIONS', '/me', {
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' },
    });
    assert.equal(preflight.status, 401);
    for (const given of [preflight, await world.send('GET', '/me', { token, headers: { origin: 'null' } })]) {
      for (const [name] of given.headers) assert.ok(!name.startsWith('access-control-'), name);
    }
  });

  test('any bytes at any address are answered, and never with a fault', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    const path = fc.oneof(
      fc.constantFrom(...routes.map((each) => each.path)),
      fc.webPath().map((text) => text || '/'),
    );
    const content = fc.oneof(fc.json(), fc.string({ unit: 'binary' }), fc.constant('{"__proto__":{"x":1}}'));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
        path,
        content,
        fc.boolean(),
        fc.webQueryParameters(),
        async (method, at, text, isKnown, query) => {
          world.clock.ms += 1000;
          const given = await world.send(method, `${at.startsWith('/') ? at : `/${at}`}${query && `?${query}`}`, {
            ...(isKnown && { token }),
            ...(method !== 'GET' && { text }),
            headers: { 'if-match': '*' },
          });
          assert.ok(given.status < 500, `${method} ${at}: ${given.status}`);
          if (given.status >= 400) assert.equal(given.headers.get('content-type'), 'application/problem+json');
        },
      ),
      { numRuns: 200 },
    );
    assert.deepEqual(world.faults, []);
  });

  test('whoever goes away in the middle of a body is no fault of ours', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"name":'));
        controller.error(new Error('aborted'));
      },
    });
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    await world.raw(new Request(`${adminUrl}/api/v1/drafts`, { method: 'POST', headers, body, duplex: 'half' }));
    assert.deepEqual(world.faults, []);
  });

  test('a broken world is 503 or 500, and nothing is told of it', async () => {
    const world = await openAdminWorld();
    const token = await world.tokenOf('owner');
    await world.store.close();
    const given = await world.send('GET', '/me', { token });
    assert.ok([500, 503].includes(given.status));
    assert.equal(given.headers.get('content-type'), 'application/problem+json');
    assert.ok(!JSON.stringify(given.body).toLowerCase().includes('sql'));
    assert.equal(world.faults.length, 1);
  });
});

test('a change of what was read before names its version', async () => {
  const world = await openAdminWorld();
  const seen: string[] = [];
  const declared = route({
    method: 'PATCH',
    path: '/thing',
    id: 'changeThing',
    summary: 'for this test',
    permission: undefined,
    versioned: true,
    handle: async ({ ifMatch }) => {
      seen.push(ifMatch);
      return answer(undefined, '"2"');
    },
  });
  const api = createAdminApi([declared], world.services);
  const { headers } = await world.browserOf('owner');
  const patch = async (more: Record<string, string>) => {
    const response = await api(
      new Request(`${adminUrl}/api/v1/thing`, { method: 'PATCH', headers: { ...headers, ...more } }),
      world.caller.address,
    );
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
  await adminRefused(world, await patch({}), 'api_version_needed');
  const done = await patch({ 'if-match': '"1"' });
  assert.deepEqual([done.status, done.headers.get('etag'), seen], [204, '"2"', ['"1"']]);
});

describe('the admin API: its description', () => {
  test('is OpenAPI 3.1, tells of every operation, and is there for everybody', async () => {
    const world = await openAdminWorld();
    const { status, body } = await world.send('GET', '/openapi.json');
    assert.equal(status, 200);
    assert.equal(body.openapi, '3.1.1');
    assert.deepEqual(body.servers, [{ url: `${adminUrl}/api/v1` }]);
    const operations = Object.values(body.paths as Record<string, Record<string, { operationId: string }>>)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId);
    assert.deepEqual(operations.sort(), routes.map(({ id }) => id).sort());
    const limit = body.paths['/tokens'].get.parameters.find(({ name }: { name: string }) => name === 'limit');
    assert.deepEqual([limit.required, limit.schema.maximum], [false, 200]);
  });
});
