import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Provisioned, ScimToken } from '../directory.ts';
import { type Condition, isIndexed, type Search } from '../search.ts';
import { type Access, fresh, now, row } from './fixtures.ts';

/** Searches in the directory, tokens of provisioning clients, and how far imports have come. */
export function provisioningContract(access: Access): void {
  const directory = () => access.store().directory;
  const newSource = async () => {
    const source = `scim:${fresh('source')}`;
    await directory().claimSource(source);
    return source;
  };
  const all: Search = { where: undefined, sortBy: undefined, descending: false, skip: 0, limit: 100 };

  describe('searches', () => {
    const fill = async () => {
      const source = await newSource();
      for (const [at, name] of ['Anna', 'bert', '100%', 'a_b', 'Ærø'].entries()) {
        const id = `${source}-${at}`;
        const names = { handle: `${name.toLowerCase()}@x`, name, externalId: at === 0 ? undefined : `E${at}` };
        const emails = [`${at}.${source}@acme.example`, `second.${at}@acme.example`];
        const state = {
          wantedActive: at !== 1,
          blocked: at === 2,
          attributes: '{}',
          createdMs: 10 + at,
          modifiedMs: 20 - at,
        };
        const person: Omit<Provisioned, 'version'> = { id, source, ...names, email: emails[0] ?? '', emails, ...state };
        await directory().provisioned.create(person, {}, []);
      }
      return source;
    };
    const namesOf = async (source: string, where: Condition, change: Partial<Search> = {}) => {
      const found = await directory().search.people(source, { ...all, where, ...change });
      return found.items.map(({ name }) => name);
    };

    test('every comparison means the same on every database', async () => {
      const source = await fill();
      const field = (name: 'name' | 'externalId' | 'email' | 'created' | 'active' | 'handle') => name;
      const table: [condition: Condition, names: string[]][] = [
        [{ field: field('name'), is: 'eq', value: 'anna' }, ['Anna']],
        [{ field: field('name'), is: 'ne', value: 'anna' }, ['bert', '100%', 'a_b', 'Ærø']],
        [{ field: field('name'), is: 'co', value: '%' }, ['100%']],
        [{ field: field('name'), is: 'co', value: '_' }, ['a_b']],
        [{ field: field('name'), is: 'sw', value: 'a' }, ['Anna', 'a_b']],
        [{ field: field('name'), is: 'ew', value: '%' }, ['100%']],
        [{ field: field('name'), is: 'ew', value: 'ærø' }, ['Ærø']],
        [{ field: field('name'), is: 'ew', value: 'a longer text than any name' }, []],
        [{ field: field('externalId'), is: 'ne', value: 'E1' }, ['Anna', '100%', 'a_b', 'Ærø']],
        [{ field: field('externalId'), is: 'present' }, ['bert', '100%', 'a_b', 'Ærø']],
        [{ none: { field: field('externalId'), is: 'present' } }, ['Anna']],
        [{ field: field('externalId'), is: 'eq', value: 'e1' }, []],
        [{ none: { field: field('externalId'), is: 'eq', value: 'E1' } }, ['Anna', '100%', 'a_b', 'Ærø']],
        [{ field: field('email'), is: 'eq', value: 'second.3@acme.example' }, ['a_b']],
        [{ field: field('email'), is: 'ne', value: 'second.3@acme.example' }, ['Anna', 'bert', '100%', 'Ærø']],
        [{ field: field('email'), is: 'present' }, ['Anna', 'bert', '100%', 'a_b', 'Ærø']],
        [{ field: field('created'), is: 'gt', value: 13 }, ['Ærø']],
        [{ field: field('created'), is: 'ge', value: 13 }, ['a_b', 'Ærø']],
        [{ field: field('created'), is: 'lt', value: 11 }, ['Anna']],
        [{ field: field('created'), is: 'le', value: 11 }, ['Anna', 'bert']],
        [{ field: field('active'), is: 'eq', value: 0 }, ['bert']],
        [
          {
            any: [
              { field: 'name', is: 'eq', value: 'anna' },
              { field: 'name', is: 'eq', value: 'bert' },
            ],
          },
          ['Anna', 'bert'],
        ],
        [
          { all: [{ field: 'name', is: 'sw', value: 'a' }, { none: { field: 'name', is: 'eq', value: 'anna' } }] },
          ['a_b'],
        ],
        [{ field: field('handle'), is: 'eq', value: "x' or '1'='1" }, []],
      ];
      for (const [condition, names] of table) {
        assert.deepEqual(await namesOf(source, condition), names, JSON.stringify(condition));
        const { total } = await directory().search.people(source, { ...all, where: condition, limit: 0 });
        assert.equal(total, names.length, JSON.stringify(condition));
      }
    });

    test('order and pages', async () => {
      const source = await fill();
      const page = async (change: Partial<Search>) => {
        const { items } = await directory().search.people(source, { ...all, ...change });
        return items.map(({ createdMs }) => createdMs);
      };
      assert.deepEqual(await page({}), [10, 11, 12, 13, 14]);
      assert.deepEqual(await page({ sortBy: 'modified' }), [14, 13, 12, 11, 10]);
      assert.deepEqual(await page({ sortBy: 'created', descending: true, skip: 1, limit: 2 }), [13, 12]);
      assert.deepEqual(await page({ skip: 5 }), []);
    });

    test('a source finds its own only, people and groups', async () => {
      const [one, two] = [await fill(), await fill()];
      assert.equal((await directory().search.people(one, all)).total, 5);
      const group = (source: string, members: string[], name: string) => {
        const id = `${source.slice(5)}/${name}`;
        const times = { createdMs: 1, modifiedMs: 1 };
        return directory().groups.create(
          { kind: 'group', id, source, name, externalId: undefined, ...times },
          members,
          [],
        );
      };
      await group(one, [`${one}-0`, `${one}-1`], 'A');
      await group(one, [`${one}-0`], 'b');
      await group(two, [`${two}-0`], 'c');
      const found = async (where: Condition | undefined) =>
        (await directory().search.groups(one, 'group', { ...all, where })).items.map(({ name }) => name);
      assert.deepEqual(await found(undefined), ['A', 'b']);
      assert.deepEqual(await found({ field: 'name', is: 'eq', value: 'a' }), ['A']);
      assert.deepEqual(await found({ field: 'member', is: 'eq', value: `${one}-1` }), ['A']);
      assert.deepEqual(await found({ field: 'member', is: 'ne', value: `${one}-1` }), ['b']);
      assert.deepEqual(await found({ field: 'member', is: 'eq', value: `${two}-0` }), []);
      const members = await namesOf(one, { field: 'group', is: 'eq', value: `${one.slice(5)}/A` });
      assert.deepEqual(members, ['Anna', 'bert']);
      assert.equal((await directory().search.groups(one, 'role', all)).total, 0);
      const among = await directory().groups.among('group', `${one.slice(5)}/A`, [`${one}-1`, `${one}-2`, 'nobody']);
      assert.deepEqual([...among], [`${one}-1`]);
    });

    test('which searches an index answers', () => {
      const eq: Condition = { field: 'handle', is: 'eq', value: 'x' };
      const scan: Condition = { field: 'name', is: 'co', value: 'x' };
      const table: [condition: Condition, indexed: boolean][] = [
        [eq, true],
        [scan, false],
        [{ field: 'active', is: 'eq', value: 1 }, false],
        [{ all: [scan, eq] }, true],
        [{ any: [scan, eq] }, false],
        [{ any: [eq, { all: [scan, eq] }] }, true],
        [{ none: eq }, false],
      ];
      for (const [condition, indexed] of table) assert.equal(isIndexed(condition), indexed, JSON.stringify(condition));
    });
  });

  describe('tokens of provisioning clients', () => {
    const toToken = (source: string): ScimToken => {
      const id = fresh('t');
      return { id, source, tokenHash: `hash of ${id}`, createdAt: now, lastUsedAt: undefined };
    };

    test('are found by hash, listed, used and removed, each change with its record', async () => {
      const source = await newSource();
      const token = toToken(source);
      const [made, gone] = [row(), row()];
      const { scimTokens } = directory();
      assert.equal(await scimTokens.add(token, 2, [made]), true);
      assert.deepEqual(await scimTokens.findByHash(token.tokenHash), token);
      assert.equal(await scimTokens.findByHash('another'), undefined);
      await scimTokens.used(token.id, now + 5);
      assert.equal((await scimTokens.all()).find(({ id }) => id === token.id)?.lastUsedAt, now + 5);
      assert.equal(await scimTokens.remove(token.id, [gone]), true);
      assert.equal(await scimTokens.findByHash(token.tokenHash), undefined);
      assert.equal(await scimTokens.remove(token.id, [row()]), false);
      for (const { id } of [made, gone]) assert.ok(await access.store().audit.find(id));
    });

    test('of eight made at once for a source two live', async () => {
      const source = await newSource();
      const other = await access.another();
      const added = await Promise.all(
        Array.from({ length: 8 }, (_, at) =>
          (at % 2 ? other : access.store()).directory.scimTokens.add(toToken(source), 2, []),
        ),
      );
      assert.equal(added.filter(Boolean).length, 2);
      assert.equal(await directory().scimTokens.add(toToken(await newSource()), 2, []), true);
    });
  });

  test('an import keeps its place for each source and file, until it is whole', async () => {
    const [source, other] = [await newSource(), await newSource()];
    const { imports } = directory();
    assert.equal(await imports.position(source, 'digest'), 0);
    await imports.keepPosition(source, 'digest', 7);
    await imports.keepPosition(source, 'digest', 9);
    assert.equal(await imports.position(source, 'digest'), 9);
    assert.equal(await imports.position(source, 'another'), 0);
    assert.equal(await imports.position(other, 'digest'), 0);
    await imports.finish(source, 'digest');
    assert.equal(await imports.position(source, 'digest'), 0);
  });
}
