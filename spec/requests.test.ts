import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { type AuditRecord, toRow } from '../packages/server/src/audit/record.ts';
import { eventId } from '../packages/server/src/call.ts';
import { maxDrafts } from '../packages/server/src/changes/drafts.ts';
import { isExplained } from '../packages/server/src/idp/refused-link.ts';
import type { AdminRole } from '../packages/server/src/store/administrators.ts';
import { unanswered } from '../packages/server/src/store/requests.ts';
import { adminRefused } from './admin-world.ts';
import { accessText, openChangesWorld, publish, type Seen, writer } from './changes-world.ts';
import { alice, idpIssuer, openSession, openWorld, refused } from './world.ts';

// Denials that help: RFC 6749 §5.2, "error_uri OPTIONAL. A URI identifying a human-readable web page with information about the
// error, used to provide the client developer with additional information"; and what people ask for then.

describe('a refused client is told where its person can read why', () => {
  const linkOf = (id: string) => `${idpIssuer}/refused/${id}`;

  test('IDP-19, IDP-20, IDP-24: one link, with the id of the decision and nothing else, whatever the reason', async () => {
    const world = await openWorld();
    const told = async (change: Parameters<typeof world.exchange>[0], groups: string[]) => {
      await world.store.people.save({ ...alice, groups });
      const answer = await world.exchange(change);
      assert.equal(answer.body.error_uri, linkOf(answer.record.id));
      assert.ok(String(answer.body.error_description).includes(linkOf(answer.record.id)));
      assert.match(String(answer.body.error_description), / Reference: d_[\w-]+$/);
      return answer;
    };
    await refused(world, await told({}, []), 'policy_denied');
    await refused(world, await told({ scope: 'issues:write' }, ['marketing']), 'policy_no_scope');
    const old = { subject_token: await world.idToken({ auth_time: world.now() - 7200 }), scope: 'issues:write' };
    await refused(world, await told(old, ['engineering']), 'step_up_needed');
    await refused(world, await told({ scope: 'nothing:known' }, ['engineering']), 'scope_unknown');
  });

  test('a client or a person that has not proven who it is gets none, nor does what is no refusal of theirs', async () => {
    const world = await openWorld();
    const table = [
      { client_secret: 'wrong' },
      { subject_token: 'a.b.c' },
      { resource: 'https://elsewhere.example/mcp' },
      { audience: undefined },
    ];
    for (const change of table) {
      const { body, record } = await world.exchange(change);
      assert.equal(record.outcome, 'refused');
      assert.equal(body.error_uri, undefined, record.reason);
      assert.ok(!String(body.error_description).includes('/refused/'), record.reason);
    }
    await world.store.people.save({ ...alice, active: false });
    assert.equal(
      (await world.exchange()).body.error_uri,
      undefined,
      'whoever is switched off cannot sign in to read it',
    );
    const { body } = await world.redeem({ assertion: 'nothing' });
    assert.equal(body.error_uri, undefined, 'the other domain has no such page');
  });

  test('which refusals have one goes by the code beside it', () => {
    assert.ok(isExplained('policy_denied') && isExplained('server_stopped') && isExplained('client_stopped'));
    assert.ok(!isExplained('session_ended') && !isExplained('resource_unknown') && !isExplained('person_too_fast'));
  });
});

type World = Awaited<ReturnType<typeof openChangesWorld>>;

/** Alice is refused through the front door, and asks. */
async function ask(world: World, change: { personId?: string; wanted?: 'day' | 'week' | 'work' } = {}) {
  const { personId = alice.id, wanted = 'work' } = change;
  const person = await world.store.people.find(personId);
  if (personId !== alice.id) await openSession(world.store, `sid-${personId}`, 'claude-code', personId, world.now());
  const token = await world.idToken({ sub: personId, sid: personId === alice.id ? 'sid-1' : `sid-${personId}` });
  assert.ok(person);
  await world.store.people.save({ ...person, groups: [] });
  const { record } = await world.exchange({ subject_token: token, scope: 'issues:read issues:write' });
  assert.equal(record.reason, 'policy_denied');
  const request = {
    id: eventId('ar_'),
    personId,
    client: 'claude-code',
    server: 'tracker',
    decision: record.id,
    words: 'I file bugs',
    wanted,
    askedAt: world.now(),
  };
  assert.ok(await world.store.requests.add(request, []));
  return request;
}

