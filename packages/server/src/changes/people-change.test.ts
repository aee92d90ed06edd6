import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toRow } from '../audit/record.ts';
import { erin } from '../store/contract/fixtures.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type Ground, maxDrafts } from './drafts.ts';
import { membershipWidens, movesOf, proposePeopleChange, toMoves } from './people-change.ts';

const now = 1_800_000_000;
const change = { kind: 'group', id: 'eng', add: ['u_new'], remove: ['u_old'] } as const;

describe('a change of members', () => {
  test('widens nothing where there is no policy', () => {
    assert.deepEqual(membershipWidens(undefined, change), []);
  });

  test('moves whoever is not in it already, or is; who is named on both sides stays', async () => {
    const store = await openSqliteStore(':memory:', { node: 'one' });
    const group = { ...change, source: 'local', name: 'Eng', externalId: undefined, createdMs: 1, modifiedMs: 1 };
    for (const id of ['u_in', 'u_old', 'u_new', 'u_out']) await store.people.save(erin({ id }));
    await store.directory.groups.create(group, ['u_in', 'u_old'], []);
    const moves = (add: string[], remove: string[]) => movesOf(store, { ...change, add, remove });
    assert.deepEqual(await moves(['u_in', 'u_new'], ['u_old', 'u_out']), { joined: ['u_new'], left: ['u_old'] });
    assert.deepEqual(await moves(['u_in', 'u_new'], ['u_in', 'u_new']), { joined: ['u_new'], left: [] });
    await store.close();
  });

  test('says on the record only what happens', () => {
    assert.deepEqual(toMoves({ joined: ['a'], left: ['b'] }), { joined: ['a'], left: ['b'] });
    assert.deepEqual(toMoves({ joined: ['a'], left: [] }), { joined: ['a'] });
    assert.deepEqual(toMoves({ joined: [], left: ['b'] }), { left: ['b'] });
    assert.deepEqual(toMoves({ joined: [], left: [] }), {});
  });

  test('waits with a hundred others, and not with one more', async () => {
    const store = await openSqliteStore(':memory:', { node: 'one' });
    let made = 0;
    const row: Ground['row'] = (kind, facts) => {
      made += 1;
      const head = { v: 2, id: `a_${made}`, kind, domain: 'admin', timeMs: now * 1000, outcome: 'allowed' } as const;
      return toRow({ ...head, ...facts });
    };
    const origins = { idp: 'https://id.acme.example', ras: 'https://mcp.acme.example' };
    const propose = () => proposePeopleChange({ store, origins, now, by: 'u_a', row }, 'members', 'More', change);
    for (let at = 0; at < maxDrafts; at += 1) assert.ok((await propose()).ok);
    const refused = await propose();
    assert.equal(refused.ok ? undefined : refused.refusal, 'api_conflict');
    await store.close();
  });
});
