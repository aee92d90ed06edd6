import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addBreakGlass, adminRefused, adminUrl, openAdminWorld } from './admin-world.ts';
import { accessText, openChangesWorld, writer } from './changes-world.ts';
import { alice } from './world.ts';

// Who reaches what, and how.

const open = async () => {
  const world = await openAdminWorld();
  const some = [
    { ...alice, id: 'u_bob', email: 'bob@acme.example', name: '=cmd()', groups: ['marketing'], roles: [] },
    { ...alice, id: 'u_carol', email: 'carol@acme.example', name: 'Carol', roles: ['contractor'] },
    { ...alice, id: 'u_off', email: 'off@acme.example', name: 'Off', active: false },
  ];
  for (const person of some) await world.store.people.save(person);
  const auditor = await world.browserOf('auditor');
  const get = (path: string) => world.send('GET', path, auditor);
  return { world, get, auditor };
};
type Count = { client: string; people: number; used: number };

describe('what a person reaches', () => {
  test('by server, through which client, by which rules, and when last', async () => {
    const { world, get } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await get('/reach/people/u_alice');
    assert.deepEqual(
      body.items.map(({ server }: { server: { id: string } }) => server.id),
      ['lonely', 'tracker', 'wiki'],
    );
    const tracker = body.items[1];
    assert.deepEqual(
      tracker.rules.map(({ id }: { id: string }) => id),
      ['eng', 'fresh'],
    );
    assert.deepEqual(tracker.server.scopes[1], { name: 'issues:write', risk: 'high', tools: ['*'] });
    const claude = tracker.through.find(({ client }: { client: string }) => client === 'claude-code');
    assert.deepEqual(claude, {
      client: 'claude-code',
      scopes: ['issues:read', 'issues:write'],
      lastMs: world.clock.ms,
    });
    assert.ok(tracker.through.every(({ client }: { client: string }) => client !== 'inspector' && client !== 'vscode'));
    const one = (await get('/reach/people/u_alice?server=wiki')).body;
    assert.equal(one.items.length, 1);
  });

  test('page by page', async () => {
    const { get } = await open();
    const first = (await get('/reach/people/u_alice?limit=2')).body;
    assert.equal(first.items.length, 2);
    const second = (await get(`/reach/people/u_alice?limit=2&cursor=${first.next}`)).body;
    assert.deepEqual([second.items.length, second.items[0].server.id, second.next], [1, 'wiki', null]);
  });

  test('nothing for whoever is denied everything, or is switched off', async () => {
    const { world, get } = await open();
    assert.deepEqual((await get('/reach/people/u_carol')).body.items, []);
    assert.deepEqual((await get('/reach/people/u_off')).body.items, []);
    await adminRefused(world, await get('/reach/people/u_nobody'), 'api_not_found', { isRecorded: false });
  });
});

describe('who reaches a server', () => {
  test('people by client, scope and subject, each counted once', async () => {
    const { world, get } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await get('/reach/servers/tracker');
    assert.equal(body.people, 2);
    assert.deepEqual(body.scopes, [
      { scope: 'issues:read', people: 2 },
      { scope: 'issues:write', people: 1 },
    ]);
    assert.deepEqual(
      body.clients.find(({ client }: Count) => client === 'claude-code'),
      { client: 'claude-code', people: 2, used: 1 },
    );
    assert.deepEqual(
      body.subjects.map(({ subject, people, reaching }: Record<string, unknown>) => [subject, people, reaching]),
      [
        ['group:engineering', 3, 1],
        ['group:marketing', 1, 1],
        ['everyone', 8, 2],
        ['role:contractor', 1, 0],
      ],
    );
    await adminRefused(world, await get('/reach/servers/none'), 'api_not_found', { isRecorded: false });
  });

  test('a client in the middle: where it may go', async () => {
    const { get } = await open();
    const { body } = await get('/reach/clients/vscode');
    assert.deepEqual(
      body.items.map(({ server, clientId }: { server: { id: string }; clientId: string }) => [server.id, clientId]),
      [['lonely', 'vs']],
    );
  });
});

describe('the export for access reviews', () => {
  test('has a line for each person and client, and nothing that a spreadsheet would run', async () => {
    const { world, auditor } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const request = new Request(`${adminUrl}/api/v1/reach/servers/tracker/people.csv`, auditor);
    const response = await world.app.fetch(request);
    assert.match(response.headers.get('content-type') ?? '', /^text\/csv/);
    const lines = (await response.text()).trim().split('\r\n');
    const alices = lines.filter((line) => line.startsWith('"u_alice"'));
    assert.ok(
      alices.includes(
        `"u_alice","alice@acme.example","Alice","local","tracker","claude-code","issues:read issues:write","group:engineering","2027-01-15T08:00:00.000Z"`,
      ),
      alices.join('\n'),
    );
    assert.ok(lines.some((line) => line.startsWith('"u_bob"') && line.includes(`"'=cmd()"`)));
    assert.ok(lines.every((line) => !line.includes('u_carol') && !line.includes('u_off')));
    assert.equal(world.services.live.count(), 0);
  });

  test('takes a permission of its own: a token that may read policy does not read people by it', async () => {
    const { world } = await open();
    const token = await world.tokenOf('owner', ['read:policy']);
    for (const path of ['/reach/servers/tracker/people.csv', '/reach/servers/tracker', '/reach/people/u_alice']) {
      await adminRefused(world, await world.send('GET', path, { token }), 'admin_scope_lacks');
    }
    const cell = await world.send('GET', '/access/cell?subject=user:u_alice&server=wiki', { token });
    assert.equal(cell.body.row.name, 'u_alice');
  });

  test('breaks off where whoever asked may no more, and does not look whole', async () => {
    const { world, auditor } = await open();
    const response = await world.app.fetch(new Request(`${adminUrl}/api/v1/reach/servers/tracker/people.csv`, auditor));
    await world.store.administrators.revoke('u_auditor', []);
    await assert.rejects(response.text(), /cut short/);
  });

  test('T30: the break-glass account is in none of it but for owners', async () => {
    const rule =
      '  - { id: all, allow: [issues:read], on: tracker, to: [everyone] }\n  - { id: one, allow: [issues:read], on: tracker, to: [user:u_glass] }\n';
    const world = await openChangesWorld({ text: `${accessText}${rule}` });
    const glass = await addBreakGlass(world);
    const draft = await writer(world, 'owner').draft();
    for (const [role, isShown] of [
      ['owner', true],
      ['auditor', false],
    ] as const) {
      const browser = await world.browserOf(role);
      const csv = new Request(`${adminUrl}/api/v1/reach/servers/tracker/people.csv`, browser);
      assert.equal((await (await world.app.fetch(csv)).text()).includes(glass.email), isShown, role);
      assert.equal((await world.send('GET', `/reach/people/${glass.id}`, browser)).status, isShown ? 200 : 404, role);
      const reach = await world.send('GET', '/reach/servers/tracker', browser);
      assert.equal(JSON.stringify(reach.body).includes(glass.email), isShown, role);
      const cell = await world.send('GET', `/access/cell?subject=user:${glass.id}&server=tracker`, browser);
      assert.equal(cell.body.row.name, isShown ? glass.email : glass.id);
      const whatIf = await world.send('GET', `/drafts/${draft.id}/what-if?person=${glass.id}`, browser);
      assert.equal(whatIf.status, isShown ? 200 : 400, role);
    }
  });
});
