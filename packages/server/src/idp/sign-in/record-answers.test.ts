import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { StoreUnavailable } from '../../store/store.ts';
import { ask, pushed, redeem, signInAs } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('the record', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.failNotes = undefined;
  });
  after(() => world.close());

  const newBrowser = () => new TestBrowser(world.issuer);

  describe('a path that is none', () => {
    test('for people: a page', async () => {
      const visit = await newBrowser().get(`${world.issuer}/nothing`);
      assert.equal(visit.status, 404);
      assert.match(visit.page, /<h1>There is nothing here\.<\/h1>/);
      assert.equal(visit.headers.get('cache-control'), 'no-store');
    });

    test('for programs: JSON', async () => {
      const response = await fetch(`${world.issuer}/.well-known/nothing`);
      assert.deepEqual([response.status, await response.json()], [404, { error: 'not_found' }]);
    });

    test('an answer without a body is not taken for one', async () => {
      const headers = { origin: 'https://a.example', 'access-control-request-method': 'POST' };
      const response = await fetch(`${world.issuer}/token`, { method: 'OPTIONS', headers });
      assert.deepEqual([response.status, response.headers.get('access-control-allow-origin')], [204, null]);
    });
  });

  describe('a fault is answered as one, and is on no record as a refusal', () => {
    test('where a program asks: 503, and when to come again', async (t) => {
      const away = new StoreUnavailable('away');
      t.mock.method(world.store.artifacts, 'find', () => Promise.reject(away));
      const answer = await redeem(world, ask(world, 'claude-code', callback), 'a code');
      assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable']);
      assert.deepEqual([world.faults.at(-1), world.notes], [away, []]);
    });

    test('where a person is: a page, and the client is told nothing', async (t) => {
      const away = new StoreUnavailable('away');
      const { upsert } = world.store.artifacts;
      t.mock.method(world.store.artifacts, 'upsert', (...given: Parameters<typeof upsert>) =>
        given[0] === 'Interaction' ? Promise.reject(away) : upsert(...given),
      );
      const visit = await newBrowser().get(ask(world, 'claude-code', callback).url);
      assert.deepEqual([visit.status, visit.url.origin], [503, world.issuer]);
      assert.match(visit.page, /This does not work at the moment/);
      assert.deepEqual([world.faults.at(-1), world.notes], [away, []]);
    });
  });

  test('a sign-in whose request is refused after all is a sign-in, from a new device, and a refusal', async () => {
    const asked = await pushed(world, ask(world, 'claude-code', callback));
    const [browser, late] = [newBrowser(), newBrowser()];
    const page = await late.get(asked.url);
    await signInAs(browser, asked);
    world.notes.length = 0;
    const visit = await late.submit(page, { email: alice.email, password, do: 'sign-in' });
    assert.equal(visit.url.searchParams.get('error'), 'invalid_request_uri', 'what was pushed is used');
    assert.deepEqual(
      world.notes.map(({ kind, reason, facts }) => [kind, reason, facts.person, facts.amr, facts.detail]),
      [
        ['sign_in', undefined, alice.id, ['pwd'], 'password, new device'],
        ['refusal', 'sign_in_request_refused', alice.id, undefined, 'invalid_request_uri'],
      ],
    );
  });

  describe('rule 2: no record, no answer', () => {
    test('a sign-in: 503, no code, and no cookie of a session', async () => {
      const browser = newBrowser();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      world.failNotes = new StoreUnavailable('away');
      const visit = await browser.submit(page, { email: alice.email, password, do: 'sign-in' });
      assert.equal(visit.status, 503);
      assert.equal(visit.headers.get('location'), null);
      assert.equal(browser.cookie('credence_session'), undefined);
      assert.match(visit.page, /This does not work at the moment/);
    });

    test('a code: 503 as JSON, no token', async () => {
      const asked = ask(world, 'claude-code', callback);
      const arrived = await signInAs(newBrowser(), asked);
      world.failNotes = new StoreUnavailable('away');
      const answer = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      assert.deepEqual([answer.status, answer.body.error], [503, 'temporarily_unavailable']);
      assert.equal(answer.body.id_token, undefined);
    });
  });
});
