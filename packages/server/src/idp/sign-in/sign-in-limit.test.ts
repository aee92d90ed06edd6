import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { makeLink } from '../../directory/account-links.ts';
import { createSignInLimit, createWindows } from './sign-in-limit.ts';
import { ask, basic, codeOf, giveApp, passkeyOptions, recoveryCodesOn, token } from './test-client.ts';
import { createTestPasskey } from './test-passkey.ts';
import { alice, bob, openTestWorld, password, TestBrowser, type TestWorld, type Visit } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

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
    const waiting = await attempt('another guess', '203.0.113.5');
    assert.deepEqual([waiting.status, waiting.body.error], [429, 'slow_down']);
    assert.ok(Number(waiting.headers.get('retry-after')) > 0);
    assert.equal((await attempt('guess', '203.0.113.6')).status, 401);
    assert.equal((await attempt(world.secret, '203.0.113.5')).status, 400, 'who has the secret does not wait');
  });
});

describe('IDP-38: failing on purpose keeps nobody out of where they have signed in before', () => {
  let world: TestWorld;
  const start = () => openTestWorld({ perAccount: 3, perNetwork: 8, perAccountEverywhere: 12, perDevice: 6 });
  beforeEach(async () => {
    world = await start();
  });
  afterEach(() => world.close());

  const tryIn = async (browser: TestBrowser, email: string, secret: string, address: string) => {
    const page = await browser.get(ask(world, 'claude-code', callback, { prompt: 'login' }).url);
    return browser.submit(page, { email, password: secret, do: 'sign-in' }, { 'x-test-address': address });
  };
  const guess = (email: string, address: string) => tryIn(new TestBrowser(world.issuer), email, 'guess', address);
  const isIn = (visit: Visit) => visit.url.searchParams.get('code') !== null;
  const alerts = () => world.notes.filter(({ kind }) => kind === 'alert');

  test('guessed at from many addresses: her own browser stays open, in any network; new browsers wait', async () => {
    const mine = new TestBrowser(world.issuer);
    assert.ok(isIn(await tryIn(mine, alice.email, password, '203.0.113.1')));
    for (let at = 0; at < 15; at += 1) await guess(at % 2 ? alice.email : 'ALICE@acme.example ', `198.51.100.${at}`);
    assert.ok(isIn(await tryIn(mine, alice.email, password, '203.0.113.1')));
    assert.ok(isIn(await tryIn(mine, alice.email, password, '198.51.100.3')), 'also beside one who guesses');
    const closed = await tryIn(new TestBrowser(world.issuer), alice.email, password, '203.0.113.77');
    assert.equal(closed.status, 429);
    assert.match(closed.page, /Use a browser you have signed in with before, or a passkey, or wait \d+ minutes/);
    assert.ok(Number(closed.headers.get('retry-after')) > 3000);
    assert.ok(
      isIn(await tryIn(new TestBrowser(world.issuer), bob.email, password, '203.0.113.77')),
      'bob is not meant',
    );
  });

  test('good sign-ins use nothing up, in her own browser or in new ones', async () => {
    const mine = new TestBrowser(world.issuer);
    for (let at = 0; at < 6; at += 1) assert.ok(isIn(await tryIn(mine, alice.email, password, '203.0.113.1')), `${at}`);
    for (let at = 0; at < 14; at += 1) {
      assert.ok(isIn(await tryIn(new TestBrowser(world.issuer), bob.email, password, `198.51.100.${at}`)), `${at}`);
    }
  });

  test('it is an alert, once, and names the person', async () => {
    for (let at = 0; at < 16; at += 1) await guess(alice.email, `198.51.100.${at}`);
    assert.deepEqual(
      alerts().map(({ facts, outcome }) => [
        facts.person,
        outcome,
        /guessed from many places/.test(facts.detail ?? ''),
      ]),
      [[alice.id, 'allowed', true]],
    );
  });

  test('of somebody who is not there the same is said, and no alert', async () => {
    const pages: string[] = [];
    for (const email of [alice.email, 'nobody@acme.example']) {
      let last: Visit | undefined;
      for (let at = 0; at < 14; at += 1) last = await guess(email, `198.51.${email.length}.${at}`);
      assert.equal(last?.status, 429);
      pages.push(String(/<span>[^<]*<\/span>/.exec(last?.page.slice(last.page.indexOf('role="alert"')) ?? '')));
    }
    assert.equal(pages[0], pages[1]);
    assert.equal(alerts().length, 1);
  });

  test('a flood from her own network does not keep her out either', async () => {
    const mine = new TestBrowser(world.issuer);
    assert.ok(isIn(await tryIn(mine, alice.email, password, '203.0.113.1')));
    for (let at = 0; at < 10; at += 1) await guess(at < 5 ? alice.email : `x${at}@acme.example`, '203.0.113.1');
    assert.equal((await tryIn(new TestBrowser(world.issuer), bob.email, password, '203.0.113.1')).status, 429);
    assert.ok(isIn(await tryIn(mine, alice.email, password, '203.0.113.1')));
  });

  test('nor do more guesses, from many networks, than can be checked; whoever has a link is let in too', async () => {
    const [mine, theirs, stranger] = Array.from({ length: 3 }, () => new TestBrowser(world.issuer));
    assert.ok(mine && theirs && stranger);
    const start = (browser: TestBrowser) => browser.get(ask(world, 'claude-code', callback, { prompt: 'login' }).url);
    await mine.submit(await start(mine), { email: alice.email, password, do: 'sign-in' });
    const again = await start(mine);
    const now = Math.floor(Date.now() / 1000);
    const made = { issuer: world.issuer, purpose: 'reset', now, validSeconds: 600, records: [] } as const;
    const link = await theirs.get((await makeLink(world.store, bob, made)).url);
    const page = await start(stranger);
    const statuses: number[] = [];
    const flood = Array.from({ length: 160 }, async (_, at) => {
      const fields = { email: `nobody${at}@acme.example`, password: 'guess', do: 'sign-in' };
      const { status } = await stranger.submit(page, fields, { 'x-test-address': `198.51.100.${at}` });
      statuses.push(status);
    });
    while (!statuses.includes(503)) await nextTurn();
    const [signedIn, chosen] = await Promise.all([
      mine.submit(again, { email: alice.email, password, do: 'sign-in' }),
      theirs.submit(link, { do: 'set', password: 'nine tulips and a harbour', again: 'nine tulips and a harbour' }),
    ]);
    assert.ok(statuses.length < 160, 'while the others wait');
    assert.ok(isIn(signedIn));
    assert.match(chosen.page, /Your password is set/);
    await Promise.all(flood);
    assert.deepEqual(new Set(statuses), new Set([400, 503]));
  });

  test('nor out of her second factor', async () => {
    const mine = new TestBrowser(world.issuer);
    await tryIn(mine, alice.email, password, '203.0.113.1');
    const secret = await giveApp(world, alice.id);
    for (let at = 0; at < 10; at += 1) await guess(`x${at}@acme.example`, '203.0.113.1');
    const step = await tryIn(mine, alice.email, password, '203.0.113.1');
    assert.match(step.page, /One more step/);
    const headers = { 'x-test-address': '203.0.113.1' };
    assert.ok(isIn(await mine.submit(step, { do: 'code', code: codeOf(secret) }, headers)));
  });

  test('a browser that others use is worth nothing for her, nor a cookie that was made up', async () => {
    const mallorys = new TestBrowser(world.issuer);
    assert.ok(isIn(await tryIn(mallorys, bob.email, password, '203.0.113.1')));
    for (let at = 0; at < 13; at += 1) await guess(alice.email, `198.51.100.${at}`);
    assert.equal((await tryIn(mallorys, alice.email, password, '203.0.113.2')).status, 429);
  });

  test('her own browser guesses no faster than others, and in the long run slower', async () => {
    const mine = new TestBrowser(world.issuer);
    await tryIn(mine, alice.email, password, '203.0.113.1');
    const tries = [];
    for (let at = 0; at < 4; at += 1) tries.push((await tryIn(mine, alice.email, 'guess', '203.0.113.1')).status);
    assert.deepEqual(tries, [400, 400, 400, 429], 'within a minute');
    for (let at = 0; at < 13; at += 1) await guess(alice.email, `198.51.100.${at}`);
    for (let at = 0; at < 2; at += 1) await tryIn(mine, alice.email, 'guess', '203.0.113.1');
    const spent = await tryIn(mine, alice.email, 'guess', '203.0.113.1');
    assert.match(
      spent.page,
      /too many wrong passwords for this address/,
      'within a day: then it is one like any other',
    );
  });

  test('passkeys: nonsense from her network uses up nobody else’s tries', async () => {
    const post = async () => {
      const browser = new TestBrowser(world.issuer);
      const page = await browser.get(ask(world, 'claude-code', callback).url);
      return browser.submit(await browser.submit(page, { do: 'passkey' }), { do: 'passkey-answer', credential: '{}' });
    };
    const statuses = [];
    for (let at = 0; at < 5; at += 1) statuses.push((await post()).status);
    assert.deepEqual(statuses, [400, 400, 400, 429, 429]);
    const owner = createTestPasskey(world.issuer);
    world.firstFactor = 'password';
    const mine = new TestBrowser(world.issuer);
    const phr = { acr_values: 'phr' };
    const page = await mine.get(ask(world, 'claude-code', callback, phr).url);
    const headers = { 'x-test-address': '203.0.113.50' };
    const setup = await mine.submit(page, { email: alice.email, password, do: 'sign-in' }, headers);
    const made = await mine.submit(
      setup,
      { do: 'passkey-made', credential: owner.make(passkeyOptions(setup)) },
      headers,
    );
    assert.equal(recoveryCodesOn(made).length, 10);
    const alone = new TestBrowser(world.issuer);
    const asked = await alone.submit(await alone.get(ask(world, 'claude-code', callback).url), { do: 'passkey' });
    const answer = owner.use(passkeyOptions(asked));
    assert.ok(isIn(await alone.submit(asked, { do: 'passkey-answer', credential: answer })));
  });
});

