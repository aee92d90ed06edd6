import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { toFingerprint } from '../packages/server/src/admin/secrets.ts';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { type AuditRecord, toRow } from '../packages/server/src/audit/record.ts';
import { type Person, StoreUnavailable } from '../packages/server/src/store/store.ts';
import { type AdminWorld, addBreakGlass, adminRefused, openAdminWorld } from './admin-world.ts';
import { alice, openSession } from './world.ts';

// What the admin API is about, one resource after the other. Every change is on the record, by whom, before and after.

const bob: Person = { ...alice, id: 'u_bob', email: 'Bob@acme.example', name: 'Bob Ümlaut', groups: [], roles: [] };

const openWith = async (...people: Person[]) => {
  const world = await openAdminWorld();
  for (const person of people) await world.store.people.save(person);
  return world;
};

const lastChange = async (world: AdminWorld) => {
  const { kind, domain, outcome, by, person, before, after, detail } = await world.last();
  assert.deepEqual([domain, outcome], ['admin', 'allowed']);
  return { kind, by, person, before, after, detail };
};

async function everyPage(world: AdminWorld, path: string, headers: Record<string, string>, limit: number) {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null; pages += 1) {
    assert.ok(pages < 50);
    const and = path.includes('?') ? '&' : '?';
    const { status, body } = await world.send('GET', `${path}${and}limit=${limit}${cursor && `&cursor=${cursor}`}`, {
      headers,
    });
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.items.length <= limit);
    items.push(...body.items);
    cursor = body.next;
  }
  return items;
}

