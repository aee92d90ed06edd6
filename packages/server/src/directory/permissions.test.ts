import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AdminRole } from '../store/administrators.ts';
import { isForTokens, isWithin, permissions, permissionsOf, permissionsOfToken } from './permissions.ts';

describe('what roles may do', () => {
  const table: [role: AdminRole, other: AdminRole | undefined, within: boolean][] = [
    ['policy', 'owner', true],
    ['owner', 'policy', false],
    ['people', 'policy', false],
    ['policy', 'people', false],
    ['auditor', 'policy', false],
    ['help-desk', 'people', true],
    ['policy', 'policy', true],
    ['help-desk', undefined, false],
  ];
  for (const [role, other, within] of table) {
    test(`${role} may ${within ? 'nothing' : 'something'} that ${other ?? 'nobody'} may not`, () => {
      assert.equal(isWithin(role, other), within);
    });
  }

  test('whoever has no role may do nothing', () => assert.equal(permissionsOf(undefined).size, 0));

  test('a token has what it was made for, as far as its administrator still may and tokens ever do', () => {
    assert.deepEqual([...permissionsOfToken(['read:people', 'write:people', 'publish'], 'policy')], ['read:people']);
    const all = permissionsOfToken(permissions, 'owner');
    assert.deepEqual([...all], permissions.filter(isForTokens));
    assert.equal(all.has('publish'), false);
  });
});
