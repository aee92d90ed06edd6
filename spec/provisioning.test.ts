import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { base, exchangeAs, openProvisioning, patchBody, type ScimAnswer, scimRefused, userBody } from './scim.ts';
import { claimsOf, openSession } from './world.ts';

/** The same members, the last one first. */
function turn(of: object): object {
  return Object.fromEntries(Object.entries(of).reverse());
}

describe('PRV-01, RFC 7644: SCIM 2.0', () => {
  test('a user is created, read, replaced, patched and deleted', async () => {
    const { okta } = await openProvisioning();
    const created = await okta('POST', '/Users', userBody('erin', { externalId: '00u1', title: 'Engineer' }));
    assert.equal(created.status, 201);
    const { id, meta, ...rest } = created.body;
    assert.match(id, /^u_[\w-]{22,}$/);
    assert.deepEqual(rest, userBody('erin', { externalId: '00u1', title: 'Engineer' }));
    assert.equal(created.headers.get('location'), `${base}/Users/${id}`);
    assert.equal(created.headers.get('content-type'), 'application/scim+json');
    assert.equal(created.headers.get('cache-control'), 'no-store');
    assert.deepEqual(meta, {
      resourceType: 'User',
      created: '2027-01-15T08:00:00.000Z',
      lastModified: '2027-01-15T08:00:00.000Z',
      location: `${base}/Users/${id}`,
      version: 'W/"1"',
    });
    assert.equal(created.headers.get('etag'), meta.version);

    assert.deepEqual((await okta('GET', `/Users/${id}`)).body, created.body);
    const replaced = await okta('PUT', `/Users/${id}`, { ...userBody('erin'), displayName: 'Erin B.' });
    assert.equal(replaced.status, 200);
    assert.equal(replaced.body.displayName, 'Erin B.');
    assert.ok(!('title' in replaced.body) && !('externalId' in replaced.body), 'what PUT leaves out is gone');
    const patched = await okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'title', value: 'Lead' }));
    assert.equal(patched.status, 200);
    assert.deepEqual([patched.body.title, patched.body.meta.version], ['Lead', 'W/"3"']);
    assert.equal((await okta('DELETE', `/Users/${id}`)).status, 204);
    assert.equal((await okta('GET', `/Users/${id}`)).status, 404);
    const again = await okta('POST', '/Users', userBody('erin'));
    assert.equal(again.status, 201);
    assert.notEqual(again.body.id, id, 'an id is never used again');
  });

  test('a group is created, read, replaced, patched and deleted', async () => {
    const { okta, world } = await openProvisioning();
    const erin = (await okta('POST', '/Users', userBody('erin'))).body.id;
    const frank = (await okta('POST', '/Users', userBody('frank'))).body.id;
    const created = await okta('POST', '/Groups', { displayName: 'Eng', externalId: 'x', members: [{ value: erin }] });
    assert.equal(created.status, 201);
    const { id } = created.body;
    assert.equal(created.body.externalId, 'x');
    assert.deepEqual(created.body.members, [{ value: erin, $ref: `${base}/Users/${erin}`, type: 'User' }]);
    assert.deepEqual((await world.store.people.find(erin))?.groups, [`okta/${id}`]);
    assert.deepEqual((await okta('GET', `/Users/${erin}`)).body.groups, [
      { value: id, $ref: `${base}/Groups/${id}`, type: 'direct' },
    ]);
    const added = await okta(
      'PATCH',
      `/Groups/${id}`,
      patchBody({ op: 'add', path: 'members', value: [{ value: frank }] }),
    );
    assert.deepEqual([added.status, added.body, added.headers.get('etag')], [204, undefined, 'W/"2"']);
    const replaced = await okta('PUT', `/Groups/${id}`, { displayName: 'Engineering', members: [{ value: frank }] });
    assert.deepEqual([replaced.status, replaced.body.displayName], [200, 'Engineering']);
    assert.ok(!('externalId' in replaced.body));
    const kept = (change: object) => okta('PATCH', `/Groups/${id}?attributes=externalId`, patchBody(change));
    assert.equal((await kept({ op: 'add', path: 'externalId', value: 'y' })).body.externalId, 'y');
    assert.equal((await kept({ op: 'replace', path: 'displayName', value: 'E' })).body.externalId, 'y');
    assert.ok(!('externalId' in (await kept({ op: 'remove', path: 'externalId' })).body));
    assert.deepEqual(
      replaced.body.members.map(({ value }: { value: string }) => value),
      [frank],
    );
    const asked = await okta(
      'PATCH',
      `/Groups/${id}?attributes=displayName`,
      patchBody({ op: 'replace', value: { displayName: 'E' } }),
    );
    assert.deepEqual([asked.status, asked.body], [200, { schemas: asked.body.schemas, id, displayName: 'E' }]);
    assert.equal((await okta('DELETE', `/Groups/${id}`)).status, 204);
    assert.deepEqual((await world.store.people.find(frank))?.groups, []);
  });

  test('the same again, in whatever order, is no change: neither a version nor a line of the record', async () => {
    const { okta, records } = await openProvisioning();
    const { id, meta } = (await okta('POST', '/Users', userBody('erin', { title: 'Lead' }))).body;
    const before = (await records()).length;
    const { name, emails, ...rest } = userBody('erin', { title: 'Lead' });
    const turned = { ...rest, emails: emails.map(turn), name: turn(name) };
    const again = await okta('PUT', `/Users/${id}`, turned);
    assert.deepEqual([again.status, again.body.meta], [200, meta]);
    assert.equal((await records()).length, before);
    const other = { ...turned, emails: [{ ...emails[0], type: 'home' }] };
    assert.equal((await okta('PUT', `/Users/${id}`, other)).body.meta.version, 'W/"2"');
  });

  test('LOG-03: the trace a change was sent under is on its line of the record', async () => {
    const { okta, records } = await openProvisioning();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await okta('POST', '/Users', userBody('erin'), { traceparent });
    await okta('POST', '/Users', userBody('frank'));
    assert.deepEqual(
      (await records()).slice(-2).map(({ correlation }) => correlation),
      ['4bf92f3577b34da6a3ce929d0e0e4736', undefined],
    );
  });

  test('says what it can do, and describes its schemas', async () => {
    const { okta } = await openProvisioning();
    const config = (await okta('GET', '/ServiceProviderConfig')).body;
    assert.deepEqual(
      ['patch', 'bulk', 'filter', 'changePassword', 'sort', 'etag'].map((each) => config[each].supported),
      [true, true, true, false, true, true],
    );
    const schemas = (await okta('GET', '/Schemas')).body;
    assert.equal(schemas.totalResults, 3);
    for (const { id, meta } of schemas.Resources) {
      const one = await okta('GET', `/Schemas/${id}`);
      assert.equal(one.body.id, id);
      assert.equal(meta.location, `${base}/Schemas/${id}`);
    }
    const types = (await okta('GET', '/ResourceTypes')).body.Resources;
    assert.deepEqual(
      types.map(({ endpoint }: { endpoint: string }) => endpoint),
      ['/Users', '/Groups'],
    );
    assert.equal((await okta('GET', '/ResourceTypes/User')).body.id, 'User');
  });

  test('lists are filtered, sorted and cut into pages', async () => {
    const { okta } = await openProvisioning();
    const names = ['anna', 'Bert', 'carla', 'dora', 'emil'];
    for (const [at, name] of names.entries()) {
      await okta('POST', '/Users', userBody(name, { displayName: name, externalId: `x${at}`, active: at !== 2 }));
    }
    const list = async (query: string) => {
      const { status, body } = await okta('GET', `/Users?${query}`);
      assert.equal(status, 200, JSON.stringify(body));
      return body;
    };
    const found = async (filter: string) =>
      (await list(`sortBy=userName&filter=${encodeURIComponent(filter)}`)).Resources.map(
        ({ displayName }: { displayName: string }) => displayName,
      );
    const table: [filter: string, names: string[]][] = [
      ['userName eq "ANNA@acme.example"', ['anna']],
      ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "anna@acme.example"', ['anna']],
      ['emails.value eq "bert@ACME.example"', ['Bert']],
      ['emails[type eq "work" and value eq "bert@acme.example"]', ['Bert']],
      ['emails[type eq "work"].value eq "bert@acme.example"', ['Bert']],
      ['externalId eq "x3"', ['dora']],
      ['externalId eq "X3"', []],
      ['active eq false', ['carla']],
      ['active eq "False"', ['carla']],
      ['displayName sw "B" or displayName ew "L"', ['Bert', 'emil']],
      ['userName co "a@" and not (displayName eq "anna")', ['carla', 'dora']],
      ['(displayName eq "anna" or displayName eq "dora") and active eq true', ['anna', 'dora']],
      ['displayName gt "carla"', ['dora', 'emil']],
      ['displayName le "bert"', ['anna', 'Bert']],
      ['externalId ne "x0" and externalId pr', ['Bert', 'carla', 'dora', 'emil']],
      ['meta.created ge "2027-01-15T08:00:00Z"', names],
      ['meta.lastModified lt "2027-01-15T08:00:00Z"', []],
      ['userName eq "x\\" or userName pr or userName eq \\"x"', []],
    ];
    for (const [filter, expected] of table) assert.deepEqual(await found(filter), expected, filter);

    const page = await list('sortBy=displayName&sortOrder=descending&startIndex=2&count=2');
    assert.deepEqual([page.totalResults, page.startIndex, page.itemsPerPage], [5, 2, 2]);
    assert.deepEqual(
      page.Resources.map(({ displayName }: { displayName: string }) => displayName),
      ['dora', 'carla'],
    );
    const none = await list('count=0');
    assert.deepEqual([none.totalResults, none.Resources], [5, []]);
    assert.deepEqual((await list('startIndex=-3&count=-1')).startIndex, 1);
    const seen = new Set<string>();
    for (let start = 1; start <= 5; start += 2) {
      for (const { id } of (await list(`startIndex=${start}&count=2`)).Resources) seen.add(id);
    }
    assert.equal(seen.size, 5);
    const searched = await okta('POST', '/Users/.search', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
      filter: 'displayName eq "dora"',
      attributes: ['userName'],
      count: 10,
    });
    const [dora] = searched.body.Resources;
    assert.deepEqual(Object.keys(dora).sort(), ['id', 'schemas', 'userName']);
  });

  test('groups are found by name, id and member, without their members where they are not wanted', async () => {
    const { okta } = await openProvisioning();
    const erin = (await okta('POST', '/Users', userBody('erin'))).body.id;
    const { id } = (await okta('POST', '/Groups', { displayName: 'Eng', members: [{ value: erin }] })).body;
    await okta('POST', '/Groups', { displayName: 'Ops' });
    const found = async (filter: string) =>
      (await okta('GET', `/Groups?excludedAttributes=members&filter=${encodeURIComponent(filter)}`)).body.Resources;
    for (const filter of [
      'displayName eq "ENG"',
      `id eq "${id}"`,
      `members.value eq "${erin}"`,
      `members[value eq "${erin}"]`,
      `id eq "${id}" and members eq "${erin}"`, // Entra asks so
    ]) {
      const resources = await found(filter);
      assert.deepEqual(
        resources.map((each: { id: string }) => each.id),
        [id],
        filter,
      );
      assert.ok(!('members' in resources[0]));
    }
    assert.equal((await found('members.value ne "nobody"')).length, 2);
  });

  test('attributes are selected, also parts and those of the extension', async () => {
    const { okta } = await openProvisioning();
    const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
    const extra = { [enterprise]: { department: 'R&D', employeeNumber: '7' }, title: 'Lead' };
    const { id } = (await okta('POST', '/Users', userBody('erin', extra))).body;
    const keysOf = async (query: string) => (await okta('GET', `/Users/${id}?${query}`)).body;
    assert.deepEqual(Object.keys(await keysOf('attributes=USERNAME')).sort(), ['id', 'schemas', 'userName']);
    assert.deepEqual((await keysOf('attributes=name.givenName,emails.value')).name, { givenName: 'erin' });
    assert.deepEqual((await keysOf('attributes=emails.value')).emails, [{ value: 'erin@acme.example' }]);
    assert.deepEqual((await keysOf(`attributes=${enterprise}:department`))[enterprise], { department: 'R&D' });
    assert.deepEqual((await keysOf(`attributes=${enterprise}`))[enterprise], {
      department: 'R&D',
      employeeNumber: '7',
    });
    const rest = await keysOf(`excludedAttributes=title,name.familyName,${enterprise}:employeeNumber,id`);
    assert.ok(!('title' in rest) && rest.id === id, 'id is always there');
    assert.deepEqual([rest.name, rest[enterprise]], [{ givenName: 'erin' }, { department: 'R&D' }]);
    assert.ok(!(enterprise in (await keysOf(`excludedAttributes=${enterprise}`))));
  });

  test('ETag: groups and members change without the record they stand in, and are sent again', async () => {
    const { okta } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('erin'))).body;
    const group = (await okta('POST', '/Groups', { displayName: 'G', members: [{ value: id }] })).body;
    const unchanged = (path: string) => okta('GET', path, undefined, { 'if-none-match': 'W/"1"' });
    const user = await unchanged(`/Users/${id}`);
    assert.deepEqual([user.status, user.body?.groups?.[0]?.value], [200, group.id]);
    await okta('DELETE', `/Users/${id}`);
    const left = await unchanged(`/Groups/${group.id}`);
    assert.deepEqual([left.status, left.body?.members ?? []], [200, []]);
    assert.equal((await unchanged(`/Groups/${group.id}?excludedAttributes=members`)).status, 304);
  });

  test('ETag: what is known is not sent again, and If-Match keeps two clients from overwriting each other', async () => {
    const { okta, records } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('erin'))).body;
    const unchanged = (path: string) => okta('GET', path, undefined, { 'if-none-match': 'W/"1"' });
    const known = await unchanged(`/Users/${id}?excludedAttributes=groups`);
    assert.deepEqual([known.status, known.body], [304, undefined]);
    const patch = (ifMatch: string, title: string) =>
      okta('PATCH', `/Users/${id}`, patchBody({ op: 'add', path: 'title', value: title }), { 'if-match': ifMatch });
    assert.equal((await patch('W/"1"', 'a')).status, 200);
    await scimRefused(await patch('W/"1"', 'b'), 'scim_version_differs', await records());
    assert.equal((await patch('"2"', 'b')).status, 200, 'a strong tag of the same version');
    assert.equal((await patch('*', 'c')).status, 200);
    for (const [method, path] of [
      ['PUT', `/Users/${id}`],
      ['DELETE', `/Users/${id}`],
    ] as const) {
      const answer = await okta(method, path, method === 'PUT' ? userBody('erin') : undefined, { 'if-match': 'W/"1"' });
      assert.equal(answer.status, 412);
    }
    const group = (await okta('POST', '/Groups', { displayName: 'G' })).body;
    const rename = patchBody({ op: 'replace', path: 'displayName', value: 'H' });
    assert.equal((await okta('PATCH', `/Groups/${group.id}`, rename, { 'if-match': 'W/"7"' })).status, 412);
    assert.equal((await okta('DELETE', `/Groups/${group.id}`, undefined, { 'if-match': 'W/"7"' })).status, 412);
  });

  test('a token is needed, and no other way in is offered', async () => {
    const { sendTo, records, okta, world } = await openProvisioning();
    const send = (headers: Record<string, string>) => sendTo(new Request(`${base}/Users`, { headers }));
    for (const authorization of [
      undefined,
      'Bearer x',
      'Basic okta-token-that-is-long-enough',
      'Bearer okta-token-that-is-long-enougH',
    ]) {
      const answer = await send(authorization ? { authorization } : {});
      await scimRefused(answer, 'scim_token_unknown', await records());
      assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/);
    }
    for (let round = 0; round < 20; round += 1) await send({});
    assert.equal((await send({})).status, 429, 'guessing is slowed down');
    assert.equal((await okta('GET', '/Users')).status, 200, 'and locks nobody else out');
    await world.store.directory.scimTokens.remove('t_okta', []);
    assert.equal((await okta('GET', '/Users')).status, 429, 'a token that was removed is none from that moment');
  });

  test('the last use of a token is written down, once a minute', async () => {
    const { okta, world } = await openProvisioning();
    const lastUsed = async () =>
      (await world.store.directory.scimTokens.all()).find(({ id }) => id === 't_okta')?.lastUsedAt;
    const start = world.now();
    await okta('GET', '/Users');
    assert.equal(await lastUsed(), start);
    world.clock.ms += 30_000;
    await okta('GET', '/Users');
    assert.equal(await lastUsed(), start);
    world.clock.ms += 30_000;
    await okta('GET', '/Users');
    assert.equal(await lastUsed(), start + 60);
  });
});

