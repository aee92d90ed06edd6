import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { explain } from '../packages/server/src/policy/explain.ts';
import { alice, openSession, openWorld, refused, tracker, type World, wiki } from './world.ts';

const sides = `{ private: { wiki: all }, untrusted: { tracker: [issues:read] }, out: { lonely: all, tracker: [issues:write] } }`;
const rule = (words = '') => `never_together:\n  - { id: apart, sides: ${sides}${words} }\n`;

/** A world where a session that has read the wiki and issues of strangers has no way out. */
const openApart = (words = '', shared?: World) =>
  openWorld(shared?.store, {
    access: (text) =>
      text.replace('  - { id: fresh, require: { max_age: 3600 }, for: [issues:write], on: tracker }\n', '') +
      rule(words),
  });

const read = { resource: tracker, scope: 'issues:read' };
const write = { resource: tracker, scope: 'issues:write' };
const pages = { resource: wiki, scope: 'pages:read' };

async function as(world: World, sid: string, change: object = {}) {
  return { subject_token: await world.idToken({ sid, ...change }) };
}

describe('T34, IDP-20: "Grant the intersection of request, user\'s role, client\'s rights and policy": what must never come together in one session', () => {
  test('two of three sides are given, the third is refused, and the record says why', async () => {
    const world = await openApart();
    assert.equal((await world.exchange(pages)).status, 200);
    assert.equal((await world.exchange(read)).status, 200);
    const answer = await world.exchange(write);
    await refused(world, answer, 'scopes_kept_apart');
    const { record } = answer;
    assert.deepEqual(record.inputs?.held, ['tracker issues:read', 'wiki pages:read']);
    assert.deepEqual(record.keptApart, ['issues:write']);
    assert.deepEqual(record.decision?.because, ['eng', 'apart']);
  });

  test('what was given before is given again, as often as it is asked for', async () => {
    const world = await openApart();
    for (const one of [pages, read, pages, read, pages]) assert.equal((await world.exchange(one)).status, 200);
    assert.deepEqual(await world.store.held.of('sid-1'), ['tracker issues:read', 'wiki pages:read']);
  });

  test('of one request that asks for too much, what was asked for first', async () => {
    const world = await openApart();
    await world.exchange(pages);
    const answer = await world.exchange({ resource: tracker, scope: 'issues:write issues:read' });
    assert.deepEqual([answer.status, answer.body.scope], [200, 'issues:write']);
    assert.deepEqual(answer.record.keptApart, ['issues:read']);
    await refused(world, await world.exchange(read), 'scopes_kept_apart');
  });

  test('another session of the same person begins anew, and what one held ends with it', async () => {
    const world = await openApart();
    for (const one of [pages, read]) await world.exchange(one);
    await openSession(world.store, 'sid-2', 'claude-code', alice.id, world.now());
    assert.equal((await world.exchange({ ...write, ...(await as(world, 'sid-2')) })).status, 200);
    await world.store.artifacts.endSessionsOf(alice.id);
    await refused(world, await world.exchange(write), 'session_ended');
  });

  test('by whichever refresh of the ID Token: the session counts, not the token', async () => {
    const world = await openApart();
    for (const one of [pages, read]) await world.exchange(one);
    world.clock.ms += 600_000;
    await refused(world, await world.exchange({ ...write, ...(await as(world, 'sid-1')) }), 'scopes_kept_apart');
  });

  test('what was asked for and refused is not held', async () => {
    const world = await openApart();
    await world.exchange(pages);
    await refused(
      world,
      await world.exchange({ ...read, authorization_details: '[{"type":"nothing"}]' }),
      'authorization_details_unsupported',
    );
    await refused(world, await world.exchange({ ...read, scope: 'issues:fly' }), 'scope_unknown');
    assert.deepEqual(await world.store.held.of('sid-1'), ['wiki pages:read']);
    assert.equal((await world.exchange(write)).status, 200);
  });

  test('a rule through other clients, or about other people, is nothing to this session', async () => {
    for (const words of [', through: [vscode]', ', to: [group:sales]']) {
      const world = await openApart(words);
      for (const one of [pages, read, write]) assert.equal((await world.exchange(one)).status, 200, words);
    }
  });

  test('whoever joins the group a rule is about is judged by what the session was given before', async () => {
    const world = await openApart(', to: [role:intern]');
    for (const one of [pages, read]) assert.equal((await world.exchange(one)).status, 200);
    await world.store.people.save({ ...alice, roles: ['intern'] });
    await refused(world, await world.exchange(write), 'scopes_kept_apart');
  });

  test('without such a rule, or with one for other clients only, nothing is read and nothing kept', async () => {
    for (const world of [await openWorld(), await openApart(', through: [vscode]')]) {
      const { record } = await world.exchange(read);
      assert.ok(record.inputs && !('held' in record.inputs));
      assert.deepEqual(await world.store.held.of('sid-1'), []);
    }
  });

  test('a decision is explained from the record, whatever the session holds today', async () => {
    const world = await openApart();
    for (const one of [pages, read]) await world.exchange(one);
    const { record } = await world.exchange(write);
    await world.exchange(read);
    const { groups = [], roles = [], amr = [], acr, authTime, now = 0, held } = record.inputs ?? {};
    const person = { id: alice.id, groups, roles };
    const about = { client: 'claude-code', server: 'tracker', scopes: record.scopesAsked };
    const { decision, scopes, rules } = explain(world.policy(), { person, ...about, acr, amr, authTime, now, held });
    assert.deepEqual(decision.because, record.decision?.because);
    assert.match(
      scopes[0]?.words ?? '',
      /^kept apart by apart: the session has private \(wiki pages:read\) and untrusted \(tracker issues:read\), and this is out$/,
    );
    assert.equal(rules.at(-1)?.effect, 'never_together');
  });
});

describe('T34: two requests at once, on two nodes, that must not both win', () => {
  test('exactly one of them does, each time', async () => {
    const one = await openApart();
    const other = await openApart('', one);
    for (let round = 0; round < 12; round++) {
      const sid = `race-${round}`;
      await openSession(one.store, sid, 'claude-code', alice.id, one.now());
      await one.exchange({ ...pages, ...(await as(one, sid)) });
      const answers = await Promise.all([
        one.exchange({ ...read, ...(await as(one, sid)) }),
        other.exchange({ ...write, ...(await as(other, sid)) }),
      ]);
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 400]);
      const held = await one.store.held.of(sid);
      assert.equal(held.length, 2, held.join());
      one.clock.ms += 10_000;
      other.clock.ms += 10_000;
    }
  });

  test('thirty that fit go through at once', async () => {
    const world = await openApart();
    const asks = Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? pages : read));
    const answers = await Promise.all(asks.map((one) => world.exchange(one)));
    assert.ok(answers.every(({ status }) => status === 200));
  });
});
