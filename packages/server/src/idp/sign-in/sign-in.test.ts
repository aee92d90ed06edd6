import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask, claimsOf, redeem, signInAs, token } from './test-client.ts';
import { alice, bob, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('signing in', () => {
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

  test('IDP-39, IDP-40: login page, code, PKCE, ID Token with sid, acr, amr, auth_time and nonce', async () => {
    const asked = ask(world, 'claude-code', callback, { nonce: 'n-1' });
    const began = Math.floor(Date.now() / 1000);
    const arrived = await signInAs(newBrowser(), asked);
    assert.equal(`${arrived.url.origin}${arrived.url.pathname}`, callback);
    assert.equal(arrived.url.searchParams.get('state'), 'state-1');
    assert.equal(arrived.url.searchParams.get('iss'), world.issuer, 'RFC 9207');

    const answer = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    assert.equal(answer.status, 200);
    const claims = claimsOf(answer.body.id_token);
    assert.deepEqual(
      { iss: claims.iss, sub: claims.sub, aud: claims.aud, nonce: claims.nonce, amr: claims.amr },
      { iss: world.issuer, sub: alice.id, aud: 'claude-code', nonce: 'n-1', amr: ['pwd'] },
    );
    assert.equal(claims.acr, 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport');
    assert.equal(Number(claims.exp) - Number(claims.iat), 3600);
    assert.ok(Number(claims.auth_time) >= began && Number(claims.auth_time) <= Number(claims.iat));
    assert.equal(await world.store.artifacts.sessionStands(String(claims.sid), began), true, 'IDP-13');
    assert.equal(answer.body.refresh_token, undefined, 'offline_access was not asked for');

    const jwks = (await (await fetch(`${world.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
    const [head = '', body = '', signature = ''] = String(answer.body.id_token).split('.');
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string };
    const key = createPublicKey({ key: jwks.keys.find((each) => each.kid === kid) as never, format: 'jwk' });
    assert.ok(verify('sha256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url')));
    assert.equal(jwks.keys.length, 2, 'the merged set');
    assert.deepEqual(
      world.notes.map(({ kind, outcome, facts }) => [kind, outcome, facts.person, facts.client, facts.detail]),
      [
        ['sign_in', 'allowed', alice.id, 'claude-code', 'password, new device'],
        ['sign_in', 'allowed', alice.id, 'claude-code', 'ID token issued'],
      ],
    );
    assert.equal(world.notes[0]?.facts.session, claims.sid);
  });

  test('interop.md 6: openid offline_access with prompt=consent gives a refresh token and a fresh ID Token on each use', async () => {
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const arrived = await signInAs(newBrowser(), asked);
    const first = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const refresh = (value: unknown) =>
      token(world, { grant_type: 'refresh_token', refresh_token: String(value), client_id: 'claude-code' });
    const second = await refresh(first.body.refresh_token);
    assert.equal(second.status, 200);
    assert.notEqual(second.body.refresh_token, first.body.refresh_token, 'rotated');
    assert.equal(claimsOf(second.body.id_token).sid, claimsOf(first.body.id_token).sid);
    assert.equal(claimsOf(second.body.id_token).auth_time, claimsOf(first.body.id_token).auth_time);

    const reused = await refresh(first.body.refresh_token);
    assert.deepEqual([reused.status, reused.body.error], [400, 'invalid_grant']);
    assert.equal(world.notes.at(-1)?.reason, 'refresh_token_not_accepted');
    const heir = await refresh(second.body.refresh_token);
    assert.equal(heir.status, 400, 'RFC 9700 §4.14: reuse ends the family');
  });

  test('a person who is switched off gets no refresh, and no sign-in', async () => {
    const carol = { ...alice, id: 'u_carol', email: 'carol@acme.example', name: 'carol' };
    await world.store.people.save(carol);
    await world.store.people.setPasswordHash(carol.id, (await world.store.people.passwordHash(alice.id)) ?? '');
    const browser = newBrowser();
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const arrived = await signInAs(browser, asked, carol.email);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    await world.store.people.save({ ...carol, active: false });

    const refreshed = await token(world, {
      grant_type: 'refresh_token',
      refresh_token: String(body.refresh_token),
      client_id: 'claude-code',
    });
    assert.deepEqual([refreshed.status, refreshed.body.error], [400, 'invalid_grant']);
    const again = await browser.get(ask(world, 'portal', 'https://portal.example/cb').url);
    assert.match(again.page, /<h1>Sign in to Acme<\/h1>/, 'the live session of nobody leads to the login page');
    assert.equal((await browser.submit(again, { email: carol.email, password, do: 'sign-in' })).status, 400);
  });

  test('OpenID Connect Core §3.1.2.1: with id_token_hint nobody else is signed in', async () => {
    const first = ask(world, 'claude-code', callback);
    const { url } = await signInAs(newBrowser(), first);
    const { body } = await redeem(world, first, url.searchParams.get('code') ?? '');
    const asked = ask(world, 'claude-code', callback, { id_token_hint: String(body.id_token) });
    const browser = newBrowser();
    const other = await signInAs(browser, asked, bob.email);
    assert.equal(other.url.searchParams.get('code'), null);
    assert.match(other.page, /<h1>Sign in to Acme<\/h1>/);
    const arrived = await browser.submit(other, { email: alice.email, password, do: 'sign-in' });
    const answer = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    assert.equal(claimsOf(answer.body.id_token).sub, alice.id);
    const none = ask(world, 'claude-code', callback, { id_token_hint: String(body.id_token), prompt: 'none' });
    const silent = newBrowser();
    await signInAs(silent, ask(world, 'portal', 'https://portal.example/cb'), bob.email);
    assert.equal((await silent.get(none.url)).url.searchParams.get('error'), 'login_required');
  });

  test('a sign-in that was proven and has not arrived yet ends with everything else of the person', async () => {
    const ways: [how: string, end: () => Promise<unknown>, ends: boolean][] = [
      ['sessions ended', () => world.store.artifacts.endSessionsOf(alice.id), true],
      ['factors reset', () => world.store.factors.reset(alice.id, []), true],
      ['sessions of somebody else ended', () => world.store.artifacts.endSessionsOf(bob.id), false],
    ];
    for (const [how, end, ends] of ways) {
      const browser = newBrowser();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      const next = await browser.submitOnly(page, { email: alice.email, password, do: 'sign-in' });
      await end();
      const arrived = await browser.get(next);
      assert.equal(arrived.url.searchParams.has('code'), !ends, how);
      assert.equal(browser.cookie('credence_session') === undefined, ends, how);
    }
  });

  test('a wrong password: one sentence for everything, the address kept, a record without it', async () => {
    const browser = newBrowser();
    const page = await browser.get(ask(world, 'claude-code', callback).url);
    const known = await browser.submit(page, { email: alice.email, password: 'wrong', do: 'sign-in' });
    const unknown = await browser.submit(known, { email: 'mallory@acme.example', password: 'wrong', do: 'sign-in' });
    for (const visit of [known, unknown]) {
      assert.equal(visit.status, 400);
      assert.match(visit.page, /id="wrong" role="alert">.*This email and password do not go together\. Try again\./s);
      assert.match(
        visit.page,
        /type="password" autocomplete="current-password" required aria-invalid="true" aria-describedby="wrong" autofocus/,
      );
    }
    assert.match(unknown.page, /value="mallory@acme\.example"/);
    assert.deepEqual(
      world.notes.map(({ kind, reason, facts }) => [kind, reason, facts.person]),
      [
        ['sign_in', 'credentials_wrong', alice.id],
        ['sign_in', 'credentials_wrong', undefined],
      ],
    );
    assert.doesNotMatch(JSON.stringify(world.notes), /@acme|"wrong"/);
    const arrived = await browser.submit(unknown, { email: alice.email, password, do: 'sign-in' });
    assert.ok(arrived.url.searchParams.get('code'), 'and the next try may succeed');
  });

  for (const redirect of [
    'http://localhost:1/callback',
    'http://127.0.0.1:65535/callback',
    'http://localhost/callback',
  ]) {
    test(`RFC 8252 §7.3: ${redirect} is taken`, async () => {
      const asked = ask(world, 'claude-code', redirect);
      const arrived = await signInAs(newBrowser(), asked);
      assert.equal(`${arrived.url.origin}${arrived.url.pathname}`, redirect);
      assert.equal((await redeem(world, asked, arrived.url.searchParams.get('code') ?? '')).status, 200);
    });
  }
});
