import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toResourceIndex } from '../packages/server/src/in-force.ts';
import { type AdminWorld, adminRefused } from './admin-world.ts';
import { accessText, openChangesWorld, publish, type Seen, writer } from './changes-world.ts';
import { idpIssuer, rasIssuer } from './world.ts';

// From a server in the catalogue, or an address, to people who reach it: a draft like any other (design.md §5, §4.8).

const ras = 'https://mcp.linear.app';
const linear = {
  id: 'linear',
  name: 'Linear',
  resource: `${ras}/mcp`,
  ras,
  scopes: [
    { name: 'read', risk: 'low', given: true },
    { name: 'write', risk: 'high', given: true },
  ],
  to: ['group:data'],
  through: [{ id: 'claude-code' }, { id: 'vscode' }],
};

describe('to enable a server', () => {
  test('is a draft that says who gains what; published, it is in force without a restart', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const made = await policy.send('POST', '/servers', linear);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual([made.body.name, made.body.state, made.body.authors], ['Enable Linear', 'open', ['u_policy']]);
    assert.equal(world.services.access()?.servers.has('linear'), false, 'nothing is in force by it');
    const diff = await policy.send('GET', `/drafts/${made.body.id}/diff`);
    assert.equal(diff.body.gain, 3);
    assert.deepEqual(
      new Set(diff.body.effects.map(({ words }: Seen) => words)),
      new Set([
        '3 people in Data gain write on Linear through Claude Code.',
        '3 people in Data gain write on Linear through Visual Studio Code.',
        '3 people in Data gain read on Linear through Claude Code.',
        '3 people in Data gain read on Linear through Visual Studio Code.',
      ]),
    );
    const published = await policy.publish(made.body);
    assert.equal(published.status, 200, JSON.stringify(published.body));
    const index = world.services.access();
    assert.equal(index?.servers.get('linear')?.ras, ras);
    assert.equal(index?.clients.get('claude-code')?.clientIds.get(ras), 'claude-code');
    assert.equal(index?.clients.get('vscode')?.distributed, true, 'T02: its secret is on many machines');
  });

  test('takes a second person where one is asked for: whoever made the draft does not publish it', async () => {
    const world = await openChangesWorld({ secondPerson: true });
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const made = await policy.send('POST', '/servers', linear);
    await adminRefused(world, await policy.publish(made.body), 'second_person_needed');
    await policy.propose({ id: made.body.id, etag: made.headers.get('etag') ?? '' });
    assert.equal((await owner.publish(made.body)).status, 200);
  });

  test('goes into the draft that is open, as it was seen', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const draft = await policy.draft();
    const at = (revision: number) => ({ ...linear, draft: { id: draft.id, revision } });
    await adminRefused(world, await policy.send('POST', '/servers', at(7)), 'api_version_differs');
    const into = await policy.send('POST', '/servers', at(draft.body.revision));
    assert.deepEqual([into.status, into.body.id, into.body.name], [201, draft.id, 'A change']);
    assert.deepEqual(Object.keys(into.body.document.servers), ['tracker', 'linear']);
    await adminRefused(world, await policy.send('POST', '/servers', at(into.body.revision)), 'api_conflict');
    await adminRefused(
      world,
      await policy.send('POST', '/servers', { ...linear, draft: { id: 'dr_none', revision: 1 } }),
      'api_not_found',
    );
    const other = await policy.send('POST', '/drafts', {
      kind: 'resource',
      name: 'Other',
      document: { clients: { c: {} } },
    });
    const wrong = { ...linear, draft: { id: other.body.id, revision: 1 } };
    await adminRefused(world, await policy.send('POST', '/servers', wrong), 'api_value_invalid');
  });

  test('what another published meanwhile is in it: it begins with what is in force', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await policy.publish(await policy.draft({ section: 'networks', id: 'office', value: ['192.0.2.0/24'] }));
    const made = await policy.send('POST', '/servers', linear);
    assert.deepEqual([made.body.base, Object.keys(made.body.document.networks)], [2, ['office']]);
  });

  const wrong: [name: string, change: object][] = [
    ['no scope is given', { scopes: [{ name: 'read', risk: 'low', given: false }] }],
    ['no group', { to: [] }],
    ['no client', { through: [] }],
    ['a client that nobody knows', { through: [{ id: 'cursor' }] }],
    ['a scope with a blank', { scopes: [{ name: 'read all', risk: 'low', given: true }] }],
    ['an authorization server that is no issuer', { ras: 'http://mcp.linear.app' }],
    ['an address with a fragment', { resource: `${ras}/mcp#x` }],
    ['a name with something invisible', { name: 'Lin\u202eear' }],
    ['somebody who is no subject', { to: ['engineering'] }],
    ['a name that rules cannot have', { id: 'lin ear' }],
  ];
  for (const [name, change] of wrong) {
    test(`is refused: ${name}`, async () => {
      const world = await openChangesWorld();
      const policy = writer(world, 'policy');
      await adminRefused(world, await policy.send('POST', '/servers', { ...linear, ...change }), 'api_value_invalid');
      assert.deepEqual((await policy.send('GET', '/drafts')).body.items, [], 'and no draft is left behind');
    });
  }

  test('is for those who may write drafts, programs with that scope too', async () => {
    const world = await openChangesWorld();
    for (const role of ['auditor', 'people', 'help-desk'] as const) {
      await adminRefused(world, await writer(world, role).send('POST', '/servers', linear), 'admin_role_lacks');
    }
    const token = await world.tokenOf('policy', ['read:policy']);
    await adminRefused(world, await world.send('POST', '/servers', { token, body: linear }), 'admin_scope_lacks');
    const applies = await world.tokenOf('policy', ['apply']);
    assert.equal((await world.send('POST', '/servers', { token: applies, body: linear })).status, 201);
  });
});

