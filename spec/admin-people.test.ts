import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Person, StoreUnavailable } from '../packages/server/src/store/store.ts';
import { adminRefused, openAdminWorld } from './admin-world.ts';
import { alice } from './world.ts';

// What the console's pages of people stand on, through the front door.

const bob: Person = { ...alice, id: 'u_bob', email: 'bob@acme.example', name: 'Bob', groups: [], roles: [] };

async function open() {
  const world = await openAdminWorld();
  await world.store.people.save(bob);
  const { headers } = await world.browserOf('people');
  for (const [id, name] of [
    ['ops', 'Operations'],
    ['sales', 'Selling'],
  ]) {
    const made = await world.send('POST', '/groups', { headers, body: { kind: 'group', id, name } });
    assert.equal(made.status, 201);
  }
  return { world, headers };
}

describe('what a group is given', () => {
  test('is told by the policy in force, page by page, and to those who may read it', async () => {
    const { world, headers } = await open();
    const owner = await world.browserOf('owner');
    const groups = await world.send('GET', '/groups?q=engineering', owner);
    const [group] = groups.body.items;
    const { body, status } = await world.send('GET', `/groups/${group.ref}/standing`, owner);
    assert.equal(status, 200);
    const [first] = body.items;
    assert.ok(first.scopes.length > 0 && first.by.length > 0, JSON.stringify(body));
    assert.deepEqual((await world.send('GET', `/groups/${group.ref}/standing?limit=1`, owner)).body.items, [first]);
    const nobody = await world.send('GET', `/groups/${group.ref}x/standing`, owner);
    await adminRefused(world, nobody, 'api_not_found', { isRecorded: false });
    const refused = await world.send('GET', `/groups/${group.ref}/standing`, { headers });
    await adminRefused(world, refused, 'admin_role_lacks');
    Object.assign(world.services, { access: () => undefined });
    const served = await world.send('GET', `/groups/${group.ref}/standing`, owner);
    await adminRefused(world, served, 'api_not_found', { isRecorded: false });
  });
});

describe('groups', () => {
  test('are found by part of id or name, whatever the case, with how many are in them', async () => {
    const { world, headers } = await open();
    const find = async (query: string) =>
      (await world.send('GET', `/groups?${query}`, { headers })).body.items.map(
        ({ id, people }: { id: string; people: number }) => `${id} ${people}`,
      );
    assert.deepEqual(await find('q=OPER'), ['ops 0']);
    assert.deepEqual(await find('q=gineer'), ['engineering 1']);
    assert.deepEqual(await find('q=%25'), []);
    assert.deepEqual(await find('q=e&limit=1'), ['engineering 1']);
  });
});

describe('second factors', () => {
  test('of a person are told, and nothing that is secret of them', async () => {
    const { world } = await open();
    const desk = await world.browserOf('help-desk');
    const times = {
      credentialId: undefined,
      isSynced: false,
      counter: 0,
      createdAt: world.now(),
      lastUsedAt: undefined,
    };
    const factor = {
      id: 'f_1',
      personId: bob.id,
      kind: 'totp',
      name: 'Phone',
      material: 'sealed-secret',
      ...times,
    } as const;
    await world.store.factors.add(factor, { now: world.now(), records: [] });
    const { body } = await world.send('GET', '/people/u_bob/factors', desk);
    const { createdAt, lastUsedAt, ...rest } = body.items[0];
    assert.deepEqual(rest, { id: 'f_1', kind: 'totp', name: 'Phone', synced: false });
    assert.deepEqual([createdAt, lastUsedAt, body.recoveryCodesLeft], [world.now(), null, 0]);
    assert.ok(!JSON.stringify(body).includes('sealed-secret'));
    const nobody = await world.send('GET', '/people/u_nobody/factors', desk);
    await adminRefused(world, nobody, 'api_not_found', { isRecorded: false });
  });
});

