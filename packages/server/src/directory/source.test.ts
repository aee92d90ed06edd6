import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isGroupName, isSourceName, nameOfSource, ownOf, toGroupId } from './source.ts';

describe('ids of groups', () => {
  const table: [name: string, ...Parameters<typeof toGroupId>, id: string | RegExp][] = [
    ['a local one is its own id', 'local', 'engineering', 'engineering'],
    ['one of a source carries its name', 'scim:okta', '00g1eng', 'okta/00g1eng'],
    ['of an upstream too', 'upstream:entra', 'b2c3', 'entra/b2c3'],
    ['one that a rule cannot spell goes by its hash', 'upstream:okta', 'All Employees', /^okta\/x-[\w-]{22}$/],
    ['a slash would make it another source’s', 'upstream:okta', '../scim/x', /^okta\/x-[\w-]{22}$/],
    ['a line break too', 'upstream:okta', 'eng\n', /^okta\/x-[\w-]{22}$/],
    ['nothing at all too', 'upstream:okta', '', /^okta\/x-[\w-]{22}$/],
  ];
  for (const [name, source, value, id] of table) {
    test(name, () => {
      if (typeof id === 'string') assert.equal(toGroupId(source, value), id);
      else assert.match(toGroupId(source, value), id);
    });
  }

  test('differ where the groups differ, also in case only', () => {
    const ids = ['All Employees', 'all employees', 'All  Employees'].map((value) => toGroupId('upstream:okta', value));
    assert.equal(new Set(ids).size, 3);
  });

  test('belong to a source by its whole name', () => {
    assert.deepEqual(ownOf('scim:okta', ['okta/a', 'okta2/a', 'okta', 'a', 'local/okta/a']), ['okta/a']);
    assert.equal(nameOfSource('scim:okta'), 'okta');
    assert.equal(nameOfSource('local'), 'local');
  });
});

describe('names', () => {
  for (const name of ['okta', 'Entra-2', 'a', 'acme.okta_1']) {
    test(`${name} may name a source`, () => assert.equal(isSourceName(name), true));
  }
  for (const name of ['', 'local', 'a/b', 'a:b', '-a', 'a b', 'ä', 'a'.repeat(64)]) {
    test(`"${name}" may not`, () => assert.equal(isSourceName(name), false));
  }
  test('of groups are what a rule can spell', () => {
    assert.deepEqual(['engineering', 'a@b:c+d', '', 'a/b', 'a b'].map(isGroupName), [true, true, false, false, false]);
  });
});
