import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AdminAnswer, adminRefused, openAdminWorld } from './admin-world.ts';
import { publish, type Seen, writer } from './changes-world.ts';

// Design.md §4.8, T28: what a stdio upstream is started with, and the address of another, may hold secrets. They are told to nobody.

const stdio = { stdio: ['run', '--key', 's3cret'], env: { TOKEN: 's3cret' } };
const http = { http: 'http://127.0.0.1:9/mcp?key=s3cret' };
const inForce = {
  servers: {
    a: { upstream: stdio, scopes: { r: {} } },
    b: { upstream: http, scopes: { r: {} } },
    c: { scopes: { r: {} } },
  },
  clients: { code: {} },
};
const told = { a: { kind: 'stdio' }, b: { kind: 'http' } };
const asTold = { servers: { a: { upstream: told.a, scopes: { r: {} } }, b: { upstream: told.b, scopes: { r: {} } } } };

async function open() {
  const world = await openAdminWorld();
  await publish(world, 'resource', JSON.stringify(inForce));
  const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
  const begin = async (more: object = {}) => {
    const begun = await policy.send('POST', '/drafts', { kind: 'resource', name: 'A change', ...more });
    const { id, digest } = begun.body;
    return { answer: begun, id, digest, etag: begun.headers.get('etag') ?? '' };
  };
  const kept = async (id: string) => JSON.parse((await world.store.drafts.find(id))?.document ?? '{}').servers;
  const latest = async () => JSON.parse((await world.store.policies.latest('resource'))?.document ?? '{}').servers;
  return { world, policy, owner, begin, kept, latest };
}

function tellsNothing({ status, body }: AdminAnswer, expected: number): Seen {
  const text = JSON.stringify(body);
  assert.equal(status, expected, text);
  assert.ok(!text.includes('s3cret') && !text.includes('127.0.0.1:9'), text);
  return body;
}

const upstreamsOf = (document: Seen) => [document.servers.a.upstream, document.servers.b.upstream];
const mistakesOf = ({ body }: AdminAnswer) => body.errors.map(({ at }: { at: string }) => at);

