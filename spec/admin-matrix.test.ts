import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AuditRecord, toRow } from '../packages/server/src/audit/record.ts';
import { type AdminWorld, adminRefused } from './admin-world.ts';
import { openChangesWorld, type Seen, writer } from './changes-world.ts';
import { rasIssuer } from './world.ts';

// The matrix where it is large, and beside a draft: areas in one column, what is used, what a draft changes, how many reach it.

const at = (name: string) => `resource: ${rasIssuer}/${name}/mcp, ras: ${rasIssuer}`;
const text = `
servers:
  work-tracker: { name: Tracker, ${at('t')}, scopes: { issues:read: {}, issues:write: { risk: high } } }
  mail: { name: Mail, ${at('m')}, scopes: { mail:send: { risk: medium } } }
  work-wiki: { name: Wiki, ${at('w')}, scopes: { pages:read: {}, pages:write: {} } }
clients:
  claude-code: { name: Claude Code, redirect_uris: [http://localhost/cb], client_ids: { ${rasIssuer}: claude-code } }
rules:
  - { id: eng-tracker, allow: all, on: work-tracker, to: [group:engineering] }
  - { id: data-wiki, allow: [pages:read], on: work-wiki, to: [group:data] }
  - { id: all-wiki, allow: [pages:write], on: work-wiki, to: [everyone] }
  - { id: all-mail, allow: all, on: mail, to: [everyone], until: 2099-01-01 }
  - { id: out, deny: all, on: [work-wiki, work-tracker], to: [role:contractor] }
`;

