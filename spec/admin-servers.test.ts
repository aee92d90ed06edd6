import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRecord } from '../packages/server/src/audit/personal.ts';
import { adminRefused, openAdminWorld } from './admin-world.ts';
import { idpIssuer, partnerIssuer, rasIssuer, tracker } from './world.ts';

// Servers and clients as those who administer see them: what they may, what was done, and how they are joined.

const open = async (options: Parameters<typeof openAdminWorld>[0] = {}) => {
  const world = await openAdminWorld(options);
  const policy = await world.browserOf('policy');
  const get = (path: string) => world.send('GET', path, policy);
  return { world, policy, get };
};

describe('servers', () => {
  test('one is shown with scopes, tools, clients, and what was done there on both sides', async () => {
    const { world, get } = await open();
    await world.exchange();
    await world.exchange({ scope: 'issues:nothing' });
    await world.redeem();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await get('/servers/tracker');
    assert.deepEqual(body.scopes, [
      { name: 'issues:read', risk: 'low', unasked: true, tools: [] },
      { name: 'issues:write', risk: 'high', unasked: false, tools: ['*'] },
    ]);
    const { granted, guarded, upstream, enabled, resource, ras } = body;
    assert.deepEqual(
      { granted, guarded, upstream, enabled, resource, ras },
      { granted: true, guarded: true, upstream: 'http', enabled: true, resource: tracker, ras: rasIssuer },
    );
    assert.ok(body.clients.some(({ clientId }: { clientId: string }) => clientId === 'cc-at-ras'));
    assert.ok(
      body.clients.every(({ id }: { id: string }) => id !== 'vscode'),
      'it has no id there',
    );
    assert.ok(body.use.issued === 1 && body.use.redeemed === 1 && body.use.refused === 1, JSON.stringify(body.use));
    assert.equal(body.use.lastMs, world.clock.ms);
    assert.deepEqual([body.through[0].id, body.through[0].people], ['claude-code', 1]);
    assert.equal(body.days.length, 1);
  });

  test('RAS-30: one that demands bound tokens is shown to do so; of one that is guarded elsewhere nobody here knows', async () => {
    const resource = (text: string) => text.replace('wiki: {', 'wiki: { require_bound_tokens: true,');
    const { get } = await open({ resource });
    const shown = await Promise.all(['wiki', 'tracker', 'lonely'].map((id) => get(`/servers/${id}`)));
    assert.deepEqual(
      shown.map(({ body }) => body.requiresBoundTokens),
      [true, false, null],
    );
  });

  test('one of another authorization server is granted and not guarded; one that nobody knows is not found', async () => {
    const { world, get } = await open();
    const { body } = await get('/servers/lonely');
    assert.deepEqual([body.granted, body.guarded, body.upstream], [true, false, null]);
    assert.deepEqual([body.use.issued, body.use.lastMs, body.days], [0, null, []]);
    await adminRefused(world, await get('/servers/nothing'), 'api_not_found', { isRecorded: false });
  });

  test('use of all of them, with what is stopped', async () => {
    const { world, get, policy } = await open();
    await world.exchange();
    const order = { kind: 'server', target: 'wiki', reason: 'leaks' };
    assert.equal((await world.send('POST', '/stops', { ...policy, body: order })).status, 201);
    const { body } = await get('/use/servers?days=7');
    const items = body.items.map(({ id, use, stops }: { id: string; use: { issued: number }; stops: object[] }) => [
      id,
      use.issued,
      stops.length,
    ]);
    assert.deepEqual(items, [
      ['tracker', 1, 0],
      ['wiki', 0, 1],
      ['lonely', 0, 0],
    ]);
    assert.equal((await get('/servers/wiki')).body.stops[0].reason, 'leaks');
  });
});

