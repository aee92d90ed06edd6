import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Count, SharedCounts } from '../../limits.ts';
import { ask } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

describe('T27: nobody fills the disk from one place with sign-ins that begin and never end', () => {
  let world: TestWorld;
  let url: string;
  before(async () => {
    const now = Math.floor(Date.now() / 1000); // and stays it: however long the requests take, no more are let in
    world = await openTestWorld(undefined, undefined, undefined, () => ({ now: () => now }));
    url = ask(world, 'claude-code', 'http://localhost:51234/callback').url;
  });
  after(() => world.close());

  const begin = (address: string, path = url, body?: URLSearchParams) => {
    const init = { redirect: 'manual', headers: { 'x-test-address': address } } as const;
    return fetch(path, body ? { ...init, method: 'POST', body } : init);
  };
  const pushed = (state: string) => {
    const form = new URLSearchParams(new URL(url).searchParams);
    form.set('state', state);
    return form;
  };

  test('of 650 from one network the last are refused, with a reference; another network is not', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 650; at += 1) statuses.push((await begin(`2001:db8::${at.toString(16)}`)).status);
    assert.ok(statuses.slice(0, 600).every((status) => status === 303));
    assert.equal(statuses.at(-1), 429);
    const last = world.notes.at(-1);
    assert.deepEqual([last?.reason, last?.known], ['too_many_requests', false]);
    const page = await begin('2001:db8::1');
    assert.match(
      await page.text(),
      new RegExp(`Too many begin to sign in from your network[\\s\\S]+d_${world.notes.length}`),
    );
    assert.equal((await begin('2001:db8::1', `${world.issuer}/session/end`)).status, 429);
    const asked = await begin('2001:db8::1', `${world.issuer}/request`, pushed('s'));
    assert.deepEqual([asked.status, ((await asked.json()) as { error?: string }).error], [429, 'slow_down']);
    assert.equal((await begin('2001:db8:0:1::1')).status, 303);
  });

  test('nor with the forms of one that began, each of which may leave a challenge or a way to a provider behind', async () => {
    const network = '198.51.100.9';
    const browser = new TestBrowser(world.issuer);
    const page = await browser.get(url);
    const asks = await Promise.all(
      Array.from({ length: 30 }, () => browser.submit(page, { do: 'passkey' }, { 'x-test-address': network })),
    );
    assert.ok(asks.every(({ status }) => status === 200));
    const form = new URLSearchParams({ do: 'passkey' });
    for (let at = 30; at < 2400; at += 79) {
      await Promise.all(Array.from({ length: 79 }, () => begin(network, page.url.href, form)));
    }
    assert.equal((await browser.submit(page, { do: 'passkey' }, { 'x-test-address': network })).status, 429);
    assert.equal(world.notes.at(-1)?.reason, 'too_many_requests');
    assert.equal((await browser.submit(page, { do: 'passkey' }, { 'x-test-address': '198.51.100.10' })).status, 200);
    assert.equal((await begin(network)).status, 303, 'who only begins is counted apart');
    assert.notEqual((await begin(network, page.url.href)).status, 429, 'so is who only looks');
    const elsewhere = await begin(network, `${world.issuer}/token`, form);
    assert.notEqual(elsewhere.status, 429, 'and what is sent to other places');
  });

  test('IDP-38: what begins at another worker counts here', async () => {
    const [told, heard]: [Count[], Map<string, (key: string) => void>] = [[], new Map()];
    const shared: SharedCounts = {
      tell: (count) => void told.push(count),
      hear: (name, take) => void heard.set(name, take),
    };
    const other = await openTestWorld(undefined, undefined, undefined, () => ({ now: () => 1_800_000_000, shared }));
    try {
      const start = ask(other, 'claude-code', 'http://localhost:51234/callback').url;
      assert.equal((await begin('192.0.2.9', start)).status, 303);
      assert.deepEqual(
        told.filter(({ name }) => name === 'start'),
        [{ name: 'start', key: '192.0.2.9' }],
      );
      for (let at = 1; at < 600; at += 1) heard.get('start')?.('192.0.2.9');
      assert.equal((await begin('192.0.2.9', start)).status, 429);
    } finally {
      await other.close();
    }
  });

  test('what is pushed is no longer than what a request line could say', async () => {
    const longest = 16 * 1024 - pushed('').toString().length;
    for (const [length, status] of [
      [longest, 201],
      [longest + 1, 413],
    ] as const) {
      assert.equal((await begin('192.0.2.7', `${world.issuer}/request`, pushed('s'.repeat(length)))).status, status);
    }
  });
});
