import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ok, type Refusal, refusalRow } from '@credence/mcp/protocol';
import { makeFirstLink } from '../packages/server/src/admin/first-administrator.ts';
import { toLocalPath } from '../packages/server/src/admin/sign-in.ts';
import { acrOf } from '../packages/server/src/policy/sign-in-levels.ts';
import { type AdminAnswer, type AdminWorld, adminUrl, openAdminWorld } from './admin-world.ts';
import { alice, openSession } from './world.ts';

// Administrators sign in at the IdP and get a session of the admin listener. LOG-02, T28.

type Cookies = Record<string, string>;

/** A browser: keeps the cookies it was given, and names of those that a cross-site navigation would carry. */
function openBrowser(world: AdminWorld) {
  const cookies: Cookies = {};
  const go = async (path: string, method = 'GET'): Promise<AdminAnswer> => {
    const cookie = Object.entries(cookies)
      .map(([name, value]) => `${name}=${value}`)
      .join('; ');
    const given = await world.raw(new Request(`${adminUrl}${path}`, { method, headers: cookie ? { cookie } : {} }));
    for (const line of given.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') delete cookies[name];
      else cookies[name] = value;
    }
    return given;
  };
  return { cookies, go };
}

/** What the IdP says of somebody. */
async function answerOf(world: AdminWorld, subject: string, claims: object = {}) {
  const sid = `sid-${subject}-${Math.random()}`;
  await openSession(world.store, sid, 'credence.console', subject, world.now());
  const all = { sub: subject, acr: acrOf.twoFactors, auth_time: world.now(), sid, ...claims };
  world.idp.answer = ok({ claims: all, subject, sid, idToken: 'x' });
  return sid;
}

const stateOf = (given: AdminAnswer) => new URL(given.headers.get('location') ?? '').searchParams.get('state');

async function signIn(world: AdminWorld, browser = openBrowser(world), path = '/sign-in', method = 'GET') {
  const away = await browser.go(path, method);
  assert.equal(away.status, 303, JSON.stringify(away.body));
  return { browser, back: await browser.go(`/sign-in/done?code=c&state=${stateOf(away)}`) };
}

async function turnedAway(world: AdminWorld, given: AdminAnswer, reason: Refusal) {
  assert.equal(given.status, refusalRow(reason).status);
  const record = await world.last();
  assert.deepEqual([record.reason, record.outcome, record.domain], [reason, 'refused', 'admin']);
  assert.ok(String(given.body).includes(record.id), 'the page names the record');
  assert.ok(!String(given.body).includes(reason));
  assert.deepEqual(
    given.headers.getSetCookie().filter((line) => line.includes('_admin=')),
    [],
  );
}

const whoIsIn = (world: AdminWorld, cookies: Cookies) => {
  const cookie = `__Host-credence_admin=${cookies['__Host-credence_admin']}`;
  return world.send('GET', '/me', { headers: { cookie, 'sec-fetch-site': 'same-origin' } });
};

