import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AuditRecord, toRow } from '../packages/server/src/audit/record.ts';
import { type AdminWorld, adminRefused } from './admin-world.ts';
import { accessText, dataWrites, openChangesWorld, publish, type Seen, writer } from './changes-world.ts';

// What a draft would do, before it is in force: to everybody, to one person, and to what was decided.

const distributed = {
  section: 'clients',
  id: 'claude-code',
  value: { name: 'Claude Code', redirect_uris: ['http://localhost/cb'], distributed: true, client_ids: {} },
};

describe('the diff of a draft', () => {
  test('says in people and words what it does, and whether somebody else has to approve', async () => {
    const world = await openChangesWorld({ secondPerson: true });
    const policy = writer(world, 'policy');
    const draft = await policy.draft(dataWrites);
    const { body } = await policy.send('GET', `/drafts/${draft.id}/diff`);
    assert.deepEqual([body.from, body.gain, body.lose, body.secondPerson], [1, 3, 0, true]);
    assert.equal(body.digest, draft.digest, 'the text that it speaks of, which is the one to approve');
    assert.equal(body.summary, '3 people gain, 0 lose.');
    assert.deepEqual(body.widens, ['rules on tracker grant more']);
    assert.deepEqual(
      body.effects.map(({ sign, words, risk, rules }: Seen) => [sign, words, risk, rules]),
      [
        ['+', '3 people in Data gain issues:write on Tracker through Claude Code.', 'high', ['data-writes']],
        [
          '+',
          '2 people in Data gain issues:read on Tracker through Claude Code. 1 more has it already.',
          'low',
          ['data-writes'],
        ],
      ],
    );
    assert.deepEqual(
      body.entries.map(({ section, id, before }: Seen) => [section, id, before]),
      [['rules', 'data-writes', null]],
    );
    const { effects } = (await policy.send('GET', `/drafts/${(await policy.draft()).id}/diff`)).body;
    assert.deepEqual(effects, []);
  });

  test('is that of now, however often it was asked for: of people, of the text, of the version in force, and of the hour', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const until = new Date((world.now() + 600) * 1000).toISOString().replace(/\.\d+Z/, 'Z');
    const draft = await policy.draft({ ...dataWrites, value: { ...dataWrites.value, until } });
    const ask = async () => (await policy.send('GET', `/drafts/${draft.id}/diff`)).body;
    const seen = async () => {
      const { from, gain, effects } = await ask();
      return [from, gain, effects[0]?.words];
    };
    const words = (who: string) => `${who} gain issues:write on Tracker through Claude Code.`;
    assert.deepEqual(await seen(), [1, 3, words('3 people in Data')]);
    assert.deepEqual(await seen(), [1, 3, words('3 people in Data')]);

    const person = await world.store.people.find('u_d1');
    assert.ok(person);
    await world.store.people.save({ ...person, groups: [] });
    assert.deepEqual(await seen(), [1, 2, words('2 people in Data')]);
    const group = await world.store.directory.groups.find('group', 'data');
    assert.ok(group);
    await world.store.directory.groups.update({ ...group, name: 'Numbers' }, { add: [], remove: [] }, []);
    assert.deepEqual(await seen(), [1, 2, words('2 people in Numbers')]);

    const edits = [{ ...dataWrites, value: { ...dataWrites.value, allow: ['issues:read'], until } }];
    const edited = await policy.send('PATCH', `/drafts/${draft.id}`, { edits }, draft.etag);
    const again = await ask();
    assert.equal(again.digest, edited.body.digest);
    assert.deepEqual([again.gain, again.effects[0]?.scopes], [1, ['issues:read']]);

    const all = '  - { id: all, allow: [issues:read], on: tracker, to: [everyone] }\n';
    await publish(world, 'access', `${accessText}${all}`);
    const behind = await ask();
    assert.deepEqual([behind.from, behind.gain, behind.entries.length], [2, 0, 2]);

    await publish(world, 'access', accessText);
    assert.deepEqual([(await ask()).from, (await ask()).gain], [3, 1]);
    world.clock.ms += 600 * 1000;
    assert.equal((await ask()).gain, 0, 'its rule speaks no more');
  });

  test('counts people, so that it is for those who may read reach and not for a token for documents alone', async () => {
    const world = await openChangesWorld();
    const { id } = await writer(world, 'policy').draft(dataWrites);
    const [lacking, having] = [['read:policy', 'apply'], ['read:reach']];
    const get = async (scopes: string[]) =>
      world.send('GET', `/drafts/${id}/diff`, { token: await world.tokenOf('policy', scopes) });
    await adminRefused(world, await get(lacking), 'admin_scope_lacks');
    assert.equal((await get(having)).body.gain, 3);
  });

  test('of a resource document names the entries', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const document = { clients: { code: {} } };
    const { body } = await policy.send('POST', '/drafts', { kind: 'resource', name: 'First', document });
    const diff = await policy.send('GET', `/drafts/${body.id}/diff`);
    assert.deepEqual([diff.body.from, diff.body.summary, diff.body.secondPerson], [0, '1 entry changes.', false]);
    for (const path of ['what-if?person=u_d1', 'replay']) {
      const answer = await policy.send('GET', `/drafts/${body.id}/${path}`);
      await adminRefused(world, answer, 'api_value_invalid', { isRecorded: false });
    }
  });
});