describe('people', () => {
  const found = async (world: AdminWorld, query: string) => {
    const { headers } = await world.browserOf('help-desk');
    const items = await everyPage(world, `/people${query}`, headers, 2);
    return items.map(({ id }) => id);
  };

  test('come by e-mail address, page by page, each once', async () => {
    const world = await openWith(bob);
    const ids = await found(world, '');
    assert.deepEqual(ids, ['u_alice', 'u_auditor', 'u_bob', 'u_help-desk', 'u_owner', 'u_people', 'u_policy']);
  });

  test('T30: nobody but owners hears of the break-glass account, or of where it is signed in', async () => {
    const world = await openWith(bob);
    const glass = await addBreakGlass(world);
    await openSession(world.store, 's-glass', 'credence-console', glass.id, world.now());
    for (const [role, isShown] of [
      ['owner', true],
      ['people', false],
      ['auditor', false],
    ] as const) {
      const browser = await world.browserOf(role);
      const lists = [
        await everyPage(world, '/people', browser.headers, 3),
        await everyPage(world, '/sessions', browser.headers, 3),
      ];
      assert.deepEqual(
        [lists[0]?.some(({ id }) => id === glass.id), lists[1]?.some(({ person }) => person === glass.id)],
        [isShown, isShown],
        role,
      );
      assert.equal((await world.send('GET', `/people/${glass.id}`, browser)).status, isShown ? 200 : 404, role);
    }
    for (const [role, isShown] of [
      ['owner', true],
      ['auditor', false],
    ] as const) {
      const { body } = await world.send('GET', '/administrators', await world.browserOf(role));
      assert.equal(JSON.stringify(body).includes(glass.email), isShown, role);
      const marked = body.items.filter(({ breakGlass }: { breakGlass: boolean }) => breakGlass);
      assert.deepEqual(
        marked.map(({ person }: { person: string }) => person),
        isShown ? [glass.id] : [],
      );
    }
    const people = await world.browserOf('people');
    await adminRefused(world, await world.send('POST', `/people/${glass.id}/off`, people), 'api_not_found');
  });

  test('are found by part of the address or the name, whatever the case', async () => {
    const world = await openWith(bob);
    for (const [query, ids] of [
      ['?q=BOB@', ['u_bob']],
      ['?q=ob%20', ['u_bob']],
      ['?q=Üml', ['u_bob']],
      ['?q=ML', ['u_bob']],
      ['?q=%25', []],
      ['?q=_', []],
      ["?q='", []],
      ['?group=engineering', ['u_alice']],
      ['?role=contractor', []],
      ['?source=scim:okta', []],
      ['?active=false', []],
      ['?q=alice&group=engineering&source=local&active=true', ['u_alice']],
    ] as const) {
      assert.deepEqual(await found(world, query), ids, query);
    }
    await world.store.directory.provisioned.block('u_bob', true, []);
    assert.deepEqual(await found(world, '?active=false'), ['u_bob']);
  });

  test('one is shown whole, and says whether they administer', async () => {
    const world = await openWith();
    const { headers } = await world.browserOf('auditor');
    const { body } = await world.send('GET', '/people/u_policy', { headers });
    assert.deepEqual([body.administers, body.hasPassword, body.active], ['policy', false, true]);
    const missing = await world.send('GET', '/people/u_nobody', { headers });
    await adminRefused(world, missing, 'api_not_found', { isRecorded: false });
  });

  test('somebody new is in no group, and their name is not on the record', async () => {
    const world = await openWith();
    const browser = await world.browserOf('people');
    const body = { email: 'Erin@acme.example', name: 'Erin' };
    const made = await world.send('POST', '/people', { ...browser, body });
    assert.equal(made.status, 201);
    const { id, groups, roles, source, email } = made.body;
    assert.deepEqual({ groups, roles, source, email }, { groups: [], roles: [], source: 'local', email: body.email });
    assert.deepEqual(await lastChange(world), {
      kind: 'admin',
      by: 'u_people',
      person: id,
      before: undefined,
      after: { source: 'local', active: true },
      detail: 'person added',
    });
    assert.ok(!JSON.stringify(await world.store.audit.last(99)).includes('Erin'));
    const again = await world.send('POST', '/people', { ...browser, body: { ...body, email: 'ERIN@acme.example' } });
    await adminRefused(world, again, 'api_conflict');
  });

  test('a store that is away is no address that somebody has', async () => {
    const world = await openWith(bob);
    const { headers } = await world.browserOf('people');
    const away = () => Promise.reject(new StoreUnavailable('away'));
    Object.assign(world.store.peopleAdmin, { create: away, rename: away });
    Object.assign(world.store.directory.groups, { create: away });
    const withMatch = { ...headers, 'if-match': '*' };
    for (const [method, path, body] of [
      ['POST', '/people', { email: 'erin@acme.example', name: 'Erin' }],
      ['PATCH', '/people/u_bob', { name: 'Robert' }],
      ['POST', '/groups', { kind: 'group', id: 'ops' }],
    ] as const) {
      assert.equal((await world.send(method, path, { headers: withMatch, body })).status, 503, path);
    }
  });

  test('a token switches somebody off, and lets nobody in again', async () => {
    const world = await openWith(bob);
    const token = await world.tokenOf('people');
    assert.equal((await world.send('POST', '/people/u_bob/off', { token })).body.active, false);
    await adminRefused(world, await world.send('POST', '/people/u_bob/on', { token }), 'admin_scope_lacks');
    assert.equal((await world.store.people.find('u_bob'))?.active, false);
  });

  test('what cannot be an address or a name is refused', async () => {
    const world = await openWith();
    const browser = await world.browserOf('people');
    for (const body of [
      { email: 'erin', name: 'Erin' },
      { email: 'a b@c', name: 'Erin' },
      { email: `${'a'.repeat(250)}@acme.example`, name: 'Erin' },
      { email: 'erin@acme.example', name: 'a\nb' },
      { email: 'erin@acme.example', name: 'Erin', groups: ['engineering'] },
      { email: 'erin@acme.example', name: 'Erin', id: 'u_owner' },
    ]) {
      await adminRefused(world, await world.send('POST', '/people', { ...browser, body }), 'api_value_invalid');
    }
  });

  test('name and address change in the version that was read, and nobody is overwritten unseen', async () => {
    const world = await openWith(bob);
    const { headers } = await world.browserOf('people');
    const read = await world.send('GET', '/people/u_bob', { headers });
    const etag = read.headers.get('etag') ?? '';
    const patch = (ifMatch: string, body: object) =>
      world.send('PATCH', '/people/u_bob', { headers: { ...headers, 'if-match': ifMatch }, body });
    await adminRefused(world, await world.send('PATCH', '/people/u_bob', { headers, body: {} }), 'api_version_needed');
    const changed = await patch(etag, { name: 'Robert' });
    assert.deepEqual([changed.status, changed.body.name, changed.body.email], [200, 'Robert', bob.email]);
    assert.notEqual(changed.headers.get('etag'), etag);
    const record = await world.last();
    assert.deepEqual([record.changed, record.person, record.by], [['name'], 'u_bob', 'u_people']);
    await adminRefused(world, await patch(etag, { name: 'Rob' }), 'api_version_differs');
    assert.equal((await world.store.people.find('u_bob'))?.name, 'Robert');
    const now = changed.headers.get('etag') ?? '';
    await adminRefused(world, await patch(now, { email: 'alice@ACME.example' }), 'api_conflict');
    const lines = (await world.store.audit.last(99)).length;
    assert.equal((await patch('*', { name: 'Robert' })).status, 200);
    assert.equal((await world.store.audit.last(99)).length, lines, 'what changes nothing is no change');
  });

  test('two who change one person at once: one of them is told', async () => {
    const world = await openWith(bob);
    const { headers } = await world.browserOf('people');
    const etag = (await world.send('GET', '/people/u_bob', { headers })).headers.get('etag') ?? '';
    const patch = (name: string) =>
      world.send('PATCH', '/people/u_bob', { headers: { ...headers, 'if-match': etag }, body: { name } });
    const given = await Promise.all(['A', 'B', 'C'].map(patch));
    assert.deepEqual(given.map(({ status }) => status).sort(), [200, 412, 412]);
  });

  test('those of another source are changed there', async () => {
    const world = await openWith();
    await world.store.directory.claimSource('scim:okta');
    const person = { id: 'u_okta', source: 'scim:okta', handle: 'x', externalId: undefined, email: 'x@acme.example' };
    const rest = {
      emails: [],
      name: 'X',
      wantedActive: true,
      blocked: false,
      attributes: '{}',
      createdMs: 1,
      modifiedMs: 1,
    };
    await world.store.directory.provisioned.create({ ...person, ...rest }, {}, []);
    const { headers } = await world.browserOf('people');
    const sent = { headers: { ...headers, 'if-match': '*' }, body: { name: 'Y' } };
    await adminRefused(world, await world.send('PATCH', '/people/u_okta', sent), 'api_other_source');
    const off = await world.send('POST', '/people/u_okta/off', { headers });
    assert.deepEqual([off.status, off.body.active], [200, false]);
  });

  test('are switched off and on again, and it is on the record', async () => {
    const world = await openWith(bob);
    const browser = await world.browserOf('people');
    const off = await world.send('POST', '/people/u_bob/off', browser);
    assert.deepEqual([off.status, off.body.active], [200, false]);
    const { before, by, detail } = await lastChange(world);
    assert.deepEqual([before, by, detail], [{ active: true }, 'u_people', 'person switched off']);
    assert.equal((await world.send('POST', '/people/u_bob/on', browser)).body.active, true);
    await adminRefused(world, await world.send('POST', '/people/u_nobody/off', browser), 'api_not_found');
  });

  test('T30: nobody changes somebody of an equal or a higher role, but an owner; and nobody switches themselves off', async () => {
    const world = await openWith();
    const acts = (headers: Record<string, string>, id: string) => [
      () => world.send('POST', `/people/${id}/off`, { headers }),
      () => world.send('POST', `/people/${id}/on`, { headers }),
      () => world.send('DELETE', `/people/${id}/sessions`, { headers }),
      () => world.send('PATCH', `/people/${id}`, { headers: { ...headers, 'if-match': '*' }, body: { name: 'N' } }),
    ];
    const people = await world.browserOf('people');
    for (const id of ['u_owner', 'u_policy']) {
      for (const act of acts(people.headers, id)) await adminRefused(world, await act(), 'admin_not_below');
    }
    for (const act of acts(people.headers, 'u_auditor')) assert.ok((await act()).status < 300);
    for (const at of ['off', 'on']) {
      const given = await world.send('POST', `/people/u_people/${at}`, people);
      await adminRefused(world, given, 'admin_own_access');
    }
    await world.store.administrators
      .grant({ personId: bob.id, role: 'owner', grantedAt: 1 }, [])
      .catch(() => undefined);
    const owner = await world.browserOf('owner');
    assert.equal((await world.send('POST', '/people/u_policy/off', owner)).status, 200);
  });
});

