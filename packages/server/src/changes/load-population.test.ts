import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffectedServer } from '../policy/diff/affected.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { loadPopulation } from './load-population.ts';

const affected = (subjects: readonly string[]): readonly AffectedServer[] => [
  { id: 's', changed: [], touched: new Set(), relevant: new Set(subjects) },
];

test('whoever is off counts nowhere, whether few groups are read or many', async () => {
  const store = await openSqliteStore(':memory:', { node: 'test' });
  const person = { source: 'local', roles: [], name: 'n' };
  const people: [id: string, groups: string[], active: boolean][] = [
    ['u_1', ['a', 'b'], true],
    ['u_2', ['a'], false],
    ['u_3', ['b'], true],
    ['u_4', [], true],
  ];
  for (const [id, groups, active] of people)
    await store.people.save({ ...person, id, groups, active, email: `${id}@a.example` });
  const few = ['group:a', 'group:b', 'user:u_2', 'user:u_4', 'everyone'];
  const many = [...few, ...Array.from({ length: 60 }, (_, at) => `role:r${at}`)];
  for (const subjects of [few, many]) {
    const { total, known, members } = await loadPopulation(store, affected(subjects));
    assert.deepEqual([total, known], [3, 3]);
    const sizes = few.slice(0, 4).map((subject) => members.get(subject)?.length);
    assert.deepEqual(sizes, [1, 2, 0, 1]);
    const [both] = members.get('group:a') ?? [];
    assert.ok(both !== undefined && members.get('group:b')?.includes(both), 'one person has one number');
  }
  await store.close();
});
