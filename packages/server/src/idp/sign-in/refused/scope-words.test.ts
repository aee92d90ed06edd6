import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inWords, toDoing } from './scope-words.ts';

describe('what a scope lets one do, in words', () => {
  const table: [scopes: string[], words: string | undefined][] = [
    [['issues:write'], 'write issues'],
    [['issues:read', 'issues:write', 'issues:read'], 'read and write issues'],
    [['issues:read', 'pull-requests.create'], 'read issues and create pull requests'],
    [['read:org'], 'read org'],
    [['a:read', 'b:read', 'c:read'], 'read a, read b and read c'],
    [['a:read', 'b:read', 'c:read', 'd:read'], undefined],
    [['issues:read', 'admin'], undefined],
    [['admin:everything'], undefined],
    [['crm:contacts:read'], undefined],
    [['read'], undefined],
    [['x<b>:read'], undefined],
    [['constructor:toString'], undefined],
    [[], undefined],
  ];
  for (const [scopes, words] of table) {
    test(`${scopes.join(' ') || 'none'}: ${words ?? 'nothing that people would understand'}`, () =>
      assert.equal(toDoing(scopes), words));
  }

  test('lists read like sentences', () => {
    assert.deepEqual(
      [inWords([]), inWords(['a']), inWords(['a', 'b']), inWords(['a', 'b', 'c'])],
      ['', 'a', 'a and b', 'a, b and c'],
    );
  });
});
