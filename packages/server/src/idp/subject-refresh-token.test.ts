import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Artifact, Store } from '../store/store.ts';
import { bearerKey } from './bearer-key.ts';
import { readRefreshToken } from './subject-refresh-token.ts';

const now = Math.floor(Date.now() / 1000);
const live = { kind: 'RefreshToken', clientId: 'app', accountId: 'u_1', grantId: 'g_1', sid: 's_1', exp: now + 60 };
let store: Store;
before(async () => {
  store = await openSqliteStore(':memory:', { node: 'one' });
});
after(() => store.close());

async function readAs(change: Artifact, { value = 'token', grant = true } = {}) {
  const { artifacts } = store;
  await artifacts.destroy('Grant', 'g_1');
  if (grant) await artifacts.upsert('Grant', 'g_1', { kind: 'Grant' }, now + 600);
  await artifacts.upsert('RefreshToken', bearerKey('RefreshToken', value), { ...live, ...change }, now + 600);
  return readRefreshToken(value, { clientId: 'app', now }, artifacts);
}

describe('IDP-14 to IDP-16: what a refresh token must be to be exchanged', () => {
  const table: [name: string, change: Artifact, refusal: Refusal | undefined][] = [
    ['live, of this client', {}, undefined],
    ['bound to a key', { jkt: 'j' }, undefined],
    ['of another client', { clientId: 'other' }, 'subject_token_other_client'],
    ['of another kind', { kind: 'AccessToken' }, 'refresh_token_not_accepted'],
    ['of no grant', { grantId: undefined }, 'refresh_token_not_accepted'],
    ['of a grant without a name', { grantId: '' }, 'refresh_token_not_accepted'],
    ['in its last second', { exp: now + 1 }, undefined],
    ['at its end', { exp: now }, 'subject_token_expired'],
    ['without an end', { exp: undefined }, 'subject_token_expired'],
    ['with an end that is no date', { exp: 'never' }, 'subject_token_expired'],
    ['of nobody', { accountId: undefined }, 'refresh_token_not_accepted'],
    ['of no session', { sid: undefined }, 'refresh_token_not_accepted'],
    ['bound to what is no key', { jkt: 7 }, 'refresh_token_not_accepted'],
  ];
  for (const [name, change, refusal] of table) {
    test(`${name}: ${refusal ?? 'accepted'}`, async () => {
      const result = await readAs(change);
      assert.equal(result.ok ? undefined : result.refusal, refusal);
    });
  }

  test('one that nobody has, and one whose grant is revoked: refresh_token_not_accepted', async () => {
    const expected = { ok: false, refusal: 'refresh_token_not_accepted' };
    const none = await readRefreshToken('nothing', { clientId: 'app', now }, store.artifacts);
    assert.deepEqual({ ok: none.ok, refusal: none.ok || none.refusal }, expected);
    const revoked = await readAs({}, { grant: false });
    assert.deepEqual({ ok: revoked.ok, refusal: revoked.ok || revoked.refusal }, expected);
  });

  test('one of more than 512 characters is none of ours, and not looked for', async () => {
    assert.equal((await readAs({}, { value: 'x'.repeat(512) })).ok, true);
    assert.equal((await readAs({}, { value: 'x'.repeat(513) })).ok, false);
  });

  test('one that was rotated out ends its family; that of another client ends nothing', async () => {
    const { artifacts } = store;
    const family = () => artifacts.find('Grant', 'g_1');
    await readAs({}, { value: 'old' });
    await artifacts.consume('RefreshToken', bearerKey('RefreshToken', 'old'), now);
    assert.equal((await readRefreshToken('old', { clientId: 'other', now }, artifacts)).ok, false);
    assert.notEqual(await family(), undefined);
    assert.equal((await readRefreshToken('old', { clientId: 'app', now }, artifacts)).ok, false);
    assert.equal(await family(), undefined);
  });
});

test('it says when it was issued; one that does not is from before everything', async () => {
  const said = async (change: Artifact) => {
    const result = await readAs(change);
    assert.ok(result.ok);
    const { issuedAt, personId, session, grantId, keyThumbprint } = result.value;
    return [issuedAt, personId, session, grantId, keyThumbprint];
  };
  assert.deepEqual(await said({ iat: now - 5, jkt: 'j' }), [now - 5, 'u_1', 's_1', 'g_1', 'j']);
  assert.deepEqual(await said({ iat: 'then' }), [0, 'u_1', 's_1', 'g_1', undefined]);
});