describe('what upstreams are started with is told to nobody', () => {
  test('with a version of the document', async () => {
    const { world } = await open();
    const answer = await world.send('GET', '/policies/resource/versions/1', await world.browserOf('auditor'));
    assert.deepEqual(upstreamsOf(tellsNothing(answer, 200).document), [told.a, told.b]);
  });

  test('with a draft, its diff, and a plan', async () => {
    const { world, policy, begin } = await open();
    const { answer, id, etag } = await begin();
    assert.deepEqual(upstreamsOf(tellsNothing(answer, 201).document), [told.a, told.b]);
    assert.deepEqual(upstreamsOf(tellsNothing(await policy.send('GET', `/drafts/${id}`), 200).document), [
      told.a,
      told.b,
    ]);
    const edits = [
      { section: 'servers', id: 'a', value: { upstream: told.a, scopes: { r: {}, w: {} } } },
      { section: 'servers', id: 'b' },
    ];
    const edited = await policy.send('PATCH', `/drafts/${id}`, { edits }, etag);
    tellsNothing(edited, 200);
    const { entries } = tellsNothing(await policy.send('GET', `/drafts/${id}/diff`), 200);
    assert.deepEqual(
      entries.map(({ id: of, keys, before, after }: Seen) => [of, keys, before?.upstream, after?.upstream]),
      [
        ['a', ['scopes'], told.a, told.a],
        ['b', [], told.b, undefined],
      ],
    );
    const token = await world.tokenOf('policy', ['read:policy']);
    const document = { ...inForce, servers: { ...asTold.servers, c: { scopes: { r: {}, w: {} } } } };
    const plan = await world.send('POST', '/policies/resource/plan', { token, body: { document } });
    assert.deepEqual(tellsNothing(plan, 200).entries, [
      { section: 'servers', id: 'c', change: 'changed', keys: ['scopes'] },
    ]);
  });

  test('to a token that may apply, whatever it begins with', async () => {
    const { world } = await open();
    const token = await world.tokenOf('policy', ['apply', 'read:policy', 'read:reach']);
    for (const more of [{}, { version: 1 }, { document: asTold }]) {
      const body = { kind: 'resource', name: 'Give me', ...more };
      const begun = tellsNothing(await world.send('POST', '/drafts', { token, body }), 201);
      tellsNothing(await world.send('GET', `/drafts/${begun.id}/diff`, { token }), 200);
    }
  });

  test('with what somebody is told who comes second, or whose draft clashes', async () => {
    const { world, policy, owner, begin, kept } = await open();
    const { id, etag } = await begin();
    const edits = [{ section: 'servers', id: 'a', value: { upstream: told.a, scopes: { mine: {} } } }];
    const edited = await policy.send('PATCH', `/drafts/${id}`, { edits }, etag);
    const second = await owner.send('PATCH', `/drafts/${id}`, { edits }, etag);
    await adminRefused(world, second, 'api_version_differs');
    assert.deepEqual(upstreamsOf(tellsNothing(second, 412).current.document), [told.a, told.b]);

    const theirs = { ...inForce.servers, a: { upstream: stdio, scopes: { theirs: {} } } };
    await publish(world, 'resource', JSON.stringify({ ...inForce, servers: theirs }));
    const seen = edited.headers.get('etag') ?? '';
    const stuck = await policy.send('POST', `/drafts/${id}/rebase`, {}, seen);
    await adminRefused(world, stuck, 'draft_conflict');
    const [{ mine, theirs: other }] = tellsNothing(stuck, 409).current.conflicts;
    assert.deepEqual([mine.upstream, other.upstream], [told.a, told.a]);
    tellsNothing(await policy.send('POST', `/drafts/${id}/rebase`, { prefer: 'mine' }, seen), 200);
    assert.deepEqual((await kept(id)).a.upstream.env, stdio.env);
  });
});