describe('sessions', () => {
  test('are listed, of everybody or of one person, and end one by one or all of a person', async () => {
    const world = await openWith(bob);
    for (const sid of ['b1', 'b2', 'b3']) await openSession(world.store, sid, 'vscode', bob.id, world.now());
    const people = await world.browserOf('people');
    const own = await everyPage(world, '/sessions?person=u_bob', people.headers, 2);
    assert.deepEqual(
      own.map(({ id }) => id),
      ['uid-b1', 'uid-b2', 'uid-b3'],
    );
    assert.deepEqual(own[0]?.clients, ['vscode']);
    assert.ok((await everyPage(world, '/sessions', people.headers, 2)).length > 3);

    assert.equal((await world.send('DELETE', '/sessions/uid-b1', people)).status, 204);
    assert.deepEqual([(await world.last()).kind, (await world.last()).person], ['sign_out', 'u_bob']);
    assert.equal(await world.store.artifacts.sessionStands('b1', world.now()), false);
    assert.equal(await world.store.artifacts.sessionStands('b2', world.now()), true);
    await adminRefused(world, await world.send('DELETE', '/sessions/uid-b1', people), 'api_not_found');
    assert.equal((await world.send('DELETE', '/people/u_bob/sessions', people)).status, 204);
    assert.deepEqual(await everyPage(world, '/sessions?person=u_bob', people.headers, 2), []);
    assert.equal((await world.last()).detail, 'every session ended');
  });

  test('T30: that of an owner only an owner ends', async () => {
    const world = await openWith();
    const owner = await world.browserOf('owner');
    const people = await world.browserOf('people');
    const path = `/sessions/uid-${owner.sid}`;
    await adminRefused(world, await world.send('DELETE', path, people), 'admin_not_below');
    assert.equal((await world.send('DELETE', path, await world.browserOf('owner'))).status, 204);
    assert.equal((await world.send('GET', '/me', owner)).status, 401);
  });
});

