import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { acrOf } from '../../../policy/sign-in-levels.ts';
import { ask, claimsOf, redeem } from '../test-client.ts';
import { alice, password, TestBrowser } from '../test-world.ts';
import {
  callback,
  leaveFor,
  openUpstreamWorld,
  signInUpstream,
  toTarget,
  type UpstreamWorld,
} from './fixtures/upstream-world.ts';

describe('a stronger or fresher sign-in is asked of the upstream, and its answer is checked', () => {
  let world: UpstreamWorld;
  before(async () => {
    world = await openUpstreamWorld({ acr: { phr: 'urn:company:phr' } });
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.company.script = {};
    world.company.asked.length = 0;
  });
  after(() => world.close());

  const now = () => Math.floor(Date.now() / 1000);
  const signedIn = async (more: Record<string, string> = {}, browser = new TestBrowser(world.issuer)) => {
    const asked = ask(world, 'claude-code', callback, more);
    const arrived = await signInUpstream(world, browser, asked);
    if (!arrived.url.href.startsWith(callback)) return { arrived, claims: undefined };
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    return { arrived, claims: claimsOf(body.id_token) };
  };

  test('max_age and acr_values go out, the latter in the words over there', async () => {
    await leaveFor(new TestBrowser(world.issuer), ask(world, 'claude-code', callback)).then(world.company.visit);
    assert.deepEqual([world.company.asked[0]?.get('max_age'), world.company.asked[0]?.get('acr_values')], [null, null]);
    world.company.script = { claims: { acr: 'urn:company:phr' } };
    const { claims } = await signedIn({ max_age: '60', acr_values: 'phr' });
    const asked = world.company.asked.at(-1);
    assert.deepEqual([asked?.get('max_age'), asked?.get('acr_values')], ['60', 'urn:company:phr']);
    assert.equal(claims?.acr, 'phr', 'and comes back in ours');
  });

  test('prompt=login goes out as it is', async () => {
    await signedIn({ prompt: 'login' });
    assert.equal(world.company.asked.at(-1)?.get('prompt'), 'login');
  });

  test('max_age ignored: refused once, with a page, and no loop', async () => {
    world.company.script = { claims: { auth_time: now() - 600 } };
    const { arrived } = await signedIn({ max_age: '60' });
    assert.equal(arrived.status, 403);
    assert.match(arrived.page, /Company did not ask you to prove yourself again\./);
    assert.deepEqual([world.notes.at(-1)?.reason, world.company.asked.length], ['upstream_not_fresh', 1]);
  });

  test('acr ignored: refused once, with a page, and no loop', async () => {
    const { arrived } = await signedIn({ acr_values: 'phr' });
    assert.equal(arrived.status, 403);
    assert.match(arrived.page, /strongly enough/);
    assert.deepEqual([world.notes.at(-1)?.reason, world.company.asked.length], ['upstream_too_weak', 1]);
  });

  test('an auth_time of the past is passed on as it is, and the session here lasts from now', async () => {
    const then = now() - 40_000;
    world.company.script = { claims: { auth_time: then } };
    const { claims } = await signedIn();
    assert.equal(claims?.auth_time, then);
    const [session] = await world.store.sessions.list({ after: '', limit: 1, now: now() });
    assert.ok((session?.expiresAt ?? 0) > now() + 43_000);
  });

  test('no auth_time there is no auth_time here: "now" would make any step-up by age worthless', async () => {
    world.company.script = { claims: { auth_time: undefined } };
    const browser = new TestBrowser(world.issuer);
    const { claims } = await signedIn({}, browser);
    assert.equal(claims?.auth_time, undefined);
    assert.ok(Number(claims?.iat) > 0);
    const page = await browser.get(ask(world, 'portal', 'https://portal.example/cb', { max_age: '36000' }).url);
    assert.match(page.page, /<h1>Sign in to Acme<\/h1>/, 'an unknown age is too old');
    const silent = await browser.get(ask(world, 'portal', 'https://portal.example/cb').url);
    assert.ok(silent.url.searchParams.get('code'), 'where no age is asked for, the session stands');
  });

  test('a refresh keeps what was said of the sign-in', async () => {
    const then = now() - 500;
    world.company.script = { claims: { auth_time: then } };
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const arrived = await signInUpstream(world, new TestBrowser(world.issuer), asked);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const again = await redeem(world, asked, '', {
      grant_type: 'refresh_token',
      refresh_token: String(body.refresh_token),
    });
    assert.equal(claimsOf(again.body.id_token).auth_time, then);
  });

  test('a live session without the acr asked for is led to the upstream once, and one that has it is not', async () => {
    const browser = new TestBrowser(world.issuer);
    await signedIn({}, browser);
    const strong = { acr_values: 'phr' };
    const at = () => browser.get(ask(world, 'portal', 'https://portal.example/cb', strong).url);
    assert.match((await at()).page, /<h1>Sign in to Acme<\/h1>/);
    const none = await browser.get(
      ask(world, 'portal', 'https://portal.example/cb', { ...strong, prompt: 'none' }).url,
    );
    assert.equal(none.url.searchParams.get('error'), 'login_required');
    world.company.script = { claims: { acr: 'urn:company:phr' } };
    assert.equal((await signedIn(strong, browser)).claims?.acr, 'phr');
    assert.ok((await at()).url.searchParams.get('code'), 'silent now');
  });

  test('IDP-24: a method that no word stands for is had by max_age=0: the upstream asks the person again, in its own words', async () => {
    const browser = new TestBrowser(world.issuer);
    world.company.script = { claims: { acr: 'urn:acme:two-factors', amr: ['pwd', 'otp', 'mfa'] } };
    await signedIn({}, browser);
    world.company.script = { claims: { acr: 'urn:acme:two-factors', amr: ['hwk', 'mfa'] } };
    const { claims } = await signedIn({ max_age: '0' }, browser);
    const asked = world.company.asked.at(-1);
    assert.deepEqual([asked?.get('prompt'), asked?.get('acr_values')], ['login', null]);
    assert.deepEqual([claims?.acr, claims?.amr], ['urn:acme:two-factors', ['hwk', 'mfa']]);
  });

  test('T30: a page of ours that asks for a fresh sign-in goes by when the person proved who they are', async () => {
    const old = { acr: acrOf.twoFactors, auth_time: now() - 40_000 };
    for (const path of ['/help-desk', '/security']) {
      const browser = new TestBrowser(world.issuer);
      world.company.script = { claims: old };
      const sub = String((await signedIn({}, browser)).claims?.sub);
      await world.store.administrators.grant({ personId: sub, role: 'help-desk', grantedAt: 1 }, []);
      await world.store.people.setPasswordHash(sub, String(await world.store.people.passwordHash(alice.id)));
      const page = await browser.get(`${world.issuer}${path}`);
      assert.match(page.page, /<h1>Sign in to Acme<\/h1>/, path);
      const going = toTarget(await browser.submit(page, { do: 'upstream:company' }));
      assert.equal(new URL(going).searchParams.get('max_age'), '900');
      world.company.script = { claims: { ...old, auth_time: now() - 800 } };
      const arrived = await browser.get(await world.company.visit(going));
      assert.deepEqual([arrived.status, arrived.url.pathname], [200, path]);
    }
  });

  test('a password where an acr of the upstream was asked for signs in as what it is, and does not loop', async () => {
    const browser = new TestBrowser(world.issuer);
    const asked = ask(world, 'claude-code', callback, { acr_values: 'urn:company:two' });
    const page = await browser.get(asked.url);
    const login = await browser.submit(page, { do: 'password', email: alice.email });
    const arrived = await browser.submit(login, { email: alice.email, password, do: 'sign-in' });
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    assert.notEqual(claimsOf(body.id_token).acr, 'urn:company:two');
  });

  test('a password where a level of ours was asked for is not enough here either', async () => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.get(ask(world, 'claude-code', callback, { acr_values: 'phr' }).url);
    const login = await browser.submit(page, { do: 'password', email: alice.email });
    const after = await browser.submit(login, { email: alice.email, password, do: 'sign-in' });
    assert.match(after.page, /<h1>This needs a second factor, and you have none yet\.<\/h1>/);
  });
});
