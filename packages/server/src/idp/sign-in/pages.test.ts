import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { ask } from './test-client.ts';
import { alice, openTestWorld, password, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('pages', () => {
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
});