describe('PRV-02: off means off', () => {
  const prepare = async () => {
    const open = await openProvisioning();
    const { id } = (await open.okta('POST', '/Users', userBody('erin'))).body;
    const group = (await open.okta('POST', '/Groups', { displayName: 'Eng', members: [{ value: id }] })).body;
    open.world.addRule(`{ id: okta-eng, allow: all, on: tracker, to: ["group:okta/${group.id}"] }`);
    await openSession(open.world.store, `sid-${id}`, 'claude-code', id, open.world.now());
    const { artifacts } = open.world.store;
    await artifacts.upsert('RefreshToken', 'r1', { accountId: id }, open.world.now() + 9e8);
    assert.equal((await exchangeAs(open.world, id)).status, 200);
    const stands = async () => [
      await artifacts.sessionStands(`sid-${id}`, open.world.now()),
      (await artifacts.find('RefreshToken', 'r1')) !== undefined,
    ];
    assert.deepEqual(await stands(), [true, true]);
    return { ...open, id, group, stands };
  };
  type Open = Awaited<ReturnType<typeof prepare>>;

  const table: [name: string, act: (open: Open) => Promise<ScimAnswer>, reason: Refusal][] = [
    [
      'active: false by PATCH',
      ({ okta, id }) => okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { active: false } })),
      'person_inactive',
    ],
    [
      'active: "False" as Entra says it',
      ({ okta, id }) => okta('PATCH', `/Users/${id}`, patchBody({ op: 'Replace', path: 'active', value: 'False' })),
      'person_inactive',
    ],
    [
      'active: false by PUT',
      ({ okta, id }) => okta('PUT', `/Users/${id}`, userBody('erin', { active: false })),
      'person_inactive',
    ],
    ['DELETE', ({ okta, id }) => okta('DELETE', `/Users/${id}`), 'person_unknown'],
    [
      'taken out of the last granting group',
      ({ okta, id, group }) =>
        okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'remove', path: `members[value eq "${id}"]` })),
      'policy_denied',
    ],
    [
      'the group emptied by PUT',
      ({ okta, group }) => okta('PUT', `/Groups/${group.id}`, { displayName: 'Eng', members: [] }),
      'policy_denied',
    ],
    ['the group deleted', ({ okta, group }) => okta('DELETE', `/Groups/${group.id}`), 'policy_denied'],
  ];
  for (const [name, act, reason] of table) {
    test(`${name}: nothing from the next exchange on, session and refresh token gone`, async () => {
      const open = await prepare();
      const { status } = await act(open);
      assert.ok(status === 200 || status === 204, String(status));
      assert.deepEqual(await open.stands(), [false, false]);
      const refused = await exchangeAs(open.world, open.id);
      assert.equal(refused.record.reason, reason);
    });
  }

  test('leaving a group while another still grants keeps the session', async () => {
    const open = await prepare();
    const other = (await open.okta('POST', '/Groups', { displayName: 'Ops', members: [{ value: open.id }] })).body;
    await open.okta('DELETE', `/Groups/${other.id}`);
    assert.deepEqual(await open.stands(), [true, true]);
    assert.equal((await exchangeAs(open.world, open.id)).status, 200);
  });

  test('a lost role counts the same', async () => {
    const open = await openProvisioning();
    const { id } = (await open.okta('POST', '/Users', userBody('erin', { roles: [{ value: 'lead' }] }))).body;
    open.world.addRule('{ id: leads, allow: all, on: tracker, to: ["role:okta/lead"] }');
    assert.equal((await exchangeAs(open.world, id)).status, 200);
    await open.okta('PATCH', `/Users/${id}`, patchBody({ op: 'remove', path: 'roles' }));
    assert.equal(await open.world.store.artifacts.sessionStands(`sid-${id}`, open.world.now()), false);
    assert.equal((await exchangeAs(open.world, id)).record.reason, 'policy_denied');
  });

  test('a PUT that says nothing of active switches nobody on', async () => {
    const { okta, id } = await prepare();
    await okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'active', value: false }));
    const { active: _, ...silent } = userBody('erin');
    assert.equal((await okta('PUT', `/Users/${id}`, silent)).body.active, false);
  });

  test('what an administrator switched off the source does not switch on', async () => {
    const { okta, id, world } = await prepare();
    await world.store.directory.provisioned.block(id, true, []);
    const answer = await okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'active', value: true }));
    assert.deepEqual([answer.status, answer.body.active], [200, true]);
    await okta('PUT', `/Users/${id}`, userBody('erin', { title: 'Boss' }));
    assert.equal((await exchangeAs(world, id)).record.reason, 'person_inactive');
  });
});

