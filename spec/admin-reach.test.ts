import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addBreakGlass, adminRefused, adminUrl, openAdminWorld } from './admin-world.ts';
import { accessText, dataWrites, openChangesWorld, publish, writer } from './changes-world.ts';
import { alice, rasIssuer } from './world.ts';

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
  test('by server, through which client, because of whom, and when last', async () => {
    const { world, get } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await get('/reach/people/u_alice');
    assert.equal(body.active, true);
    assert.deepEqual(
      body.items.map(({ server }: { server: { id: string } }) => server.id),
      ['lonely', 'tracker', 'wiki'],
    );
    const tracker = body.items[1];
    assert.deepEqual(tracker.by, ['group:engineering']);
    assert.deepEqual(tracker.scopes, [
      { name: 'issues:read', risk: 'low', state: 'allowed' },
      { name: 'issues:write', risk: 'high', state: 'conditional' },
    ]);
    const claude = tracker.through.find(({ client }: { client: string }) => client === 'claude-code');
    assert.deepEqual(claude, {
      client: 'claude-code',
      scopes: ['issues:read', 'issues:write'],
      lastMs: world.clock.ms,
    });
    assert.ok(tracker.through.every(({ client }: { client: string }) => client !== 'inspector' && client !== 'vscode'));
  });

  test('page by page', async () => {
    const { get } = await open();
    const first = (await get('/reach/people/u_alice?limit=2')).body;
    assert.equal(first.items.length, 2);
    const second = (await get(`/reach/people/u_alice?limit=2&cursor=${first.next}`)).body;
    assert.deepEqual([second.items.length, second.items[0].server.id, second.next], [1, 'wiki', null]);
  });

  test('what rules refuse is told, unless only what is reached is asked for; whoever is switched off reaches nothing', async () => {
    const { world, get } = await open();
    const { items } = (await get('/reach/people/u_carol')).body;
    assert.deepEqual(
      items.map(({ scopes, through }: { scopes: { state: string }[]; through: [] }) => [scopes[0]?.state, through]),
      [
        ['denied', []],
        ['denied', []],
        ['denied', []],
      ],
    );
    assert.deepEqual((await get('/reach/people/u_carol?only=reached')).body.items, []);
    const off = (await get('/reach/people/u_off')).body;
    assert.deepEqual([off.active, off.items], [false, []]);
    await adminRefused(world, await get('/reach/people/u_nobody'), 'api_not_found', { isRecorded: false });
  });
});

type Told = {
  subject: string;
  rule: string;
  client: string | null;
  scopes: string[];
  state: string;
  change: string;
  stop: { at: string; rule: string | null } | null;
};
const tell = ({ subject, rule, client, scopes, state, change, stop }: Told) =>
  [
    subject,
    rule,
    client ?? '-',
    scopes.join('+'),
    state,
    ...(change === 'kept' ? [] : [change]),
    ...(stop ? [stop.at] : []),
  ].join(' ');

