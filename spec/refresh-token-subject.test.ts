import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { tokenType } from '@credence/mcp/protocol';
import { bearerKey } from '../packages/server/src/idp/bearer-key.ts';
import { alice, claimsOf, openWorld, refused } from './world.ts';

/** A refresh token as the sign-in keeps it, with changes. */
async function withRefreshToken(change: Record<string, unknown> = {}, withGrant = true) {
  const world = await openWorld();
  const { artifacts } = world.store;
  const expiresAt = world.now() + 86_400;
  const payload = {
    kind: 'RefreshToken',
    clientId: 'claude-code',
    accountId: alice.id,
    grantId: 'grant-1',
    sid: 'sid-1',
    exp: world.now() + 3600,
    authTime: world.now(),
    amr: ['pwd'],
    ...change,
  };
  const save = async () => {
    if (withGrant) await artifacts.upsert('Grant', 'grant-1', { kind: 'Grant', accountId: alice.id }, expiresAt);
    await artifacts.upsert('RefreshToken', bearerKey('RefreshToken', 'the-token'), payload, expiresAt);
  };
  await save();
  const exchange = (fields = {}) =>
    world.exchange({ subject_token: 'the-token', subject_token_type: tokenType.refreshToken, ...fields });
  return { world, exchange, save };
}

describe('IDP-14 to IDP-16: a refresh token as subject token', () => {
  test('accepted, from present attributes, and not rotated (A10)', async () => {
    const { world, exchange } = await withRefreshToken();
    const { status, body } = await exchange();
    assert.equal(status, 200);
    assert.equal(claimsOf(body.access_token).sub, alice.id);
    assert.ok(!('refresh_token' in body));
    assert.equal((await exchange()).status, 200);
    await world.store.people.save({ ...alice, groups: [] });
    await refused(world, await exchange(), 'policy_denied');
  });

  const refusedTokens: [name: string, change: Record<string, unknown>, reason: Parameters<typeof refused>[2]][] = [
    ['B17 of another client', { clientId: 'vscode' }, 'subject_token_other_client'],
    ['B17 expired', { exp: 1 }, 'subject_token_expired'],
    ['B16 of a session that has ended', { sid: 'sid-gone' }, 'session_ended'],
    ['an access token in its place', { kind: 'AccessToken' }, 'refresh_token_not_accepted'],
  ];
  for (const [name, change, reason] of refusedTokens) {
    test(`${name}: ${reason}`, async () => {
      const { world, exchange } = await withRefreshToken(change);
      await refused(world, await exchange(), reason);
    });
  }

  test('B17 revoked: its grant is gone', async () => {
    const { world, exchange } = await withRefreshToken({}, false);
    await refused(world, await exchange(), 'refresh_token_not_accepted');
  });

  test('B17 rotated out: refused, and the family ends', async () => {
    const { world, exchange } = await withRefreshToken();
    await world.store.artifacts.consume('RefreshToken', bearerKey('RefreshToken', 'the-token'), world.now());
    await refused(world, await exchange(), 'refresh_token_not_accepted');
    assert.equal(await world.store.artifacts.find('Grant', 'grant-1'), undefined);
    assert.equal(await world.store.artifacts.find('RefreshToken', bearerKey('RefreshToken', 'the-token')), undefined);
  });

  test('B18 for an audience that nobody has let its client into: what the person once agreed to decides nothing', async () => {
    const { world, exchange } = await withRefreshToken({ clientId: 'vscode', scope: 'openid offline_access' });
    const asVscode = { client_id: 'vscode', client_secret: 'vscode-secret' };
    await refused(world, await exchange(asVscode), 'client_unmapped');
    await refused(world, await exchange({ ...asVscode, audience: 'https://elsewhere.example' }), 'audience_unknown');
  });

  test('B10 a refresh token called an ID Token, and the reverse', async () => {
    const { world, exchange } = await withRefreshToken();
    await refused(world, await exchange({ subject_token_type: tokenType.idToken }), 'subject_token_not_of_type');
    await refused(world, await exchange({ subject_token: await world.idToken() }), 'subject_token_not_of_type');
  });

  test('IDP-13: a person switched off', async () => {
    const { world, exchange, save } = await withRefreshToken();
    await world.store.people.save({ ...alice, active: false });
    await refused(world, await exchange(), 'refresh_token_not_accepted');
    await save(); // by a request that was under way
    await refused(world, await exchange(), 'person_inactive');
  });
});