describe('clients', () => {
  test('one is shown on each side with where it may go and what it did', async () => {
    const { world, get } = await open();
    await world.exchange();
    await world.redeem();
    const { body } = await get('/clients/idp/claude-code');
    assert.deepEqual(body.clientIds, [
      { ras: rasIssuer, clientId: 'cc-at-ras' },
      { ras: 'https://lonely.example', clientId: 'cc' },
    ]);
    assert.deepEqual([body.exchanges, body.proof, body.metadata], [true, 'secret', null]);
    assert.deepEqual(
      body.at.map(({ id }: { id: string }) => id),
      ['tracker'],
    );
    const there = (await get('/clients/ras/cc-at-ras')).body;
    assert.deepEqual([there.exchanges, there.clientIds], [false, []]);
    assert.deepEqual(there.trustedBy.sort(), [partnerIssuer, idpIssuer].sort());
    assert.equal(there.use.redeemed, 1);
    assert.equal((await get('/clients/idp/inspector')).body.exchanges, false);
    await adminRefused(world, await get('/clients/ras/claude-code'), 'api_not_found', { isRecorded: false });
  });

  test('use of all on one side', async () => {
    const { world, get } = await open();
    await world.exchange();
    const { body } = await get('/use/clients');
    const claude = body.items.find(({ id }: { id: string }) => id === 'claude-code');
    assert.equal(claude.use.issued, 1);
    const ras = (await get('/use/clients?side=ras')).body.items;
    assert.ok(ras.some(({ id }: { id: string }) => id === 'cc-at-ras'));
  });

  test('are set up with the addresses of this installation, and no secret', async () => {
    const { world, get } = await open();
    const { body } = await get('/clients/idp/claude-code/set-up');
    assert.deepEqual([body.server, body.exchanges], ['tracker', true]);
    const text = JSON.stringify(body.setUps);
    for (const part of [idpIssuer, tracker, 'cc-at-ras']) assert.ok(text.includes(part), part);
    assert.ok(!text.includes('claude-code-secret'));
    const lonely = (await get('/clients/idp/vscode/set-up?server=lonely')).body;
    assert.ok(JSON.stringify(lonely.setUps).includes('https://lonely.example/mcp'));
    const none = await get('/clients/idp/vscode/set-up?server=tracker');
    await adminRefused(world, none, 'api_conflict', { isRecorded: false });
    await adminRefused(world, await get('/clients/ras/cc-at-ras/set-up'), 'api_not_found', { isRecorded: false });
  });
});

describe('the catalogue and the probe', () => {
  const prm = 'https://mcp.linear.app/.well-known/oauth-protected-resource/mcp';
  const egress = {
    getJson: async (url: string) => {
      if (url !== prm) throw new Error('connect ECONNREFUSED 10.0.0.7:443');
      return { resource: 'https://mcp.linear.app/mcp', scopes_supported: ['read'] };
    },
  };
  const body = { url: 'https://mcp.linear.app/mcp' };

  test('what is known has its source; what is not is null', async () => {
    const { get } = await open();
    const linear = (await get('/catalogue')).body.servers[0];
    assert.equal(linear.resource.value, 'https://mcp.linear.app/mcp');
    assert.equal(linear.audience, null);
  });

  test('a probe is on the record by whom, and says what was found', async () => {
    const { world, policy } = await open({ egress });
    const { body: found } = await world.send('POST', '/probes', { ...policy, body });
    assert.deepEqual([found.resource, found.scopes], [body.url, ['read']]);
    assert.ok(!JSON.stringify(found).includes('10.0.0.7'));
    const record = await world.last();
    assert.deepEqual([record.kind, record.by, record.resource], ['admin', 'u_policy', body.url]);
    const keyed = { url: `${body.url}?apiKey=hush`, issuer: 'https://c.example/?key=hush' };
    await world.send('POST', '/probes', { ...policy, body: keyed });
    assert.doesNotMatch(JSON.stringify(await world.last()), /hush/, 'some put a key there');
  });

  test('T27: whoever probes all day is held up', async () => {
    const { world, policy } = await open({ egress });
    for (let times = 0; times < 6; times += 1) {
      assert.equal((await world.send('POST', '/probes', { ...policy, body })).status, 200);
    }
    await adminRefused(world, await world.send('POST', '/probes', { ...policy, body }), 'admin_too_fast');
    world.clock.ms += 10_000;
    assert.equal((await world.send('POST', '/probes', { ...policy, body })).status, 200);
  });

  test('T17: what is no URL of the web is not asked for, and no token of a program may probe', async () => {
    const { world, policy } = await open({ egress });
    for (const url of [
      'file:///etc/passwd',
      'https://a:b@c.example/',
      'ftp://c.example',
      'mcp',
      'https://c.example/#x',
    ]) {
      const given = await world.send('POST', '/probes', { ...policy, body: { url } });
      await adminRefused(world, given, 'api_value_invalid');
    }
    const token = await world.tokenOf('owner');
    await adminRefused(world, await world.send('POST', '/probes', { token, body }), 'admin_scope_lacks');
    const rows = (await world.store.audit.last(99)).map(readRecord);
    assert.ok(rows.every(({ detail }) => detail !== 'server probed'));
  });
});