describe('what if, for one person', () => {
  test('says what they gain and lose, and explains one server through one client on both sides', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { id } = await policy.draft(dataWrites, { section: 'rules', id: 'eng-reads' });
    const ask = (query: string) => policy.send('GET', `/drafts/${id}/what-if?${query}`);
    const { body } = await ask('person=u_both&client=claude-code&server=tracker&scope=issues:read%20issues:write');
    assert.deepEqual(body.gained, [{ client: 'claude-code', server: 'tracker', scopes: ['issues:write'] }]);
    assert.deepEqual(body.lost, [{ client: 'inspector', server: 'tracker', scopes: ['issues:read'] }]);
    assert.deepEqual([body.before.effect, body.before.scopes], ['allow', ['issues:read']]);
    assert.deepEqual([body.after.effect, body.after.scopes], ['allow', ['issues:read', 'issues:write']]);
    assert.deepEqual(
      body.after.rules.map(({ id: rule, spoke }: Seen) => [rule, spoke]),
      [['data-writes', true]],
    );
    const plain = await ask('person=u_d1');
    assert.deepEqual([plain.body.before, plain.body.after, plain.body.lost], [null, null, []]);
    for (const query of ['person=u_nobody', 'person=u_d1&client=claude-code', '']) {
      await adminRefused(world, await ask(query), 'api_value_invalid', { isRecorded: false });
    }
  });
});