describe('how somebody reaches something', () => {
  test('a person and a server: every way in, with everything that it names, and where the others end', async () => {
    const { world, get } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await get('/reach/paths?person=u_alice&server=tracker&client=claude-code');
    assert.deepEqual(body.paths.map(tell), [
      'group:engineering eng claude-code issues:read allowed',
      'group:engineering eng claude-code issues:write conditional',
      'group:marketing reads - issues:read refused person',
    ]);
    assert.deepEqual(body.paths[1].conditions, [{ about: 'sign_in', rule: 'fresh' }]);
    assert.equal(body.paths[0].lastMs, world.clock.ms);
    assert.deepEqual(body.person, { id: 'u_alice', email: 'alice@acme.example', name: 'Alice', active: true });
    assert.deepEqual(
      body.subjects.map(({ subject, people }: { subject: string; people: number }) => [subject, people]),
      [
        ['group:engineering', 3],
        ['group:marketing', 1],
      ],
    );
    assert.deepEqual(body.servers[0].scopes[1], { name: 'issues:write', risk: 'high', tools: ['*'] });
    assert.deepEqual(body.rules.map(({ id }: { id: string }) => id).sort(), ['eng', 'fresh', 'reads']);
    assert.deepEqual([body.more, body.moreServers, body.stops], [0, 0, []]);
  });

  test('a person who cannot: what refuses them, and the nearest miss', async () => {
    const { get } = await open();
    const { body } = await get('/reach/paths?person=u_carol&server=wiki');
    assert.ok(body.paths.every(({ state }: Told) => state === 'refused'));
    assert.ok(body.paths.map(tell).includes('role:contractor out - pages:read refused deny'));
    const bob = (await get('/reach/paths?person=u_bob&server=wiki')).body.paths.map(tell);
    assert.deepEqual(bob, ['group:engineering eng - pages:read refused person']);
  });

  test('a person alone: the servers they reach, open paths only; switched off, none', async () => {
    const { get } = await open();
    const { body } = await get('/reach/paths?person=u_bob');
    assert.deepEqual(new Set(body.paths.map(({ state }: Told) => state)), new Set(['allowed']));
    assert.deepEqual(
      body.servers.map(({ id }: { id: string }) => id),
      ['tracker'],
    );
    const off = (await get('/reach/paths?person=u_off&server=tracker')).body;
    assert.deepEqual([off.paths, off.person.active], [[], false]);
  });

  test('a server alone, narrowed to a scope; a client alone', async () => {
    const { get } = await open();
    const { body } = await get('/reach/paths?server=tracker&scope=issues:write&client=claude-code');
    assert.deepEqual(body.paths.map(tell), [
      'group:engineering eng claude-code issues:write conditional',
      'role:contractor out - issues:write refused deny',
    ]);
    const vscode = (await get('/reach/paths?client=vscode')).body;
    assert.deepEqual(
      vscode.servers.map(({ id }: { id: string }) => id),
      ['lonely'],
    );
    assert.deepEqual([...new Set(vscode.paths.map(({ server }: { server: string }) => server))], ['lonely']);
    assert.deepEqual(vscode.clients, [{ id: 'vscode', name: 'vscode', exchanges: true }]);
  });

  test('beside a draft: what it opens is gained, what it closes is lost', async () => {
    const world = await openChangesWorld();
    const { send, draft } = writer(world, 'policy');
    const { id } = await draft(dataWrites);
    const { body } = await send('GET', `/reach/paths?person=u_d1&server=tracker&draft=${id}`);
    assert.deepEqual(body.paths.map(tell), [
      'group:data data-writes claude-code issues:read+issues:write allowed gained',
      'group:engineering eng-reads - issues:read refused person',
    ]);
    const gained = body.rules.find(({ id: rule }: { id: string }) => rule === 'data-writes');
    assert.deepEqual([gained.draft, gained.through], [true, ['claude-code']]);
    assert.equal((await send('GET', `/reach/paths?server=tracker&draft=d_none`)).status, 404);
  });

  test('a person through one client: where that client goes and no further; a server that only the draft opens is there', async () => {
    const { get } = await open();
    const serversOf = (body: { servers: { id: string }[] }) => body.servers.map(({ id }) => id);
    assert.deepEqual(serversOf((await get('/reach/paths?person=u_alice&client=vscode')).body), ['lonely']);
    const world = await openChangesWorld();
    const { send, draft } = writer(world, 'policy');
    assert.deepEqual(serversOf((await send('GET', '/reach/paths?person=u_d1')).body), []);
    const { id } = await draft(dataWrites);
    const { body } = await send('GET', `/reach/paths?person=u_d1&draft=${id}`);
    assert.deepEqual(serversOf(body), ['tracker']);
    assert.deepEqual(body.paths.map(tell), [
      'group:data data-writes claude-code issues:read+issues:write allowed gained',
    ]);
  });

  test('a server that is in the draft only is there too, and none that neither side opens', async () => {
    const world = await openChangesWorld();
    const { send, draft } = writer(world, 'policy');
    const server = (name: string) => ({
      section: 'servers',
      id: name,
      value: { resource: `${rasIssuer}/${name}/mcp`, ras: rasIssuer, scopes: { all: {} } },
    });
    const rule = { allow: ['all'], on: 'new', to: ['group:data'] };
    const { id } = await draft(server('new'), server('closed'), { section: 'rules', id: 'new', value: rule });
    const serversIn = async (query: string) => {
      const { status, body } = await send('GET', `/reach/paths?${query}&draft=${id}`);
      assert.equal(status, 200, JSON.stringify(body));
      return body.servers.map((each: { id: string }) => each.id);
    };
    assert.deepEqual(await serversIn('person=u_d1'), ['new']);
    assert.deepEqual(await serversIn('person=u_both'), ['tracker', 'new']);
    assert.deepEqual(await serversIn('client=inspector'), ['tracker', 'new']);
    assert.deepEqual(await serversIn('server=new'), ['new']);
    assert.equal((await send('GET', '/reach/paths?server=new')).status, 404);
  });

  test('what is stopped on the way is told, and that it is not known what a client may', async () => {
    const metadata = 'https://agent.example/client.json';
    const world = await openChangesWorld({
      text: accessText.replace(
        'rules:',
        `  told: { name: Told, metadata: ${metadata}, client_ids: { ${rasIssuer}: told } }\nrules:`,
      ),
    });
    const { send } = writer(world, 'owner');
    await send('POST', '/stops', { kind: 'server', target: 'tracker', reason: 'it tells too much' });
    const { body } = await send('GET', '/reach/paths?server=tracker&client=told');
    assert.deepEqual(body.clients, [{ id: 'told', name: 'Told', exchanges: null }]);
    assert.deepEqual(body.stops, [{ kind: 'server', target: 'tracker', reason: 'it tells too much' }]);
    assert.equal((await send('GET', '/clients/idp/told')).body.exchanges, null);
    assert.equal((await send('GET', '/clients/idp/inspector')).body.exchanges, true);
  });

  test('asks for one thing at least, and for things that are there', async () => {
    const { world, get } = await open();
    await adminRefused(world, await get('/reach/paths'), 'api_value_invalid', { isRecorded: false });
    await adminRefused(world, await get('/reach/paths?scope=issues:read'), 'api_value_invalid', { isRecorded: false });
    for (const query of ['person=u_nobody', 'server=none', 'client=none', 'person=u_alice&server=none']) {
      await adminRefused(world, await get(`/reach/paths?${query}`), 'api_not_found', { isRecorded: false });
    }
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

describe('people who reach a server, one by one', () => {
  const names = (body: { items: { person: { id: string } }[] }) => body.items.map(({ person }) => person.id);

  test('each once, from the groups that the rules name, with everything they have', async () => {
    const { world, get } = await open();
    const both = {
      ...alice,
      id: 'u_zoe',
      email: 'zoe@acme.example',
      name: 'Zoe',
      groups: ['engineering', 'marketing'],
    };
    await world.store.people.save(both);
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    const { body } = await get('/reach/servers/tracker/people');
    assert.deepEqual(names(body), ['u_alice', 'u_zoe', 'u_bob']);
    assert.deepEqual(body.items[1].by, ['group:engineering', 'group:marketing']);
    const through = body.items[0].through.find(({ client }: { client: string }) => client === 'claude-code');
    assert.deepEqual(through, {
      client: 'claude-code',
      scopes: ['issues:read', 'issues:write'],
      lastMs: world.clock.ms,
    });
    const written = (await get('/reach/servers/tracker/people?scope=issues:write')).body;
    assert.deepEqual(names(written), ['u_alice', 'u_zoe']);
    const unused = (await get('/reach/servers/tracker/people?unused=90&client=claude-code')).body;
    assert.deepEqual(names(unused), ['u_zoe', 'u_bob']);
    assert.deepEqual(names((await get('/reach/servers/lonely/people?client=claude-code&scope=admin')).body), [
      'u_alice',
      'u_zoe',
    ]);
    assert.deepEqual(names((await get('/reach/servers/tracker/people?client=vscode')).body), []);
  });

  test('page by page over the groups, and not over a change of the policy', async () => {
    const { world, get } = await open();
    for (let at = 0; at < 5; at += 1) {
      await world.store.people.save({
        ...alice,
        id: `u_${at}`,
        email: `p${at}@acme.example`,
        groups: at % 2 ? ['engineering'] : ['marketing'],
      });
    }
    const found: string[] = [];
    let next: string | null = '';
    while (next !== null) {
      assert.ok(found.length < 20);
      const { body }: { body: { items: { person: { id: string } }[]; next: string | null } } = await get(
        `/reach/servers/tracker/people?limit=2${next && `&cursor=${next}`}`,
      );
      assert.ok(body.items.length <= 2 && body.next !== next, 'the same page again');
      found.push(...names(body));
      next = body.next;
    }
    assert.deepEqual(found, ['u_alice', 'u_1', 'u_3', 'u_bob', 'u_0', 'u_2', 'u_4']);
    for (const cursor of [Buffer.from('9\ngroup:engineering\n').toString('base64url'), 'nonsense']) {
      const given = await get(`/reach/servers/tracker/people?cursor=${cursor}`);
      await adminRefused(world, given, 'api_conflict', { isRecorded: false });
    }
    await adminRefused(world, await get('/reach/servers/none/people'), 'api_not_found', { isRecorded: false });
  });

  test('a rule that ends between two pages: nobody is left out without a word, the others keep their place', async () => {
    const open = async (others: string) => {
      const world = await openChangesWorld();
      const soon = new Date(world.clock.ms + 60_000).toISOString();
      const rules = [`to: [group:data], until: "${soon}"`, `to: [${others}]`];
      const lines = rules.map((rest, at) => `  - { id: r${at}, allow: [issues:read], on: tracker, ${rest} }\n`);
      await publish(world, 'access', accessText.replace(/ {2}- .*\n/, lines.join('')));
      const { send } = writer(world, 'auditor');
      return { world, page: (query = '') => send('GET', `/reach/servers/tracker/people?limit=1${query}`) };
    };

    const left = await open('user:u_help-desk, group:data');
    const { body: first } = await left.page();
    left.world.clock.ms += 61_000;
    const found = names(first);
    for (let { next } = first; next !== null; ) {
      assert.ok(found.length < 20);
      const { body } = await left.page(`&cursor=${next}`);
      found.push(...names(body));
      next = body.next;
    }
    assert.deepEqual(found, ['u_both', 'u_d1', 'u_d2', 'u_help-desk']);

    const gone = await open('user:u_help-desk');
    const { next } = (await gone.page()).body;
    gone.world.clock.ms += 61_000;
    await adminRefused(gone.world, await gone.page(`&cursor=${next}`), 'api_conflict', { isRecorded: false });
  });

  test('everybody, where a rule names everybody: in one list, and nobody who is refused or off', async () => {
    const rule =
      '  - { id: all, allow: [issues:read], on: tracker, to: [everyone] }\n  - { id: out, deny: all, on: tracker, to: [group:data] }\n';
    const world = await openChangesWorld({ text: `${accessText}${rule}` });
    const { send } = writer(world, 'auditor');
    const { body } = await send('GET', '/reach/servers/tracker/people');
    assert.deepEqual(
      names(body).filter((id) => /^u_(d1|d2|both|off)$/.test(id)),
      [],
    );
    assert.equal(new Set(names(body)).size, body.items.length);
    assert.ok(names(body).includes('u_help-desk'));
  });
});

describe('whom rules name, in the list', () => {
  const listed = async (rules: string, query = '') => {
    const world = await openChangesWorld({ text: accessText.replace(/ {2}- .*\n/, rules) });
    const { body } = await writer(world, 'auditor').send('GET', `/reach/servers/tracker/people${query}`);
    return body.items.map(
      ({ person, by }: { person: { id: string }; by: string[] }) => `${person.id}: ${by.join(' ')}`,
    );
  };

  test('one person, and nobody beside', async () => {
    const rule = '  - { id: one, allow: [issues:read], on: tracker, to: [user:u_d1, user:u_off, user:u_nobody] }\n';
    assert.deepEqual(await listed(rule), ['u_d1: user:u_d1']);
    assert.deepEqual(await listed(rule, '?limit=1'), ['u_d1: user:u_d1']);
  });

  test('a person before their group, each once', async () => {
    const rule =
      '  - { id: some, allow: [issues:read], on: tracker, to: [user:u_d2, group:data], through: [inspector] }\n';
    assert.deepEqual(await listed(rule), ['u_d2: group:data user:u_d2', 'u_both: group:data', 'u_d1: group:data']);
  });

  test('everybody is why, where nothing else is', async () => {
    const found = await listed('  - { id: all, allow: [issues:read], on: tracker, to: [everyone] }\n');
    assert.ok(found.includes('u_d1: everyone'));
  });

  test('T30: the break-glass account that a rule names is for owners', async () => {
    const rule = '  - { id: one, allow: [issues:read], on: tracker, to: [user:u_glass, user:u_d1] }\n';
    const world = await openChangesWorld({ text: accessText.replace(/ {2}- .*\n/, rule) });
    await addBreakGlass(world);
    for (const [role, count] of [
      ['owner', 2],
      ['auditor', 1],
    ] as const) {
      const { body } = await writer(world, role).send('GET', '/reach/servers/tracker/people');
      assert.equal(body.items.length, count, role);
    }
  });

  test('not used for ninety days is not used since then, to the second', async () => {
    const { world } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    world.clock.ms += 90 * 86_400_000;
    const path = '/reach/servers/tracker/people?client=claude-code&unused=90';
    const idsIn = async () => {
      const { body } = await world.send('GET', path, await world.browserOf('auditor'));
      return body.items.map(({ person }: { person: { id: string } }) => person.id);
    };
    assert.deepEqual(await idsIn(), ['u_bob']);
    world.clock.ms += 1;
    assert.deepEqual(await idsIn(), ['u_alice', 'u_bob']);
  });
});

describe('what is given and not used', () => {
  test('servers that rules give to somebody, the least used first, with who may and who did', async () => {
    const { world, get } = await open();
    await world.exchange();
    while ((await world.store.agentUses.catchUp(1000)) > 0);
    while ((await world.store.auditSearch.indexFurther()) > 0);
    const { body } = await get('/reach/unused');
    assert.deepEqual(
      body.items.map(({ server, people, used, issued }: Record<string, { id: string }>) => [
        server?.id,
        people,
        used,
        issued,
      ]),
      [
        ['lonely', 1, 0, 0],
        ['wiki', 1, 0, 0],
        ['tracker', 2, 1, 1],
      ],
    );
    assert.deepEqual([body.unused, body.given], [2, 3]);
    const first = (await get('/reach/unused?limit=1')).body;
    assert.equal(first.items[0].server.id, 'lonely');
    const second = (await get(`/reach/unused?limit=2&cursor=${first.next}`)).body;
    assert.deepEqual(
      [second.items.map(({ server }: { server: { id: string } }) => server.id), second.next],
      [['wiki', 'tracker'], null],
    );
  });
});

describe('what is given and not used, where something is given to nobody', () => {
  const text = (name: string, more = '') =>
    `  ${name}: { resource: ${rasIssuer}/${name}/mcp, ras: ${rasIssuer}, scopes: { all: {} }${more} }\n`;

  test('neither a server that no rule gives, nor one that is switched off', async () => {
    const world = await openChangesWorld({
      text: accessText
        .replace('clients:', `${text('closed')}${text('off', ', enabled: false')}clients:`)
        .concat('  - { id: off, allow: [all], on: off, to: [everyone] }\n'),
    });
    const { body } = await writer(world, 'auditor').send('GET', '/reach/unused');
    assert.deepEqual(
      body.items.map(({ server }: { server: { id: string } }) => server.id),
      ['tracker'],
    );
    assert.deepEqual([body.given, body.unused], [1, 1]);
  });

  test('is that of now, however often it was asked for: of people, of the hour, and of the version in force', async () => {
    const rule = (id: string, more: string) => `  - { id: ${id}, allow: [all], on: wiki, to: [group:data]${more} }\n`;
    const withWiki = accessText.replace('clients:', `${text('wiki')}clients:`);
    const world = await openChangesWorld({ text: withWiki });
    const until = new Date((world.now() + 600) * 1000).toISOString().replace(/\.\d+Z/, 'Z');
    await publish(world, 'access', withWiki.concat(rule('ends', `, until: ${until}`)));
    const auditor = writer(world, 'auditor');
    const seen = async () => {
      const { body } = await auditor.send('GET', '/reach/unused');
      return body.items.map(({ server, people }: { server: { id: string }; people: number }) => [server.id, people]);
    };
    const first = await seen();
    assert.deepEqual(first, [
      ['tracker', 2],
      ['wiki', 3],
    ]);
    assert.deepEqual(await seen(), first);
    const person = await world.store.people.find('u_d1');
    assert.ok(person);
    await world.store.people.save({ ...person, groups: ['engineering'] });
    assert.deepEqual(await seen(), [
      ['tracker', 3],
      ['wiki', 2],
    ]);
    world.clock.ms += 600_000;
    assert.deepEqual(await seen(), [['tracker', 3]], 'its rule speaks no more');
    await publish(world, 'access', withWiki.concat(rule('stays', '')));
    assert.deepEqual(await seen(), [
      ['tracker', 3],
      ['wiki', 2],
    ]);
  });

  test('is no question where there is no identity provider', async () => {
    const world = await openChangesWorld();
    Object.assign(world.services, { access: () => undefined });
    for (const path of ['/reach/unused', '/reach/paths?person=u_alice', '/reach/servers/tracker/people']) {
      const answer = await writer(world, 'auditor').send('GET', path);
      await adminRefused(world, answer, 'api_not_found', { isRecorded: false });
    }
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
    for (const path of [
      '/reach/servers/tracker/people.csv',
      '/reach/servers/tracker/people',
      '/reach/servers/tracker',
      '/reach/people/u_alice',
      '/reach/paths?person=u_alice',
      '/reach/unused',
    ]) {
      await adminRefused(world, await world.send('GET', path, { token }), 'admin_scope_lacks');
    }
    const cell = await world.send('GET', '/access/cell?subject=user:u_alice&server=wiki', { token });
    assert.equal(cell.body.row.name, 'u_alice');
  });

  test('is narrowed as the list is', async () => {
    const { world, auditor } = await open();
    const url = `${adminUrl}/api/v1/reach/servers/tracker/people.csv?scope=issues:write&client=claude-code&unused=30`;
    const text = await (await world.app.fetch(new Request(url, auditor))).text();
    const lines = text.trim().split('\r\n').slice(1);
    assert.deepEqual(
      lines.map((line) => line.split(',')[0]),
      ['"u_alice"'],
    );
    assert.ok(lines[0]?.includes('"claude-code"'));
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
      for (const path of [
        '/reach/servers/tracker',
        '/reach/servers/tracker/people',
        '/reach/paths?server=tracker',
        '/reach/clients/inspector',
      ]) {
        const reach = await world.send('GET', path, browser);
        assert.equal(reach.status, 200);
        assert.equal(JSON.stringify(reach.body).includes(glass.email), isShown, `${role} ${path}`);
      }
      const paths = await world.send('GET', `/reach/paths?person=${glass.id}&server=tracker`, browser);
      assert.equal(paths.status, isShown ? 200 : 404, role);
      const cell = await world.send('GET', `/access/cell?subject=user:${glass.id}&server=tracker`, browser);
      assert.equal(cell.body.row.name, isShown ? glass.email : glass.id);
      const whatIf = await world.send('GET', `/drafts/${draft.id}/what-if?person=${glass.id}`, browser);
      assert.equal(whatIf.status, isShown ? 200 : 400, role);
    }
  });
});

test('T27: of a draft with more ways than anybody could go through some are told where less is asked', async () => {
  const world = await openChangesWorld();
  const token = await world.tokenOf('owner');
  const list = <T>(length: number, of: (at: number) => T) => Array.from({ length }, (_, at) => of(at));
  const ras = 'https://h.example';
  const document = {
    servers: { s: { resource: `${ras}/mcp`, ras, scopes: { a: {} } } },
    clients: Object.fromEntries(list(300, (at) => [`c${at}`, { client_ids: { [ras]: `c${at}` } }])),
    rules: list(300, (at) => ({ id: `r${at}`, allow: 'all', on: 's', to: [`group:g${at}`] })),
  };
  const { body } = await world.send('POST', '/drafts', { token, body: { kind: 'access', name: 'Many', document } });
  const path = `/reach/paths?server=s&draft=${body.id}`;
  await adminRefused(world, await world.send('GET', path, { token }), 'api_value_invalid', { isRecorded: false });
  const given = await world.send('GET', `${path}&client=c0`, { token });
  assert.deepEqual([given.status, given.body.paths.length, given.body.more], [200, 200, 100]);
});