describe('groups and roles', () => {
  test('are made, renamed in the version that was read, and deleted', async () => {
    const world = await openWith();
    const { headers } = await world.browserOf('people');
    const made = await world.send('POST', '/groups', { headers, body: { kind: 'group', id: 'ops', name: 'Ops' } });
    assert.equal(made.status, 201);
    const { ref } = made.body;
    assert.deepEqual((await lastChange(world)).after, { kind: 'group', id: 'ops' });
    const again = await world.send('POST', '/groups', { headers, body: { kind: 'group', id: 'ops' } });
    await adminRefused(world, again, 'api_conflict');
    const asRole = await world.send('POST', '/groups', { headers, body: { kind: 'role', id: 'ops' } });
    assert.equal(asRole.status, 201);
    assert.notEqual(asRole.body.ref, ref);

    const etag = made.headers.get('etag') ?? '';
    const withMatch = { ...headers, 'if-match': etag };
    const renamed = await world.send('PATCH', `/groups/${ref}`, { headers: withMatch, body: { name: 'Operations' } });
    assert.deepEqual([renamed.status, renamed.body.name, renamed.body.id], [200, 'Operations', 'ops']);
    const { before, after } = await lastChange(world);
    assert.deepEqual([before, after], [{ name: 'Ops' }, { name: 'Operations' }]);
    for (const [method, body] of [
      ['PATCH', { name: 'Late' }],
      ['DELETE', undefined],
    ] as const) {
      const given = await world.send(method, `/groups/${ref}`, { headers: withMatch, body });
      await adminRefused(world, given, 'api_version_differs');
      const without = await world.send(method, `/groups/${ref}`, { headers, body });
      await adminRefused(world, without, 'api_version_needed');
    }
    const now = { ...headers, 'if-match': renamed.headers.get('etag') ?? '' };
    assert.equal((await world.send('DELETE', `/groups/${ref}`, { headers: now })).status, 204);
    assert.deepEqual((await lastChange(world)).before, { kind: 'group', id: 'ops' });
    const gone = await world.send('GET', `/groups/${ref}`, { headers });
    await adminRefused(world, gone, 'api_not_found', { isRecorded: false });
  });

  test('what cannot be an id is refused: one with a slash belongs to another source', async () => {
    const world = await openWith();
    const { headers } = await world.browserOf('people');
    for (const id of ['okta/admins', 'a b', '', 'a\u0000']) {
      const given = await world.send('POST', '/groups', { headers, body: { kind: 'group', id } });
      await adminRefused(world, given, 'api_value_invalid');
    }
  });

  test('people are put in and taken out by id, and the record says who joined and who left', async () => {
    const world = await openWith(bob);
    const { headers } = await world.browserOf('people');
    const [group] = (await world.send('GET', '/groups', { headers })).body.items;
    assert.equal(group.id, 'engineering');
    const members = `/groups/${group.ref}/members`;
    const given = await world.send('POST', members, { headers, body: { add: ['u_bob'], remove: ['u_alice'] } });
    assert.equal(given.status, 200);
    const { joined, left, group: of, by } = await world.last();
    assert.deepEqual([joined, left, of, by], [['u_bob'], ['u_alice'], 'engineering', 'u_people']);
    const now = await everyPage(world, members, headers, 1);
    assert.deepEqual(
      now.map(({ id }) => id),
      ['u_bob'],
    );
    assert.deepEqual((await world.store.people.find('u_bob'))?.groups, ['engineering']);

    const twice = await world.send('POST', members, { headers, body: { add: ['u_bob'], remove: ['u_alice', 'u_x'] } });
    assert.equal(twice.status, 200);
    const again = await world.last();
    assert.deepEqual([again.joined, again.left], [undefined, undefined], 'nobody has, who is in it or not already');

    const nobody = await world.send('POST', members, { headers, body: { add: ['u_nobody'] } });
    await adminRefused(world, nobody, 'api_value_invalid');
    const many = Array.from({ length: 101 }, (_, at) => `u_${at}`);
    await adminRefused(world, await world.send('POST', members, { headers, body: { add: many } }), 'api_value_invalid');
  });

  test('where there is no such group, nothing is found, changed or deleted', async () => {
    const world = await openWith(bob);
    const { headers } = await world.browserOf('people');
    const ref = Buffer.from('group:nobody').toString('base64url');
    for (const path of ['', '/members']) {
      const missing = await world.send('GET', `/groups/${ref}${path}`, { headers });
      await adminRefused(world, missing, 'api_not_found', { isRecorded: false });
    }
    const withMatch = { ...headers, 'if-match': '*' };
    for (const [method, path, body] of [
      ['PATCH', '', { name: 'X' }],
      ['DELETE', '', undefined],
      ['POST', '/members', { add: ['u_alice'] }],
    ] as const) {
      const given = await world.send(method, `/groups/${ref}${path}`, { headers: withMatch, body });
      await adminRefused(world, given, 'api_not_found');
    }
  });

  test('T30: a break-glass account that is in one is seen there by owners alone', async () => {
    const world = await openWith();
    const glass = await addBreakGlass(world);
    const engineering = await world.store.directory.groups.find('group', 'engineering');
    assert.ok(engineering);
    await world.store.directory.groups.update(engineering, { add: [glass.id], remove: [] }, []);
    const ref = Buffer.from('group:engineering').toString('base64url');
    for (const [role, isShown] of [
      ['owner', true],
      ['auditor', false],
    ] as const) {
      const { headers } = await world.browserOf(role);
      const members = await everyPage(world, `/groups/${ref}/members`, headers, 1);
      assert.deepEqual(members.map(({ id }) => id).sort(), isShown ? ['u_alice', glass.id].sort() : ['u_alice']);
    }
  });

  test('a search goes through all of them, in turns', async () => {
    const world = await openWith();
    const base = { kind: 'group', source: 'local', externalId: undefined, createdMs: 1, modifiedMs: 1 } as const;
    const create = (id: string, name: string) => world.store.directory.groups.create({ ...base, id, name }, [], []);
    for (let at = 0; at < 1000; at += 1) await create(`a-${at}`, 'Of many');
    await create('z-1', 'Wanted');
    const { headers } = await world.browserOf('auditor');
    const found = await world.send('GET', '/groups?q=wanted', { headers });
    assert.deepEqual(
      found.body.items.map(({ id }: { id: string }) => id),
      ['z-1'],
    );
  });

  test('T29: nobody changes what they are in themselves', async () => {
    const world = await openWith();
    const people = await world.browserOf('people');
    const [{ ref }] = (await world.send('GET', '/groups', people)).body.items;
    for (const body of [{ add: ['u_people'] }, { remove: ['u_people'] }, { add: ['u_alice', 'u_people'] }]) {
      const given = await world.send('POST', `/groups/${ref}/members`, { ...people, body });
      await adminRefused(world, given, 'admin_own_access');
    }
    const engineering = await world.store.directory.groups.find('group', 'engineering');
    assert.ok(engineering);
    await world.store.directory.groups.update(engineering, { add: ['u_people'], remove: [] }, []);
    const withMatch = { headers: { ...people.headers, 'if-match': '*' } };
    await adminRefused(world, await world.send('DELETE', `/groups/${ref}`, withMatch), 'admin_own_access');
    assert.deepEqual((await world.store.people.find('u_people'))?.groups, ['engineering']);
  });

  test('those of another source are changed there, whatever characters their ids have', async () => {
    const world = await openWith();
    await world.store.directory.claimSource('scim:okta');
    const id = 'okta/All of us % / ü';
    const group = { kind: 'group' as const, id, source: 'scim:okta', name: 'All', externalId: undefined };
    await world.store.directory.groups.create({ ...group, createdMs: 1, modifiedMs: 1 }, [], []);
    const { headers } = await world.browserOf('people');
    const all = await everyPage(world, '/groups', headers, 1);
    const found = all.find((each) => each.id === id);
    assert.ok(found);
    assert.equal((await world.send('GET', `/groups/${found.ref}`, { headers })).body.id, id);
    const withMatch = { ...headers, 'if-match': '*' };
    for (const [method, path, body] of [
      ['PATCH', '', { name: 'X' }],
      ['DELETE', '', undefined],
      ['POST', '/members', { add: ['u_alice'] }],
    ] as const) {
      const given = await world.send(method, `/groups/${found.ref}${path}`, { headers: withMatch, body });
      await adminRefused(world, given, 'api_other_source');
    }
    for (const ref of ['x', Buffer.from('person:u_owner').toString('base64url')]) {
      const given = await world.send('GET', `/groups/${ref}`, { headers });
      await adminRefused(world, given, 'api_not_found', { isRecorded: false });
    }
  });
});

