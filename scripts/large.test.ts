import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from '../packages/server/src/policy/compile.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { accessOf, createDice, lineOf, peopleOf } from './large-model.ts';

describe('a large organisation', () => {
  const size = { people: 500, groups: 50, servers: 30, rules: 200 };

  test('is the same each time', () => {
    assert.deepEqual([...peopleOf(size)], [...peopleOf(size)]);
    assert.deepEqual(accessOf(size), accessOf(size));
    assert.deepEqual(lineOf(7, size, 5), lineOf(7, size, 5));
    const dice = createDice(1);
    assert.deepEqual(
      [dice(1000), dice(1000), dice(1000)],
      [dice, dice, dice].map(
        (
          (again) => () =>
            again(1000)
        )(createDice(1)),
      ),
    );
  });

  test('is as large as it was asked to be, and its policy is in order', () => {
    const parsed = parsePolicy(JSON.stringify(accessOf(size)), 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const document = parsed.document as Parameters<typeof compileAccess>[0];
    const index = compileAccess(document, { version: 1, localRas: undefined });
    assert.equal(index.servers.size, size.servers);
    assert.equal(document.rules.length, size.rules);
    const people = [...peopleOf(size)];
    assert.equal(new Set(people.map(({ email }) => email)).size, size.people);
    assert.ok(people.every(({ groups }) => groups.length > 0));
  });
});