describe('an upstream that comes back as it was told', () => {
  test('is the one that the draft has: what was read and sent back unchanged is published as it was', async () => {
    const { policy, begin, latest } = await open();
    const before = await latest();
    const { id, etag, digest } = await begin();
    const { document } = (await policy.send('GET', `/drafts/${id}`)).body;
    const put = await policy.send('PUT', `/drafts/${id}`, { document }, etag);
    assert.equal(put.body.digest, digest);
    const { a, b } = document.servers;
    const edits = [
      { section: 'servers', id: 'b' },
      { section: 'servers', id: 'a', value: { ...a, name: 'A' } },
      { section: 'servers', id: 'b', value: b },
    ];
    const edited = await policy.send('PATCH', `/drafts/${id}`, { edits }, put.headers.get('etag') ?? '');
    assert.equal((await policy.publish(edited.body)).status, 200);
    const { name, ...rest } = (await latest()).a;
    assert.deepEqual([name, rest, (await latest()).b], ['A', before.a, before.b]);
  });

  test('leaves the rest of the entry as it was: RAS-30, bound tokens are demanded before and after', async () => {
    const { world, policy, begin, latest } = await open();
    const a = { ...inForce.servers.a, require_bound_tokens: true };
    await publish(world, 'resource', JSON.stringify({ ...inForce, servers: { ...inForce.servers, a } }));
    const { answer, id, etag } = await begin();
    const value = { ...answer.body.document.servers.a, name: 'A' };
    const edited = await policy.send(
      'PATCH',
      `/drafts/${id}`,
      { edits: [{ section: 'servers', id: 'a', value }] },
      etag,
    );
    assert.equal((await policy.publish(edited.body)).status, 200);
    assert.deepEqual([(await latest()).a.name, (await latest()).a.require_bound_tokens], ['A', true]);
  });

  test('in a document from elsewhere is the one in force, as a plan and as a draft', async () => {
    const { world, begin, kept, latest } = await open();
    const document = { ...inForce, servers: { ...inForce.servers, ...asTold.servers } };
    const token = await world.tokenOf('policy', ['read:policy']);
    const plan = await world.send('POST', '/policies/resource/plan', { token, body: { document } });
    assert.equal(plan.body.isInForce, true);
    const { id } = await begin({ document });
    assert.deepEqual(await kept(id), await latest());
  });

  test('is that of the draft where that has another, and that in force where the draft has none', async () => {
    const { policy, begin, kept, latest } = await open();
    const { id, etag } = await begin();
    const mine = {
      section: 'servers',
      id: 'b',
      value: { upstream: { http: 'http://127.0.0.1:8/mcp' }, scopes: { r: {} } },
    };
    const first = await policy.send('PATCH', `/drafts/${id}`, { edits: [mine, { section: 'servers', id: 'a' }] }, etag);
    const edits = ['a', 'b'].map((of) => ({
      section: 'servers',
      id: of,
      value: asTold.servers[of as 'a' | 'b'],
    }));
    const second = await policy.send('PATCH', `/drafts/${id}`, { edits }, first.headers.get('etag') ?? '');
    assert.equal(second.status, 200, JSON.stringify(second.body));
    const { a, b } = await kept(id);
    assert.deepEqual([a, b.upstream.http], [(await latest()).a, 'http://127.0.0.1:8/mcp']);
  });

  const moved: [name: string, servers: object, at: string][] = [
    ['another server', { d: { upstream: told.a, scopes: { r: {} } } }, 'servers.d.upstream'],
    ['a server that has none', { c: { upstream: told.b, scopes: { r: {} } } }, 'servers.c.upstream'],
    [
      'a name that every object has',
      { constructor: { upstream: told.b, scopes: { r: {} } } },
      'servers.constructor.upstream',
    ],
    ['one of another kind', { a: { upstream: told.b, scopes: { r: {} } } }, 'servers.a.upstream'],
    ['no kind', { a: { upstream: { kind: 7 }, scopes: { r: {} } } }, 'servers.a.upstream'],
    // Whole or not at all: a secret goes to no other address or command.
    [
      'another address',
      { b: { upstream: { ...told.b, http: 'https://evil.example' }, scopes: { r: {} } } },
      'servers.b.upstream',
    ],
    ['another command', { a: { upstream: { ...told.a, stdio: ['steal'] }, scopes: { r: {} } } }, 'servers.a.upstream'],
    ['words beside it', { a: { upstream: { ...told.a, cwd: '/srv' }, scopes: { r: {} } } }, 'servers.a.upstream'],
  ];
  for (const [name, servers, at] of moved) {
    test(`goes nowhere else: ${name}`, async () => {
      const { world, policy, begin, kept } = await open();
      const document = { ...inForce, servers };
      const { answer } = await begin({ document });
      const token = await world.tokenOf('policy', ['read:policy']);
      const plan = await world.send('POST', '/policies/resource/plan', { token, body: { document } });
      const { id, etag } = await begin();
      const before = await kept(id);
      const edits = Object.entries(servers).map(([of, value]) => ({ section: 'servers', id: of, value }));
      const edited = await policy.send('PATCH', `/drafts/${id}`, { edits }, etag);
      const put = await policy.send('PUT', `/drafts/${id}`, { document }, etag);
      for (const each of [answer, plan, edited, put]) {
        assert.equal(each.body.code, 'draft_mistaken');
        assert.ok(mistakesOf(each).every((where: string) => where.startsWith(at)));
        tellsNothing(each, 400);
      }
      assert.deepEqual(await kept(id), before);
    });
  }

  test('written out anew has nothing of the old one', async () => {
    const { policy, begin, kept } = await open();
    const { id, etag } = await begin();
    const edits = [{ section: 'servers', id: 'a', value: { upstream: { stdio: ['other'] }, scopes: { r: {} } } }];
    assert.equal((await policy.send('PATCH', `/drafts/${id}`, { edits }, etag)).status, 200);
    assert.deepEqual((await kept(id)).a.upstream, { stdio: ['other'], allow: [] });
  });
});
