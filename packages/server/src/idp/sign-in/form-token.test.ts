import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFormToken, makeFormToken } from './form-token.ts';

describe('CSRF: a form of ours, bound to one interaction', () => {
  const [old, current] = ['the key before', 'the key now'];
  const keys = [current, old];
  const ours = makeFormToken('i_1', keys);
  const table: [name: string, token: string | undefined, id: string, keys: readonly string[], holds: boolean][] = [
    ['as it was given out', ours, 'i_1', keys, true],
    ['of before the last change of keys', makeFormToken('i_1', [old]), 'i_1', keys, true],
    ['under a key that is no longer ours', makeFormToken('i_1', [old]), 'i_1', [current], false],
    ['of another interaction', ours, 'i_2', keys, false],
    ['cut short', ours.slice(0, 20), 'i_1', keys, false],
    ['of the right length', 'A'.repeat(ours.length), 'i_1', keys, false],
    ['none', undefined, 'i_1', keys, false],
    ['an empty one', '', 'i_1', keys, false],
    ['without any key', ours, 'i_1', [], false],
  ];
  for (const [name, token, id, known, holds] of table) {
    test(`${name}: ${holds ? 'taken' : 'refused'}`, () => assert.equal(isFormToken(token, id, known), holds));
  }

  test('without a key none is made', () => assert.throws(() => makeFormToken('i_1', []), /no key to sign forms with/));
});
