import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { adminRefused } from './admin-world.ts';
import { accessText, dataWrites, openChangesWorld, publish, writer } from './changes-world.ts';

// Drafts of the policy documents: design.md §5, "A draft is a document; publishing makes it version n+1, immutable, with author,
// approver and diff".

describe('a draft', () => {
  test('begins as the version in force, and changes nothing that is', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const draft = await policy.draft(dataWrites);
    const { kind, name, base, behind, revision, state, authors, document } = draft.body;
    assert.deepEqual(
      { kind, name, base, behind, revision, state, authors },
      { kind: 'access', name: 'A change', base: 1, behind: false, revision: 2, state: 'open', authors: ['u_policy'] },
    );
    assert.deepEqual(
      document.rules.map(({ id }: { id: string }) => id),
      ['eng-reads', 'data-writes'],
    );
    assert.equal((await world.store.policies.latest('access'))?.version, 1);
    const { body } = await policy.send('GET', '/drafts');
    assert.deepEqual(
      body.items.map(({ id, digest }: { id: string; digest: string }) => [id, digest]),
      [[draft.id, draft.digest]],
    );
    const line = await world.last();
    assert.deepEqual([line.kind, line.by, line.policy], ['policy', 'u_policy', { kind: 'access', version: 1 }]);
    assert.equal(line.after?.digest, draft.digest);
  });

  test('is told without its text as well, in the same version', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { id, etag, body } = await policy.draft(dataWrites);
    const head = await policy.send('GET', `/drafts/${id}/head`);
    const { document, ...rest } = body;
    assert.ok(document.rules.length > 0);
    assert.deepEqual([head.status, head.body, head.headers.get('etag')], [200, rest, etag]);
    await publish(world, 'access', accessText);
    assert.equal((await policy.send('GET', `/drafts/${id}/head`)).body.behind, true);
    for (const unknown of ['dr_none', 'dr_none/../x'])
      await adminRefused(world, await policy.send('GET', `/drafts/${unknown}/head`), 'api_not_found', {
        isRecorded: false,
      });
  });

  test('is edited without being told the text again, for whoever wants it so', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { id, etag } = await policy.draft();
    const edited = await policy.send('PATCH', `/drafts/${id}?document=none`, { edits: [dataWrites] }, etag);
    const { document, ...head } = (await policy.send('GET', `/drafts/${id}`)).body;
    assert.deepEqual([edited.status, edited.body], [200, head]);
    assert.deepEqual([head.revision, document.rules.at(-1).id], [2, 'data-writes']);
    const next = await policy.send(
      'PATCH',
      `/drafts/${id}?document=whole`,
      { edits: [dataWrites] },
      edited.headers.get('etag') ?? '',
    );
    assert.equal(next.body.document.rules.length, 2);
    const stale = await policy.send('PATCH', `/drafts/${id}?document=none`, { edits: [dataWrites] }, etag);
    await adminRefused(world, stale, 'api_version_differs');
  });

  test('is begun with edits at once, of the version that whoever made them has seen and of no other', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const body = { kind: 'access', name: 'At once', base: 1, edits: [dataWrites] };
    const begun = await policy.send('POST', '/drafts?document=none', body);
    const { document, ...head } = (await policy.send('GET', `/drafts/${begun.body.id}`)).body;
    assert.deepEqual([begun.status, begun.body], [201, head]);
    assert.deepEqual(
      [head.revision, document.rules.map(({ id }: { id: string }) => id)],
      [1, ['eng-reads', 'data-writes']],
    );
    const missing = await policy.send('POST', '/drafts', { ...body, edits: [{ section: 'rules', id: 'x' }] });
    await adminRefused(world, missing, 'draft_mistaken');
    const mixed = await policy.send('POST', '/drafts', { ...body, document: { rules: 5 } });
    await adminRefused(world, mixed, 'api_value_invalid');
    await publish(world, 'access', accessText);
    const late = await policy.send('POST', '/drafts', body);
    await adminRefused(world, late, 'api_conflict');
    assert.match(late.body.detail, /Version 2 is in force by now, not 1/);
    assert.equal((await policy.send('GET', '/drafts')).body.items.length, 1);
  });

  test('with mistakes is not saved, and every mistake is told with its place', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { id, etag } = await policy.draft();
    const wrong = (id: string, change: object) => ({ ...dataWrites, id, value: { ...dataWrites.value, ...change } });
    const edits = [wrong('one', { to: ['nobody'] }), wrong('two', { on: 'linear' })];
    const answer = await policy.send('PATCH', `/drafts/${id}`, { edits }, etag);
    await adminRefused(world, answer, 'draft_mistaken');
    assert.deepEqual(
      answer.body.errors.map(({ at }: { at: string }) => at),
      ['rules.1.to.0', 'rules.2.on'],
    );
    const gone = await policy.send('PATCH', `/drafts/${id}`, { edits: [{ section: 'rules', id: 'x' }] }, etag);
    await adminRefused(world, gone, 'draft_mistaken');
    const local = { section: 'audiences', id: 'https://other.example', value: {} };
    await adminRefused(world, await policy.send('PATCH', `/drafts/${id}`, { edits: [local] }, etag), 'draft_mistaken');
    assert.equal((await policy.send('GET', `/drafts/${id}`)).body.revision, 1);
  });

  test('of two who edit it at once the second is shown what the first has made of it', async () => {
    const world = await openChangesWorld();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const { id, etag } = await policy.draft();
    const edit = { edits: [dataWrites] };
    assert.equal((await owner.send('PATCH', `/drafts/${id}`, edit, etag)).status, 200);
    for (const [method, body] of [
      ['PATCH', edit],
      ['PUT', { document: {} }],
      ['DELETE', undefined],
    ] as const) {
      const second = await policy.send(method, `/drafts/${id}`, body, etag);
      await adminRefused(world, second, 'api_version_differs');
      assert.deepEqual(second.body.current.authors, ['u_policy', 'u_owner']);
      assert.equal(second.body.current.document.rules.length, 2);
    }
    await adminRefused(world, await policy.send('PATCH', `/drafts/${id}`, edit), 'api_version_needed');
  });

  test('takes a whole document, larger than other bodies, and is discarded', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const { id, etag, body } = await policy.draft();
    const rules = Array.from({ length: 2000 }, (_, at) => ({ ...body.document.rules[0], id: `rule-${at}` }));
    const replaced = await policy.send('PUT', `/drafts/${id}`, { document: { ...body.document, rules } }, etag);
    assert.equal(replaced.body.document.rules.length, 2000);
    const gone = await policy.send('DELETE', `/drafts/${id}`, undefined, replaced.headers.get('etag') ?? '');
    assert.equal(gone.status, 204);
    await adminRefused(world, await policy.send('GET', `/drafts/${id}`), 'api_not_found', { isRecorded: false });
  });

  test('that is behind is moved: what others changed stays, and of an entry that both changed one side is chosen', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const eng = {
      id: 'eng-reads',
      allow: ['issues:read'],
      on: 'tracker',
      to: ['group:engineering'],
      through: ['inspector'],
    };
    const mine = { section: 'rules', id: 'eng-reads', value: { ...eng, through: ['claude-code'] } };
    const simple = await policy.draft(dataWrites);
    const clashing = await policy.draft(mine, dataWrites);
    const { document } = simple.body;
    const theirs = {
      ...document,
      rules: [eng],
      clients: { ...document.clients, third: { redirect_uris: ['http://localhost/3'] } },
    };
    await publish(world, 'access', JSON.stringify(theirs));

    await adminRefused(world, await policy.publish(simple), 'draft_behind');
    await adminRefused(world, (await policy.propose(simple)) as never, 'draft_behind');
    const moved = await policy.send('POST', `/drafts/${simple.id}/rebase`, {}, simple.etag);
    assert.deepEqual([moved.body.base, moved.body.behind], [2, false]);
    assert.deepEqual(Object.keys(moved.body.document.clients), ['claude-code', 'inspector', 'third']);
    assert.deepEqual(moved.body.document.rules[0], { ...eng });
    assert.equal(moved.body.document.rules[1].id, 'data-writes');

    const stuck = await policy.send('POST', `/drafts/${clashing.id}/rebase`, {}, clashing.etag);
    await adminRefused(world, stuck, 'draft_conflict');
    assert.deepEqual(stuck.body.current.conflicts, [
      { section: 'rules', id: 'eng-reads', mine: { ...mine.value }, theirs: eng },
    ]);
    const chosen = await policy.send('POST', `/drafts/${clashing.id}/rebase`, { prefer: 'mine' }, clashing.etag);
    assert.deepEqual(chosen.body.document.rules[0].through, ['claude-code']);
    assert.equal(chosen.body.document.clients.third.redirect_uris.length, 1);
  });

  test('is published as the next version, with author and diff on the record, and is gone then', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const draft = await policy.draft(dataWrites);
    const { status, body } = await policy.publish(draft);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body, { kind: 'access', version: 2, approver: null, gain: 3, lose: 0 });
    const version = await world.store.policies.read('access', 2);
    assert.deepEqual([version?.digest, version?.author], [draft.digest, 'u_policy']);
    assert.equal(world.services.access()?.version, 2);
    const line = await world.last();
    assert.deepEqual([line.kind, line.policy, line.by], ['policy', { kind: 'access', version: 2 }, 'u_policy']);
    assert.deepEqual(line.after?.diff, [
      '3 people in Data gain issues:write on Tracker through Claude Code.',
      '2 people in Data gain issues:read on Tracker through Claude Code. 1 more has it already.',
    ]);
    await adminRefused(world, await policy.publish(draft), 'api_not_found');
  });

  test('is published as the text that was named, or not at all', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    const draft = await policy.draft(dataWrites);
    await adminRefused(world, await policy.publish({ ...draft, digest: 'x'.repeat(43) }), 'draft_text_differs');
  });

  test('of an older version rolls back, through the same door', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    await policy.publish(await policy.draft(dataWrites));
    const { body } = await policy.send('POST', '/drafts', { kind: 'access', name: 'Back', version: 1 });
    assert.equal(body.base, 2);
    const back = await policy.publish(body);
    assert.deepEqual([back.body.version, back.body.lose], [3, 3]);
    const [one, three] = [await world.store.policies.read('access', 1), await world.store.policies.read('access', 3)];
    assert.equal(three?.digest, one?.digest);
    const missing = await policy.send('POST', '/drafts', { kind: 'access', name: 'Back', version: 9 });
    await adminRefused(world, missing, 'api_not_found');
    const both = { kind: 'access', name: 'Back', version: 1, document: {} };
    await adminRefused(world, await policy.send('POST', '/drafts', both), 'api_value_invalid');
  });

  test('there are never more than somebody can look at', async () => {
    const world = await openChangesWorld();
    const policy = writer(world, 'policy');
    for (let made = 0; made < 100; made += 1) {
      world.clock.ms += 100;
      await policy.draft();
    }
    const answer = await policy.send('POST', '/drafts', { kind: 'access', name: 'One more' });
    await adminRefused(world, answer, 'api_conflict');
  });

  test('asks for a fresh sign-in where it is proposed or published', async () => {
    const world = await openChangesWorld();
    const draft = await writer(world, 'policy').draft(dataWrites);
    const stale = await world.browserOf('policy', { agoSeconds: 901 });
    const headers = { ...stale.headers, 'if-match': draft.etag };
    for (const [path, body] of [
      ['propose', undefined],
      ['publish', { digest: draft.digest }],
    ] as const) {
      const answer = await world.send('POST', `/drafts/${draft.id}/${path}`, { headers, ...(body && { body }) });
      await adminRefused(world, answer, 'admin_sign_in_too_old');
    }
  });
});