describe('administrators', () => {
  test('are listed, made, given another role and removed, with both roles on the record', async () => {
    const world = await openWith(bob);
    const owner = await world.browserOf('owner');
    assert.equal((await world.send('GET', '/administrators', owner)).body.items.length, 5);
    assert.equal(
      (await world.send('PUT', '/administrators/u_bob', { ...owner, body: { role: 'auditor' } })).status,
      204,
    );
    assert.equal(await world.store.administrators.roleOf('u_bob'), 'auditor');
    assert.deepEqual([(await world.last()).before, (await world.last()).after], [{ role: null }, { role: 'auditor' }]);
    await world.send('PUT', '/administrators/u_bob', { ...owner, body: { role: 'people' } });
    assert.deepEqual(
      [(await world.last()).before, (await world.last()).after],
      [{ role: 'auditor' }, { role: 'people' }],
    );
    assert.equal((await world.send('DELETE', '/administrators/u_bob', owner)).status, 204);
    assert.deepEqual([(await world.last()).before, (await world.last()).after], [{ role: 'people' }, { role: null }]);
    await adminRefused(world, await world.send('DELETE', '/administrators/u_bob', owner), 'api_not_found');
    const nobody = await world.send('PUT', '/administrators/u_nobody', { ...owner, body: { role: 'owner' } });
    await adminRefused(world, nobody, 'api_not_found');
    const unknown = await world.send('PUT', '/administrators/u_bob', { ...owner, body: { role: 'root' } });
    await adminRefused(world, unknown, 'api_value_invalid');
  });

  test('nobody changes their own role: there is always an owner left', async () => {
    const world = await openWith();
    const owner = await world.browserOf('owner');
    const put = await world.send('PUT', '/administrators/u_owner', { ...owner, body: { role: 'auditor' } });
    await adminRefused(world, put, 'admin_own_access');
    await adminRefused(world, await world.send('DELETE', '/administrators/u_owner', owner), 'admin_own_access');
  });
});