describe('a table of people', () => {
  const csv = [
    'email,name,groups',
    'erin@acme.example,Erin,ops;sales',
    'BOB@acme.example,Robert,ops',
    'alice@acme.example,Alice,',
    'not-an-address,X,',
    'erin@acme.example,Again,',
    'finn@acme.example,Finn,nowhere',
    'owner@acme.example,Me now,',
  ].join('\n');

  test('names 200 groups at most: each is looked up', async () => {
    const { world, headers } = await open();
    const groups = (count: number) => Array.from({ length: count }, (_, at) => `g${at}`).join(';');
    const send = (count: number) =>
      world.send('POST', '/people/import', {
        headers,
        body: { csv: `email,name,groups\nx@acme.example,X,${groups(count)}`, dryRun: true },
      });
    assert.equal((await send(200)).status, 200);
    await adminRefused(world, await send(201), 'api_value_invalid');
  });

  test('is shown first: nothing is done, and every row says what would be', async () => {
    const { world, headers } = await open();
    const before = await world.store.changeSequence();
    const { status, body } = await world.send('POST', '/people/import', { headers, body: { csv, dryRun: true } });
    assert.equal(status, 200, JSON.stringify(body));
    const outcomes = body.rows.map(({ outcome }: { outcome: string }) => outcome);
    const name = alice.name === 'Alice' ? 'unchanged' : 'renamed';
    assert.deepEqual(outcomes, ['new', 'renamed', name, 'failed', 'failed', 'failed', 'failed']);
    assert.match(body.rows[5].problem, /no group nowhere/);
    assert.deepEqual(
      body.groups.map(({ id, joining, people }: { id: string; joining: number; people: string[] }) => [
        id,
        joining,
        people,
      ]),
      [
        ['ops', 2, ['u_bob']],
        ['sales', 1, []],
      ],
    );
    assert.equal(await world.store.changeSequence(), before);
  });

  test('T29: adds and renames people, puts nobody into a group, and each is on the record without their name', async () => {
    const { world, headers } = await open();
    const { body } = await world.send('POST', '/people/import', { headers, body: { csv, dryRun: false } });
    const erin = await world.store.people.findByEmail('erin@acme.example');
    assert.deepEqual([erin?.name, erin?.source, erin?.groups], ['Erin', 'local', []]);
    assert.deepEqual((await world.store.people.find('u_bob'))?.groups, []);
    assert.equal((await world.store.people.find('u_bob'))?.name, 'Robert');
    assert.notEqual((await world.store.people.find('u_owner'))?.name, 'Me now', 'an owner is changed by owners only');
    assert.deepEqual(body.groups[0].people.toSorted(), [erin?.id, 'u_bob'].toSorted());
    const lines = await world.store.audit.last(99);
    assert.ok(!JSON.stringify(lines).includes('Robert'));
    assert.ok(JSON.stringify(lines).includes('person added by import'));
    const again = await world.send('POST', '/people/import', { headers, body: { csv, dryRun: true } });
    assert.equal(again.body.rows[0].outcome, 'unchanged');
  });

  test('whoever is in it themselves joins nothing by it', async () => {
    const { world, headers } = await open();
    const own = 'email,name,groups\npeople@acme.example,people,ops';
    const { body } = await world.send('POST', '/people/import', { headers, body: { csv: own, dryRun: true } });
    assert.deepEqual(body.groups, []);
  });

  test('those of another source are changed there, and what is no table is refused in words', async () => {
    const { world, headers } = await open();
    const send = (text: string) =>
      world.send('POST', '/people/import', { headers, body: { csv: text, dryRun: false } });
    await world.store.people.save({ ...bob, id: 'u_far', email: 'far@acme.example', source: 'scim:okta' });
    const { body } = await send('email,name\nfar@acme.example,Other');
    assert.match(body.rows[0].problem, /belongs to scim:okta/);
    await adminRefused(world, await send('name\nErin'), 'api_value_invalid');
    await adminRefused(world, await send(`email,name\n${'a@b.example,A\n'.repeat(2001)}`), 'api_value_invalid');
  });

  test('who is as the table says leaves no line; a group of another source and a name of nothing are left out', async () => {
    const { world, headers } = await open();
    await world.store.directory.claimSource('scim:okta');
    const times = { externalId: undefined, createdMs: 1, modifiedMs: 1 };
    const group = { kind: 'group', id: 'okta-like', source: 'scim:okta', name: 'Okta', ...times } as const;
    await world.store.directory.groups.create(group, [], []);
    const lines = (await world.store.audit.last(99)).length;
    const text = ['email,name,groups', 'bob@acme.example,Bob,', 'erin@acme.example,Erin,okta-like', 'f@acme.example,,'];
    const csv = text.join('\n');
    const { body } = await world.send('POST', '/people/import', { headers, body: { csv, dryRun: false } });
    assert.deepEqual(
      body.rows.map(({ outcome }: { outcome: string }) => outcome),
      ['unchanged', 'failed', 'failed'],
    );
    assert.match(body.rows[1].problem, /belongs to scim:okta/);
    assert.match(body.rows[2].problem, /name/);
    assert.equal((await world.store.audit.last(99)).length, lines);
  });

  test('two tables at once: each person is added once, and a row that came too late says so', async () => {
    const { world, headers } = await open();
    const csv = 'email,name\nerin@acme.example,Erin\nbob@acme.example,Robert';
    const send = () => world.send('POST', '/people/import', { headers, body: { csv, dryRun: false } });
    const given = await Promise.all([send(), send(), send()]);
    const people = await world.send('GET', '/people?q=erin', { headers });
    assert.equal(people.body.items.length, 1);
    for (const { status, body } of given) {
      assert.equal(status, 200);
      const isTold = body.rows.every(
        ({ outcome, problem }: { outcome: string; problem: string | null }) =>
          (outcome === 'failed') === (problem !== null),
      );
      assert.ok(isTold, JSON.stringify(body));
    }
    const changed = (await world.store.audit.last(99)).filter((line) =>
      JSON.stringify(line).includes('person changed by import'),
    );
    assert.equal(changed.length, 1);
  });

  test('who was changed meanwhile is told from a store that is away', async () => {
    const { world, headers } = await open();
    const send = (text: string) =>
      world.send('POST', '/people/import', { headers, body: { csv: `email,name\n${text}`, dryRun: false } });
    Object.assign(world.store.peopleAdmin, {
      rename: async () => false,
      create: () => Promise.reject(new StoreUnavailable('away')),
    });
    const { body } = await send('bob@acme.example,Robert');
    assert.deepEqual(
      [body.rows[0].outcome, body.rows[0].problem],
      ['failed', 'Somebody changed this person meanwhile.'],
    );
    assert.equal((await send('erin@acme.example,Erin')).status, 503);
  });

  test('a token that may not read groups names none', async () => {
    const { world } = await open();
    const token = await world.tokenOf('people', ['read:people', 'write:people']);
    const given = await world.send('POST', '/people/import', { token, body: { csv, dryRun: true } });
    await adminRefused(world, given, 'admin_scope_lacks');
    const without = { csv: 'email,name\nerin@acme.example,Erin', dryRun: true };
    assert.equal((await world.send('POST', '/people/import', { token, body: without })).status, 200);
  });
});
