import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AdminWorld, adminRefused } from './admin-world.ts';
import { accessText, dataWrites, openChangesWorld, publish, writer } from './changes-world.ts';

// Design.md §4.8: "Nobody widens access unseen or, where the organisation asks for it, alone: widening counts by effect, wherever
// it happens (rules, group and role membership, ..., administrators, the switch itself)." T29.

const open = () => openChangesWorld({ secondPerson: true });

/** Stops somebody; what it answers ends that. */
async function stop({ store, now }: AdminWorld, personId: string): Promise<() => Promise<boolean>> {
  const id = `st_${personId}`;
  const hits = [{ at: 'idp', what: 'person', value: personId }] as const;
  const about = { id, kind: 'person', target: personId, hits, personId, reason: 'a drill', by: 'dana' } as const;
  await store.stops.add({ ...about, at: now() }, {}, []);
  const end = () => ({ by: 'dana', reason: 'over', grantsBefore: now(), tokensBefore: now(), until: now() + 10 });
  return () => store.stops.resume(id, { at: now(), ...end() }, []);
}

describe('a second person, for documents', () => {
  test('whoever wrote it cannot publish what grants more; another can, once it was proposed', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    await adminRefused(world, await policy.publish(draft), 'second_person_needed');
    await adminRefused(world, await owner.publish(draft), 'draft_not_proposed');
    assert.equal((await policy.propose(draft)).status, 200);
    await adminRefused(world, await policy.publish(draft), 'second_person_needed');
    const { status, body } = await owner.publish(draft);
    assert.deepEqual([status, body.version, body.approver, body.gain], [200, 2, 'u_owner', 3]);
    assert.equal((await world.store.policies.latest('access'))?.author, 'u_policy; approved by u_owner');
    const { after, by } = await world.last();
    assert.deepEqual([by, after?.authors, after?.approver], ['u_owner', ['u_policy'], 'u_owner']);
  });

  test('what only takes away needs nobody else', async () => {
    const world = await open();
    const policy = writer(world, 'policy');
    const less = await policy.draft({ section: 'rules', id: 'eng-reads' });
    assert.equal((await policy.publish(less)).status, 200);
  });

  test('an approval is of one text: any edit takes it back', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    const proposed = await policy.propose(draft);
    const more = { ...dataWrites, value: { ...dataWrites.value, to: ['everyone'] } };
    const edited = await policy.send('PATCH', `/drafts/${draft.id}`, { edits: [more] }, proposed.etag);
    assert.equal(edited.body.state, 'open');
    await adminRefused(world, await owner.publish(draft), 'draft_text_differs');
    await adminRefused(world, await owner.publish(edited.body), 'draft_not_proposed');
  });

  test('whoever edits it is one of those who wrote it, and approves no more', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    const note = { section: 'networks', id: 'office', value: ['192.0.2.0/24'] };
    const edited = await owner.send('PATCH', `/drafts/${draft.id}`, { edits: [note] }, draft.etag);
    await policy.propose({ id: draft.id, etag: edited.headers.get('etag') ?? '' });
    for (const author of [policy, owner]) {
      await adminRefused(world, await author.publish(edited.body), 'second_person_needed');
    }
  });

  test('whoever was taken out since stands behind nothing: somebody takes the draft over', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    const { etag } = await policy.propose(draft);
    await world.store.administrators.revoke('u_policy', []);
    await adminRefused(world, await owner.publish(draft), 'draft_not_proposed');
    assert.equal((await owner.propose({ id: draft.id, etag })).status, 200);
    await adminRefused(world, await owner.publish(draft), 'second_person_needed');
  });

  test('T29: nor does whoever has a role since that may not propose it, and somebody takes the draft over', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    const { etag } = await policy.propose(draft);
    await world.store.administrators.grant({ personId: 'u_policy', role: 'help-desk', grantedAt: world.now() }, []);
    await adminRefused(world, await owner.publish(draft), 'draft_not_proposed');
    assert.equal((await owner.propose({ id: draft.id, etag })).status, 200);
    await adminRefused(world, await owner.publish(draft), 'second_person_needed');
  });

  test('whoever was stopped since vouches for nothing, also when the stop is over: somebody proposes it again', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    const { etag } = await policy.propose(draft);
    const end = await stop(world, 'u_policy');
    await adminRefused(world, await owner.publish(draft), 'draft_not_proposed');
    world.clock.ms += 5000;
    await end();
    await adminRefused(world, await owner.publish(draft), 'draft_not_proposed');
    world.clock.ms += 5000;
    const again = await policy.propose({ id: draft.id, etag });
    assert.equal(again.status, 200, JSON.stringify(again.body));
    assert.equal((await owner.publish(draft)).status, 200);
  });

  test('nor does whoever was stopped within the same second', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    await policy.propose(draft);
    const end = await stop(world, 'u_policy');
    await end();
    await adminRefused(world, await owner.publish(draft), 'draft_not_proposed');
  });

  test('what somebody who is stopped has written is taken over by another, who then does not approve it', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    await stop(world, 'u_policy');
    const taken = await owner.propose(draft);
    assert.deepEqual([taken.status, taken.body.authors], [200, ['u_policy', 'u_owner']]);
    await adminRefused(world, await owner.publish(draft), 'second_person_needed');
  });

  test('whoever proposed it vouches for it, and no other of its authors in their place', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await owner.draft(dataWrites);
    const note = { section: 'networks', id: 'office', value: ['192.0.2.0/24'] };
    const edited = await policy.send('PATCH', `/drafts/${draft.id}`, { edits: [note] }, draft.etag);
    const proposed = await owner.propose({ id: draft.id, etag: edited.headers.get('etag') ?? '' });
    assert.deepEqual(proposed.body.authors, ['u_policy', 'u_owner']);
    await stop(world, 'u_owner');
    await world.store.administrators.grant({ personId: 'u_auditor', role: 'policy', grantedAt: world.now() }, []);
    const third = writer(world, 'auditor');
    await adminRefused(world, await third.publish(edited.body), 'draft_not_proposed');
    assert.equal((await policy.propose({ id: draft.id, etag: proposed.etag })).status, 200);
    assert.equal((await third.publish(edited.body)).status, 200);
  });

  test('nobody proposes what others wrote, so that an author stands behind it', async () => {
    const world = await open();
    const draft = await writer(world, 'policy').draft(dataWrites);
    const answer = await writer(world, 'owner').propose(draft);
    await adminRefused(world, answer, 'api_conflict');
  });

  test('a shell is no person: what was written at the machine alone is approved by nobody until somebody takes it over', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const draft = await policy.draft(dataWrites);
    const written = await world.store.drafts.find(draft.id);
    assert.ok(written);
    const shell = { ...written, revision: written.revision + 1, authors: ['cli:alice'], state: 'proposed' } as const;
    assert.ok(await world.store.drafts.save(shell, []));
    for (const anybody of [policy, owner]) {
      await adminRefused(world, await anybody.publish(draft), 'draft_not_proposed');
    }
    // Proposing it takes it over; whoever had the shell may be any of those who approve, so it takes two who sign in.
    const seen = await policy.send('GET', `/drafts/${draft.id}`);
    const taken = await policy.propose({ id: draft.id, etag: seen.headers.get('etag') ?? '' });
    assert.deepEqual(
      [taken.status, taken.body.authors, taken.body.state],
      [200, ['cli:alice', 'u_policy'], 'proposed'],
    );
    await adminRefused(world, await policy.publish(draft), 'second_person_needed');
    const late = await owner.propose({ id: draft.id, etag: taken.etag });
    await adminRefused(world, late, 'api_conflict');
    assert.equal((await owner.publish(draft)).status, 200);
    assert.equal((await world.store.policies.latest('access'))?.author, 'cli:alice u_policy; approved by u_owner');
  });

  test('what only takes away is published by anybody, also when a shell has written it', async () => {
    const world = await open();
    const policy = writer(world, 'policy');
    const draft = await policy.draft({ section: 'rules', id: 'eng-reads' });
    const written = await world.store.drafts.find(draft.id);
    assert.ok(written);
    await world.store.drafts.save({ ...written, revision: written.revision + 1, authors: ['cli:alice'] }, []);
    assert.equal((await policy.publish(draft)).status, 200);
  });

  test('to take the rule out needs a second person as well', async () => {
    const world = await open();
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const begun = await policy.draft();
    const { second_person: _, ...document } = begun.body.document;
    const edited = await policy.send('PUT', `/drafts/${begun.id}`, { document }, begun.etag);
    await adminRefused(world, await policy.publish(edited.body), 'second_person_needed');
    await policy.propose({ id: begun.id, etag: edited.headers.get('etag') ?? '' });
    assert.equal((await owner.publish(edited.body)).status, 200);
    const wider = await policy.draft(dataWrites);
    assert.equal((await policy.publish(wider)).status, 200, 'and then it is asked no more');
  });

  test('to roll back to what granted more needs one too', async () => {
    const world = await open();
    const policy = writer(world, 'policy');
    await policy.publish(await policy.draft({ section: 'rules', id: 'eng-reads' }));
    const back = await policy.send('POST', '/drafts', { kind: 'access', name: 'Back', version: 1 });
    await adminRefused(world, await policy.publish(back.body), 'second_person_needed');
  });

  test('of the resource document: an issuer that is trusted, a tool of another scope', async () => {
    const world = await open();
    const policy = writer(world, 'policy');
    const text = `
servers: { tracker: { upstream: { http: "http://localhost:1/mcp" }, scopes: { r: {}, w: { risk: high } }, tools: { a: w } } }
clients: { code: {} }
second_person: required
`;
    await publish(world, 'resource', text);
    const begin = async (edit: object) => {
      const { body, headers } = await policy.send('POST', '/drafts', { kind: 'resource', name: 'More' });
      return policy.send('PATCH', `/drafts/${body.id}`, { edits: [edit] }, headers.get('etag') ?? '');
    };
    const { servers } = JSON.parse((await world.store.policies.latest('resource'))?.document ?? '{}');
    for (const edit of [
      {
        section: 'trust',
        id: 'https://evil.example',
        value: { keys: 'discovery', accounts: 'create', clients: ['code'] },
      },
      { section: 'servers', id: 'tracker', value: { ...servers.tracker, tools: { a: 'r' } } },
    ]) {
      const draft = await begin(edit);
      assert.equal(draft.status, 200, JSON.stringify(draft.body));
      await adminRefused(world, await policy.publish(draft.body), 'second_person_needed');
    }
  });

  test('a token makes drafts and proposes them, and never publishes, whatever its scopes', async () => {
    const world = await open();
    const token = await world.tokenOf('policy');
    const { body, headers } = await world.send('POST', '/drafts', { token, body: { kind: 'access', name: 'CI' } });
    const etag = { 'if-match': headers.get('etag') ?? '' };
    const edited = await world.send('PATCH', `/drafts/${body.id}`, {
      token,
      headers: etag,
      body: { edits: [dataWrites] },
    });
    const ready = { 'if-match': edited.headers.get('etag') ?? '' };
    assert.equal((await world.send('POST', `/drafts/${body.id}/propose`, { token, headers: ready })).status, 200);
    for (const scopes of [undefined, ['publish'], ['publish', 'apply', 'approve']]) {
      const any = await world.tokenOf('owner', scopes);
      const answer = await world.send('POST', `/drafts/${body.id}/publish`, {
        token: any,
        body: { digest: edited.body.digest },
      });
      await adminRefused(world, answer, 'admin_scope_lacks');
    }
    await adminRefused(world, await writer(world, 'policy').publish(edited.body), 'second_person_needed');
    assert.equal((await writer(world, 'owner').publish(edited.body)).status, 200);
  });
});