describe('PRV-04: a source speaks for its own records only', () => {
  test('the same userName in two sources is two people, and lists show the own ones only', async () => {
    const { okta, entra } = await openProvisioning();
    const one = await okta('POST', '/Users', userBody('erin'));
    const two = await entra('POST', '/Users', userBody('erin', { emails: [{ value: 'erin@other.example' }] }));
    assert.notEqual(one.body.id, two.body.id);
    for (const [client, id] of [
      [okta, one.body.id],
      [entra, two.body.id],
    ] as const) {
      const { body } = await client('GET', '/Users');
      assert.deepEqual(
        body.Resources.map((each: { id: string }) => each.id),
        [id],
      );
      assert.equal((await client('GET', '/Users?filter=userName%20pr')).body.totalResults, 1);
    }
  });

  test('groups of other sources do not show at a user', async () => {
    const { okta, world } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('erin'))).body;
    const times = { createdMs: 1, modifiedMs: 1 };
    const local = {
      kind: 'group',
      id: 'reviewers',
      source: 'local',
      name: 'R',
      externalId: undefined,
      ...times,
    } as const;
    await world.store.directory.groups.create(local, [id], []);
    assert.ok(!('groups' in (await okta('GET', `/Users/${id}`)).body));
    await okta('PUT', `/Users/${id}`, userBody('erin', { title: 'x' }));
    assert.deepEqual((await world.store.people.find(id))?.groups, ['reviewers'], 'and stay as they are');
  });

  test('a password is neither kept nor returned (RFC 7643 §7)', async () => {
    const { okta, world } = await openProvisioning();
    const password = 'tulip-and-rose-42';
    const created = await okta('POST', '/Users', userBody('erin', { password }));
    const { id } = created.body;
    const patched = await okta(
      'PATCH',
      `/Users/${id}`,
      patchBody({ op: 'replace', path: 'password', value: password }),
    );
    const put = await okta('PUT', `/Users/${id}`, userBody('erin', { password, title: 'x' }));
    const read = await okta('GET', `/Users/${id}?attributes=password`);
    for (const { status, body } of [created, patched, put, read]) {
      assert.ok(status < 300);
      assert.ok(!JSON.stringify(body).includes(password));
    }
    assert.equal(await world.store.people.passwordHash(id), undefined);
    const kept = await world.store.directory.provisioned.find('scim:okta', id);
    assert.ok(!JSON.stringify(kept).includes(password));
  });

  test('B91, T31: nobody gets into a rule by the name, the id or the external id of a group', async () => {
    const { okta, world } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('mallory'))).body;
    world.addRule('{ id: okta-eng, allow: all, on: tracker, to: ["group:okta/00g1eng", "role:administrator"] }');
    const members = [{ value: id }];
    for (const body of [
      { displayName: 'engineering', members },
      { displayName: '00g1eng', externalId: '00g1eng', id: '00g1eng', members },
      { displayName: 'okta/00g1eng', externalId: 'engineering', members },
    ]) {
      const { status, body: group } = await okta('POST', '/Groups', body);
      assert.equal(status, 201);
      await okta(
        'PATCH',
        `/Groups/${group.id}`,
        patchBody({ op: 'replace', path: 'displayName', value: 'engineering' }),
      );
      assert.equal((await exchangeAs(world, id)).record.reason, 'policy_denied');
    }
    await okta(
      'PUT',
      `/Users/${id}`,
      userBody('mallory', { roles: [{ value: 'administrator' }], groups: [{ value: 'engineering' }] }),
    );
    assert.deepEqual((await world.store.people.find(id))?.roles, ['okta/administrator']);
    assert.equal((await exchangeAs(world, id)).record.reason, 'policy_denied');
  });

  test('T31: a group keeps its rules when it is renamed and has none when it is made anew', async () => {
    const { okta, world } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('erin'))).body;
    const body = { displayName: 'Eng', externalId: 'x', members: [{ value: id }] };
    const group = (await okta('POST', '/Groups', body)).body;
    world.addRule(`{ id: okta-eng, allow: all, on: tracker, to: ["group:okta/${group.id}"] }`);
    const { record, body: answer } = await exchangeAs(world, id);
    assert.deepEqual(record.inputs?.groups, [`okta/${group.id}`]);
    assert.equal(claimsOf(answer.access_token).sub, id);
    await okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'replace', path: 'displayName', value: 'Others' }));
    assert.equal((await exchangeAs(world, id)).status, 200);
    await okta('DELETE', `/Groups/${group.id}`);
    const anew = (await okta('POST', '/Groups', body)).body;
    assert.notEqual(anew.id, group.id);
    assert.equal((await exchangeAs(world, id)).record.reason, 'policy_denied');
  });

  test('T32: a directory full of hostile names comes back as it was sent, and decides nothing', async () => {
    const { okta, world } = await openProvisioning();
    const names = [
      '<script>alert(1)</script>',
      "'; DROP TABLE people; --",
      '=HYPERLINK("http://x")',
      '\u202egnp.exe',
      '{{7*7}}',
      '%00',
      '__proto__',
      'constructor',
    ];
    for (const [at, name] of names.entries()) {
      const user = await okta('POST', '/Users', userBody(`u${at}`, { displayName: name, roles: [{ value: name }] }));
      assert.deepEqual([user.status, user.body.displayName], [201, name]);
      const group = await okta('POST', '/Groups', { displayName: name, members: [{ value: user.body.id }] });
      assert.deepEqual([group.status, group.body.displayName], [201, name]);
      const found = await okta('GET', `/Users?filter=${encodeURIComponent(`displayName eq ${JSON.stringify(name)}`)}`);
      assert.equal(found.body.totalResults, 1, name);
      for (const role of (await world.store.people.find(user.body.id))?.roles ?? [])
        assert.match(role, /^okta\/[\w@.:+-]+$/);
    }
  });
});

