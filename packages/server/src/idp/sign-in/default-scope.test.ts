import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { defaultScope } from './default-scope.ts';
import type { Context } from './layer.ts';
import { ask, push, pushed, signInAs } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const table: [name: string, method: string, path: string, query: Record<string, string>, scope: string | undefined][] =
  [
    ['no scope', 'GET', '/auth', { client_id: 'c' }, 'openid'],
    ['an empty scope counts as absent', 'GET', '/auth', { scope: '' }, 'openid'],
    ['a scope of its own', 'GET', '/auth', { scope: 'openid email' }, 'openid email'],
    ['a pushed request says it elsewhere', 'GET', '/auth', { request_uri: 'urn:x' }, undefined],
    ['the second part of a sign-in', 'GET', '/auth/abc', {}, undefined],
    ['another endpoint', 'GET', '/session/end', {}, undefined],
  ];
for (const [name, method, path, query, scope] of table) {
  test(`RFC 6749 §3.3, ${name}: ${scope}`, async () => {
    const context = { method, path, query } as unknown as Context;
    await defaultScope(context, async () => undefined);
    assert.equal(context.query.scope, scope);
  });
}

describe('RFC 6749 §3.3: a request of which no scope is left fails before anybody signs in', () => {
  const callback = 'http://localhost:51234/callback';
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const refused = ['nothing', 'offline_access', 'offline_access nothing'];
  for (const scope of refused) {
    test(`${scope}: the client is told, and the session that may be there holds nothing of it`, async () => {
      const browser = new TestBrowser(world.issuer);
      const asked = ask(world, 'portal', 'https://portal.example/cb', { scope });
      const visit = await browser.get(asked.url);
      assert.equal(visit.url.searchParams.get('error'), 'invalid_scope');
      assert.deepEqual(
        world.notes.map(({ reason, facts }) => [reason, facts.detail, facts.person]),
        [['sign_in_request_refused', 'invalid_scope', undefined]],
      );
      await signInAs(browser, ask(world, 'claude-code', callback));
      assert.equal((await browser.get(asked.url)).url.searchParams.get('error'), 'invalid_scope');
      const [session] = await world.store.sessions.list({ after: '', limit: 10, now: 0 });
      assert.deepEqual(
        session?.clients.map(({ client }) => client),
        ['claude-code'],
      );
      await world.store.artifacts.endSessionsOf(session?.personId ?? '');
    });

    test(`${scope}, pushed: refused where it is pushed`, async () => {
      const { status, body } = await push(world, ask(world, 'claude-code', callback, { scope }));
      assert.deepEqual([status, body.error], [400, 'invalid_scope']);
    });
  }

  for (const more of [
    { scope: 'openid nothing' },
    { scope: 'profile' },
    { scope: 'offline_access', prompt: 'consent' },
  ]) {
    test(`${Object.values(more).join(', prompt ')}: somebody is asked to sign in`, async () => {
      const asked = ask(world, 'claude-code', callback, more);
      for (const { url } of [asked, await pushed(world, asked)]) {
        assert.match((await new TestBrowser(world.issuer).get(url)).page, /name="password"/);
      }
    });
  }
});
