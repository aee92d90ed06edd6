import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask, assertion, pushed, redeem, signInAs, token } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('single use', () => {
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

  describe('T05: raced, exactly one wins', () => {
    const race = async (run: () => Promise<{ status: number }>) => {
      const answers = await Promise.all(Array.from({ length: 4 }, run));
      return answers.map(({ status }) => status).sort();
    };

    test('one authorization code four times at once', async () => {
      const asked = ask(world, 'claude-code', callback);
      const arrived = await signInAs(newBrowser(), asked);
      const code = arrived.url.searchParams.get('code') ?? '';
      assert.deepEqual(await race(() => redeem(world, asked, code)), [200, 400, 400, 400]);
    });

    test('one refresh token four times at once, and its heir dies with the family', async () => {
      const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
      const arrived = await signInAs(newBrowser(), asked);
      const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      const form = { grant_type: 'refresh_token', client_id: 'claude-code' };
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => token(world, { ...form, refresh_token: String(body.refresh_token) })),
      );
      const winners = answers.filter(({ status }) => status === 200);
      assert.ok(winners.length <= 1, `${winners.length} answers of 200`);
      for (const { body: won } of winners) {
        assert.equal((await token(world, { ...form, refresh_token: String(won.refresh_token) })).status, 400);
      }
    });

    test('one finished sign-in four times at once: one code, and none for whoever comes later', async () => {
      const asked = ask(world, 'claude-code', callback);
      const browser = newBrowser();
      const page = await browser.get(asked.url);
      const resume = await browser.submitOnly(page, { email: alice.email, password, do: 'sign-in' });
      const arrived = await Promise.all(Array.from({ length: 4 }, () => browser.get(resume)));
      const codes = arrived.map(({ url }) => url.searchParams.get('code')).filter((code) => code !== null);
      assert.equal(codes.length, 1);
      assert.deepEqual(arrived.map(({ status }) => status).sort(), [303, 400, 400, 400]);
      assert.equal((await browser.get(resume)).status, 400);
      assert.equal(world.notes.filter(({ kind }) => kind === 'sign_in').length, 1);
    });

    test('one client assertion with four codes at once', async () => {
      const codes = await Promise.all(
        [1, 2, 3, 4].map(async () => {
          const asked = ask(world, 'worker', callback);
          const arrived = await signInAs(newBrowser(), asked);
          return { asked, code: arrived.url.searchParams.get('code') ?? '' };
        }),
      );
      const proof = await assertion(world);
      const answers = await Promise.all(codes.map(({ asked, code }) => redeem(world, asked, code, proof)));
      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 401, 401, 401]);
      assert.equal(world.notes.filter(({ reason }) => reason === 'client_assertion_replayed').length, 3);
    });
  });

  test('pushed authorization requests: used once', async () => {
    const asked = await pushed(world, ask(world, 'claude-code', callback));
    const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
    assert.equal((await redeem(world, asked, code)).status, 200);
    const again = await newBrowser().get(asked.url);
    assert.equal(again.status, 400);
    assert.equal(world.notes.at(-1)?.reason, 'sign_in_request_refused');
  });
});
