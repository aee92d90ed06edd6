import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { StoreUnavailable } from '../../store/store.ts';
import { ask, redeem, signInAs } from './test-client.ts';
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