describe('clients and servers', () => {
  test('are those of the policy in force, on both sides, and nothing secret', async () => {
    const world = await openWith();
    const auditor = await world.browserOf('auditor');
    const { items } = (await world.send('GET', '/clients', auditor)).body;
    const proofs = Object.fromEntries(
      items.map(({ side, id, proof }: Record<string, string>) => [`${side} ${id}`, proof]),
    );
    assert.equal(proofs['idp claude-code'], 'secret');
    assert.equal(proofs['idp keyed'], 'keys');
    assert.equal(proofs['idp inspector'], 'none');
    assert.equal(proofs['idp armed'], 'certificate');
    assert.equal(proofs['ras cc-at-ras'], 'secret');
    const onlyRas = (await world.send('GET', '/clients?side=ras', auditor)).body.items;
    assert.ok(onlyRas.every(({ side }: { side: string }) => side === 'ras'));
    const servers = (await world.send('GET', '/servers', auditor)).body;
    assert.deepEqual(servers.granted[0].scopes, [
      { name: 'issues:read', risk: 'low' },
      { name: 'issues:write', risk: 'high' },
    ]);
    assert.equal(servers.guarded[0].upstream, 'http');
    assert.ok(!JSON.stringify(servers).includes('127.0.0.1'));
    const names = (await world.send('GET', '/names', auditor)).body;
    const named = (things: readonly { id: string; name: string }[]) => things.map(({ id, name }) => ({ id, name }));
    assert.deepEqual(names.granted.servers, named(servers.granted));
    const own = (of: string) => items.filter(({ side }: { side: string }) => side === of);
    assert.deepEqual(names.granted.clients, named(own('idp')));
    const known = new Set(own('idp').map(({ id }: { id: string }) => id));
    const rest = own('ras').filter(({ id }: { id: string }) => !known.has(id));
    assert.ok(rest.length > 0 && rest.length < own('ras').length);
    assert.deepEqual(names.others.clients, named(rest));
    const granted = new Set(named(servers.granted).map(({ id }) => id));
    assert.deepEqual(
      names.others.servers,
      named(servers.guarded).filter(({ id }) => !granted.has(id)),
    );
  });

  test('a secret is shown once, two live at a time, and is removed by its fingerprint', async () => {
    const world = await openWith();
    const policy = await world.browserOf('policy');
    const path = '/clients/idp/claude-code/secrets';
    const [first, second] = [await world.send('POST', path, policy), await world.send('POST', path, policy)];
    assert.deepEqual([first.status, second.status, world.refreshed.times], [201, 201, 2]);
    await adminRefused(world, await world.send('POST', path, policy), 'api_conflict');
    const rows = await world.store.audit.last(99);
    assert.ok(!JSON.stringify(rows).includes(first.body.secret));
    const made = rows.map(readRecord).filter(({ detail }) => detail?.startsWith('secret made'));
    assert.deepEqual(
      made.map(({ client, by }) => [client, by]),
      [
        ['claude-code', 'u_policy'],
        ['claude-code', 'u_policy'],
      ],
    );
    const listed = (await world.send('GET', '/clients', policy)).body.items;
    const own = listed.find(({ side, id }: Record<string, string>) => side === 'idp' && id === 'claude-code').secrets;
    assert.deepEqual(own.map(({ fingerprint }: { fingerprint: string }) => fingerprint).sort(), [
      ...[first, second].map(({ body }) => body.fingerprint).sort(),
    ]);
    assert.equal((await world.send('DELETE', `${path}/${first.body.fingerprint}`, policy)).status, 204);
    assert.equal(world.refreshed.times, 3);
    await adminRefused(world, await world.send('DELETE', `${path}/${first.body.fingerprint}`, policy), 'api_not_found');
    const left = (await world.store.credentials.all('idp')).map(({ secretHash }) => toFingerprint(secretHash));
    assert.deepEqual(left, [second.body.fingerprint]);
  });

  test('KEY-09: of four that make one at once two do', async () => {
    const world = await openWith();
    const policy = await world.browserOf('policy');
    const path = '/clients/idp/claude-code/secrets';
    const made = await Promise.all([1, 2, 3, 4].map(() => world.send('POST', path, policy)));
    assert.deepEqual(made.map(({ status }) => status).sort(), [201, 201, 409, 409]);
    const own = (await world.store.credentials.all('idp')).filter(({ clientId }) => clientId === 'claude-code');
    assert.equal(own.length, 2);
  });

  test('there is none for a client that proves itself otherwise, or is not there', async () => {
    const world = await openWith();
    const policy = await world.browserOf('policy');
    for (const [path, reason] of [
      ['/clients/idp/keyed/secrets', 'api_conflict'],
      ['/clients/idp/nobody/secrets', 'api_not_found'],
      ['/clients/idp/server:tracker/secrets', 'api_not_found'],
      ['/clients/ras/server:nothing/secrets', 'api_not_found'],
      ['/clients/both/claude-code/secrets', 'api_value_invalid'],
    ] as const) {
      await adminRefused(world, await world.send('POST', path, policy), reason);
    }
    assert.equal((await world.send('POST', '/clients/ras/server:tracker/secrets', policy)).status, 201);
  });
});

describe('policy, keys, sources', () => {
  test('versions come newest first, and each with its document', async () => {
    const world = await openWith();
    for (let version = 1; version <= 3; version += 1) {
      const document = JSON.stringify({ note: version });
      const digest = createHash('sha256').update(document).digest('base64url');
      const row = { kind: 'access' as const, version, document, digest, author: 'dana', publishedAt: version };
      await world.store.policies.append(row, []);
    }
    const auditor = await world.browserOf('auditor');
    const versions = async (query: string) =>
      (await world.send('GET', `/policies/access/versions${query}`, auditor)).body.items.map(
        ({ version }: { version: number }) => version,
      );
    assert.deepEqual(await versions('?limit=2'), [3, 2]);
    assert.deepEqual(await versions('?limit=2&before=2'), [1]);
    assert.deepEqual(await versions('?before=99'), [3, 2, 1]);
    assert.deepEqual((await world.send('GET', '/policies/resource/versions', auditor)).body.items, []);
    const second = (await world.send('GET', '/policies/access/versions/2', auditor)).body;
    assert.deepEqual([second.document, second.author], [{ note: 2 }, 'dana']);
    for (const [path, reason] of [
      ['/policies/access/versions/9', 'api_not_found'],
      ['/policies/access/versions/0', 'api_value_invalid'],
      ['/policies/access/versions/x', 'api_value_invalid'],
      ['/policies/other/versions', 'api_value_invalid'],
    ] as const) {
      await adminRefused(world, await world.send('GET', path, auditor), reason, { isRecorded: false });
    }
  });

  test('keys are told of, and what runs here', async () => {
    const world = await openWith();
    const auditor = await world.browserOf('auditor');
    const { items } = (await world.send('GET', '/keys', auditor)).body;
    assert.deepEqual([items[0].purpose, items[0].state], ['id_jag', 'signing']);
    const overview = (await world.send('GET', '/overview', auditor)).body;
    assert.deepEqual([overview.accessVersion, overview.administrators, overview.demo], [1, 5, false]);
  });

  test('tokens of provisioning clients are made, shown once, two at a time, and revoked', async () => {
    const world = await openWith();
    const owner = await world.browserOf('owner');
    const make = (source: string) => world.send('POST', '/scim-tokens', { ...owner, body: { source } });
    const made = await make('okta');
    assert.deepEqual([made.status, made.body.source], [201, 'scim:okta']);
    assert.ok(!JSON.stringify(await world.store.audit.last(99)).includes(made.body.token));
    assert.deepEqual([(await world.last()).source, (await world.last()).by], ['scim:okta', 'u_owner']);
    assert.equal((await make('okta')).status, 201);
    await adminRefused(world, await make('okta'), 'api_conflict');
    await adminRefused(world, await make('local'), 'api_value_invalid');
    await world.store.directory.claimSource('upstream:entra');
    await adminRefused(world, await make('entra'), 'api_conflict');
    const listed = (await world.send('GET', '/sources', owner)).body;
    assert.deepEqual(listed.tokens.length, 2);
    assert.ok(listed.sources.includes('scim:okta'));
    assert.equal((await world.send('DELETE', `/scim-tokens/${made.body.id}`, owner)).status, 204);
    await adminRefused(world, await world.send('DELETE', `/scim-tokens/${made.body.id}`, owner), 'api_not_found');
  });
});

