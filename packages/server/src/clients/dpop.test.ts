import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import { StoreUnavailable } from '../store/store.ts';
import { storedProofs } from './dpop.ts';

describe('proofs at several gateways (MCS-11, T15)', async () => {
  const store = await openSqliteStore(':memory:', { node: 'one' });
  after(() => store.close());
  const until = 4_000_000_000;

  test('of eight gateways that are shown one proof at once, exactly one takes it', async () => {
    const taken = await Promise.all(Array.from({ length: 8 }, () => storedProofs(store).useOnce('key proof-1', until)));
    assert.equal(taken.filter(Boolean).length, 1);
    assert.equal(await storedProofs(store).useOnce('key proof-2', until), true);
  });

  test('a proof at a token endpoint is another one', async () => {
    const endpoint = {
      kind: 'dpop_proof',
      id: JSON.stringify(['https://id.acme.example/token', 'key', 'proof-3']),
      until,
    };
    await store.commit({ marks: [{ ...endpoint, kind: 'dpop_proof' }], records: [] });
    assert.equal(await storedProofs(store).useOnce('key proof-3', until), true);
  });

  test('without a store no proof is taken', async () => {
    const away = async () => {
      throw new StoreUnavailable('away');
    };
    await assert.rejects(async () => storedProofs({ commit: away }).useOnce('key proof-4', until), StoreUnavailable);
  });
});
