import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ask, basic, token } from './test-client.ts';
import { alice, bob, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

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
    const waiting = await attempt(world.secret, '203.0.113.5');
    assert.deepEqual([waiting.status, waiting.body.error], [429, 'slow_down']);
    assert.ok(Number(waiting.headers.get('retry-after')) > 0);
    assert.equal((await attempt(world.secret, '203.0.113.6')).status, 400);
  });
});
