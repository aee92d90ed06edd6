import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adminRefused, openAdminWorld } from './admin-world.ts';
import { alice } from './world.ts';

// What the policy in force gives to whom, as the admin API shows it.

const openReader = async () => {
  const world = await openAdminWorld();
  const auditor = await world.browserOf('auditor');
  const get = (path: string) => world.send('GET', path, auditor);
  return { world, get };
};

type Row = { subject: string; people: number; source: string | null };
type Cell = { subject: string; server: string; allowed: string[]; conditional: string[]; denied: string[] };

describe('the matrix of groups and servers', () => {
  test('has a row for each group and role, with its people, and a column for each server, with its scopes', async () => {
    const { get, world } = await openReader();
    await world.store.people.save({ ...alice, id: 'u_bob', email: 'bob@acme.example', groups: ['sales'], roles: [] });
    const { body } = await get('/access');
    assert.deepEqual(
      body.rows.map(({ subject, people, source }: Row) => [subject, people, source]),
      [
        ['everyone', 7, null],
        ['group:engineering', 1, 'local'],
        ['group:marketing', 0, null],
        ['group:sales', 1, 'local'],
        ['role:contractor', 0, null],
      ],
    );
    assert.deepEqual(
      body.columns.map(({ id }: { id: string }) => id),
      ['tracker', 'wiki', 'lonely'],
    );
    assert.deepEqual(body.columns[0].scopes, [
      { name: 'issues:read', risk: 'low' },
      { name: 'issues:write', risk: 'high' },
    ]);
    assert.deepEqual(body.totals, { rows: 5, columns: 3, groups: 3, servers: 3, rules: 5 });
  });

  test('has cells where rules speak, and none where they do not', async () => {
    const { get } = await openReader();
    const { body } = await get('/access?only=ruled');
    const shown = body.cells.map((cell: Cell) => [
      `${cell.subject} ${cell.server}`,
      cell.allowed.join(' '),
      cell.conditional.join(' '),
      cell.denied.join(' '),
    ]);
    assert.deepEqual(shown, [
      ['group:engineering tracker', 'issues:read issues:write', 'issues:write', ''],
      ['group:marketing tracker', 'issues:read', '', ''],
      ['role:contractor tracker', '', '', 'issues:read issues:write'],
      ['group:engineering wiki', 'pages:read', '', ''],
      ['role:contractor wiki', '', '', 'pages:read'],
      ['group:engineering lonely', 'all admin', 'admin', ''],
      ['role:contractor lonely', '', '', 'all admin'],
    ]);
  });

  test('is shown a window at a time, and narrowed both ways', async () => {
    const { get } = await openReader();
    const { body } = await get('/access?row=1&rows=1&column=1&columns=1');
    assert.deepEqual([body.rows.length, body.columns.length, body.cells.length], [1, 1, 1]);
    assert.deepEqual([body.cells[0].subject, body.cells[0].server], ['group:engineering', 'wiki']);
    assert.equal(body.totals.rows, 4);
    const found = (await get('/access?q=MARK&server=track')).body;
    assert.deepEqual([found.rows.length, found.columns.length, found.totals.rows], [1, 1, 1]);
    const risky = (await get('/access?risk=high')).body;
    assert.deepEqual(
      risky.columns.map(({ id }: { id: string }) => id),
      ['tracker', 'lonely'],
    );
    const through = (await get('/access?client=vscode')).body;
    assert.ok(through.cells.every(({ server }: Cell) => server === 'lonely'));
  });

  test('opens a cell: each scope, and the rules that speak of it', async () => {
    const { get } = await openReader();
    const { body } = await get('/access/cell?subject=group:engineering&server=tracker');
    assert.deepEqual(body.scopes, [
      { name: 'issues:read', risk: 'low', state: 'allowed', rules: ['eng'] },
      { name: 'issues:write', risk: 'high', state: 'conditional', rules: ['eng', 'fresh'] },
    ]);
    assert.equal(body.row.people, 1);
    assert.deepEqual(
      body.rules.map(({ id, effect, needs }: Record<string, unknown>) => [id, effect, needs]),
      [
        ['eng', 'allow', null],
        ['fresh', 'require', { acr: null, amr: [], maxAgeSeconds: 3600 }],
      ],
    );
    const blank = (await get('/access/cell?subject=user:u_alice&server=wiki')).body;
    assert.deepEqual([blank.rules, blank.scopes[0].state, blank.row.name], [[], 'not_given', alice.email]);
  });

  test('what is no subject or no server is refused', async () => {
    const { get, world } = await openReader();
    for (const [query, reason] of [
      ['subject=engineering&server=tracker', 'api_value_invalid'],
      ['subject=planet:x&server=tracker', 'api_value_invalid'],
      ['subject=group:engineering&server=none', 'api_not_found'],
      ['server=tracker', 'api_value_invalid'],
    ] as const) {
      await adminRefused(world, await get(`/access/cell?${query}`), reason, { isRecorded: false });
    }
    await adminRefused(world, await get('/access?rows=201'), 'api_value_invalid', { isRecorded: false });
  });
});
