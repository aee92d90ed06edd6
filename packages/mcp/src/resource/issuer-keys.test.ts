import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { JsonObject } from '../protocol/index.ts';
import { createIssuerKeys, type KeySource } from './issuer-keys.ts';

const issuer = 'https://id.acme.example';
const trusted: KeySource = { issuer, keys: 'discovery' };
const key = (kid: string) => ({ kty: 'EC', crv: 'P-256', kid, x: 'x', y: 'y' });

function world() {
  const state = { now: 10_000, fetches: 0, down: false, named: issuer, keys: [key('k1')] as unknown[] };
  const getJson = async (url: string): Promise<JsonObject> => {
    if (state.down) throw new Error('unreachable');
    if (url.endsWith('/oauth-authorization-server')) return { issuer: state.named, jwks_uri: `${issuer}/jwks` };
    if (url !== `${issuer}/jwks`) throw new Error('not found');
    state.fetches += 1;
    return { keys: state.keys };
  };
  const { keysOf } = createIssuerKeys({ getJson, now: () => state.now, onFault: () => undefined });
  const kidsOf = async (kid?: string) => (await keysOf(trusted, kid ? { kid } : {}))?.map((found) => found.kid);
  return { state, kidsOf, keysOf };
}

describe('KEY-03 to KEY-05: keys of a trusted issuer', () => {
  test('fetched once, however many ask at once', async () => {
    const { state, kidsOf } = world();
    await Promise.all(Array.from({ length: 20 }, () => kidsOf('k1')));
    assert.equal(state.fetches, 1);
  });

  test('B39: a key rotated in is found after one refetch', async () => {
    const { state, kidsOf } = world();
    await kidsOf('k1');
    state.keys = [key('k1'), key('k2')];
    state.now += 30;
    assert.deepEqual(await kidsOf('k2'), ['k1', 'k2']);
  });

  test('B38: unknown kids cause at most one refetch in 30 s', async () => {
    const { state, kidsOf } = world();
    await kidsOf('k1');
    for (let n = 0; n < 50; n++) await kidsOf(`guess${n}`);
    assert.equal(state.fetches, 1);
    state.now += 30;
    for (let n = 0; n < 50; n++) await kidsOf(`guess${n}`);
    assert.equal(state.fetches, 2);
  });

  test('B40: a retired key is gone when the cache has been renewed', async () => {
    const { state, kidsOf } = world();
    await kidsOf('k1');
    state.keys = [key('k2')];
    state.now += 300;
    assert.deepEqual(await kidsOf('k1'), ['k2']);
  });

  test('the issuer is away: cached keys serve for 15 minutes, then none', async () => {
    const { state, kidsOf } = world();
    await kidsOf('k1');
    state.down = true;
    state.now += 899;
    assert.deepEqual(await kidsOf('k1'), ['k1']);
    state.now += 1;
    assert.equal(await kidsOf('k1'), undefined);
  });

  test('metadata that names another issuer gives no keys', async () => {
    const { state, kidsOf } = world();
    state.named = `${issuer}/`;
    assert.equal(await kidsOf('k1'), undefined);
  });

  test('entries that are no keys are left out', async () => {
    const { state, kidsOf } = world();
    state.keys = [key('k1'), 7, { kty: 'EC', kid: 7 }, { kid: 'no-kty' }];
    assert.deepEqual(await kidsOf('k1'), ['k1']);
  });

  test('pinned keys are never fetched', async () => {
    const { state, keysOf } = world();
    assert.deepEqual(await keysOf({ ...trusted, keys: [key('pinned')] }, { kid: 'x' }), [key('pinned')]);
    assert.equal(state.fetches, 0);
  });

  for (const [name, its, asked] of [
    [
      'a bare origin',
      issuer,
      [`${issuer}/.well-known/oauth-authorization-server`, `${issuer}/.well-known/openid-configuration`],
    ],
    [
      'a slash at the end',
      `${issuer}/`,
      [`${issuer}/.well-known/oauth-authorization-server`, `${issuer}/.well-known/openid-configuration`],
    ],
    [
      'a path',
      `${issuer}/a/b`,
      [`${issuer}/.well-known/oauth-authorization-server/a/b`, `${issuer}/a/b/.well-known/openid-configuration`],
    ],
  ] as const) {
    test(`where metadata is looked for: ${name}`, async () => {
      const urls: string[] = [];
      const getJson = async (url: string): Promise<JsonObject> => {
        urls.push(url);
        throw new Error('not there');
      };
      const { keysOf } = createIssuerKeys({ getJson, now: () => 10_000, onFault: () => undefined });
      await keysOf({ issuer: its, keys: 'discovery' }, {});
      assert.deepEqual(urls, asked);
    });
  }
});
