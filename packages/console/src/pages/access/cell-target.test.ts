import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScopeSays } from './cell-rules.ts';
import { changed, toTarget } from './cell-target.ts';

const free: ScopeSays = { choice: 'allow', conditions: {}, needs: undefined };
const narrow: ScopeSays = { ...free, conditions: { until: '2026-12-04' } };
const none: ScopeSays = { ...free, choice: 'none' };
const says = (...all: ScopeSays[]) => new Map(all.map((each, at) => [`s${at + 1}`, each]));

describe('whose conditions are shown', () => {
  const table: [name: string, all: ReadonlyMap<string, ScopeSays>, chosen: string | undefined, target: string][] = [
    ['of all that is given, where they are the same', says(free, none, free), undefined, ' s1 s3 same'],
    ['of the first, where they differ', says(none, narrow, free), undefined, 's2 s2 same'],
    [
      'a sign-in that is asked for is a difference',
      says({ ...free, needs: { max_age: 60 } }, free),
      undefined,
      's1 s1 same',
    ],
    ['of the one that was chosen', says(narrow, free), 's2', 's2 s2 same'],
    ['of all, because that was chosen', says(narrow, free), '', ' s1 s2 differ'],
    ['of one that is not given any more: of the others', says(free, none), 's2', ' s1 same'],
    ['of nothing', says(none), undefined, '  same'],
  ];
  for (const [name, all, chosen, target] of table) {
    test(name, () => {
      const { value, scopes, differ } = toTarget(all, chosen);
      assert.equal(`${value} ${scopes.join(' ')} ${differ ? 'differ' : 'same'}`, target);
    });
  }

  test('and what they are', () => {
    assert.deepEqual(toTarget(says(narrow, free), undefined).shown, narrow);
    assert.deepEqual(toTarget(says(narrow, free), '').shown, narrow);
    assert.equal(toTarget(says(none), undefined).shown, undefined);
  });
});

test('a change is made to those that are meant, from what each of them says', () => {
  const after = changed(says(narrow, { ...free, needs: { max_age: 60 } }, free), ['s1', 's2', 's9'], (before) => ({
    ...before,
    conditions: { ...before.conditions, through: ['code'] },
  }));
  assert.deepEqual(
    [...after],
    [
      ['s1', { ...narrow, conditions: { until: '2026-12-04', through: ['code'] } }],
      ['s2', { ...free, needs: { max_age: 60 }, conditions: { through: ['code'] } }],
    ],
  );
});
