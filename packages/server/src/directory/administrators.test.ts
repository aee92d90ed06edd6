import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AdminRole } from '../store/administrators.ts';
import { adminRoles, checkCares, checkMayChange, checkMayReset } from './administrators.ts';

// Who may reset what whom signs in with: one row for who does it, one column for to whom.
const targets: (AdminRole | undefined)[] = ['owner', 'policy', 'people', 'auditor', 'help-desk', undefined];
const matrix: [AdminRole | undefined, string][] = [
  ['owner', 'nyyyyy'],
  ['policy', 'xxxxxx'],
  ['people', 'nnnyyy'],
  ['auditor', 'xxxxxx'],
  ['help-desk', 'nnnnny'],
  [undefined, 'xxxxxx'],
];
const outcomes: Record<string, string> = {
  y: 'allowed',
  n: 'administrator_not_lower',
  x: 'administrator_role_needed',
};

describe('T30: nobody resets what somebody of an equal or higher role signs in with', () => {
  for (const [actor, row] of matrix) {
    for (const [at, target] of targets.entries()) {
      const expected = outcomes[row[at] ?? ''] ?? '';
      test(`${actor ?? 'nobody'} to ${target ?? 'nobody'}: ${expected}`, () => {
        const result = checkMayReset(actor, target);
        assert.equal(result.ok ? 'allowed' : result.refusal, expected);
      });
    }
  }

  test('those who may reset nobody do not care for people at all', () => {
    assert.deepEqual(
      adminRoles.filter((role) => checkCares(role).ok),
      ['owner', 'people', 'help-desk'],
    );
  });
});

describe('T30: nobody but an owner changes somebody of an equal or higher role', () => {
  const changes: Record<AdminRole, string> = {
    owner: 'yyyyyy',
    policy: 'nnnyyy',
    people: 'nnnyyy',
    auditor: 'nnnnny',
    'help-desk': 'nnnnny',
  };
  for (const actor of adminRoles) {
    for (const [at, target] of targets.entries()) {
      const expected = changes[actor][at] === 'y' ? 'allowed' : 'admin_not_below';
      test(`${actor} to ${target ?? 'nobody'}: ${expected}`, () => {
        const result = checkMayChange(actor, target);
        assert.equal(result.ok ? 'allowed' : result.refusal, expected);
      });
    }
  }
});