describe('records', () => {
  test('are found by what they say, page by page, and each is explained', async () => {
    const world = await openWith(bob);
    await world.exchange();
    await world.exchange({ client_id: 'vscode', client_secret: 'vscode-secret' });
    await world.exchange();
    const { headers } = await world.browserOf('auditor');
    const own = await everyPage(world, '/records?person=u_alice&kind=issuance', headers, 1);
    assert.equal(own.length, 2);
    assert.ok(own.every(({ client }) => client === 'claude-code'));
    const none = await everyPage(world, '/records?person=u_alice&toMs=1', headers, 10);
    assert.deepEqual(none, []);
    const refused = await everyPage(world, '/records?outcome=refused', headers, 10);
    const acts: AuditRecord[] = ['u_dana', 'u_owner', 'u_dana'].map((by, at) => ({
      ...{ v: 2, id: `p_${at}`, kind: 'policy', domain: 'admin', timeMs: 1, outcome: 'allowed', by },
      ...(at === 2 && { credential: 't_1' }),
    }));
    await world.store.commit({ marks: [], records: acts.map(toRow) });
    const idsOf = async (query: string) =>
      (await everyPage(world, `/records?kind=policy&${query}`, headers, 1)).map(({ id }) => id);
    assert.deepEqual(await idsOf('by=u_dana'), ['p_2', 'p_0']);
    assert.deepEqual(await idsOf('token=t_1'), ['p_2']);
    assert.deepEqual(await idsOf('by=u_owner&token=t_1'), []);
    assert.ok(refused.length >= 1 && refused.every(({ outcome }) => outcome === 'refused'));

    const { record, explanation } = (await world.send('GET', `/records/${own[0]?.id}`, { headers })).body;
    assert.deepEqual([record.id, record.person], [own[0]?.id, 'u_alice']);
    assert.equal(explanation, null, 'the version is not in this store');
    const traced = (await world.send('GET', `/records/${record.idJag}/trace`, { headers })).body;
    assert.deepEqual([traced.as, traced.grants.length, traced.grants[0].issuance.id], ['id_jag', 1, record.id]);
    const byToken = (await world.send('GET', `/records/${record.idJag}`, { headers })).body;
    assert.equal(byToken.record.id, record.id);
    for (const [path, reason] of [
      ['/records/nothing', 'api_not_found'],
      ['/records/nothing/trace', 'api_not_found'],
      ['/records?cursor=x', 'api_value_invalid'],
      ['/records?reason=because', 'api_value_invalid'],
      ['/records?fromMs=-1', 'api_value_invalid'],
    ] as const) {
      await adminRefused(world, await world.send('GET', path, { headers }), reason, { isRecorded: false });
    }
  });
});

describe('T30: the stop button has the order of rank of everything else', () => {
  const targets: readonly (readonly [by: 'people' | 'policy' | 'owner', target: string, may: boolean])[] = [
    ['people', 'u_owner', false],
    ['people', 'owner@acme.example', false],
    ['people', 'u_policy', false],
    ['people', 'u_help-desk', true],
    ['people', 'u_people', true],
    ['policy', 'u_owner', false],
    ['owner', 'u_policy', true],
  ];
  for (const [by, target, may] of targets) {
    test(`${by} ${may ? 'may' : 'may not'} stop ${target}`, async () => {
      const world = await openAdminWorld();
      const browser = await world.browserOf(by);
      const body = { kind: 'person', target, reason: 'drill' };
      for (const path of ['/stops/preview', '/stops']) {
        const given = await world.send('POST', path, { ...browser, body });
        if (may) assert.ok(given.status < 300, JSON.stringify(given.body));
        else await adminRefused(world, given, 'admin_not_below');
      }
    });
  }

  for (const [by, target, may] of [
    ['policy', 'u_owner', false],
    ['policy', 'u_people', false],
    ['policy', 'u_help-desk', true],
    ['owner', 'u_policy', true],
  ] as const) {
    test(`${by} ${may ? 'may' : 'may not'} let ${target} go on`, async () => {
      const world = await openAdminWorld();
      await world.store.administrators.grant({ personId: 'u_auditor', role: 'owner', grantedAt: world.now() }, []);
      const order = { kind: 'person', target, reason: 'drill' };
      const made = await world.send('POST', '/stops', { ...(await world.browserOf('auditor')), body: order });
      const browser = await world.browserOf(by);
      const given = await world.send('POST', `/stops/${made.body.id}/resume`, { ...browser, body: { reason: 'over' } });
      if (may) assert.equal(given.status, 200, JSON.stringify(given.body));
      else await adminRefused(world, given, 'admin_not_below');
    });
  }

  test('nobody but owners hears of the break-glass account by what a stop would do', async () => {
    const world = await openAdminWorld();
    const glass = await addBreakGlass(world);
    await openSession(world.store, 'sid-glass', 'claude-code', glass.id, world.now());
    const [people, owner] = [await world.browserOf('people'), await world.browserOf('owner')];
    for (const [kind, target, nothing] of [
      ['person', glass.id, 'u_nobody'],
      ['person', glass.email, 'nobody@credence.invalid'],
      ['session', 'uid-sid-glass', 'uid-none'],
    ] as const) {
      const ask = (browser: typeof people, what: string) =>
        world.send('POST', '/stops/preview', { ...browser, body: { kind, target: what, reason: 'drill' } });
      const [hidden, gone] = [await ask(people, target), await ask(people, nothing)];
      assert.equal(hidden.status, gone.status);
      assert.equal(hidden.body.detail, gone.body.detail.replace(nothing, target));
      assert.equal((await ask(owner, target)).status, 200);
    }
  });

  test('a session of somebody above is theirs to end, and an owner’s', async () => {
    const world = await openAdminWorld();
    await openSession(world.store, 'sid-owner', 'claude-code', 'u_owner', world.now());
    const body = { kind: 'session', target: 'uid-sid-owner', reason: 'drill' };
    const people = await world.browserOf('people');
    await adminRefused(world, await world.send('POST', '/stops', { ...people, body }), 'admin_not_below');
    const owner = await world.browserOf('owner');
    assert.equal((await world.send('POST', '/stops', { ...owner, body })).status, 201);
  });
});