describe('a server of our own', () => {
  const own = {
    ...linear,
    id: 'notes',
    name: 'Notes',
    resource: `${rasIssuer}/notes-here/mcp`,
    ras: rasIssuer,
    through: [{ id: 'claude-code' }],
    upstream: { http: 'http://127.0.0.1:9/s3cret/mcp' },
  };
  const resourceText = (secondPerson = '') =>
    `clients: { other: {} }\ntrust: { local: { keys: discovery, accounts: create, clients: [other] } }\n${secondPerson}`;
  const open = async (secondPerson?: string) => {
    const world = await openChangesWorld();
    await publish(world, 'resource', resourceText(secondPerson));
    return { world, policy: writer(world, 'policy') };
  };

  test('is two drafts, one for who reaches it and one for the gateway; what is left by hand says which to publish', async () => {
    const { policy } = await open();
    const made = await policy.send('POST', '/servers', own);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.guard.name, 'Guard Notes');
    const guard = await policy.send('GET', `/drafts/${made.body.guard.id}`);
    const { servers, clients, trust } = guard.body.document;
    assert.equal(guard.body.kind, 'resource');
    assert.deepEqual(servers['notes-here'].upstream, { kind: 'http' }, 'T28: no more of it is told');
    assert.deepEqual(servers['notes-here'].tools, { '*': 'write' });
    assert.deepEqual(Object.keys(clients), ['other', 'claude-code']);
    assert.deepEqual(trust.local.clients, ['other', 'claude-code']);
    const { body } = await policy.send('GET', `/drafts/${made.body.id}/steps`);
    assert.deepEqual(
      body.items[0].steps.map(({ about, draft }: Seen) => [about, draft]),
      [
        ['publish_here', guard.body.id],
        // Of the other client that has an id there already, which the draft says nothing of.
        ['client_here', undefined],
        ['secret', undefined],
        ['secret', undefined],
        ['set_up', undefined],
        ['set_up', undefined],
      ],
    );
    assert.equal((await policy.publish(guard.body)).status, 200);
    assert.equal((await policy.publish(made.body)).status, 200);
  });

  /** This world guards by one document for good, unless it is told of another. */
  const guardBy = async (world: AdminWorld, text: string) => {
    await publish(world, 'resource', text);
    const version = await world.store.policies.latest('resource');
    assert.ok(version);
    const index = toResourceIndex(version, { idp: idpIssuer, ras: rasIssuer });
    Object.assign(world.services, { resource: () => index });
  };
  const stepsOf = ({ steps }: Seen) => steps.map(({ about, draft, client }: Seen) => [about, draft ?? client]);
  const byHand = [
    ['secret', 'claude-code'],
    ['secret', 'inspector'],
    ['set_up', 'claude-code'],
    ['set_up', 'inspector'],
  ];

  test('for a client that is known there already, the draft that only adds trust in it is the one to publish', async () => {
    const { policy, world } = await open();
    const known = resourceText().replace('clients: { other: {} }', 'clients: { claude-code: {}, other: {} }');
    await guardBy(world, known);
    const made = await policy.send('POST', '/servers', { ...own, upstream: undefined });
    const guard = await policy.send('GET', `/drafts/${made.body.guard.id}`);
    assert.deepEqual(Object.keys(guard.body.document.clients), ['claude-code', 'other']);
    assert.deepEqual(guard.body.document.trust.local.clients, ['other', 'claude-code']);
    const { body } = await policy.send('GET', `/drafts/${made.body.id}/steps`);
    assert.deepEqual(stepsOf(body.items[0]), [
      ['publish_here', guard.body.id],
      ['guard_here', null],
      ['client_here', 'inspector'],
      ...byHand,
    ]);
  });

  test('where the issuer is not trusted, the draft that only makes a client known is named, and the trust remains', async () => {
    const { policy, world } = await open();
    await guardBy(world, 'clients: { other: {} }\n');
    const made = await policy.send('POST', '/servers', { ...own, upstream: undefined });
    const { body } = await policy.send('GET', `/drafts/${made.body.id}/steps`);
    assert.deepEqual(stepsOf(body.items[0]), [
      ['publish_here', made.body.guard.id],
      ['guard_here', null],
      ['client_here', 'claude-code'],
      ['client_here', 'inspector'],
      ...byHand,
    ]);
  });

  test('where the issuer may speak for other servers only, the draft that adds this one is named, and without it that it is to be added', async () => {
    const { policy, world } = await open();
    const trusted = { keys: 'discovery', accounts: 'create', clients: ['claude-code', 'inspector'] };
    const document = {
      servers: Object.fromEntries(['tracker', 'docs'].map((id) => [id, { scopes: { 'issues:read': {} } }])),
      clients: { 'claude-code': {}, inspector: {} },
      trust: { local: { ...trusted, servers: { docs: 'all' } } },
    };
    await guardBy(world, JSON.stringify(document));
    const steps = async () => stepsOf((await policy.send('GET', '/servers/tracker/steps')).body);
    assert.deepEqual(await steps(), [['guard_here', null], ...byHand]);
    const begun = await policy.send('POST', '/drafts', { kind: 'resource', name: 'Tracker' });
    const { id } = begun.body;
    const value = { ...trusted, servers: { docs: 'all', tracker: 'all' } };
    const edits = [{ section: 'trust', id: 'local', value }];
    const edited = await policy.send('PATCH', `/drafts/${id}`, { edits }, begun.headers.get('etag') ?? '');
    assert.equal(edited.status, 200, JSON.stringify(edited.body));
    assert.deepEqual(await steps(), [['publish_here', id], ...byHand]);
  });

  test('what was published after a draft was begun is not to be done again, nor does it hide what the draft does', async () => {
    const { policy, world } = await open();
    const made = await policy.send('POST', '/servers', own);
    const upstream =
      '{ upstream: { http: "http://127.0.0.1:9/mcp" }, scopes: { issues:read: {}, issues:write: { risk: high } } }';
    const later = resourceText().replaceAll('other', 'inspector');
    await guardBy(world, `servers: { tracker: ${upstream} }\n${later}`);
    const { body } = await policy.send('GET', '/servers/tracker/steps');
    assert.deepEqual(stepsOf(body), [['publish_here', made.body.guard.id], ...byHand]);
  });

  test('a draft that makes a client known which may not exchange is none of those to publish', async () => {
    const idle = accessText.replace('redirect_uris: [http://localhost/cb2]', 'redirect_uris: [], exchange: false');
    assert.notEqual(idle, accessText);
    const upstream =
      '{ upstream: { http: "http://127.0.0.1:9/mcp" }, scopes: { issues:read: {}, issues:write: { risk: high } } }';
    const guarded = `servers: { tracker: ${upstream} }\n${resourceText().replaceAll('other', 'claude-code')}`;
    const trusted = { keys: 'discovery', accounts: 'create', clients: ['claude-code', 'inspector'] };
    const edits = [
      { section: 'clients', id: 'inspector', value: {} },
      { section: 'trust', id: 'local', value: trusted },
    ];
    const seen = [];
    for (const text of [accessText, idle]) {
      const world = await openChangesWorld({ text });
      const policy = writer(world, 'policy');
      await guardBy(world, guarded);
      const begun = await policy.send('POST', '/drafts', { kind: 'resource', name: 'Inspector' });
      const { id } = begun.body;
      const edited = await policy.send('PATCH', `/drafts/${id}`, { edits }, begun.headers.get('etag') ?? '');
      assert.equal(edited.status, 200, JSON.stringify(edited.body));
      const { body } = await policy.send('GET', '/servers/tracker/steps');
      seen.push(stepsOf(body).map(([about, of]: [string, string]) => [about, of === id ? 'the draft' : of]));
    }
    assert.deepEqual(seen, [
      [['publish_here', 'the draft'], ...byHand],
      [
        ['secret', 'claude-code'],
        ['set_up', 'claude-code'],
      ],
    ]);
  });

  test('T29: each draft takes the second person that its own document asks for', async () => {
    const { policy, world } = await open('second_person: required\n');
    const made = await policy.send('POST', '/servers', own);
    const guard = await policy.send('GET', `/drafts/${made.body.guard.id}`);
    await adminRefused(world, await policy.publish(guard.body), 'second_person_needed');
    await policy.propose({ id: guard.body.id, etag: guard.headers.get('etag') ?? '' });
    assert.equal((await writer(world, 'owner').publish(guard.body)).status, 200);
    assert.equal((await policy.publish(made.body)).status, 200);
  });

  test('that is guarded already needs none, nor does one whose document is managed elsewhere', async () => {
    const { policy } = await open();
    const bare = { ...own, upstream: undefined };
    const done = `servers: { notes-here: { scopes: { read: {} } } }\nclients: { claude-code: {} }\ntrust: { local: { keys: discovery, accounts: create, clients: [claude-code] } }\n`;
    const { world } = await open();
    await publish(world, 'resource', done);
    assert.equal((await writer(world, 'policy').send('POST', '/servers', bare)).body.guard, null);
    const elsewhere = await openChangesWorld();
    assert.equal((await writer(elsewhere, 'policy').send('POST', '/servers', bare)).body.guard, null);
    assert.equal((await policy.send('POST', '/servers', linear)).body.guard, null);
  });

  test('a client that says local is known by that', async () => {
    const { policy, world } = await open();
    await publish(world, 'access', accessText.replace(`{ ${rasIssuer}: claude-code }`, '{ local: cc-here }'));
    const made = await policy.send('POST', '/servers', own);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.deepEqual(made.body.document.clients['claude-code'].client_ids, { local: 'cc-here' });
    const guard = await policy.send('GET', `/drafts/${made.body.guard.id}`);
    assert.ok(Object.hasOwn(guard.body.document.clients, 'cc-here'));
  });

  const wrong: [name: string, change: object, reason: 'api_value_invalid' | 'draft_mistaken'][] = [
    ['an upstream of somebody else’s server', { ras, resource: `${ras}/mcp` }, 'api_value_invalid'],
    ['an address that the gateway does not have', { resource: `${rasIssuer}/a/b/mcp` }, 'api_value_invalid'],
    ['an upstream that is no address of a server', { upstream: { http: 'file:///etc/passwd' } }, 'draft_mistaken'],
    ['an upstream with a password in it', { upstream: { http: 'http://a:b@127.0.0.1/mcp' } }, 'draft_mistaken'],
    ['a command', { upstream: { stdio: ['sh'] } }, 'api_value_invalid'],
  ];
  for (const [name, change, reason] of wrong) {
    test(`is refused, and no draft of either document is left behind: ${name}`, async () => {
      const { policy, world } = await open();
      await adminRefused(world, await policy.send('POST', '/servers', { ...own, ...change }), reason);
      assert.deepEqual((await policy.send('GET', '/drafts')).body.items, []);
    });
  }

  test('where the draft for the people cannot be made, the one for the gateway goes', async () => {
    const { policy, world } = await open();
    const { list } = world.store.drafts;
    let calls = 0;
    const full: typeof list = async () => {
      calls += 1;
      const heads = await list();
      return calls === 1 ? heads : Array.from({ length: 100 }, () => heads[0] as (typeof heads)[0]);
    };
    Object.assign(world.store.drafts, { list: full });
    await adminRefused(world, await policy.send('POST', '/servers', own), 'api_conflict');
    Object.assign(world.store.drafts, { list });
    assert.deepEqual((await policy.send('GET', '/drafts')).body.items, []);
  });
});