const day = (world: World, days: number) => new Date((world.now() + days * 86_400) * 1000).toISOString().slice(0, 10);
const open = (secondPerson = false) => openChangesWorld({ secondPerson });
const answerOf = async (world: World, id: string) => (await world.store.requests.find(id))?.answer;

describe('requests for access', () => {
  test('are listed with who, what for and what is missing, to those who may; names to those who may see people', async () => {
    const world = await open();
    const request = await ask(world);
    const { headers } = await world.browserOf('auditor');
    const { body } = await world.send('GET', '/requests', { headers });
    const [shown] = body.items;
    assert.deepEqual(
      [body.open, body.next, shown.id, shown.state, shown.now],
      [1, null, request.id, 'open', 'missing'],
    );
    assert.deepEqual(shown.person, { id: 'u_alice', email: 'alice@acme.example', name: 'Alice' });
    assert.deepEqual([shown.server.name, shown.client.name], ['Tracker', 'Claude Code']);
    const token = await world.tokenOf('auditor', ['read:requests']);
    const nameless = await world.send('GET', '/requests', { token });
    assert.deepEqual(nameless.body.items[0].person, { id: 'u_alice', email: null, name: null });
    await adminRefused(
      world,
      await world.send('GET', '/requests', await world.browserOf('people')),
      'admin_role_lacks',
    );
    assert.deepEqual((await world.send('GET', '/requests?state=answered', { headers })).body.items, []);
  });

  test('come in pages, those that wait from the oldest on', async () => {
    const world = await open();
    const ids = [
      (await ask(world)).id,
      (await ask(world, { personId: 'u_d1' })).id,
      (await ask(world, { personId: 'u_d2' })).id,
    ];
    const { headers } = await world.browserOf('policy');
    const first = await world.send('GET', '/requests?limit=2', { headers });
    const second = await world.send('GET', `/requests?limit=2&cursor=${first.body.next}`, { headers });
    assert.deepEqual(
      [...first.body.items, ...second.body.items].map(({ id }: Seen) => id),
      ids,
    );
    assert.deepEqual([second.body.next, first.body.open], [null, 3]);
  });

  test('the smallest change is a rule for one person through one client, with an end', async () => {
    const world = await open();
    const request = await ask(world, { wanted: 'week' });
    const { body } = await world.send('GET', `/requests/${request.id}`, await world.browserOf('policy'));
    const { id, ...rule } = body.smallest;
    assert.deepEqual(rule, {
      allow: ['issues:read', 'issues:write'],
      on: 'tracker',
      to: ['user:u_alice'],
      through: ['claude-code'],
      until: day(world, 7),
    });
    assert.ok(!id.includes('alice'));
    assert.deepEqual([body.own, body.barredBy], [false, null]);
    const none = await world.send('GET', '/requests/ar_none', await world.browserOf('policy'));
    await adminRefused(world, none, 'api_not_found', { isRecorded: false });
  });

  test('approving makes a draft, and gives nothing; publishing it does, and answers', async () => {
    const world = await open();
    const request = await ask(world);
    const policy = writer(world, 'policy');
    const until = day(world, 30);
    const approved = await policy.send('POST', `/requests/${request.id}/approve`, { until, word: 'For a month' });
    assert.equal(approved.status, 200, JSON.stringify(approved.body));
    const line = await world.last();
    assert.deepEqual([line.kind, line.by, line.person], ['admin', 'u_policy', 'u_alice']);
    assert.match(
      line.detail ?? '',
      new RegExp(`request ${request.id} for ${request.decision}: draft ${approved.body.draft}`),
    );
    assert.deepEqual([(await answerOf(world, request.id))?.state, (await world.exchange()).status], ['drafted', 400]);
    const shown = await policy.send('GET', `/requests/${request.id}`);
    assert.deepEqual(
      [shown.body.state, shown.body.draft, shown.body.smallest !== null],
      ['drafted', approved.body.draft, true],
    );
    const again = await policy.send('POST', `/requests/${request.id}/approve`, { until });
    await adminRefused(world, again, 'api_conflict');
    assert.match(again.body.detail, /A draft was made of it/);

    const draft = await policy.send('GET', `/drafts/${approved.body.draft}`);
    assert.match(draft.body.name, /^Asked for: issues:read, issues:write on tracker$/);
    const published = await policy.publish(draft.body);
    assert.deepEqual([published.status, published.body.gain], [200, 1]);
    const { state, word, by, until: end } = (await answerOf(world, request.id)) ?? {};
    assert.deepEqual([state, word, by], ['approved', 'For a month', 'u_policy']);
    assert.equal(new Date(((end ?? 0) - 1) * 1000).toISOString().slice(0, 10), until);
    assert.equal((await policy.send('GET', '/requests')).body.open, 0);
    assert.equal((await policy.send('GET', '/requests?state=answered')).body.items[0].id, request.id);
  });

  test('a call that a gateway refused is judged by the decision that its token came from, and by nothing on its own line', async () => {
    const world = await open();
    await world.store.people.save({ ...alice, groups: ['engineering'] });
    const issued = await world.exchange({ scope: 'issues:read' });
    const redeemed = await world.redeem({ assertion: String(issued.body.access_token) });
    assert.equal(redeemed.status, 200);
    const line = (reason: Refusal): AuditRecord => ({
      v: 2,
      id: eventId('d_'),
      kind: 'tool_call',
      domain: 'gateway',
      timeMs: world.now() * 1000,
      outcome: 'refused',
      reason,
      person: 'a_nobody',
      client: 'another',
      server: 'another',
      tool: 'create_issue',
      accessToken: redeemed.record.accessToken ?? '',
      scopesAsked: ['issues:write'],
    });
    const [lacking, unlisted] = [line('tool_scope_missing'), line('tool_not_listed')];
    await world.store.commit({ marks: [], records: [lacking, unlisted].map(toRow) });
    const about = { personId: alice.id, words: 'I file bugs', wanted: 'work', askedAt: world.now() } as const;
    const request = { ...about, id: eventId('ar_'), client: 'claude-code', server: 'tracker', decision: lacking.id };
    assert.ok(await world.store.requests.add(request, []));
    const policy = writer(world, 'policy');
    const shown = await policy.send('GET', `/requests/${request.id}`);
    const { allow, on, to, through } = shown.body.smallest;
    assert.deepEqual([allow, on, to, through], [['issues:write'], 'tracker', ['user:u_alice'], ['claude-code']]);
    const approved = await policy.send('POST', `/requests/${request.id}/approve`, { until: day(world, 5) });
    const draft = await policy.send('GET', `/drafts/${approved.body.draft}`);
    assert.equal((await policy.publish(draft.body)).status, 200);
    assert.equal((await answerOf(world, request.id))?.state, 'approved');

    // No rule gives a tool that nobody is offered; and nobody else's call is theirs.
    const others = [
      { ...request, id: eventId('ar_'), decision: unlisted.id },
      { ...request, id: eventId('ar_'), decision: lacking.id, personId: 'u_d1' },
    ];
    for (const other of others) {
      await world.store.erasure.forgetRequests([alice.id]);
      assert.ok(await world.store.requests.add(other, []));
      assert.equal((await policy.send('GET', `/requests/${other.id}`)).body.now, 'gone');
    }
  });

  test('design.md §4.8: with a second person nobody is let in by approving alone', async () => {
    const world = await open(true);
    const request = await ask(world);
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    const { body } = await policy.send('POST', `/requests/${request.id}/approve`, { until: day(world, 1) });
    const seen = await policy.send('GET', `/drafts/${body.draft}`);
    const read = await owner.send('GET', `/drafts/${body.draft}/request`);
    const { id, words, person } = read.body.request;
    assert.deepEqual([id, words, person.name], [request.id, 'I file bugs', 'Alice'], 'what for is there to read');
    const token = await world.tokenOf('owner', ['read:policy']);
    await adminRefused(world, await world.send('GET', `/drafts/${body.draft}/request`, { token }), 'admin_scope_lacks');
    const other = await policy.draft();
    assert.deepEqual((await owner.send('GET', `/drafts/${other.id}/request`)).body, { request: null });
    const none = await owner.send('GET', '/drafts/dr_none/request');
    await adminRefused(world, none, 'api_not_found', { isRecorded: false });
    await adminRefused(world, await policy.publish(seen.body), 'second_person_needed');
    await adminRefused(world, await owner.publish(seen.body), 'draft_not_proposed');
    await policy.propose({ id: body.draft, etag: seen.headers.get('etag') ?? '' });
    assert.equal((await owner.publish(seen.body)).status, 200);
    assert.equal((await answerOf(world, request.id))?.state, 'approved');
  });

  test('T29: nobody answers their own request, nor is the second person for it', async () => {
    const world = await open(true);
    const own = await ask(world, { personId: 'u_policy' });
    const [policy, owner] = [writer(world, 'policy'), writer(world, 'owner')];
    assert.equal((await policy.send('GET', `/requests/${own.id}`)).body.own, true);
    const until = day(world, 1);
    await adminRefused(world, await policy.send('POST', `/requests/${own.id}/approve`, { until }), 'request_own');
    await adminRefused(world, await policy.send('POST', `/requests/${own.id}/decline`, { word: 'no' }), 'request_own');
    const { body } = await owner.send('POST', `/requests/${own.id}/approve`, { until });
    const seen = await owner.send('GET', `/drafts/${body.draft}`);
    assert.deepEqual(seen.body.authors, ['u_policy', 'u_owner']);
    await owner.propose({ id: body.draft, etag: seen.headers.get('etag') ?? '' });
    await adminRefused(world, await policy.publish(seen.body), 'second_person_needed');
  });

  test('a draft that is discarded, or published without what was asked for, opens the request again', async () => {
    const world = await open();
    const request = await ask(world);
    const policy = writer(world, 'policy');
    const approve = async () => {
      const { body } = await policy.send('POST', `/requests/${request.id}/approve`, {
        until: day(world, 5),
        word: 'w',
      });
      return policy.send('GET', `/drafts/${body.draft}`);
    };
    const first = await approve();
    await policy.send('DELETE', `/drafts/${first.body.id}`, undefined, first.headers.get('etag') ?? '');
    assert.deepEqual(await answerOf(world, request.id), unanswered);
    assert.match((await world.last()).detail ?? '', /open again/);
    const second = await approve();
    const rule = second.body.document.rules.at(-1);
    const edit = { section: 'rules', id: rule.id, value: { ...rule, allow: ['issues:read'] } };
    const edited = await policy.send(
      'PATCH',
      `/drafts/${second.body.id}`,
      { edits: [edit] },
      second.headers.get('etag') ?? '',
    );
    assert.equal((await policy.publish(edited.body)).status, 200);
    assert.deepEqual(await answerOf(world, request.id), unanswered);
    const { body } = await policy.send('GET', `/requests/${request.id}`);
    assert.deepEqual(body.smallest.allow, ['issues:write'], 'what is still missing');
    const third = await approve();
    assert.equal((await policy.publish(third.body)).status, 200);
    assert.equal((await answerOf(world, request.id))?.state, 'approved', 'the rule of before has stayed');
  });

  test('an approval takes nothing back that is published at the same moment', async () => {
    const world = await open();
    const request = await ask(world);
    const policy = writer(world, 'policy');
    const { list } = world.store.drafts;
    // What the approval read of the policy is of before.
    const during: typeof list = async () => {
      Object.assign(world.store.drafts, { list });
      await publish(world, 'access', `${accessText}second_person: required\n`);
      return list();
    };
    Object.assign(world.store.drafts, { list: during });
    const { body } = await policy.send('POST', `/requests/${request.id}/approve`, { until: day(world, 5) });
    assert.ok(body.draft, JSON.stringify(body));
    const draft = await policy.send('GET', `/drafts/${body.draft}`);
    assert.equal(draft.body.document.second_person, 'required');
    assert.equal(draft.body.document.rules.at(-1).on, 'tracker');
  });

  test('a draft that is gone without a word, as after a crash, leaves it open', async () => {
    const world = await open();
    const request = await ask(world);
    const policy = writer(world, 'policy');
    const { body } = await policy.send('POST', `/requests/${request.id}/approve`, { until: day(world, 5) });
    await world.store.drafts.remove(body.draft, 1, []);
    const shown = await policy.send('GET', `/requests/${request.id}`);
    assert.deepEqual([shown.body.state, shown.body.draft], ['open', null]);
    assert.equal((await policy.send('POST', `/requests/${request.id}/decline`, { word: 'no' })).status, 204);
  });

  test('where there is no room for another draft, or nobody any more whom it is for, approving says so', async () => {
    const world = await open();
    const request = await ask(world);
    const policy = writer(world, 'policy');
    const approve = () => policy.send('POST', `/requests/${request.id}/approve`, { until: day(world, 5) });
    const { drafts, people } = world.store;
    const { list } = drafts;
    Object.assign(drafts, { list: async () => Array.from({ length: maxDrafts }) });
    const full = await approve();
    await adminRefused(world, full, 'api_conflict');
    assert.match(full.body.detail, /There are 100 drafts/);
    Object.assign(drafts, { list });
    const { find } = people;
    Object.assign(people, { find: async (id: string) => (id === request.personId ? undefined : find(id)) });
    const gone = await approve();
    await adminRefused(world, gone, 'api_conflict');
    assert.match(gone.body.detail, /nobody is there for whom it was/);
    assert.deepEqual([await list(), await answerOf(world, request.id)], [[], unanswered]);
  });

  test('declining takes a word, and is for whoever asked to read', async () => {
    const world = await open();
    const request = await ask(world);
    const owner = writer(world, 'owner');
    for (const word of [undefined, '', '  ', 'a\u0007b', 'x'.repeat(501)]) {
      const bad = await owner.send('POST', `/requests/${request.id}/decline`, { word });
      await adminRefused(world, bad, 'api_value_invalid');
    }
    assert.equal(
      (await owner.send('POST', `/requests/${request.id}/decline`, { word: ' Ask your lead ' })).status,
      204,
    );
    const { state, word, by } = (await answerOf(world, request.id)) ?? {};
    assert.deepEqual([state, word, by], ['declined', 'Ask your lead', 'u_owner']);
    assert.ok(!JSON.stringify(await world.last()).includes('lead'), 'the word is not on the record');
    await adminRefused(
      world,
      await owner.send('POST', `/requests/${request.id}/decline`, { word: 'no' }),
      'api_conflict',
    );
    await adminRefused(
      world,
      await owner.send('POST', `/requests/${request.id}/approve`, { until: day(world, 1) }),
      'api_conflict',
    );
    await adminRefused(world, await owner.send('POST', '/requests/ar_none/decline', { word: 'no' }), 'api_not_found');
  });

  test('an end is a day from today on, within a year', async () => {
    const world = await open();
    const request = await ask(world);
    const owner = writer(world, 'owner');
    for (const until of [day(world, -1), day(world, 367), '2026-02-30', 'tomorrow', undefined]) {
      const bad = await owner.send('POST', `/requests/${request.id}/approve`, { until });
      await adminRefused(world, bad, 'api_value_invalid');
    }
    const approve = (id: string, days: number) =>
      owner.send('POST', `/requests/${id}/approve`, { until: day(world, days) });
    await adminRefused(world, await approve('ar_none', 0), 'api_not_found');
    const last = await approve(request.id, 366);
    assert.equal(last.status, 200);
    const { headers } = await owner.send('GET', `/drafts/${last.body.draft}`);
    await owner.send('DELETE', `/drafts/${last.body.draft}`, undefined, headers.get('etag') ?? '');
    assert.equal((await approve(request.id, 0)).status, 200);
  });

  test('what is allowed by now says so; approving it answers, and changes nothing', async () => {
    const world = await open();
    const request = await ask(world);
    await publish(
      world,
      'access',
      accessText.replace('allow: [issues:read]', 'allow: all').replace('group:engineering', 'everyone'),
    );
    const owner = writer(world, 'owner');
    assert.equal((await owner.send('GET', `/requests/${request.id}`)).body.now, 'allowed');
    const { body } = await owner.send('POST', `/requests/${request.id}/approve`, { until: day(world, 1) });
    assert.equal(body.draft, null);
    assert.deepEqual(
      [(await answerOf(world, request.id))?.state, (await answerOf(world, request.id))?.until],
      ['approved', undefined],
    );
    assert.equal((await world.store.policies.latest('access'))?.version, 2);
  });

  test('where a refusal speaks, no rule that allows would do: said, and no draft is made', async () => {
    const world = await open();
    const request = await ask(world);
    await publish(world, 'access', `${accessText}  - { id: out, deny: all, on: tracker, to: [everyone] }\n`);
    const owner = writer(world, 'owner');
    const { body } = await owner.send('GET', `/requests/${request.id}`);
    assert.deepEqual([body.now, body.smallest], ['barred', null]);
    assert.match(body.barredBy, /denied by out/);
    const approved = await owner.send('POST', `/requests/${request.id}/approve`, { until: day(world, 1) });
    await adminRefused(world, approved, 'api_conflict');
    assert.deepEqual(await world.store.drafts.list(), []);
  });

  test('where an allow would not be enough, no draft is left behind', async () => {
    const world = await open();
    const request = await ask(world);
    const asks = '  - { id: two, require: { amr: [face] }, for: all, on: tracker }\nsign_in: { amr: [pwd] }\n';
    await publish(world, 'access', `${accessText}${asks}`);
    const approved = await writer(world, 'owner').send('POST', `/requests/${request.id}/approve`, {
      until: day(world, 1),
    });
    await adminRefused(world, approved, 'api_conflict');
    assert.deepEqual(await world.store.drafts.list(), []);
    assert.equal((await answerOf(world, request.id))?.state, 'open');
  });

  test('of what is denied in part, the rest is given', async () => {
    const world = await open();
    const request = await ask(world);
    await publish(world, 'access', `${accessText}  - { id: out, deny: [issues:write], on: tracker, to: [everyone] }\n`);
    const approved = await writer(world, 'owner').send('POST', `/requests/${request.id}/approve`, {
      until: day(world, 1),
    });
    assert.equal(approved.status, 200);
    const { body } = await writer(world, 'owner').send('GET', `/drafts/${approved.body.draft}`);
    assert.deepEqual(body.document.rules.at(-1).allow, ['issues:read']);
  });

  test('B: a decision that is gone, erased or another person’s is none: nothing is approved on the strength of a row', async () => {
    const world = await open();
    const request = await ask(world);
    const other = await ask(world, { personId: 'u_d1' });
    const erased = await world.store.audit.find(request.decision);
    await world.store.erasure.blank([erased?.position ?? 0], []);
    const owner = writer(world, 'owner');
    const { body } = await owner.send('GET', `/requests/${request.id}`);
    assert.deepEqual([body.now, body.smallest], ['gone', null]);
    const until = day(world, 1);
    await adminRefused(world, await owner.send('POST', `/requests/${request.id}/approve`, { until }), 'api_conflict');
    await world.store.erasure.forgetRequests(['u_d1']);
    const stolen = { ...other, id: eventId('ar_'), personId: 'u_d2' };
    assert.ok(await world.store.requests.add(stolen, []));
    assert.equal((await owner.send('GET', `/requests/${stolen.id}`)).body.now, 'gone');
    await adminRefused(world, await owner.send('POST', `/requests/${stolen.id}/approve`, { until }), 'api_conflict');
    assert.deepEqual(await world.store.drafts.list(), []);
    assert.equal((await owner.send('POST', `/requests/${request.id}/decline`, { word: 'ask anew' })).status, 204);
  });

  test('LOG-02: erasing a person takes their requests along', async () => {
    const world = await open();
    const request = await ask(world);
    await world.store.erasure.forgetRequests([alice.id]);
    assert.equal(await world.store.requests.find(request.id), undefined);
  });

  const mayAnswer: Readonly<Record<AdminRole, boolean>> = {
    owner: true,
    policy: true,
    people: false,
    auditor: false,
    'help-desk': false,
  };
  test('owners and policy administrators answer, in a browser; no token does', async () => {
    const world = await open();
    const request = await ask(world);
    for (const [role, may] of Object.entries(mayAnswer) as [AdminRole, boolean][]) {
      const answer = await writer(world, role).send('POST', `/requests/${request.id}/decline`, { word: '' });
      await adminRefused(world, answer, may ? 'api_value_invalid' : 'admin_role_lacks');
    }
    const token = await world.tokenOf('owner');
    const answer = await world.send('POST', `/requests/${request.id}/decline`, { token, body: { word: 'no' } });
    await adminRefused(world, answer, 'admin_scope_lacks');
  });
});
