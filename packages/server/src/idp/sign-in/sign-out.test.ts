import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask, claimsOf, redeem, signInAs, token } from './test-client.ts';
import { alice, openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('leaving', () => {
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
  const lastBulletin = async () => (await world.store.bulletins.after(0, 1000)).at(-1)?.position ?? 0;

  describe('IDP-41: signing out', () => {
    test('asks with a button, ends session and grants, and goes where the client is registered', async () => {
      const browser = newBrowser();
      const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
      const arrived = await signInAs(browser, asked);
      const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
      const query = new URLSearchParams({
        id_token_hint: String(body.id_token),
        post_logout_redirect_uri: 'http://localhost:51234/bye',
        state: 's',
      });
      const before = await lastBulletin();
      const page = await browser.get(`${world.issuer}/session/end?${query}`);
      assert.equal(await lastBulletin(), before, 'signing in, and asking, ends nothing');
      assert.match(page.page, /<h1>Sign out of Acme\?<\/h1>/);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /form-action 'self' http:\/\/localhost:51234(?:;|$)/,
        'browsers let the form lead on to where the client wants it',
      );
      const gone = await browser.submit(page, { logout: 'yes' });
      assert.equal(gone.url.href, 'http://localhost:51234/bye?state=s');
      const { sid } = claimsOf(body.id_token);
      const left = world.notes.filter(({ kind }) => kind === 'sign_out');
      assert.deepEqual(
        left.map(({ outcome, facts }) => [outcome, facts.person, facts.client, facts.session]),
        [['allowed', alice.id, 'claude-code', sid]],
      );
      assert.equal(await world.store.artifacts.sessionStands(String(sid), 0), false);
      const bulletins = (await world.store.bulletins.after(before, 100)).filter(
        ({ personId }) => personId === alice.id,
      );
      assert.deepEqual(
        [bulletins.at(-1)?.event, bulletins.at(-1)?.initiator],
        ['session-revoked', 'user'],
        'IDP-43: authorization servers hear of it',
      );
      const stale = {
        grant_type: 'refresh_token',
        refresh_token: String(body.refresh_token),
        client_id: 'claude-code',
      };
      assert.equal((await token(world, stale)).status, 400);
    });

    test('without a session: a button, no script, then a page that says so', async () => {
      const browser = newBrowser();
      const page = await browser.get(`${world.issuer}/session/end`);
      assert.match(page.page, /<h1>One more step<\/h1>/);
      assert.doesNotMatch(page.page, /<script/);
      assert.match((await browser.submit(page, {})).page, /<h1>You are signed out<\/h1>/);
      assert.deepEqual(world.notes, [], 'nobody was signed in');
    });

    test('without a session, and with somewhere to go: the button leads there, and browsers let it', async () => {
      const browser = newBrowser();
      const query = new URLSearchParams({
        client_id: 'claude-code',
        post_logout_redirect_uri: 'http://localhost:51234/bye',
      });
      const page = await browser.get(`${world.issuer}/session/end?${query}`);
      assert.match(page.page, /<h1>One more step<\/h1>/);
      assert.match(
        page.headers.get('content-security-policy') ?? '',
        /form-action 'self' http:\/\/localhost:\d+ http:\/\/localhost:51234$/,
      );
      assert.equal((await browser.submit(page, {})).url.href, 'http://localhost:51234/bye');
    });

    test('an address that is not registered: 400 and a page', async () => {
      const query = new URLSearchParams({
        client_id: 'claude-code',
        post_logout_redirect_uri: 'https://evil.example/',
      });
      const page = await newBrowser().get(`${world.issuer}/session/end?${query}`);
      assert.equal(page.status, 400);
      assert.match(page.page, /You cannot be signed out this way/);
    });
  });
});