test('IDP-38: of the networks of one IPv6 site five have all their tries, and what is refused to one uses up nothing of the others', async () => {
  const limit = createSignInLimit({ perAccount: 3, perNetwork: 8, perAccountEverywhere: 100, perDevice: 6 });
  let made = 0;
  const asker = (group: string, site = '2001:db8:1') => {
    made += 1;
    return { account: `y${made}@acme.example`, address: `${site}:${group}::1`, guessable: true };
  };
  const isRefused = async (group: string, site?: string) => (await limit.take(asker(group, site))) !== undefined;
  for (let at = 0; at < 20; at += 1) assert.equal(await isRefused('a'), at >= 8, `${at}`);
  const good = asker('b');
  assert.equal(await limit.take(good), undefined);
  await limit.giveBack(good);
  for (let at = 0; at < 32; at += 1) assert.equal(await isRefused(`c${at}`), false, `${at}`);
  assert.equal(await isRefused('d'), true);
  assert.equal(await isRefused('d', '2001:db8:2'), false);
});

describe('counts over a long time', () => {
  const takeTimes = (windows: ReturnType<typeof createWindows>, key: string, times: number) =>
    Array.from({ length: times }, () => windows.take(key).left);

  test('of more keys than there is room for a new one takes over the fewest tries, and no other is forgotten', () => {
    const windows = createWindows({ max: 3, seconds: 60, maxKeys: 3 });
    takeTimes(windows, 'a', 3);
    takeTimes(windows, 'b', 1);
    takeTimes(windows, 'c', 2);
    assert.deepEqual(takeTimes(windows, 'd', 3), [true, true, false], 'with the one of b');
    for (const [key, left] of [
      ['a', false],
      ['c', true],
    ] as const) {
      assert.equal(windows.take(key).left, left, key);
    }
  });

  test('IDP-38: made-up addresses do not make room for more guesses at one that is there', () => {
    const windows = createWindows({ max: 3, seconds: 60, maxKeys: 4 });
    takeTimes(windows, 'victim', 3);
    for (let at = 0; at < 20; at += 1) {
      windows.take(`made-up-${at}`);
      if (at === 8)
        assert.equal(windows.take('victim').isFirst, true, 'as long as others have no more: it is an alert');
    }
    assert.equal(windows.take('victim').left, false, 'nor when all the others are full as well');
  });

  test('IDP-38: nor do they in turn with the guesses, where no window is left', () => {
    const windows = createWindows({ max: 5, seconds: 60, maxKeys: 3 });
    for (const key of ['a', 'b', 'c']) takeTimes(windows, key, 2);
    const guesses = Array.from({ length: 20 }, (_, at) => {
      const { left } = windows.take('victim');
      windows.take(`made-up-${at}`);
      return left;
    });
    assert.ok(guesses.filter((left) => left).length <= 5);
  });

  test('what is taken over ends when it would have ended; what has ended is taken over by nobody', ({ mock }) => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    const windows = createWindows({ max: 1, seconds: 60, maxKeys: 1 });
    windows.take('a');
    mock.timers.tick(20_000);
    assert.deepEqual(windows.take('b'), { left: false, waitSeconds: 40, isFirst: true });
    mock.timers.tick(40_000);
    assert.deepEqual(windows.take('b'), { left: true, waitSeconds: 60, isFirst: false });
    mock.timers.tick(60_000);
    assert.equal(windows.take('c').left, true);
  });

  test('what has ended goes before what has not, however many tries it had', ({ mock }) => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    const windows = createWindows({ max: 2, seconds: 60, maxKeys: 2 });
    takeTimes(windows, 'a', 2);
    mock.timers.tick(30_000);
    windows.take('b');
    mock.timers.tick(30_000);
    assert.deepEqual(takeTimes(windows, 'c', 2), [true, true]);
    assert.deepEqual(takeTimes(windows, 'b', 2), [true, false]);
  });

  test('whoever has given all back takes up no room, and begins anew', ({ mock }) => {
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    const windows = createWindows({ max: 1, seconds: 60, maxKeys: 1 });
    windows.take('a');
    windows.giveBack('a');
    windows.giveBack('nobody');
    mock.timers.tick(30_000);
    assert.deepEqual(windows.take('b'), { left: true, waitSeconds: 60, isFirst: false });
  });

  test('one try given back is one more, and not all of them', () => {
    const windows = createWindows({ max: 2, seconds: 60 });
    takeTimes(windows, 'a', 2);
    windows.giveBack('a');
    assert.deepEqual(takeTimes(windows, 'a', 2), [true, false]);
  });

  test('a try given back is there again, and none more than were taken', () => {
    const windows = createWindows({ max: 1, seconds: 60 });
    windows.take('a');
    for (let at = 0; at < 3; at += 1) windows.giveBack('a');
    assert.deepEqual([windows.take('a').left, windows.take('a').left], [true, false]);
    const { waitSeconds, isFirst } = windows.take('a');
    assert.deepEqual([waitSeconds, isFirst], [60, false]);
  });
});
