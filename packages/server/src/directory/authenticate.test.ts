import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openSqliteStore } from '../store/sqlite.ts';
import type { Person, Store } from '../store/store.ts';
import { maxPasswordLength as maxLength } from './account-links.ts';
import { authenticate } from './authenticate.ts';
import { hashPassword } from './password.ts';

describe('signing in with e-mail and password', () => {
  let store: Store;
  const longestPassword = 'x'.repeat(maxLength);
  const longestAddress = '@acme.example'.padStart(maxLength, 'd');
  const alice: Person = {
    id: 'u_alice',
    source: 'local',
    email: 'alice@acme.example',
    name: 'alice',
    active: true,
    groups: ['engineering'],
    roles: [],
  };

  before(async () => {
    store = await openSqliteStore(':memory:', { node: 'test' });
    await store.people.save(alice);
    await store.people.setPasswordHash(alice.id, await hashPassword('tulip-42'));
    await store.people.save({ ...alice, id: 'u_bob', email: 'bob@acme.example', name: 'bob', active: false });
    await store.people.setPasswordHash('u_bob', await hashPassword('tulip-42'));
    await store.people.save({ ...alice, id: 'u_carol', email: 'carol@acme.example', name: 'carol' });
    await store.people.save({ ...alice, id: 'u_dave', email: longestAddress, name: 'dave' });
    await store.people.setPasswordHash('u_dave', await hashPassword(longestPassword));
  });
  after(() => store.close());

  const table: [name: string, email: string, password: string, proven: boolean, person: string | undefined][] = [
    ['the right password', 'alice@acme.example', 'tulip-42', true, 'u_alice'],
    ['the address in capitals', 'ALICE@acme.example', 'tulip-42', true, 'u_alice'],
    ['a wrong password', 'alice@acme.example', 'tulip-43', false, 'u_alice'],
    ['nobody of that name', 'mallory@acme.example', 'tulip-42', false, undefined],
    ['a person who is switched off, with the right password', 'bob@acme.example', 'tulip-42', false, 'u_bob'],
    ['a person without a password', 'carol@acme.example', '', false, 'u_carol'],
    ['the longest address and password there are', longestAddress, longestPassword, true, 'u_dave'],
    ['an address that is longer', `d${longestAddress}`, longestPassword, false, undefined],
    ['a password that is longer', 'alice@acme.example', `x${longestPassword}`, false, undefined],
    ['a password of a megabyte', 'alice@acme.example', 'x'.repeat(1_000_000), false, undefined],
  ];
  for (const [name, email, password, proven, person] of table) {
    test(`${name}: ${proven ? 'in' : 'out'}`, async () => {
      const outcome = await authenticate(store.people, email, password);
      assert.deepEqual([outcome.proven, outcome.person?.id], [proven, person]);
    });
  }

  test('a password that was replaced while it was being checked lets nobody in', async () => {
    const changed = await hashPassword('tulip-43');
    let reads = 0;
    const people = {
      ...store.people,
      passwordHash: async (id: string) => {
        reads += 1;
        return reads === 1 ? store.people.passwordHash(id) : changed;
      },
    };
    assert.equal((await authenticate(people, alice.email, 'tulip-42')).proven, false);
  });

  test('someone who does not exist takes as long as a wrong password', async () => {
    // In turns, and the quickest of each: what the machine does besides takes time from both.
    const quickest = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY };
    for (let round = 0; round < 7; round += 1) {
      for (const [who, email] of [
        ['known', 'alice@acme.example'],
        ['unknown', 'mallory@acme.example'],
      ] as const) {
        const start = performance.now();
        await authenticate(store.people, email, 'wrong');
        quickest[who] = Math.min(quickest[who], performance.now() - start);
      }
    }
    const { known, unknown } = quickest;
    assert.ok(unknown > known / 3 && unknown < known * 3, `known ${known} ms, unknown ${unknown} ms`);
  });
});