describe('signing in at the admin listener', () => {
  test('leads to the IdP with a second factor asked for, and back to a session', async () => {
    const world = await openAdminWorld();
    const sid = await answerOf(world, 'u_owner', { auth_time: world.now() - 30 });
    const { browser, back } = await signIn(world, undefined, '/sign-in?to=/people?q=a');
    assert.equal(back.status, 200);
    assert.equal(world.idp.asked[0]?.acr_values, acrOf.twoFactors);
    assert.equal(world.idp.asked[0]?.prompt, undefined);
    assert.match(String(back.body), /http-equiv="refresh" content="0; url=\/people\?q=a"/);
    const cookie = back.headers.getSetCookie().find((line) => line.includes('_admin='));
    assert.match(cookie ?? '', /^__Host-credence_admin=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Strict$/);
    const me = await whoIsIn(world, browser.cookies);
    assert.deepEqual([me.body.role, me.body.signedInAt], ['owner', world.now() - 30]);
    const { kind, person, acr, outcome } = await world.last();
    assert.deepEqual([kind, person, acr, outcome], ['sign_in', 'u_owner', acrOf.twoFactors, 'allowed']);
    await world.store.sessions.end(`uid-${sid}`, []);
    assert.equal((await whoIsIn(world, browser.cookies)).status, 401);
  });

  test('the cookie of a sign-in under way comes back from the IdP, and is used once', async () => {
    const world = await openAdminWorld();
    await answerOf(world, 'u_owner');
    const browser = openBrowser(world);
    const away = await browser.go('/sign-in');
    const [cookie = ''] = away.headers.getSetCookie();
    assert.match(cookie, /^__Host-credence_admin_sign_in=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    const kept = { ...browser.cookies };
    const path = `/sign-in/done?code=c&state=${stateOf(away)}`;
    assert.equal((await browser.go(path)).status, 200);
    Object.assign(browser.cookies, kept);
    await turnedAway(world, await browser.go(path), 'admin_sign_in_unknown');
  });

  test('of several that bring one answer at once, one gets in (T05)', async () => {
    const world = await openAdminWorld();
    await answerOf(world, 'u_owner');
    const browser = openBrowser(world);
    const path = `/sign-in/done?code=c&state=${stateOf(await browser.go('/sign-in'))}`;
    const given = await Promise.all([1, 2, 3, 4].map(() => browser.go(path)));
    assert.deepEqual(given.map(({ status }) => status).sort(), [200, 400, 400, 400]);
  });

  test('another browser cannot finish what this one began, nor this one what another did', async () => {
    const world = await openAdminWorld();
    await answerOf(world, 'u_owner');
    const [one, other] = [openBrowser(world), openBrowser(world)];
    const state = stateOf(await one.go('/sign-in'));
    await turnedAway(world, await other.go(`/sign-in/done?code=c&state=${state}`), 'admin_sign_in_unknown');
    await other.go('/sign-in');
    await turnedAway(world, await other.go(`/sign-in/done?code=c&state=${state}`), 'upstream_answer_invalid');
  });

  test('state, nonce and verifier are new each time', async () => {
    const world = await openAdminWorld();
    for (let at = 0; at < 3; at += 1) await openBrowser(world).go('/sign-in');
    const seen = world.idp.asked.flatMap(({ state, nonce, verifier }) => [state, nonce, verifier]);
    assert.equal(new Set(seen).size, 9);
    for (const each of seen) assert.match(String(each), /^[\w-]{43}$/);
  });

  test('a new session takes the place of the one before in that browser', async () => {
    const world = await openAdminWorld();
    await answerOf(world, 'u_owner');
    const { browser } = await signIn(world);
    const before = { ...browser.cookies };
    await signIn(world, browser);
    assert.equal((await whoIsIn(world, before)).status, 401);
    assert.equal((await whoIsIn(world, browser.cookies)).status, 200);
  });

  test('stepping up asks for the sign-in anew, whatever session there is at the IdP', async () => {
    const world = await openAdminWorld();
    await openBrowser(world).go('/sign-in?fresh=1');
    assert.equal(world.idp.asked[0]?.prompt, 'login');
  });

  test('T28: every sign-in asks for one of the last 15 minutes, so that a session that is over does not begin anew by itself', async () => {
    const world = await openAdminWorld();
    await openBrowser(world).go('/sign-in');
    assert.deepEqual([world.idp.asked[0]?.max_age, world.idp.asked[0]?.prompt], ['900', undefined]);
  });

  const turned: readonly [name: string, subject: string, claims: object, reason: Refusal][] = [
    ['somebody who does not administer', alice.id, {}, 'admin_not_administrator'],
    ['somebody who is not here', 'u_nobody', {}, 'admin_not_administrator'],
    ['an administrator with a password alone', 'u_owner', { acr: acrOf.password }, 'admin_no_second_factor'],
    ['an administrator of whom nothing is said', 'u_owner', { acr: undefined }, 'admin_no_second_factor'],
    ['one who proved who they are hours ago', 'u_owner', { auth_time: 1_800_000_000 - 7200 }, 'admin_sign_in_too_old'],
    ['one of whom nobody says when they did', 'u_owner', { auth_time: undefined }, 'admin_sign_in_too_old'],
  ];
  for (const [name, subject, claims, reason] of turned) {
    test(`${name}: ${reason}`, async () => {
      const world = await openAdminWorld();
      await answerOf(world, subject, claims);
      const { back } = await signIn(world);
      await turnedAway(world, back, reason);
      assert.equal((await world.last()).person, subject);
    });
  }

  test('whoever proved who they are just when the answer may have taken its longest gets in', async () => {
    const world = await openAdminWorld();
    await answerOf(world, 'u_owner', { auth_time: world.now() - 900 - 1800 });
    assert.equal((await signIn(world)).back.status, 200);
    await answerOf(world, 'u_owner', { auth_time: world.now() - 900 - 1801 });
    await turnedAway(world, (await signIn(world)).back, 'admin_sign_in_too_old');
  });

  test('somebody switched off: admin_not_administrator', async () => {
    const world = await openAdminWorld();
    await answerOf(world, 'u_owner');
    await world.store.directory.provisioned.block('u_owner', true, []);
    await turnedAway(world, (await signIn(world)).back, 'admin_not_administrator');
  });

  test('an answer without a session at the IdP is none to stand on', async () => {
    const world = await openAdminWorld();
    world.idp.answer = ok({ claims: { acr: acrOf.passkey }, subject: 'u_owner', sid: undefined, idToken: 'x' });
    await turnedAway(world, (await signIn(world)).back, 'admin_not_administrator');
  });

  test('a demonstration asks for no second factor, and says so', async () => {
    const world = await openAdminWorld({ demo: true });
    await answerOf(world, 'u_owner', { acr: acrOf.password });
    const { browser, back } = await signIn(world);
    assert.equal(back.status, 200);
    assert.equal(world.idp.asked[0]?.acr_values, undefined);
    assert.match(String(back.body), /A demonstration: no second factor/);
    assert.equal((await whoIsIn(world, browser.cookies)).body.demo, true);
  });

  test('an IdP that is away is said to be so, and leaves nothing behind', async () => {
    const world = await openAdminWorld();
    world.idp.isAway = true;
    const given = await openBrowser(world).go('/sign-in');
    await turnedAway(world, given, 'upstream_unreachable');
    assert.deepEqual([given.headers.get('location'), given.headers.getSetCookie()], [null, []]);
  });

  test('beginning over and over fills nothing', async () => {
    const world = await openAdminWorld();
    for (let at = 0; at < 30; at += 1) assert.equal((await openBrowser(world).go('/sign-in')).status, 303);
    await turnedAway(world, await openBrowser(world).go('/sign-in'), 'admin_too_fast');
    world.caller.address = '198.51.100.7';
    assert.equal((await openBrowser(world).go('/sign-in')).status, 303);
  });

  test('what is said to whoever is turned away loads and runs nothing', async () => {
    const world = await openAdminWorld();
    const given = await openBrowser(world).go('/sign-in/done?code=c&state=s');
    const policy = given.headers.get('content-security-policy') ?? '';
    assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/);
    assert.equal(given.headers.get('cache-control'), 'no-store');
  });
});

