import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { generatePrivateJwk } from '../../keys/signer.ts';
import { StoreUnavailable } from '../../store/store.ts';
import { ask, assertion, basic, claimsOf, redeem, signInAs, token } from './test-client.ts';
import { alice, bob, makePkce, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

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
        ['sign_in', 'allowed', alice.id, 'claude-code', 'password'],
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

  describe('IDP-39: refused before anybody is asked anything', () => {
    const table: [name: string, client: string, redirect: string, shown: RegExp, reason: string][] = [
      [
        'a path that is not registered',
        'claude-code',
        'http://localhost:51234/other',
        /not registered/,
        'sign_in_request_refused',
      ],
      ['a foreign host', 'claude-code', 'https://evil.example/callback', /not registered/, 'sign_in_request_refused'],
      ['an unknown client', 'nobody', callback, /We do not know the program/, 'client_unknown'],
    ];
    for (const [name, client, redirect, shown, reason] of table) {
      test(`${name}: a page here, never a redirect`, async () => {
        const visit = await newBrowser().get(ask(world, client, redirect).url);
        assert.equal(visit.status, 400);
        assert.equal(visit.url.origin, world.issuer);
        assert.match(visit.page, shown);
        assert.match(visit.page, /Reference <code>d_1<\/code>/);
        assert.equal(world.notes[0]?.reason, reason);
      });
    }

    const told: [name: string, more: Record<string, string>, error: string][] = [
      ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'invalid_request'],
      ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['the implicit flow', { response_type: 'id_token', nonce: 'n' }, 'unsupported_response_type'],
      ['the answer as a form', { response_mode: 'form_post' }, 'invalid_request'],
    ];
    for (const [name, more, error] of told) {
      test(`${name}: ${error}`, async () => {
        const { url } = ask(world, 'claude-code', callback, more);
        const visit = await newBrowser().get(url);
        if (name === 'the answer as a form') {
          assert.match(visit.page, new RegExp(`name="error" value="${error}"`));
          assert.doesNotMatch(visit.page, /<script/);
        } else {
          const answer = new URLSearchParams(visit.url.search || visit.url.hash.slice(1));
          assert.equal(answer.get('error'), error);
        }
      });
    }
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

  describe('IDP-04: a client assertion is for this issuer alone', () => {
    const table: [name: string, claims: () => Record<string, unknown>, status: number][] = [
      ['the issuer', () => ({}), 200],
      ['the issuer in an array of one', () => ({ aud: [world.issuer] }), 200],
      ['the token endpoint', () => ({ aud: `${world.issuer}/token` }), 401],
      ['the issuer beside another', () => ({ aud: [world.issuer, 'https://other.example'] }), 401],
      ['a day ahead', () => ({ exp: Math.floor(Date.now() / 1000) + 86_400 }), 401],
      ['another client as sub', () => ({ sub: 'portal' }), 401],
    ];
    for (const [name, claims, status] of table) {
      test(`${name}: ${status}`, async () => {
        const asked = ask(world, 'worker', callback);
        const arrived = await signInAs(newBrowser(), asked);
        const proof = { ...(await assertion(world, claims())) };
        const code = arrived.url.searchParams.get('code') ?? '';
        const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: asked.verifier };
        assert.equal((await token(world, { ...form, ...proof })).status, status);
      });
    }
  });

  test('both live secrets of a client are taken, by Basic and in the body, and no other', async () => {
    const table: [form: Record<string, string>, headers: Record<string, string>, status: number][] = [
      [{}, basic('portal', world.secret), 200],
      [{ client_id: 'portal', client_secret: 'an older one' }, {}, 200],
      [{}, basic('portal', 'guess'), 401],
      [{ client_id: 'portal' }, {}, 401],
    ];
    for (const [form, headers, status] of table) {
      const asked = ask(world, 'portal', 'https://portal.example/cb');
      const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
      const rest = { grant_type: 'authorization_code', code, redirect_uri: asked.redirectUri };
      const answer = await token(world, { ...rest, code_verifier: asked.verifier, ...form }, headers);
      assert.equal(answer.status, status, JSON.stringify(answer.body));
    }
  });

  test('pushed authorization requests: used once', async () => {
    const { challenge, verifier } = makePkce();
    const body = new URLSearchParams({
      client_id: 'claude-code',
      response_type: 'code',
      redirect_uri: callback,
      scope: 'openid',
      code_challenge: challenge,
      code_challenge_method: 'S256',
    });
    const pushed = await fetch(`${world.issuer}/request`, { method: 'POST', body });
    const { request_uri } = (await pushed.json()) as { request_uri: string };
    const query = new URLSearchParams({ client_id: 'claude-code', request_uri });
    const asked = { clientId: 'claude-code', redirectUri: callback, verifier, url: `${world.issuer}/auth?${query}` };
    const code = (await signInAs(newBrowser(), asked)).url.searchParams.get('code') ?? '';
    assert.equal((await redeem(world, asked, code)).status, 200);
    const again = await newBrowser().get(asked.url);
    assert.equal(again.status, 400);
  });

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
      const page = await browser.get(`${world.issuer}/session/end?${query}`);
      assert.match(page.page, /<h1>Sign out of Acme\?<\/h1>/);
      const gone = await browser.submit(page, { logout: 'yes' });
      assert.equal(gone.url.href, 'http://localhost:51234/bye?state=s');
      const { sid } = claimsOf(body.id_token);
      assert.equal(await world.store.artifacts.sessionStands(String(sid), 0), false);
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

  describe('a page of an interaction', () => {
    test('belongs to the browser that began it', async () => {
      const { status, page } = await newBrowser().get(
        (await newBrowser().get(ask(world, 'claude-code', callback).url)).url.href,
      );
      assert.equal(status, 400);
      assert.match(page, /This page is no longer good/);
    });

    test('takes no form that is not its own, and none from another site', async () => {
      const browser = newBrowser();
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      const fields = { email: alice.email, password, do: 'sign-in' };
      const forged = { ...page, page: page.page.replace(/name="token" value="[^"]*"/, 'name="token" value="AAAA"') };
      assert.equal((await browser.submit(forged, fields)).status, 400);
      assert.equal((await browser.submit(page, fields, { 'sec-fetch-site': 'cross-site' })).status, 400);
      assert.ok((await browser.submit(page, fields, { 'sec-fetch-site': 'same-origin' })).url.searchParams.get('code'));
    });

    test('shows hostile names as text', async () => {
      const page = await newBrowser().get(ask(world, 'hostile', callback, { login_hint: '"><img src=x>' }).url);
      assert.match(page.page, /&quot;&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;\uFFFDgpj/);
      assert.doesNotMatch(page.page, /<script|<img/);
    });

    test('has the headers of threats.md §4, and its own style sheet and no other', async () => {
      const page = await newBrowser().get(ask(world, 'claude-code', callback).url);
      assert.equal(
        page.headers.get('content-security-policy'),
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; " +
          "form-action 'self' http://localhost:51234",
      );
      const expected = {
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'no-store',
      };
      for (const [name, value] of Object.entries(expected)) assert.equal(page.headers.get(name), value, name);
      assert.doesNotMatch(page.page, / style=|<style|<script/);
      const [, path = ''] = /<link rel="stylesheet" href="([^"]+)">/.exec(page.page) ?? [];
      const style = await fetch(new URL(path, world.issuer));
      assert.deepEqual([style.status, style.headers.get('content-type')], [200, 'text/css; charset=utf-8']);
      assert.match(style.headers.get('cache-control') ?? '', /immutable/);
    });
  });

  test('both metadata documents say the same, with what stands beside oidc-provider', async () => {
    const [openid, oauth] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map(async (name) => {
        const response = await fetch(`${world.issuer}/.well-known/${name}`, {
          headers: { origin: 'https://a.example' },
        });
        assert.equal(response.headers.get('access-control-allow-origin'), null, 'no CORS');
        return (await response.json()) as Record<string, unknown>;
      }),
    );
    assert.deepEqual(openid, oauth);
    const expected = {
      issuer: world.issuer,
      jwks_uri: `${world.issuer}/jwks`,
      token_endpoint: `${world.issuer}/token`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      identity_chaining_requested_token_types_supported: ['urn:ietf:params:oauth:token-type:id-jag'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public'],
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(openid?.[name], value, name);
  });

  test('new keys are taken up without a restart', async () => {
    const added = generatePrivateJwk('RS256');
    world.idTokenKeys.unshift(added);
    world.signIn.rebuild();
    const asked = ask(world, 'claude-code', callback);
    const arrived = await signInAs(newBrowser(), asked);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const header = JSON.parse(Buffer.from(String(body.id_token).split('.')[0] ?? '', 'base64url').toString());
    assert.equal(header.kid, added.kid);
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

describe('IDP-38: limits', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld({ perAccount: 3, perNetwork: 8 });
  });
  after(() => world.close());

  const tryAs = async (email: string, secret: string, address: string) => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.get(ask(world, 'claude-code', callback).url);
    return browser.submit(page, { email, password: secret, do: 'sign-in' }, { 'x-test-address': address });
  };

  test('an account locks for the network that guesses, also when it guesses all at once, and for no other', async () => {
    const guesses = await Promise.all(Array.from({ length: 6 }, () => tryAs(alice.email, 'guess', '203.0.113.1')));
    assert.deepEqual(guesses.map(({ status }) => status).sort(), [400, 400, 400, 429, 429, 429]);
    const locked = await tryAs('ALICE@acme.example ', password, '203.0.113.1');
    assert.equal(locked.status, 429);
    assert.match(locked.page, /Wait \d+ seconds/);
    assert.ok(Number(locked.headers.get('retry-after')) > 0);
    const elsewhere = await tryAs(alice.email, password, '203.0.113.2');
    assert.ok(elsewhere.url.searchParams.get('code'));
  });

  test('IPv6 neighbours are one network', async () => {
    for (const last of ['1', '2', '3']) await tryAs(bob.email, 'guess', `2001:db8::${last}`);
    assert.equal((await tryAs(bob.email, password, '2001:db8:0:0:ffff::1')).status, 429);
    assert.ok((await tryAs(bob.email, password, '2001:db8:0:1::1')).url.searchParams.get('code'));
  });

  test('good sign-ins use nothing up', async () => {
    for (let round = 0; round < 5; round += 1) {
      assert.ok((await tryAs(bob.email, password, '203.0.113.9')).url.searchParams.get('code'));
    }
  });

  test('a client that fails to prove itself waits, per client and address', async () => {
    const attempt = (secret: string, address: string) =>
      token(
        world,
        { grant_type: 'refresh_token', refresh_token: 'x' },
        { ...basic('portal', secret), 'x-test-address': address },
      );
    for (let round = 0; round < 10; round += 1) assert.equal((await attempt('guess', '203.0.113.5')).status, 401);
    const waiting = await attempt(world.secret, '203.0.113.5');
    assert.deepEqual([waiting.status, waiting.body.error], [429, 'slow_down']);
    assert.ok(Number(waiting.headers.get('retry-after')) > 0);
    assert.equal((await attempt(world.secret, '203.0.113.6')).status, 400);
  });
});

test('an https issuer behind a proxy: cookies are Secure and bound to this host, whatever headers say', async () => {
  const world = await openTestWorld(undefined, () => 'https://id.acme.example');
  try {
    const { url } = ask(world, 'portal', 'https://portal.example/cb');
    const response = await fetch(url.replace(world.issuer, `http://127.0.0.1:${world.port}`), {
      redirect: 'manual',
      headers: { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' },
    });
    assert.match(response.headers.get('location') ?? '', /^\/interaction\//);
    assert.equal(response.headers.get('strict-transport-security'), 'max-age=31536000');
    const cookies = response.headers.getSetCookie();
    assert.ok(cookies.some((cookie) => /^__Secure-credence_interaction=/.test(cookie)));
    for (const cookie of cookies) assert.match(cookie, /; secure; httponly|; samesite=lax; secure; httponly/i, cookie);

    const metadata = await fetch(`http://127.0.0.1:${world.port}/.well-known/openid-configuration`);
    assert.equal(
      ((await metadata.json()) as { token_endpoint: string }).token_endpoint,
      'https://id.acme.example/token',
    );
  } finally {
    await world.close();
  }
});
