import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask, basic, claimsOf, redeem, signInAs, token } from './test-client.ts';
import { alice, bob, endingsOnRecord, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('a live session', () => {
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

  describe('T03: a loopback client meets a live session', () => {
    const signedIn = async () => {
      const browser = newBrowser();
      await signInAs(browser, ask(world, 'portal', 'https://portal.example/cb'));
      world.notes.length = 0;
      return browser;
    };

    test('one page asks, and Continue is enough', async () => {
      const browser = await signedIn();
      const asked = ask(world, 'claude-code', callback);
      const page = await browser.get(asked.url);
      assert.match(page.page, /<h1>Continue as alice to Claude Code\?<\/h1>/);
      assert.equal(world.notes.length, 0, 'nothing has happened yet');
      const arrived = await browser.submit(page, { do: 'continue' });
      const answer = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      assert.equal(answer.status, 200);
      assert.equal(world.notes[0]?.facts.detail, 'live session, confirmed');
    });

    test('it is asked every time, also of a client that was let in before', async () => {
      const browser = await signedIn();
      for (const _ of [1, 2]) {
        const page = await browser.get(ask(world, 'claude-code', callback).url);
        assert.match(page.page, /<h1>Continue as alice/);
        assert.ok((await browser.submit(page, { do: 'continue' })).url.searchParams.get('code'));
      }
    });

    test('Cancel tells the client access_denied and the record who', async () => {
      const browser = await signedIn();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      const arrived = await browser.submit(page, { do: 'cancel' });
      assert.equal(arrived.url.searchParams.get('error'), 'access_denied');
      assert.deepEqual([world.notes[0]?.reason, world.notes[0]?.facts.person], ['sign_in_cancelled', alice.id]);
    });

    test('another account: the old session and what hung on it end when the other signs in', async () => {
      const browser = newBrowser();
      const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
      const first = await signInAs(browser, asked);
      const { body } = await redeem(world, asked, first.url.searchParams.get('code') ?? '');
      const next = ask(world, 'claude-code', callback);
      const login = await browser.submit(await browser.get(next.url), { do: 'switch' });
      assert.match(login.page, /<h1>Sign in to Acme<\/h1>/);
      const arrived = await browser.submit(login, { email: bob.email, password, do: 'sign-in' });
      const answer = await redeem(world, next, arrived.url.searchParams.get('code') ?? '');
      assert.equal(claimsOf(answer.body.id_token).sub, bob.id);
      const left = await endingsOnRecord(world);
      assert.deepEqual(
        left.map(({ person }) => person),
        [alice.id],
      );
      const bulletins = await world.store.bulletins.after(0, 10);
      assert.deepEqual(
        bulletins.map(({ personId, event }) => [personId, event]),
        [[alice.id, 'session-revoked']],
      );

      const { sid } = claimsOf(body.id_token);
      assert.equal(await world.store.artifacts.sessionStands(String(sid), 0), false);
      const stale = {
        grant_type: 'refresh_token',
        refresh_token: String(body.refresh_token),
        client_id: 'claude-code',
      };
      assert.equal((await token(world, stale)).status, 400);
    });

    test('prompt=none is an error for it, and silent for a client with a web server', async () => {
      const browser = await signedIn();
      const native = await browser.get(ask(world, 'claude-code', callback, { prompt: 'none' }).url);
      assert.equal(native.url.searchParams.get('error'), 'interaction_required');
      const web = await browser.get(ask(world, 'portal', 'https://portal.example/cb', { prompt: 'none' }).url);
      assert.ok(web.url.searchParams.get('code'));
      assert.equal(world.notes.at(-1)?.facts.detail, 'live session');
    });

    test('max_age asks for the password again, and auth_time tells the truth', async () => {
      const browser = await signedIn();
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const asked = ask(world, 'portal', 'https://portal.example/cb', { max_age: '0' });
      const page = await browser.get(asked.url);
      assert.match(page.page, /name="email" type="email" value="alice@acme\.example"/);
      const arrived = await browser.submit(page, { email: alice.email, password, do: 'sign-in' });
      const code = arrived.url.searchParams.get('code') ?? '';
      const { body } = await token(
        world,
        { grant_type: 'authorization_code', code, redirect_uri: asked.redirectUri, code_verifier: asked.verifier },
        basic('portal', world.secret),
      );
      const { auth_time, iat } = claimsOf(body.id_token);
      assert.ok(Number(iat) - Number(auth_time) <= 1, 'not that of the sign-in before');
    });
  });
});