describe('every change is on the record', () => {
  test('who, what and whom, by ids and names of attributes, without a word of personal data', async () => {
    const { okta, records } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('erin'))).body;
    const group = (await okta('POST', '/Groups', { displayName: 'Secret project', members: [{ value: id }] })).body;
    await okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { active: false, displayName: 'Erin B.' } }));
    await okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'remove', path: 'members' }));
    await okta('DELETE', `/Groups/${group.id}`);
    await okta('DELETE', `/Users/${id}`);
    const lines = (await records()).filter(({ kind }) => kind === 'directory');
    const shown = lines.map(({ detail, person, group: of, changed, joined, left }) => ({
      detail,
      person,
      of,
      changed,
      joined,
      left,
    }));
    const gid = `okta/${group.id}`;
    const undefinedOnes = { person: undefined, of: undefined, changed: undefined, joined: undefined, left: undefined };
    assert.deepEqual(shown, [
      { ...undefinedOnes, detail: 'person created', person: id, changed: ['active', 'emails', 'name', 'userName'] },
      { ...undefinedOnes, detail: 'group created', of: gid, joined: [id] },
      { ...undefinedOnes, detail: 'person changed, switched off', person: id, changed: ['active', 'displayName'] },
      { ...undefinedOnes, detail: 'group changed', of: gid, changed: ['members'], left: [id] },
      { ...undefinedOnes, detail: 'group deleted', of: gid },
      { ...undefinedOnes, detail: 'person deleted', person: id },
    ]);
    for (const line of lines) {
      assert.deepEqual([line.source, line.credential, line.address], ['scim:okta', 't_okta', '192.0.2.7']);
      assert.ok(!/erin|example|Secret/i.test(JSON.stringify(line)), JSON.stringify(line));
    }
  });

  test('a request that changes nothing leaves no line and no new version', async () => {
    const { okta, records } = await openProvisioning();
    const { id } = (await okta('POST', '/Users', userBody('erin'))).body;
    const group = (await okta('POST', '/Groups', { displayName: 'G', members: [{ value: id }] })).body;
    const before = (await records()).length;
    for (let round = 0; round < 3; round += 1) {
      const put = await okta('PUT', `/Users/${id}`, userBody('erin'));
      assert.equal(put.body.meta.version, 'W/"1"');
      await okta('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'active', value: true }));
      await okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'add', path: 'members', value: [{ value: id }] }));
      await okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'remove', path: 'members[value eq "nobody"]' }));
    }
    assert.equal((await records()).length, before);
  });

  test('many members of one change are told on several lines', async () => {
    const { okta, records, world } = await openProvisioning();
    const ids = Array.from({ length: 2300 }, (_, at) => `u_${at}`);
    for (const id of ids) {
      const email = `${id}@acme.example`;
      const state = { externalId: undefined, wantedActive: true, blocked: false, attributes: '{}' };
      const person = { id, source: 'scim:okta', handle: id, email, emails: [email], name: id, ...state };
      await world.store.directory.provisioned.create({ ...person, createdMs: 1, modifiedMs: 1 }, {}, []);
    }
    const { status, body } = await okta('POST', '/Groups', {
      displayName: 'All',
      members: ids.map((value) => ({ value })),
    });
    assert.equal(status, 201);
    assert.equal(body.members.length, 2300);
    const lines = (await records()).filter(({ kind }) => kind === 'directory');
    assert.deepEqual(
      lines.map(({ joined }) => joined?.length),
      [1000, 1000, 300],
    );
  });

  test('twenty clients that change one group at once: all of it happens', async () => {
    const { okta, world } = await openProvisioning();
    const users = await Promise.all(Array.from({ length: 20 }, (_, at) => okta('POST', '/Users', userBody(`u${at}`))));
    const group = (await okta('POST', '/Groups', { displayName: 'G' })).body;
    const answers = await Promise.all(
      users.map(({ body }) =>
        okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'add', path: 'members', value: [{ value: body.id }] })),
      ),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([204]));
    assert.equal((await world.store.directory.groups.members('group', `okta/${group.id}`, '', 99)).length, 20);
  });
});
