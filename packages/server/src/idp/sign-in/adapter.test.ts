import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Adapter, errors } from 'oidc-provider';
import { openSqliteStore } from '../../store/sqlite.ts';
import type { Store } from '../../store/store.ts';
import { createAdapter } from './adapter.ts';

const now = 1_800_000_000;

describe('what oidc-provider keeps', () => {
  let store: Store;
  let made = 0;
  let id = '';
  before(async () => {
    store = await openSqliteStore(':memory:', { node: 'test' });
  });
  beforeEach(() => {
    id = `id-${++made}`;
  });
  after(() => store.close());

  const known = { client_id: 'known', redirect_uris: ['https://known.example/cb'] };
  const adapterOf = (model: string): Adapter => {
    const make = createAdapter(
      store,
      async (clientId) => (clientId === 'known' ? known : undefined),
      () => now,
    );
    return make(model) as Adapter;
  };

  test('nothing is found under the id of nothing', async () => {
    for (const model of ['AuthorizationCode', 'RefreshToken', 'Session', 'Interaction', 'Grant', 'Client']) {
      assert.equal(await adapterOf(model).find(id), undefined, model);
    }
    assert.deepEqual(await adapterOf('Client').find('known'), known);
  });

  test('T25: what is worth something by itself is found by its value, which the store does not have', async () => {
    const codes = adapterOf('AuthorizationCode');
    await codes.upsert(id, { jti: id, grantId: 'g' }, 60);
    assert.deepEqual(await codes.find(id), { jti: id, grantId: 'g' });
    assert.equal(await store.artifacts.find('AuthorizationCode', id), undefined);
  });

  test('anything else comes back as it was put there', async () => {
    const grants = adapterOf('Grant');
    await grants.upsert(id, { accountId: 'u_1', jti: 'another' }, 60);
    assert.deepEqual(await grants.find(id), { accountId: 'u_1', jti: 'another' });
  });

  test('a session says how it was read, by its id and by its uid', async () => {
    const sessions = adapterOf('Session');
    await sessions.upsert(id, { uid: id, jti: id }, 60);
    const expected = { uid: id, jti: id, asRead: JSON.stringify({ uid: id, jti: id }) };
    assert.deepEqual([await sessions.find(id), await sessions.findByUid(id)], [expected, expected]);
    assert.equal(await sessions.find('nothing'), undefined);
  });

  describe('T05: used a second time', () => {
    const table: [model: string, refusal: typeof errors.InvalidGrant | typeof errors.InvalidRequestUri][] = [
      ['AuthorizationCode', errors.InvalidGrant],
      ['RefreshToken', errors.InvalidGrant],
      ['PushedAuthorizationRequest', errors.InvalidRequestUri],
    ];
    for (const [model, refusal] of table) {
      test(`${model}: ${refusal.name}, and its grant ends`, async () => {
        const [adapter, grants] = [adapterOf(model), adapterOf('Grant')];
        await grants.upsert(`g-${id}`, { accountId: 'u_1' }, 60);
        await adapter.upsert(id, { grantId: `g-${id}` }, 60);
        await adapter.consume(id);
        assert.ok(await grants.find(`g-${id}`));
        await assert.rejects(adapter.consume(id), refusal);
        assert.equal(await grants.find(`g-${id}`), undefined);
      });
    }
  });

  test('an interaction that is over is not there, and is not over a second time', async () => {
    const interactions = adapterOf('Interaction');
    const params = { client_id: 'known', redirect_uri: 'https://known.example/cb' };
    await interactions.upsert(id, { returnTo: '/auth/x', params }, 60);
    assert.ok(await interactions.find(id));
    await interactions.destroy(id);
    assert.equal(await interactions.find(id), undefined);
    await assert.rejects(interactions.destroy(id), errors.SessionNotFound);
  });

  test('an interaction that would lead where its client is no more is not there', async () => {
    const interactions = adapterOf('Interaction');
    for (const params of [
      { client_id: 'gone', redirect_uri: 'https://known.example/cb' },
      { client_id: 'known', redirect_uri: 'https://known.example/old' },
      undefined,
    ]) {
      await interactions.upsert(id, { returnTo: '/auth/x', ...(params && { params }) }, 60);
      assert.equal(await interactions.find(id), undefined);
    }
  });
});
