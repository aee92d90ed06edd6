import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from '../policy/parse.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type AccessComparison, compare } from './compare.ts';
import { countOnce, endsOn } from './counted.ts';

const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
const now = Date.UTC(2026, 10, 27, 12) / 1000;
const tomorrow = now + 12 * 3600;
const textOf = (until: string) => {
  const parsed = parsePolicy(
    `
servers:
  wiki: { local: wiki, scopes: { read: {} } }
  mail: { local: mail, scopes: { read: {} } }
rules:
  - { id: new, allow: [read], on: wiki, to: [group:g], until: ${until} }
  - { id: old, allow: [read], on: wiki, to: [group:g], until: 2020-01-01 }
`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return JSON.stringify(parsed.document);
};

async function open(until = '2026-11-27') {
  const store = await openSqliteStore(':memory:', { node: 'test' });
  const { access } = await compare(store, 'access', textOf(until), origins);
  assert.ok(access);
  let times = 0;
  const count = async () => {
    times += 1;
    return times;
  };
  const ask = (at = now, compared: AccessComparison = access, mayLagSeconds?: number) => {
    const ends = () => endsOn(compared.after, 'wiki');
    return countOnce(store, at, {
      about: compared,
      ends,
      count,
      ...(mayLagSeconds !== undefined && { mayLagSeconds }),
    });
  };
  return { store, access, ask };
}

const person = { source: 'local', roles: [], name: 'n', active: true, groups: ['g'] };

describe('what a change does to people is counted once', () => {
  test('while nobody and nothing is another', async () => {
    const { ask } = await open();
    assert.deepEqual([await ask(), await ask(now + 1), await ask(tomorrow - 1)], [1, 1, 1]);
  });

  test('for all who ask while it is being counted', async () => {
    const { ask } = await open();
    assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1]);
  });

  const stale: [what: string, change: (store: Awaited<ReturnType<typeof open>>['store']) => Promise<unknown>][] = [
    ['somebody joins', (store) => store.people.save({ ...person, id: 'u_2', email: 'two@acme.example' })],
    [
      'somebody is switched off',
      (store) => store.people.save({ ...person, id: 'u_1', email: 'one@acme.example', active: false }),
    ],
    [
      'somebody leaves a group',
      (store) => store.people.save({ ...person, id: 'u_1', email: 'one@acme.example', groups: [] }),
    ],
    [
      'a group is called something else',
      async (store) => {
        const group = await store.directory.groups.find('group', 'g');
        assert.ok(group);
        const none = { add: [], remove: [] };
        await store.directory.groups.update({ ...group, name: 'Other' }, none, []);
      },
    ],
  ];
  for (const [what, change] of stale) {
    test(`and again when ${what}`, async () => {
      const { store, ask } = await open();
      await store.people.save({ ...person, id: 'u_1', email: 'one@acme.example' });
      assert.equal(await ask(), 1);
      await change(store);
      assert.deepEqual([await ask(), await ask()], [2, 2]);
    });
  }

  test('and again from the second in which a rule ends; one that has ended says no more', async () => {
    const { ask } = await open();
    assert.deepEqual([await ask(), await ask(tomorrow), await ask(tomorrow + 1_000_000)], [1, 2, 2]);
  });

  test('and again where a clock has gone back', async () => {
    const { ask } = await open();
    assert.deepEqual([await ask(), await ask(now - 1)], [1, 2]);
  });

  test('of each comparison and of each store for itself', async () => {
    const { ask, access } = await open();
    const other = await open('2026-11-28');
    assert.equal(await ask(), 1);
    assert.equal(await ask(now, other.access), 2);
    assert.equal(await other.ask(now, access), 1, 'the other store has counted nothing yet');
  });

  test('and again after it has failed', async () => {
    const { store, access } = await open();
    const counting = { about: access, ends: () => [] };
    const fails = () => Promise.reject(new Error('away'));
    await assert.rejects(countOnce(store, now, { ...counting, count: fails }), /away/);
    assert.equal(await countOnce(store, now, { ...counting, count: async () => 'counted' }), 'counted');
  });

  test('or only so often, where it may lag behind people; never behind a rule that ends', async () => {
    const { store, access, ask } = await open();
    const lags = (at: number) => ask(at, access, 60);
    assert.equal(await lags(now), 1);
    await store.people.save({ ...person, id: 'u_3', email: 'three@acme.example' });
    assert.deepEqual([await lags(now + 59), await lags(now + 60)], [1, 2]);
    assert.deepEqual([await lags(now + 59), await lags(now + 59)], [3, 3], 'a clock that has gone back');
    assert.equal(await lags(tomorrow - 1), 3);
    await store.people.save({ ...person, id: 'u_4', email: 'four@acme.example' });
    assert.deepEqual([await lags(tomorrow - 1), await lags(tomorrow)], [4, 5]);
  });
});