describe('stops', () => {
  const order = { kind: 'person', target: 'u_alice', reason: 'laptop stolen' };

  test('what one would do is said before, and nothing is done', async () => {
    const world = await openWith();
    const people = await world.browserOf('people');
    const { status, body } = await world.send('POST', '/stops/preview', { ...people, body: order });
    assert.equal(status, 200);
    assert.ok(body.words.length > 10);
    assert.deepEqual((await world.send('GET', '/stops', people)).body.items, []);
  });

  test('a person is stopped, and goes on: with both reasons on the record, and by whom', async () => {
    const world = await openWith();
    const people = await world.browserOf('people');
    const made = await world.send('POST', '/stops', { ...people, body: { ...order, endsAt: world.now() + 3600 } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { id, by, endsAt, resumed, target } = made.body;
    assert.deepEqual([by, endsAt, resumed, target], ['u_people', world.now() + 3600, null, 'u_alice']);
    const record = await world.last();
    assert.deepEqual([record.kind, record.by, record.person], ['admin', 'u_people', 'u_alice']);
    assert.match(record.detail ?? '', /laptop stolen/);
    const listed = (await world.send('GET', '/stops', await world.browserOf('help-desk'))).body.items;
    assert.deepEqual(
      listed.map((each: { id: string }) => each.id),
      [id],
    );

    const body = { reason: 'found again' };
    await adminRefused(world, await world.send('POST', `/stops/${id}/resume`, { ...people, body }), 'admin_role_lacks');
    const policy = await world.browserOf('policy');
    const gone = await world.send('POST', `/stops/${id}/resume`, { ...policy, body });
    assert.deepEqual([gone.status, gone.body.resumed.by, gone.body.resumed.reason], [200, 'u_policy', 'found again']);
    await adminRefused(world, await world.send('POST', `/stops/${id}/resume`, { ...policy, body }), 'api_conflict');
    await adminRefused(world, await world.send('POST', '/stops/st_x/resume', { ...policy, body }), 'api_not_found');
    assert.deepEqual((await world.send('GET', '/stops', policy)).body.items, []);
    assert.equal((await world.send('GET', '/stops?over=true', policy)).body.items.length, 1);
  });

  test('a program may stop with its token, and resumes nothing', async () => {
    const world = await openWith();
    const token = await world.tokenOf('owner', ['stop']);
    const made = await world.send('POST', '/stops', { token, body: { kind: 'everything', reason: 'drill' } });
    assert.equal(made.status, 201);
    const rows = (await world.store.audit.last(5)).map(readRecord);
    assert.ok(rows.some(({ kind }) => kind === 'alert'));
    assert.ok(rows.some(({ credential, by }) => credential !== undefined && by === 'u_owner'));
    const resumed = await world.send('POST', `/stops/${made.body.id}/resume`, { token, body: { reason: 'over' } });
    await adminRefused(world, resumed, 'admin_scope_lacks');
  });

  test('an order that means nothing is refused, and says why', async () => {
    const world = await openWith();
    const owner = await world.browserOf('owner');
    for (const [body, reason] of [
      [{ ...order, target: 'nobody@acme.example' }, 'api_conflict'],
      [{ ...order, reason: '' }, 'api_value_invalid'],
      [{ ...order, reason: 'a\nb' }, 'api_conflict'],
      [{ ...order, endsAt: Number.MAX_SAFE_INTEGER }, 'api_value_invalid'],
      [{ ...order, kind: 'planet' }, 'api_value_invalid'],
      [{ kind: 'server', target: 'nothing', reason: 'x' }, 'api_conflict'],
    ] as const) {
      const given = await world.send('POST', '/stops', { ...owner, body });
      await adminRefused(world, given, reason);
    }
    assert.deepEqual((await world.send('GET', '/stops?over=true', owner)).body.items, []);
  });
});
