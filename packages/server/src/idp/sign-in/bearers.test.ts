import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, basic, signInAs, token } from './test-client.ts';
import { openTestWorld, TestBrowser } from './test-world.ts';

test('T25: codes, refresh tokens and access tokens are not in the store, and work', async (t) => {
  const world = await openTestWorld();
  t.after(() => world.close());
  const kept: string[] = [];
  const { upsert } = world.store.artifacts;
  t.mock.method(world.store.artifacts, 'upsert', (...given: Parameters<typeof upsert>) => {
    kept.push(JSON.stringify(given));
    return upsert(...given);
  });

  const asked = ask(world, 'portal', 'https://portal.example/cb', {
    scope: 'openid offline_access',
    prompt: 'consent',
  });
  const code = (await signInAs(new TestBrowser(world.issuer), asked)).url.searchParams.get('code') ?? '';
  const credentials = basic('portal', world.secret);
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: asked.redirectUri,
    code_verifier: asked.verifier,
  };
  const first = await token(world, form, credentials);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  const again = { grant_type: 'refresh_token', refresh_token: String(first.body.refresh_token) };
  const second = await token(world, again, credentials);
  assert.equal(second.status, 200, JSON.stringify(second.body));

  const models = kept.map((line) => (JSON.parse(line) as string[])[0]);
  for (const model of ['AuthorizationCode', 'AccessToken', 'RefreshToken']) assert.ok(models.includes(model), model);
  const values = [code, ...[first, second].flatMap(({ body }) => [body.access_token, body.refresh_token])].map(String);
  assert.ok(values.every((value) => value.length > 20));
  assert.deepEqual(
    values.filter((value) => kept.some((line) => line.includes(value))),
    [],
  );
  const stolen = kept.map((line) => JSON.parse(line) as string[]).find(([model]) => model === 'RefreshToken')?.[1];
  assert.equal(
    (await token(world, { ...again, refresh_token: String(stolen) }, credentials)).status,
    400,
    'a hash is no token',
  );
});
