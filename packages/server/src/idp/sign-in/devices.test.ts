import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createDevices } from './devices.ts';
import type { Context } from './layer.ts';
import { createNetworkWatch } from './network-watch.ts';
import { ask, signInAs } from './test-client.ts';
import { alice, bob, openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

describe('new devices', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const signIn = (browser: TestBrowser, email: string) =>
    signInAs(browser, ask(world, 'claude-code', 'http://localhost:51234/callback', { prompt: 'login' }), email);
  const seen = () => world.notes.filter(({ kind }) => kind === 'sign_in').map(({ facts }) => facts.detail);

  test('a browser is new to each person once; another is new again', async () => {
    const browser = new TestBrowser(world.issuer);
    await signIn(browser, alice.email);
    await signIn(browser, alice.email);
    await signIn(browser, bob.email);
    await signIn(browser, alice.email);
    assert.deepEqual(seen(), ['password, new device', 'password', 'password, new device', 'password']);
    await signIn(new TestBrowser(world.issuer), alice.email);
    assert.equal(seen().at(-1), 'password, new device');
  });

  test('the cookie names nobody, and differs from browser to browser', async () => {
    const [one, two] = [new TestBrowser(world.issuer), new TestBrowser(world.issuer)];
    await signIn(one, alice.email);
    await signIn(two, alice.email);
    const values = [one, two].map((browser) => browser.cookie('credence_device') ?? '');
    assert.match(values[0] ?? '', /^[\w-]{22}\.[\w-]{22}$/);
    assert.notEqual(values[0]?.split('.')[1], values[1]?.split('.')[1]);
  });

  test('a failed sign-in marks nothing', async () => {
    const browser = new TestBrowser(world.issuer);
    const page = await browser.get(ask(world, 'claude-code', 'http://localhost:51234/callback').url);
    await browser.submit(page, { email: alice.email, password: 'guess', do: 'sign-in' });
    assert.equal(browser.cookie('credence_device'), undefined);
  });

  test('one person from too many networks is an alert, once, and nothing is refused', async () => {
    for (let at = 1; at <= 7; at += 1) {
      const browser = new TestBrowser(world.issuer);
      const page = await browser.get(ask(world, 'claude-code', 'http://localhost:51234/callback').url);
      const headers = { 'x-test-address': `198.51.${at}.7` };
      const resume = await browser.submitOnly(page, { email: bob.email, password: 'tulip-42-harbour', do: 'sign-in' });
      const arrived = await browser.get(resume, headers);
      assert.ok(arrived.url.searchParams.get('code'));
    }
    const alerts = world.notes.filter(({ kind }) => kind === 'alert');
    assert.deepEqual(
      alerts.map(({ facts, outcome }) => [facts.person, facts.detail, outcome]),
      [[bob.id, 'signed in from 5 networks', 'allowed']],
    );
  });
});

test('a browser stays known while the keys of our cookies are changed, until the key of its mark is gone', () => {
  const jar = new Map<string, string>();
  const context = { cookies: jar } as unknown as Context;
  const cookie = () => [...jar.values()].join();
  const under = (...cookieKeys: string[]) => createDevices({ cookieKeys, issuer: 'https://id.acme.example' });
  assert.equal(under('old').isNew(context, 'a'), true);
  const marked = cookie();
  assert.ok(under('new', 'old').known(context, 'a'));
  assert.equal(under('new').known(context, 'a'), undefined);
  assert.equal(under('new', 'old').isNew(context, 'a'), false);
  assert.notEqual(cookie(), marked, 'it is marked anew, under the new key');
  assert.ok(under('new').known(context, 'a'));
});

describe('the watch on networks', () => {
  const limits = { ordinary: 2, windowSeconds: 100, maxPeople: 3 };
  const openWatch = () => {
    const clock = { now: 1000 };
    return { clock, watch: createNetworkWatch(limits, () => clock.now) };
  };

  test('counts networks, not addresses or sign-ins', () => {
    const { watch } = openWatch();
    const addresses = ['192.0.2.1', '192.0.2.200', '::ffff:192.0.2.3', '2001:db8:1:2::1', '2001:db8:1:3::9'];
    assert.ok(addresses.every((address) => watch.see('a', address) === undefined));
    assert.equal(watch.see('b', '203.0.113.1'), undefined);
    assert.equal(watch.see('a', '203.0.113.1'), 3);
  });

  test('says so once in a window, and forgets what is older', () => {
    const { watch, clock } = openWatch();
    for (const at of [1, 2]) watch.see('a', `10.0.${at}.1`);
    assert.equal(watch.see('a', '10.0.3.1'), 3);
    assert.equal(watch.see('a', '10.0.4.1'), undefined);
    clock.now += 100;
    assert.equal(watch.see('a', '10.0.5.1'), undefined);
    watch.see('a', '10.0.6.1');
    assert.equal(watch.see('a', '10.0.7.1'), 3);
  });

  test('remembers a bounded number of people and networks', () => {
    const { watch } = openWatch();
    for (const at of [1, 2]) watch.see('a', `10.0.${at}.1`);
    for (const person of ['b', 'c', 'd']) watch.see(person, '10.0.1.1');
    assert.equal(watch.see('a', '10.0.3.1'), undefined, 'the one seen longest ago is forgotten');
  });
});