async function open() {
  const world = await openChangesWorld({ text });
  const policy = writer(world, 'policy');
  const get = async (path: string): Promise<Seen> => {
    const { status, body } = await policy.send('GET', path);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  return { world, policy, get };
}

const columnsOf = ({ columns }: Seen) =>
  columns.map(({ kind, id, area }: Seen) => (kind === 'area' ? `[${area.id}]` : id));
const rowsOf = ({ rows }: Seen) => rows.map(({ subject }: Seen) => subject);
const cellsOf = ({ cells }: Seen) => cells.map(({ subject, server }: Seen) => `${subject} ${server}`).sort();

describe('servers in areas', () => {
  test('stand together by the first word of their ids, the others last', async () => {
    const { get } = await open();
    const body = await get('/access');
    assert.deepEqual(columnsOf(body), ['work-tracker', 'work-wiki', 'mail']);
    assert.deepEqual(body.areas, [
      { id: 'work', name: 'Work', servers: 2, folded: false },
      { id: '~', name: 'Others', servers: 1, folded: false },
    ]);
    assert.deepEqual(body.columns[0].area, { id: 'work', name: 'Work' });
    assert.deepEqual(body.folded, []);
  });

  test('can be one column, with the highest bar of each level and how many servers are behind it', async () => {
    const { get } = await open();
    const body = await get('/access?fold=work,none');
    assert.deepEqual(columnsOf(body), ['[work]', 'mail']);
    assert.deepEqual(body.areas[0], { id: 'work', name: 'Work', servers: 2, folded: true });
    assert.equal(body.totals.columns, 2);
    assert.ok(body.cells.every(({ server }: Seen) => server === 'mail'));
    const of = (subject: string) => body.folded.find((cell: Seen) => cell.subject === subject);
    assert.deepEqual(of('group:engineering'), {
      subject: 'group:engineering',
      area: 'work',
      bars: [
        { level: 'low', has: 'all' },
        { level: 'high', has: 'all' },
      ],
      allowed: 2,
      refused: 0,
      conditional: false,
      own: true,
      changed: false,
    });
    const everyone = of('everyone');
    assert.deepEqual([everyone.allowed, everyone.refused, everyone.own], [1, 0, true]);
    assert.deepEqual(everyone.bars, [{ level: 'low', has: 'some' }], 'nothing speaks on the tracker');
    assert.deepEqual([of('group:data').bars, of('group:data').allowed], [[{ level: 'low', has: 'all' }], 1]);
    assert.deepEqual([of('role:contractor').allowed, of('role:contractor').refused], [0, 2]);
    assert.equal(of('group:contractors').own, false);
  });
});

describe('cells of one kind', () => {
  test('high: where a rule for the row allows a scope of high risk', async () => {
    const { get } = await open();
    const body = await get('/access?cells=high');
    assert.deepEqual([rowsOf(body), columnsOf(body)], [['group:engineering'], ['work-tracker']]);
    assert.deepEqual(cellsOf(body), ['group:engineering work-tracker']);
  });

  test('unused: what a rule allows to a row, and nobody in it has used in 90 days', async () => {
    const { get, world } = await open();
    assert.deepEqual(cellsOf(await get('/access?cells=unused')), [
      'everyone mail',
      'everyone work-wiki',
      'group:data work-wiki',
      'group:engineering work-tracker',
    ]);
    world.clock.ms += 700_000;
    await use(world, 'u_d1', 'work-wiki', 90);
    await use(world, 'u_both', 'work-tracker', 89);
    assert.deepEqual(cellsOf(await get('/access?cells=unused')), [
      'everyone mail',
      'everyone work-wiki',
      'group:data work-wiki',
    ]);
    world.clock.ms += 700_000;
    await use(world, 'u_d1', 'work-wiki', 1);
    assert.deepEqual(cellsOf(await get('/access?cells=unused')), ['everyone mail']);
  });

  test('of one person that a rule names: by what that person did', async () => {
    const { get, world, policy } = await open();
    const rule = { allow: ['mail:send'], on: 'mail', to: ['user:u_d1', 'user:u_d2'] };
    const { id } = await policy.draft({ section: 'rules', id: 'two', value: rule });
    await use(world, 'u_d1', 'mail', 1);
    const body = await get(`/access?cells=unused&q=u_d&draft=${id}`);
    assert.deepEqual(cellsOf(body), ['user:u_d2 mail']);
  });
});

describe('rows and columns in use', () => {
  test('are those with use in the last 30 days, and everybody', async () => {
    const { get, world } = await open();
    await use(world, 'u_both', 'work-tracker', 29);
    await use(world, 'u_d1', 'mail', 31);
    const body = await get('/access?only=used');
    assert.deepEqual(rowsOf(body), ['everyone', 'group:data', 'group:engineering']);
    assert.deepEqual([columnsOf(body), body.only], [['work-tracker'], 'used']);
  });

  test('auto: all where they are few; else those in use, unless something is looked for or nothing was used', async () => {
    const { get, world, policy } = await open();
    const few = await get('/access?only=auto');
    assert.deepEqual([few.only, few.totals.columns], ['all', 3]);
    const edits = Array.from({ length: 60 }, (_, of) => ({
      section: 'servers',
      id: `more-${of}`,
      value: { resource: `${rasIssuer}/more-${of}/mcp`, ras: rasIssuer, scopes: { all: {} } },
    }));
    const { id } = await policy.draft(...edits);
    const none = await get(`/access?only=auto&draft=${id}`);
    assert.deepEqual([none.only, none.totals.columns], ['all', 63]);
    world.clock.ms += 700_000;
    await use(world, 'u_both', 'mail', 2);
    const used = await get(`/access?only=auto&draft=${id}`);
    assert.deepEqual([used.only, columnsOf(used)], ['used', ['mail']]);
    for (const query of ['q=data', 'server=more', 'cells=high']) {
      assert.equal((await get(`/access?only=auto&draft=${id}&${query}`)).only, 'all', query);
    }
  });

  test('is told to those who may read reach: when others were at work is no part of the policy', async () => {
    const { world } = await open();
    const token = await world.tokenOf('policy', ['read:policy']);
    for (const query of ['only=used', 'cells=unused']) {
      await adminRefused(world, await world.send('GET', `/access?${query}`, { token }), 'admin_scope_lacks');
    }
    await adminRefused(world, await world.send('GET', '/access/counts?servers=mail', { token }), 'admin_scope_lacks');
    assert.equal((await world.send('GET', '/access?only=auto', { token })).status, 200);
  });
});

describe('beside a draft', () => {
  test('cells are as it would have them, and those that it changes are marked, also where nothing is left', async () => {
    const { get, policy } = await open();
    const { id } = await policy.draft(
      { section: 'rules', id: 'eng-tracker' },
      { section: 'rules', id: 'data-mail', value: { allow: ['mail:send'], on: 'mail', to: ['group:data'] } },
      { section: 'servers', id: 'new', value: { resource: `${rasIssuer}/n/mcp`, ras: rasIssuer, scopes: { all: {} } } },
    );
    const body = await get(`/access?draft=${id}`);
    assert.deepEqual(columnsOf(body), ['work-tracker', 'work-wiki', 'mail', 'new']);
    const of = (subject: string, server: string) =>
      body.cells.find((cell: Seen) => cell.subject === subject && cell.server === server);
    assert.deepEqual(of('group:engineering', 'work-tracker'), {
      subject: 'group:engineering',
      server: 'work-tracker',
      allowed: [],
      conditional: [],
      denied: [],
      own: true,
      changed: true,
    });
    assert.deepEqual([of('group:data', 'mail').changed, of('group:data', 'mail').own], [true, true]);
    assert.equal(of('group:data', 'work-wiki').changed, false);
    assert.equal(of('group:contractors', 'mail').changed, false);
    const only = await get(`/access?draft=${id}&cells=changed`);
    assert.deepEqual(cellsOf(only), ['group:data mail', 'group:engineering work-tracker']);
    const folded = await get(`/access?draft=${id}&cells=changed&fold=work`);
    assert.deepEqual(
      folded.folded.map(({ subject, changed }: Seen) => [subject, changed]),
      [['group:engineering', true]],
    );
    assert.ok((await get('/access')).cells.every(({ changed }: Seen) => !changed));
  });

  test('a condition that changes no mark is a change of the rows that the rule names', async () => {
    const { get, policy } = await open();
    const rule = { allow: 'all', on: 'mail', to: ['everyone'], until: '2098-01-01' };
    const { id } = await policy.draft({ section: 'rules', id: 'all-mail', value: rule });
    assert.deepEqual(cellsOf(await get(`/access?draft=${id}&cells=changed`)), ['everyone mail']);
    const all = (await get(`/access?draft=${id}`)).cells.filter(({ server }: Seen) => server === 'mail');
    const changed = all.filter((cell: Seen) => cell.changed);
    assert.deepEqual([changed.length, changed[0].subject, all.length > 3], [1, 'everyone', true]);
  });

  test('a server that it takes out is still there to be seen', async () => {
    const { get, policy } = await open();
    const edits = [
      { section: 'rules', id: 'all-mail' },
      { section: 'servers', id: 'mail' },
    ];
    const { id } = await policy.draft(...edits);
    const body = await get(`/access?draft=${id}`);
    assert.deepEqual(columnsOf(body), ['work-tracker', 'work-wiki', 'mail']);
    const mail = body.cells.filter(({ server }: Seen) => server === 'mail');
    assert.ok(mail.length > 3 && mail.every(({ changed, allowed }: Seen) => changed && allowed.length === 0));
  });

  test('a cell opens with the rules of the draft, and with the clients that can come to the server', async () => {
    const { get, policy, world } = await open();
    const rule = { allow: ['mail:send'], on: 'mail', to: ['group:data'] };
    const { id } = await policy.draft({ section: 'rules', id: 'data-mail', value: rule });
    const cell = '/access/cell?subject=group:data&server=mail';
    const rules = async (path: string) => (await get(path)).rules.map((each: Seen) => each.id);
    assert.deepEqual(await rules(cell), ['all-mail']);
    assert.deepEqual(await rules(`${cell}&draft=${id}`), ['all-mail', 'data-mail']);
    assert.deepEqual((await get(cell)).clients, [{ id: 'claude-code', name: 'Claude Code' }]);
    for (const path of [`${cell}&draft=none`, '/access?draft=none']) {
      await adminRefused(world, await policy.send('GET', path), 'api_not_found', { isRecorded: false });
    }
  });
});

describe('how many people reach a server', () => {
  test('each counted once, for some servers at a time; what is no server is left out', async () => {
    const { get, world, policy } = await open();
    const { items } = await get('/access/counts?servers=work-tracker,mail,none');
    const everybody = await world.store.peopleAdmin.count();
    assert.deepEqual(items, [
      { server: 'work-tracker', people: 2 },
      { server: 'mail', people: everybody },
    ]);
    const many = Array.from({ length: 51 }, (_, of) => `s${of}`).join(',');
    const refused = await policy.send('GET', `/access/counts?servers=${many}`);
    await adminRefused(world, refused, 'api_value_invalid', { isRecorded: false });
  });

  test('counted again after a minute', async () => {
    const { get, world } = await open();
    const count = async () => (await get('/access/counts?servers=work-tracker')).items[0].people;
    const before = await count();
    const person = { id: 'u_new', source: 'local', email: 'new@acme.example', name: 'New', active: true } as const;
    await world.store.people.save({ ...person, groups: ['engineering'], roles: [] });
    world.clock.ms += 59_000;
    assert.equal(await count(), before);
    world.clock.ms += 1000;
    assert.equal(await count(), before + 1);
  });
});

/** An ID-JAG that was issued so many days ago. */
async function use(world: AdminWorld, person: string, server: string, daysAgo: number): Promise<void> {
  const record = {
    v: 2,
    id: `d_${person}_${server}_${daysAgo}`,
    kind: 'issuance',
    domain: 'idp',
    timeMs: world.clock.ms - daysAgo * 86_400_000,
    outcome: 'allowed',
    person,
    client: 'claude-code',
    server,
  } as AuditRecord;
  await world.store.commit({ marks: [], records: [toRow(record)] });
  while ((await world.store.agentUses.catchUp(1000)) > 0);
}