describe('where a sign-in leads on to', () => {
  for (const [given, expected] of [
    ['/people?q=a#b', '/people?q=a#b'],
    [null, '/'],
    ['https://evil.example', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['/\t/evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/"><script>', '/'],
    [`/${'a'.repeat(501)}`, '/'],
  ] as const) {
    test(String(given), () => assert.equal(toLocalPath(given), expected));
  }
});

describe('the first administrator', () => {
  const openEmpty = async () => {
    const world = await openAdminWorld();
    for (const { personId } of await world.store.administrators.list()) {
      await world.store.administrators.revoke(personId, []);
    }
    const link = new URL((await makeFirstLink(world.store, adminUrl, world.now())) ?? '').pathname;
    return { world, link };
  };

  test('whoever signs in with the link becomes the owner, and that is an alert', async () => {
    const { world, link } = await openEmpty();
    await answerOf(world, alice.id);
    const page = await openBrowser(world).go(link);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /form-action 'self' https:\/\/id\.acme\.example/);
    const { browser, back } = await signIn(world, undefined, link, 'POST');
    assert.equal(back.status, 200);
    assert.equal((await whoIsIn(world, browser.cookies)).body.role, 'owner');
    const rows = await world.store.audit.last(5);
    assert.ok(rows.some(({ kind, person }) => kind === 'alert' && person === alice.id));
    await turnedAway(world, await openBrowser(world).go(link), 'admin_first_link_unknown');
    await turnedAway(world, await openBrowser(world).go(link, 'POST'), 'admin_first_link_unknown');
    assert.equal(await makeFirstLink(world.store, adminUrl, world.now()), undefined);
  });

  test('there is one link: the one that was printed last', async () => {
    const { world, link } = await openEmpty();
    const next = new URL((await makeFirstLink(world.store, adminUrl, world.now())) ?? '').pathname;
    await turnedAway(world, await openBrowser(world).go(link), 'admin_first_link_unknown');
    await turnedAway(world, await openBrowser(world).go(link, 'POST'), 'admin_first_link_unknown');
    await answerOf(world, alice.id);
    assert.equal((await signIn(world, undefined, next, 'POST')).back.status, 200);
  });

  test('looking at it uses nothing up', async () => {
    const { world, link } = await openEmpty();
    for (let at = 0; at < 3; at += 1) assert.equal((await openBrowser(world).go(link)).status, 200);
  });

  test('takes a second factor, and is not used up by who has none', async () => {
    const { world, link } = await openEmpty();
    await answerOf(world, alice.id, { acr: acrOf.password });
    await turnedAway(world, (await signIn(world, undefined, link, 'POST')).back, 'admin_no_second_factor');
    assert.deepEqual(await world.store.administrators.list(), []);
    await answerOf(world, alice.id);
    assert.equal((await signIn(world, undefined, link, 'POST')).back.status, 200);
  });

  test('of two who come back with it one becomes it', async () => {
    const { world, link } = await openEmpty();
    await answerOf(world, alice.id);
    const browsers = [openBrowser(world), openBrowser(world)];
    const paths = await Promise.all(
      browsers.map(async (each) => `/sign-in/done?code=c&state=${stateOf(await each.go(link, 'POST'))}`),
    );
    const given = await Promise.all(browsers.map((each, at) => each.go(paths[at] ?? '')));
    assert.deepEqual(given.map(({ status }) => status).sort(), [200, 404]);
  });

  test('is worth nothing once somebody administers, however they came to', async () => {
    const { world, link } = await openEmpty();
    await answerOf(world, alice.id);
    const browser = openBrowser(world);
    const away = await browser.go(link, 'POST');
    await world.store.administrators.grant({ personId: 'u_people', role: 'people', grantedAt: 1 }, []);
    const back = await browser.go(`/sign-in/done?code=c&state=${stateOf(away)}`);
    await turnedAway(world, back, 'admin_first_link_unknown');
    assert.equal(await world.store.administrators.roleOf(alice.id), undefined);
  });

  test('another one leads nowhere', async () => {
    const { world } = await openEmpty();
    await turnedAway(world, await openBrowser(world).go('/first/guess'), 'admin_first_link_unknown');
  });
});