describe('what remains to be done by hand', () => {
  test('is told with the draft, and with the server once it is in force', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { body: draft } = await policy.send('POST', '/servers', linear);
    const { body } = await policy.send('GET', `/drafts/${draft.id}/steps`);
    assert.deepEqual(
      body.items.map(({ server, steps }: Seen) => [server, steps.map(({ about }: Seen) => about)]),
      [['linear', ['trust_there', 'client_there', 'client_there', 'secret', 'secret', 'set_up', 'set_up']]],
    );
    assert.ok(body.items[0].steps[0].text.includes(idpIssuer));
    await adminRefused(world, await policy.send('GET', '/servers/linear/steps'), 'api_not_found', {
      isRecorded: false,
    });
    await policy.publish(draft);
    const made = await policy.send('POST', '/clients/idp/claude-code/secrets');
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const { body: server } = await policy.send('GET', '/servers/linear/steps');
    assert.equal(server.steps.filter(({ about }: Seen) => about === 'secret').length, 1, 'one is made');
  });

  test('of a draft that adds no server and no client there is nothing', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const draft = await policy.draft({ section: 'rules', id: 'eng-reads' });
    assert.deepEqual((await policy.send('GET', `/drafts/${draft.id}/steps`)).body.items, []);
  });
});

describe('what an approver sees of what goes elsewhere', () => {
  const open = async () => {
    const world = await openChangesWorld();
    const upstream = { http: 'https://mcp.inside.example/s3cret/mcp' };
    const document = { servers: { files: { upstream, scopes: { r: {} } } }, second_person: 'required' };
    await publish(world, 'resource', JSON.stringify(document));
    const policy = writer(world, 'policy');
    const begun = await policy.send('POST', '/drafts', { kind: 'resource', name: 'Move' });
    const value = { upstream: { http: 'https://evil.example/s3cret/mcp?to=s3cret' }, scopes: { r: {} } };
    const edits = [{ section: 'servers', id: 'files', value }];
    const edited = await policy.send('PATCH', `/drafts/${begun.body.id}`, { edits }, begun.headers.get('etag') ?? '');
    assert.equal(edited.status, 200, JSON.stringify(edited.body));
    return { world, policy, draft: edited.body };
  };

  test('T29: another upstream takes a second person, who sees the old and the new place, and nothing secret', async () => {
    const { world, policy, draft } = await open();
    await adminRefused(world, await policy.publish(draft), 'second_person_needed');
    const { body } = await writer(world, 'owner').send('GET', `/drafts/${draft.id}/diff`);
    assert.deepEqual(body.moved, [
      {
        server: 'files',
        what: 'upstream',
        before: 'https://mcp.inside.example',
        after: 'https://evil.example',
        untold: ['query'],
      },
    ]);
    assert.ok(!JSON.stringify(body).includes('s3cret'));
  });

  test('T28: whoever may not publish is told of upstreams that they are others, a token too', async () => {
    const { world, draft } = await open();
    const auditor = await writer(world, 'auditor').send('GET', `/drafts/${draft.id}/diff`);
    const token = await world.tokenOf('owner');
    const program = await world.send('GET', `/drafts/${draft.id}/diff`, { token });
    for (const { status, body } of [auditor, program]) {
      assert.deepEqual([status, body.moved], [200, []]);
      assert.deepEqual(body.entries[0].keys, ['upstream']);
      assert.ok(!/s3cret|evil|inside/.test(JSON.stringify(body)), JSON.stringify(body));
    }
  });

  test('of the access document everybody who reads it sees where ID-JAGs would go', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { body: begun } = await policy.draft();
    const value = { ...begun.document.servers.tracker, ras: 'https://evil.example' };
    const draft = await policy.draft({ section: 'servers', id: 'tracker', value });
    const { body } = await writer(world, 'auditor').send('GET', `/drafts/${draft.id}/diff`);
    assert.deepEqual(
      body.moved.map(({ what, before, after }: Seen) => [what, before, after]),
      [['ras', begun.document.servers.tracker.ras, 'https://evil.example']],
    );
  });
});
