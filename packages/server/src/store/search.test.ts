import assert from 'node:assert/strict';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { Kysely } from 'kysely';
import { groupStore } from './groups.ts';
import { migrate } from './migrate.ts';
import { provisionedStore } from './provisioned.ts';
import type { Schema } from './schema.ts';
import { type Condition, isIndexed, type Search, searchStore } from './search.ts';
import { nodeSqliteDialect, StatementCache } from './sqlite-dialect.ts';

// With 100,000 people, what the planner makes of a query decides whether a provisioning client holds up everybody else.

describe('SQLite answers by index', () => {
  const database = new DatabaseSync(':memory:');
  const asked: { sql: string; parameters: readonly unknown[] }[] = [];
  const db = new Kysely<Schema>({
    dialect: nodeSqliteDialect(new StatementCache(database)),
    log: ({ query: { sql, parameters } }) => {
      asked.push({ sql, parameters });
    },
  });
  const engine = {
    db,
    write: async ({ steps }: { steps: readonly { compile(): { sql: string; parameters: readonly unknown[] } }[] }) => {
      asked.push(...steps.map((step) => step.compile()));
      return [0];
    },
  };
  before(() => migrate(database, db, ':memory:'));
  after(() => database.close());

  /** Runs something, and tells how each of its statements would be answered. */
  const plansOf = async (work: () => Promise<unknown>): Promise<string[]> => {
    asked.length = 0;
    await work();
    assert.ok(asked.length > 0);
    return asked.flatMap(({ sql, parameters }) =>
      database
        .prepare(`EXPLAIN QUERY PLAN ${sql}`)
        .all(...(parameters as SQLInputValue[]))
        .map(({ detail }) => String(detail)),
    );
  };
  const assertIndexed = (plans: readonly string[]) => {
    // Whole tables, and everything of one source or kind.
    const slow = plans.filter((plan) =>
      /^SCAN (?!.*CONSTANT)|\((?:source|kind)=\?\)$|\(source=\? AND kind=\?\)$/.test(plan),
    );
    assert.deepEqual(slow, []);
  };

  const search = (where: Condition): Search => ({ where, sortBy: undefined, descending: false, skip: 0, limit: 100 });
  const people: Condition[] = [
    { field: 'id', is: 'eq', value: 'u' },
    { field: 'handle', is: 'eq', value: 'x' },
    { field: 'externalId', is: 'eq', value: 'x' },
    { field: 'name', is: 'eq', value: 'x' },
    { field: 'email', is: 'eq', value: 'x' },
    { field: 'group', is: 'eq', value: 'x' },
    { field: 'modified', is: 'eq', value: 1 },
    {
      all: [
        { field: 'name', is: 'co', value: 'x' },
        { field: 'handle', is: 'eq', value: 'x' },
      ],
    },
  ];
  for (const where of people) {
    test(`people by ${JSON.stringify(where)}`, async () => {
      assert.equal(isIndexed(where), true);
      assertIndexed(await plansOf(() => searchStore(engine).people('scim:x', search(where))));
    });
  }

  const groups: Condition[] = [
    { field: 'id', is: 'eq', value: 'x/g' },
    { field: 'name', is: 'eq', value: 'x' },
    { field: 'externalId', is: 'eq', value: 'x' },
  ];
  for (const where of groups) {
    test(`groups by ${JSON.stringify(where)}`, async () => {
      assert.equal(isIndexed(where), true);
      assertIndexed(await plansOf(() => searchStore(engine).groups('scim:x', 'group', search(where))));
    });
  }

  const person = {
    id: 'u',
    source: 'scim:x',
    handle: 'h',
    externalId: 'e',
    email: 'a@b.c',
    emails: ['a@b.c'],
    name: 'N',
    wantedActive: false,
    blocked: false,
    attributes: '{}',
    version: 1,
    createdMs: 1,
    modifiedMs: 1,
  };
  const group = {
    kind: 'group',
    id: 'x/g',
    source: 'scim:x',
    name: 'G',
    externalId: 'e',
    version: 1,
    createdMs: 1,
    modifiedMs: 1,
  } as const;
  const acts: [name: string, act: () => Promise<unknown>][] = [
    ['a person by id', () => provisionedStore(engine).find('scim:x', 'u')],
    ['a person by handle', () => provisionedStore(engine).findByHandle('scim:x', 'h')],
    ['a person by external id', () => provisionedStore(engine).findByExternalId('scim:x', 'e')],
    ['a person created', () => provisionedStore(engine).create(person, { groups: ['x/g'], roles: ['x/r'] }, [])],
    ['a person updated', () => provisionedStore(engine).update(person, { groups: ['x/g'], roles: [] }, [])],
    ['a person removed', () => provisionedStore(engine).remove(person, [])],
    ['a person blocked', () => provisionedStore(engine).block('u', true, [])],
    ['people who are known', () => provisionedStore(engine).known('scim:x', ['u', 'v'])],
    ['members', () => groupStore(engine).members('group', 'x/g', '', 10)],
    ['members among', () => groupStore(engine).among('group', 'x/g', ['u'])],
    ['a group updated', () => groupStore(engine).update(group, { add: ['u'], remove: ['v'] }, [])],
    ['a group removed', () => groupStore(engine).remove(group, [])],
  ];
  for (const [name, act] of acts) {
    test(name, async () => assertIndexed((await plansOf(act)).filter((plan) => !plan.includes('change_sequence'))));
  }
});
