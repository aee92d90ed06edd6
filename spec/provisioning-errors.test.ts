import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Store, StoreConflict, StoreUnavailable } from '../packages/server/src/store/store.ts';
import { base, openProvisioning, patchBody, type ScimAnswer, type ScimRefusal, scimRefused, userBody } from './scim.ts';
import { alice } from './world.ts';

describe('PRV-03, B91, RFC 7644 §3.12: errors', () => {
  type Ask = (open: Awaited<ReturnType<typeof prepare>>) => Promise<ScimAnswer>;
  const prepare = async () => {
    const open = await openProvisioning();
    const erin = (await open.okta('POST', '/Users', userBody('erin'))).body;
    const frank = (await open.okta('POST', '/Users', userBody('frank'))).body;
    const foreign = (await open.entra('POST', '/Users', userBody('greta'))).body;
    const group = (await open.okta('POST', '/Groups', { displayName: 'Eng' })).body;
    return { ...open, erin, frank, foreign, group };
  };
  const find =
    (filter: string): Ask =>
    ({ okta }) =>
      okta('GET', `/Users?filter=${encodeURIComponent(filter)}`);
  const patch =
    (...operations: object[]): Ask =>
    ({ okta, erin }) =>
      okta('PATCH', `/Users/${erin.id}`, patchBody(...operations));
  const patchGroup =
    (...operations: object[]): Ask =>
    ({ okta, group }) =>
      okta('PATCH', `/Groups/${group.id}`, patchBody(...operations));
  const post =
    (change: object): Ask =>
    ({ okta }) =>
      okta('POST', '/Users', userBody('new', change));

  const table: [name: string, ask: Ask, reason: ScimRefusal][] = [
    ['B91 a filter that tries to get out of its string', find('userName eq "x" or "1" eq "1"'), 'scim_filter_invalid'],
    ['B91 SQL in a filter', find(`userName eq 'x' OR 1=1 --`), 'scim_filter_invalid'],
    ['a filter on what is not searched', find('name.familyName eq "Example"'), 'scim_filter_invalid'],
    [
      'a filter of users on a list of groups',
      ({ okta }) => okta('GET', `/Groups?filter=${encodeURIComponent('userName eq "x"')}`),
      'scim_filter_invalid',
    ],
    ['a filter on a password', find('password sw "a"'), 'scim_filter_invalid'],
    ['a filter without its value', find('userName eq'), 'scim_filter_invalid'],
    ['a filter in too many brackets', find(`${'('.repeat(30)}userName pr${')'.repeat(30)}`), 'scim_filter_invalid'],
    ['a filter with too many terms', find(Array(101).fill('userName pr').join(' or ')), 'scim_filter_invalid'],
    ['a filter of 5,000 characters', find(`userName eq "${'x'.repeat(5000)}"`), 'scim_filter_invalid'],
    ['a filter with a NUL in it', find('userName eq "x\\u0000" or userName eq "y"'), 'scim_filter_invalid'],
    ['a filter on whether there is a group at all', find('groups pr'), 'scim_filter_invalid'],
    ['a filter on none', find('groups.value eq null'), 'scim_filter_invalid'],
    ['a filter that compares a time with text', find('meta.created gt "yesterday"'), 'scim_filter_invalid'],
    [
      'a filter that is a list of one',
      ({ okta }) => okta('POST', '/Users/.search', { filter: ['userName eq "x"'] }),
      'scim_filter_invalid',
    ],
    ['a page that starts at text', ({ okta }) => okta('GET', '/Users?startIndex=one'), 'scim_value_invalid'],
    ['sorted by what has many values', ({ okta }) => okta('GET', '/Users?sortBy=emails.value'), 'scim_value_invalid'],
    ['B91 a patch of id', patch({ op: 'replace', path: 'id', value: 'u_me' }), 'scim_immutable'],
    ['B91 a patch of id without path', patch({ op: 'replace', value: { id: 'u_me' } }), 'scim_immutable'],
    ['B91 a patch of a group’s id', patchGroup({ op: 'replace', value: { id: 'g_me' } }), 'scim_immutable'],
    ['a patch of meta', patch({ op: 'replace', path: 'meta.version', value: '9' }), 'scim_immutable'],
    ['a patch of groups at the user', patch({ op: 'add', path: 'groups', value: [{ value: 'g' }] }), 'scim_immutable'],
    [
      'a patch that does what is no text',
      patch({ op: { toString: 1 }, path: 'title', value: 'x' }),
      'scim_body_malformed',
    ],
    ['userName removed', patch({ op: 'remove', path: 'userName' }), 'scim_immutable'],
    ['a group’s name removed', patchGroup({ op: 'remove', path: 'displayName' }), 'scim_immutable'],
    ['B91 duplicate userName', post({ userName: 'ERIN@acme.example', emails: [] }), 'scim_user_name_taken'],
    [
      'B91 duplicate userName by PUT',
      ({ okta, frank }) => okta('PUT', `/Users/${frank.id}`, userBody('erin')),
      'scim_user_name_taken',
    ],
    ['an address of another user', post({ emails: [{ value: 'Erin@acme.example' }] }), 'scim_email_taken'],
    ['an address of another source’s user', post({ emails: [{ value: 'greta@acme.example' }] }), 'scim_email_taken'],
    ['an address of somebody local', post({ emails: [{ value: 'alice@acme.example' }] }), 'scim_email_taken'],
    ['B91 another source’s id read', ({ okta, foreign }) => okta('GET', `/Users/${foreign.id}`), 'scim_not_found'],
    [
      'B91 another source’s id patched',
      ({ okta, foreign }) =>
        okta('PATCH', `/Users/${foreign.id}`, patchBody({ op: 'replace', path: 'active', value: false })),
      'scim_not_found',
    ],
    [
      'B91 another source’s id replaced',
      ({ okta, foreign }) => okta('PUT', `/Users/${foreign.id}`, userBody('greta')),
      'scim_not_found',
    ],
    [
      'B91 another source’s id deleted',
      ({ okta, foreign }) => okta('DELETE', `/Users/${foreign.id}`),
      'scim_not_found',
    ],
    ['a local person deleted', ({ okta }) => okta('DELETE', '/Users/u_alice'), 'scim_not_found'],
    ['another source’s group', ({ entra, group }) => entra('DELETE', `/Groups/${group.id}`), 'scim_not_found'],
    [
      'another source’s user as a member',
      ({ okta, group, foreign }) =>
        okta('PATCH', `/Groups/${group.id}`, patchBody({ op: 'add', path: 'members', value: [{ value: foreign.id }] })),
      'scim_value_invalid',
    ],
    [
      'a local person as a member',
      patchGroup({ op: 'add', path: 'members', value: [{ value: 'u_alice' }] }),
      'scim_value_invalid',
    ],
    [
      'nobody as a member of a new group',
      ({ okta }) => okta('POST', '/Groups', { displayName: 'G', members: [{ value: 'u_nobody' }] }),
      'scim_value_invalid',
    ],
    [
      'a NUL as a member that is to leave, beside another',
      patchGroup({ op: 'remove', path: 'members', value: [{ value: 'u_1' }, { value: '\0' }] }),
      'scim_value_invalid',
    ],
    [
      'a group as a member',
      patchGroup({ op: 'add', path: 'members', value: [{ value: 'g', type: 'Group' }] }),
      'scim_value_invalid',
    ],
    ['a path that leads nowhere', patch({ op: 'replace', path: 'shoeSize', value: '44' }), 'scim_path_invalid'],
    ['a path that is none', patch({ op: 'replace', path: 'emails[type eq', value: 'x' }), 'scim_path_invalid'],
    [
      'a filter in the path of a single value',
      patch({ op: 'replace', path: 'name[type eq "a"].givenName', value: 'x' }),
      'scim_path_invalid',
    ],
    ['remove without path', patch({ op: 'remove' }), 'scim_no_target'],
    [
      'a value that meets no filter',
      patch({ op: 'replace', path: 'emails[value ew "x"].type', value: 'home' }),
      'scim_no_target',
    ],
    ['an operation that is none', patch({ op: 'move', path: 'title' }), 'scim_body_malformed'],
    ['no operations', patch(), 'scim_body_malformed'],
    ['1,001 operations', patch(...Array(1001).fill({ op: 'add', path: 'title', value: 'x' })), 'scim_too_many'],
    [
      '10,001 members',
      patchGroup({
        op: 'add',
        path: 'members',
        value: Array.from({ length: 10_001 }, (_, at) => ({ value: `u_${at}` })),
      }),
      'scim_too_many',
    ],
    ['active that is neither', patch({ op: 'replace', path: 'active', value: 'perhaps' }), 'scim_value_invalid'],
    [
      'no userName by PUT',
      ({ okta, erin }) => okta('PUT', `/Users/${erin.id}`, userBody('erin', { userName: undefined })),
      'scim_value_invalid',
    ],
    [
      'an address that is none by PATCH',
      patch({ op: 'replace', path: 'emails', value: [{ value: 'nowhere' }] }),
      'scim_value_invalid',
    ],
    ['a group without a name', ({ okta }) => okta('POST', '/Groups', { members: [] }), 'scim_value_invalid'],
    [
      'a group without a name by PUT',
      ({ okta, group }) => okta('PUT', `/Groups/${group.id}`, { members: [] }),
      'scim_value_invalid',
    ],
    ['no operations on a group', patchGroup(), 'scim_body_malformed'],
    [
      'a group that is not there patched',
      ({ okta }) => okta('PATCH', '/Groups/nobody', patchBody({ op: 'replace', path: 'displayName', value: 'X' })),
      'scim_not_found',
    ],
    ['no userName', post({ userName: undefined }), 'scim_value_invalid'],
    ['a userName with a bidi mark', post({ userName: 'a\u202e@acme.example' }), 'scim_value_invalid'],
    ['a null character in a name', post({ displayName: 'a\0b' }), 'scim_value_invalid'],
    ['half a surrogate pair in a name', post({ displayName: 'a\ud800' }), 'scim_value_invalid'],
    ['no address at all', post({ userName: 'new', emails: undefined }), 'scim_value_invalid'],
    ['an address that is none', post({ emails: [{ value: 'nowhere' }] }), 'scim_value_invalid'],
    ['a name of 2,000 characters', post({ displayName: 'x'.repeat(2000) }), 'scim_value_invalid'],
    ['201 roles', post({ roles: Array.from({ length: 201 }, (_, at) => ({ value: `r${at}` })) }), 'scim_value_invalid'],
    ['text where a text should be an object', ({ okta }) => okta('POST', '/Users', '"erin"'), 'scim_body_malformed'],
    [
      'a member twice',
      ({ okta }) => okta('POST', '/Users', '{"userName":"a@b.c","userName":"d@e.f"}'),
      'scim_body_malformed',
    ],
    [
      'a body in a form',
      ({ okta }) => okta('POST', '/Users', 'userName=x', { 'content-type': 'application/x-www-form-urlencoded' }),
      'scim_wrong_content_type',
    ],
    [
      'a body of 2 MiB',
      ({ okta }) => okta('POST', '/Users', userBody('big', { title: 'x'.repeat(2_000_000) })),
      'scim_body_too_large',
    ],
    [
      'a bulk of 1,001',
      ({ okta }) => okta('POST', '/Bulk', { Operations: Array(1001).fill({ method: 'DELETE', path: '/Users/x' }) }),
      'scim_body_too_large',
    ],
    ['an address that is nobody’s', ({ okta }) => okta('GET', '/Printers'), 'scim_not_found'],
    ['a percent sign that escapes nothing', ({ okta }) => okta('GET', '/Users/%zz'), 'scim_not_found'],
    ['a method that is not one', ({ okta }) => okta('DELETE', '/Users'), 'scim_wrong_method'],
    ['/Me', ({ okta }) => okta('GET', '/Me'), 'scim_not_implemented'],
  ];
  for (const [name, ask, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const open = await prepare();
      const before = await open.world.store.changeSequence();
      await scimRefused(await ask(open), reason, await open.records());
      assert.equal(await open.world.store.changeSequence(), before, 'nothing was changed');
      assert.deepEqual(open.world.faults, []);
    });
  }

  test('two users claim one address: the client learns that it is taken, the administrator by whom', async () => {
    const { okta, erin, records } = await prepare();
    const answer = await okta('POST', '/Users', userBody('thief', { emails: [{ value: 'erin@acme.example' }] }));
    assert.ok(!JSON.stringify(answer.body).includes(erin.id));
    const record = (await records()).at(-1);
    assert.deepEqual([record?.reason, record?.person, record?.source], ['scim_email_taken', erin.id, 'scim:okta']);
  });

  test('a client that asks too fast is told to wait, and so is one whose searches read everything', async () => {
    const { okta, records } = await prepare();
    const scan = () => okta('GET', '/Users?filter=displayName%20co%20%22a%22');
    const answers = await Promise.all(Array.from({ length: 30 }, scan));
    const slowed = answers.find(({ status }) => status === 429);
    assert.ok(slowed);
    await scimRefused(slowed, 'scim_too_fast', await records());
    assert.equal((await okta('GET', '/Users?filter=userName%20eq%20%22x%22')).status, 200);
    const flood = await Promise.all(Array.from({ length: 600 }, () => okta('GET', '/Users?count=0')));
    const waiting = flood.find(({ status }) => status === 429);
    assert.equal(waiting?.headers.get('retry-after'), '10');
  });

  test('a client that repeats its mistake all day does not fill the record (T27)', async () => {
    const { okta, records, world } = await openProvisioning({ linesPerSecond: 5 });
    const before = (await records()).length;
    for (let round = 0; round < 100; round += 1) {
      const { body } = await okta('DELETE', '/Users/nobody');
      assert.match(body.detail, /Reference: d_/);
    }
    assert.equal((await records()).length - before, 5);
    await world.edge.ledger.flush();
    assert.match((await records()).at(-1)?.detail ?? '', /scim_not_found: 95/);
  });

  test('a read that fails is on no line of the record, a search as little (T27)', async () => {
    const { okta, records } = await prepare();
    const before = (await records()).length;
    const reads = [
      await okta('GET', '/Users/nobody'),
      await okta('POST', '/Users/.search', { filter: 'shoeSize eq "44"' }),
    ];
    for (const { status, body } of reads) {
      assert.ok(status >= 400);
      assert.doesNotMatch(body.detail, /Reference/);
    }
    assert.equal((await records()).length, before);
  });

  test('a body of 1 MiB is read, a longer one is not even begun where it says how long it is', async () => {
    const { okta, sendTo } = await openProvisioning();
    const limit = 1024 * 1024;
    const rest = JSON.stringify(userBody('big', { title: 'x', unknown: '' })).length;
    const body = JSON.stringify(userBody('big', { title: 'x', unknown: 'x'.repeat(limit - rest) }));
    const length = { 'content-length': String(body.length) };
    assert.equal((await okta('POST', '/Users', body, length)).status, 201);
    assert.equal((await okta('POST', '/Users', body)).status, 409, 'read: the user is there');
    assert.equal((await okta('POST', '/Users', `${body} `)).status, 413);
    let pulled = 0;
    const pull = (controller: ReadableStreamDefaultController) => {
      pulled += 1;
      controller.close();
    };
    const stream = new ReadableStream({ pull }, { highWaterMark: 0 });
    const authorization = 'Bearer okta-token-that-is-long-enough';
    const headers = { authorization, 'content-type': 'application/json', 'content-length': String(limit + 1) };
    const request = { method: 'POST', headers, body: stream, duplex: 'half' } as const;
    assert.deepEqual([(await sendTo(new Request(`${base}/Users`, request))).status, pulled], [413, 0]);
  });

  test('whoever goes away in the middle of a body is no fault of ours', async () => {
    const { world, sendTo } = await openProvisioning();
    const body = new ReadableStream({ start: (controller) => controller.error(new Error('aborted')) });
    const headers = { authorization: 'Bearer okta-token-that-is-long-enough', 'content-type': 'application/scim+json' };
    await sendTo(new Request(`${base}/Users`, { method: 'POST', headers, body, duplex: 'half' }));
    assert.deepEqual(world.faults, []);
  });

  test('groups with more than 50,000 members are listed without them', async () => {
    const { okta, world, records } = await openProvisioning();
    const { groups, provisioned } = world.store.directory;
    const people = Array.from({ length: 500 }, (_, at) => toUser(`p${at}`));
    for (const person of people) await provisioned.create(person, {}, []);
    const ids = people.map(({ id }) => id);
    const add = (name: string, members: string[]) => {
      const named = { kind: 'group', id: `okta/${name}`, source: 'scim:okta', name, externalId: undefined } as const;
      return groups.create({ ...named, createdMs: 1, modifiedMs: 1 }, members, []);
    };
    for (let at = 0; at < 100; at += 1) await add(`g${at}`, ids);
    assert.equal((await okta('GET', '/Groups?count=200')).status, 200);
    await add('one-more', ids.slice(0, 1));
    await scimRefused(await okta('GET', '/Groups?count=200'), 'scim_too_many', await records());
    assert.equal((await okta('GET', '/Groups?count=200&excludedAttributes=members')).body.totalResults, 101);
  });

  /** A user of the source, as the store keeps one. */
  function toUser(name: string) {
    const address = `${name}@acme.example`;
    const state = { externalId: undefined, wantedActive: true, blocked: false, createdMs: 1, modifiedMs: 1 };
    const who = {
      id: `u_${name}`,
      source: 'scim:okta',
      handle: address,
      email: address,
      emails: [address],
      name,
    } as const;
    return { ...who, ...state, attributes: JSON.stringify({ userName: address }) };
  }

  /** A directory of which one call does something else. */
  const withUsers = (
    change: (of: Store['directory']['provisioned']) => Partial<Store['directory']['provisioned']>,
  ) => ({
    through: (store: Store): Store => {
      const { provisioned } = store.directory;
      return { ...store, directory: { ...store.directory, provisioned: { ...provisioned, ...change(provisioned) } } };
    },
  });
  const fails = (fault: Error) => () => Promise.reject(fault);

  test('a store that goes away while it writes: 503, and nothing of whose the address is', async () => {
    const { okta, world } = await openProvisioning(withUsers(() => ({ create: fails(new StoreUnavailable('away')) })));
    const answer = await okta('POST', '/Users', userBody('new', { emails: [{ value: alice.email }] }));
    assert.equal(answer.status, 503);
    assert.equal(world.faults.length, 1);
  });

  test('a conflict about neither userName nor address is a fault of ours, and told as such', async () => {
    const conflict = new StoreConflict('something else');
    const { okta, world } = await openProvisioning(
      withUsers(() => ({ create: fails(conflict), update: fails(conflict) })),
    );
    assert.equal((await okta('POST', '/Users', userBody('new'))).status, 500);
    await world.store.directory.provisioned.create(toUser('erin'), {}, []);
    const title = patchBody({ op: 'add', path: 'title', value: 'Lead' });
    assert.equal((await okta('PATCH', `/Users/u_erin`, title)).status, 500);
    assert.deepEqual(world.faults, [conflict, conflict]);
  });

  test('a store that is away: 503, and nothing told', async () => {
    const { okta, world } = await openProvisioning();
    await world.store.close();
    const answer = await okta('GET', '/Users');
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [503, '1']);
    assert.equal(world.faults.length, 1);
  });
});