describe('the replay of recorded decisions', () => {
  type Changes = { readonly [Key in keyof AuditRecord]?: AuditRecord[Key] | undefined };
  let made = 0;
  const record = async (world: AdminWorld, person: string, groups: string[], change: Changes = {}) => {
    made += 1;
    const line = {
      v: 2,
      id: `d_${made}`,
      kind: 'issuance',
      domain: 'idp',
      timeMs: world.clock.ms - 1000,
      outcome: 'allowed',
      person,
      client: 'claude-code',
      server: 'tracker',
      scopesAsked: ['issues:read', 'issues:write'],
      scopesGranted: ['issues:read'],
      policy: { kind: 'access', version: 1 },
      inputs: { groups, roles: [], acr: undefined, amr: ['pwd'], authTime: world.now() - 60, now: world.now() - 1 },
      decision: { effect: 'allow', because: ['eng-reads'] },
      ...change,
    } as AuditRecord;
    await world.store.commit({ marks: [], records: [toRow(line)] });
    return line.id;
  };
  const denied = { outcome: 'refused', scopesGranted: undefined, decision: { effect: 'deny', because: [] } } as const;

  test('tells what would be gained, lost and the same, from what the record holds and not from today', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    // Whatever they are in today: u_d1 was in engineering then, and u_alice in nothing.
    const lost = await record(world, 'u_d1', ['engineering']);
    const gained = await record(world, 'u_alice', ['data'], denied);
    await record(world, 'u_d2', [], denied);
    const erased = await record(world, 'u_both', ['engineering'], { inputs: undefined });
    await record(world, 'u_both', ['engineering'], { scopesGranted: undefined, outcome: 'refused' });
    await record(world, 'u_both', [], { policy: { kind: 'resource', version: 1 } });
    const outside = await record(world, 'u_both', ['data'], {
      scopesGranted: ['issues:read'],
      withheldOutside: ['issues:write'],
    });
    assert.ok(erased && outside);
    const { id } = await policy.draft(dataWrites, { section: 'rules', id: 'eng-reads' });
    const { body } = await policy.send('GET', `/drafts/${id}/replay`);
    const { changed, next, reachedMs, digest, ...figures } = body;
    assert.deepEqual(figures, { total: 4, gained: 1, letIn: 1, lost: 1, shutOut: 1, again: 0, same: 2, unknown: 2 });
    assert.deepEqual([next, reachedMs], [null, world.clock.ms - 1000]);
    assert.equal(digest, (await policy.send('GET', `/drafts/${id}`)).body.digest, 'the text that decided');
    assert.deepEqual(
      changed.map(({ id: line, person, change, before, after }: Seen) => [line, person, change, before, after]),
      [
        [gained, 'u_alice', 'gained', [], ['issues:read', 'issues:write']],
        [lost, 'u_d1', 'lost', ['issues:read'], []],
      ],
    );
  });

  test('whoever had some before is not let in, and whoever keeps some is not shut out', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await record(world, 'u_d1', ['engineering'], { scopesGranted: ['issues:read', 'issues:write'] });
    await record(world, 'u_d2', ['data']);
    const { id } = await policy.draft(dataWrites);
    const { gained, letIn, lost, shutOut } = (await policy.send('GET', `/drafts/${id}/replay`)).body;
    assert.deepEqual({ gained, letIn, lost, shutOut }, { gained: 1, letIn: 0, lost: 1, shutOut: 0 });
  });

  test('comes in pages that add up, within a window', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    for (let at = 0; at < 5; at += 1) await record(world, 'u_d1', ['engineering']);
    await record(world, 'u_d1', ['engineering'], { timeMs: world.clock.ms - 31 * 86_400_000 });
    const { id } = await policy.draft({ section: 'rules', id: 'eng-reads' });
    let [lost, pages, cursor] = [0, 0, ''];
    while (pages < 20) {
      const { body } = await policy.send('GET', `/drafts/${id}/replay?limit=2${cursor}`);
      [lost, pages] = [lost + body.lost, pages + 1];
      if (body.next === null) break;
      cursor = `&cursor=${body.next}`;
    }
    assert.equal(lost, 5);
    assert.ok(pages >= 3);
    const wrong = await policy.send('GET', `/drafts/${id}/replay?cursor=x`);
    await adminRefused(world, wrong, 'api_value_invalid', { isRecorded: false });
  });

  test('says of a client that has to show a key from now on that nobody knows', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await record(world, 'u_d1', ['engineering']);
    const client = {
      ...distributed,
      value: {
        ...distributed.value,
        client_ids: JSON.parse(JSON.stringify((await policy.draft()).body.document.clients['claude-code'].client_ids)),
      },
    };
    const { id } = await policy.draft(client);
    assert.equal((await policy.send('GET', `/drafts/${id}/replay`)).body.unknown, 1);
  });

  test('says the same of what must never come together, where nobody wrote down what the session held', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await record(world, 'u_d1', ['engineering']);
    const inputs = { groups: ['engineering'], roles: [], acr: undefined, amr: ['pwd'], now: world.now() - 1 };
    const written = { inputs: { ...inputs, authTime: world.now() - 60, held: [] } };
    for (const person of ['u_d1', 'u_d2']) await record(world, person, ['engineering'], written);
    const sides = { a: { tracker: ['issues:read'] }, b: { tracker: ['issues:write'] } };
    const { id } = await policy.draft({ section: 'never_together', id: 'apart', value: { sides } });
    const { body } = await policy.send('GET', `/drafts/${id}/replay`);
    assert.deepEqual([body.unknown, body.same], [1, 2]);
  });

  test('says that somebody would have to sign in again', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await record(world, 'u_d1', ['engineering']);
    const rule = { section: 'rules', id: 'mfa', value: { require: { amr: ['mfa'] }, for: 'all', on: 'tracker' } };
    const { id } = await policy.draft(rule);
    const replayed = await policy.send('GET', `/drafts/${id}/replay`);
    const [changed] = replayed.body.changed;
    assert.deepEqual([changed.change, changed.before, changed.after], ['again', ['issues:read'], []]);
    assert.deepEqual([replayed.body.again, replayed.body.lost, replayed.body.total], [1, 0, 1]);
  });

  test('and of whoever was sent to sign in again, whether they would be let in, refused, or sent there again', async () => {
    const mfa = '  - { id: mfa, require: { amr: [mfa] }, for: all, on: tracker }\n';
    const world = await openChangesWorld({ text: `${accessText}${mfa}` });
    const policy = writer(world, 'policy');
    const steppedUp = { ...denied, decision: { effect: 'step_up', because: [] } } as const;
    await record(world, 'u_d1', ['engineering'], steppedUp);
    await record(world, 'u_d2', ['data'], { ...denied, decision: { effect: 'bind_key', because: [] } });
    const gone = (id: string) => ({ section: 'rules', id });
    const changes: [name: string, edits: object[], changes: string[]][] = [
      ['nothing', [], ['lost']],
      ['let in', [gone('mfa')], ['lost', 'gained']],
      ['refused', [gone('mfa'), gone('eng-reads')], ['lost', 'lost']],
    ];
    for (const [name, edits, expected] of changes) {
      const { id } = await policy.draft(...edits);
      const { body } = await policy.send('GET', `/drafts/${id}/replay`);
      assert.deepEqual(
        body.changed.map(({ change }: Seen) => change),
        expected,
        name,
      );
      assert.equal(body.gained + body.lost + body.again + body.same, body.total);
    }
  });

  test('says page by page how far it has come', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const times = [5000, 4000, 3000].map((ago) => world.clock.ms - ago);
    for (const timeMs of times) await record(world, 'u_d1', ['engineering'], { timeMs });
    const { id } = await policy.draft();
    const first = await policy.send('GET', `/drafts/${id}/replay?limit=2`);
    assert.equal(first.body.reachedMs, times[1]);
    const rest = await policy.send('GET', `/drafts/${id}/replay?limit=2&cursor=${first.body.next}`);
    assert.deepEqual([first.body.same, rest.body.same], [2, 1]);
    const none = await policy.send('GET', `/drafts/${id}/replay?toMs=1`);
    assert.deepEqual([none.body.total, none.body.reachedMs], [0, null]);
  });

  test('is that of the text as it is now, whatever was asked before', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await record(world, 'u_d1', ['engineering']);
    const { id, etag } = await policy.draft({ section: 'rules', id: 'eng-reads' });
    assert.equal((await policy.send('GET', `/drafts/${id}/replay`)).body.lost, 1);
    const value = { allow: ['issues:read'], on: 'tracker', to: ['everyone'] };
    const edits = [{ section: 'rules', id: 'all', value }];
    assert.equal((await policy.send('PATCH', `/drafts/${id}`, { edits }, etag)).status, 200);
    assert.equal((await policy.send('GET', `/drafts/${id}/replay`)).body.same, 1);
  });
});