describe('a second person, for people', () => {
  const ref = (id: string) => Buffer.from(`group:${id}`).toString('base64url');

  test('a people administrator who adds herself to a granting group needs the second person', async () => {
    const world = await open();
    const [people, owner] = [writer(world, 'people'), writer(world, 'owner')];
    const change = { add: ['u_people'], remove: [] };
    const alone = await people.send('POST', `/groups/${ref('engineering')}/members`, change);
    await adminRefused(world, alone, 'second_person_needed');
    const asked = await people.send('POST', '/changes/members', {
      name: 'Me',
      kind: 'group',
      id: 'engineering',
      ...change,
    });
    assert.equal(asked.status, 201, JSON.stringify(asked.body));
    assert.deepEqual((await world.store.people.find('u_people'))?.groups, []);
    const { id, digest } = asked.body;
    const approve = (by: typeof people, named = digest) => by.send('POST', `/changes/${id}/approve`, { digest: named });
    await adminRefused(world, await approve(people), 'second_person_needed');
    await adminRefused(world, await approve(owner, 'x'.repeat(43)), 'draft_text_differs');
    const { body } = await owner.send('GET', '/changes');
    assert.deepEqual(
      body.items.map((item: { author: string; members: unknown; widens: string[] }) => [
        item.author,
        item.members,
        item.widens.length,
      ]),
      [['u_people', { kind: 'group', id: 'engineering', ...change }, 1]],
    );
    assert.equal((await approve(owner)).status, 204);
    assert.deepEqual((await world.store.people.find('u_people'))?.groups, ['engineering']);
    const { joined, by, after } = await world.last();
    assert.deepEqual([joined, by, after], [['u_people'], 'u_owner', { authors: ['u_people'], approver: 'u_owner' }]);
    await adminRefused(world, await approve(owner), 'api_not_found');
  });

  test('so does anybody else who is put there, and who leaves a group that a rule refuses something', async () => {
    const deny = '  - { id: out, deny: all, on: tracker, to: [group:contractors] }\n';
    const world = await openChangesWorld({ secondPerson: true, text: `${accessText}${deny}` });
    const people = writer(world, 'people');
    const members = (group: string, body: object) => people.send('POST', `/groups/${ref(group)}/members`, body);
    await adminRefused(world, await members('engineering', { add: ['u_d1'] }), 'second_person_needed');
    assert.equal((await members('contractors', { add: ['u_d1'] })).status, 200, 'joining it gives nothing');
    await adminRefused(world, await members('contractors', { remove: ['u_d1'] }), 'second_person_needed');
    assert.equal((await members('engineering', { remove: ['u_both'] })).status, 200, 'leaving it gives nothing');
    assert.equal((await members('data', { add: ['u_alice'] })).status, 200, 'no rule names it');
    const { headers } = await people.send('GET', `/groups/${ref('contractors')}`);
    const gone = await people.send('DELETE', `/groups/${ref('contractors')}`, undefined, headers.get('etag') ?? '');
    await adminRefused(world, gone, 'second_person_needed');
  });

  test('so does anybody who leaves a group whose members must never have two things together (T34)', async () => {
    const apart =
      'never_together: [{ id: apart, to: [group:contractors], sides: { a: { tracker: [issues:read] }, b: { tracker: [issues:write] } } }]\n';
    const world = await openChangesWorld({ secondPerson: true, text: `${apart}${accessText}` });
    const people = writer(world, 'people');
    const members = (body: object) => people.send('POST', `/groups/${ref('contractors')}/members`, body);
    assert.equal((await members({ add: ['u_d1'] })).status, 200, 'joining it gives nothing');
    await adminRefused(world, await members({ remove: ['u_d1'] }), 'second_person_needed');
  });

  test('it goes by the name that rules go by: also where there is no such group at this moment', async () => {
    const world = await open();
    const people = writer(world, 'people');
    const { headers } = await people.send('GET', `/groups/${ref('engineering')}`);
    const gone = await people.send('DELETE', `/groups/${ref('engineering')}`, undefined, headers.get('etag') ?? '');
    assert.ok(gone.status < 300, JSON.stringify(gone.body));
    const add = await people.send('POST', `/groups/${ref('engineering')}/members`, { add: ['u_d1'] });
    await adminRefused(world, add, 'second_person_needed');
  });

  test('whoever asked and was taken out since is no first person any more', async () => {
    const world = await open();
    const [people, owner] = [writer(world, 'people'), writer(world, 'owner')];
    const body = { name: 'D1', kind: 'group', id: 'engineering', add: ['u_d1'] };
    const asked = await people.send('POST', '/changes/members', body);
    await world.store.administrators.revoke('u_people', []);
    const answer = await owner.send('POST', `/changes/${asked.body.id}/approve`, { digest: asked.body.digest });
    await adminRefused(world, answer, 'draft_not_proposed');
  });

  test('T29: what is discarded while somebody approves it is not done, and nothing is done twice', async () => {
    const world = await open();
    const [people, owner] = [writer(world, 'people'), writer(world, 'owner')];
    await owner.send('GET', '/me');
    for (const first of ['approve', 'discard']) {
      const body = { name: 'D1', kind: 'group', id: 'engineering', add: ['u_d1'] };
      const asked = await people.send('POST', '/changes/members', body);
      const approve = () => owner.send('POST', `/changes/${asked.body.id}/approve`, { digest: asked.body.digest });
      const discard = () => people.send('DELETE', `/changes/${asked.body.id}`);
      const order = first === 'approve' ? [approve, discard, approve] : [discard, approve];
      const answers = await Promise.all(order.map((act) => act()));
      const done = order.filter((_, at) => answers[at]?.status === 204);
      assert.equal(done.length, 1, first);
      const isIn = (await world.store.people.find('u_d1'))?.groups.includes('engineering');
      assert.equal(isIn, done[0] === approve, first);
      const engineering = await world.store.directory.groups.find('group', 'engineering');
      assert.ok(engineering);
      await world.store.directory.groups.update(engineering, { add: [], remove: ['u_d1'] }, []);
    }
  });

  test('T29: nor is whoever has a role since that may not ask for it', async () => {
    const world = await open();
    const owner = writer(world, 'owner');
    await world.store.administrators.grant({ personId: 'u_auditor', role: 'owner', grantedAt: world.now() }, []);
    const body = { name: 'D1', person: 'u_d1', role: 'owner' };
    const asked = await writer(world, 'auditor').send('POST', '/changes/administrators', body);
    await world.store.administrators.grant({ personId: 'u_auditor', role: 'people', grantedAt: world.now() }, []);
    const answer = await owner.send('POST', `/changes/${asked.body.id}/approve`, { digest: asked.body.digest });
    await adminRefused(world, answer, 'draft_not_proposed');
  });

  test('nor is whoever was stopped since', async () => {
    const world = await open();
    const [people, owner] = [writer(world, 'people'), writer(world, 'owner')];
    const body = { name: 'D1', kind: 'group', id: 'engineering', add: ['u_d1'] };
    const asked = await people.send('POST', '/changes/members', body);
    const end = await stop(world, 'u_people');
    world.clock.ms += 5000;
    await end();
    const answer = await owner.send('POST', `/changes/${asked.body.id}/approve`, { digest: asked.body.digest });
    await adminRefused(world, answer, 'draft_not_proposed');
  });

  test('whoever gains by it does not approve it', async () => {
    const world = await open();
    const [people, owner] = [writer(world, 'people'), writer(world, 'owner')];
    const body = { name: 'Owner', kind: 'group', id: 'engineering', add: ['u_owner'] };
    const asked = await people.send('POST', '/changes/members', body);
    const answer = await owner.send('POST', `/changes/${asked.body.id}/approve`, { digest: asked.body.digest });
    await adminRefused(world, answer, 'admin_own_access');
  });

  test('a role of administrators: nobody gives one alone, but may give less', async () => {
    const world = await open();
    const owner = writer(world, 'owner');
    await world.store.administrators.grant({ personId: 'u_d1', role: 'owner', grantedAt: world.now() }, []);
    await adminRefused(
      world,
      await owner.send('PUT', '/administrators/u_d2', { role: 'auditor' }),
      'second_person_needed',
    );
    await adminRefused(
      world,
      await owner.send('PUT', '/administrators/u_people', { role: 'policy' }),
      'second_person_needed',
    );
    assert.equal((await owner.send('PUT', '/administrators/u_people', { role: 'help-desk' })).status, 204);
    const asked = await owner.send('POST', '/changes/administrators', { name: 'New', person: 'u_d2', role: 'auditor' });
    const approve = { digest: asked.body.digest };
    const path = `/changes/${asked.body.id}/approve`;
    await adminRefused(world, await owner.send('POST', path, approve), 'second_person_needed');
    assert.deepEqual((await writer(world, 'policy').send('GET', '/changes')).body.items, [], 'not told to everybody');
    await world.store.administrators.grant({ personId: 'u_people', role: 'people', grantedAt: world.now() }, []);
    await adminRefused(world, await writer(world, 'people').send('POST', path, approve), 'admin_role_lacks');
    await adminRefused(
      world,
      await writer(world, 'people').send('DELETE', path.replace('/approve', '')),
      'admin_role_lacks',
    );
    await world.store.administrators.grant({ personId: 'u_auditor', role: 'owner', grantedAt: world.now() }, []);
    assert.equal((await writer(world, 'auditor').send('POST', path, approve)).status, 204);
    assert.equal(await world.store.administrators.roleOf('u_d2'), 'auditor');
  });

  test('where nobody asks for it, people are changed as before; what was asked for can be discarded', async () => {
    const world = await openChangesWorld();
    const people = writer(world, 'people');
    const members = `/groups/${ref('engineering')}/members`;
    assert.equal((await people.send('POST', members, { add: ['u_d1'] })).status, 200);
    await adminRefused(world, await people.send('POST', members, { add: ['u_people'] }), 'admin_own_access');
    const asked = await people.send('POST', '/changes/members', {
      name: 'Me',
      kind: 'group',
      id: 'engineering',
      add: ['u_people'],
    });
    assert.equal((await people.send('DELETE', `/changes/${asked.body.id}`)).status, 204);
    assert.deepEqual((await people.send('GET', '/changes')).body.items, []);
    for (const body of [
      { name: 'x', kind: 'group', id: 'none', add: [] },
      { name: 'x', kind: 'group', id: 'engineering', add: ['u_nobody'] },
    ]) {
      await adminRefused(world, await people.send('POST', '/changes/members', body), 'api_value_invalid');
    }
  });

  test('a change of people cannot be published or edited as if it were a document', async () => {
    const world = await open();
    const [people, owner] = [writer(world, 'people'), writer(world, 'owner')];
    const asked = await people.send('POST', '/changes/members', {
      name: 'Me',
      kind: 'group',
      id: 'engineering',
      add: ['u_people'],
    });
    await adminRefused(world, await owner.publish(asked.body), 'api_not_found');
    const put = await owner.send('PUT', `/drafts/${asked.body.id}`, { document: {} }, '*');
    await adminRefused(world, put, 'api_not_found');
    const draft = await owner.draft(dataWrites);
    await adminRefused(
      world,
      await owner.send('POST', `/changes/${draft.id}/approve`, { digest: draft.digest }),
      'api_not_found',
    );
  });
});
