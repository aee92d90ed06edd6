import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { approvalOf, canBeginAgain, diffLines, toLines } from './model.ts';

describe('what comes next for a draft', () => {
  const table: [
    name: string,
    state: 'open' | 'proposed',
    widens: string[],
    second: boolean,
    authors: string[],
    kind: string,
  ][] = [
    ['it only takes away', 'open', [], false, ['u_me'], 'publish'],
    ['no second person is asked for', 'open', ['more'], false, ['u_me'], 'publish'],
    ['one is, and nobody has asked for it', 'open', ['more'], true, ['u_me'], 'propose'],
    ['my own waits', 'proposed', ['more'], true, ['u_other', 'u_me'], 'waits'],
    ['of somebody else', 'proposed', ['more'], true, ['u_other'], 'approve'],
  ];
  for (const [name, state, widens, secondPerson, authors, kind] of table) {
    test(`${name}: ${kind}`, () =>
      assert.equal(approvalOf({ state, authors }, { widens, secondPerson }, 'u_me').kind, kind));
  }
});

test('of what is published without anybody else it is said why', () => {
  const why = (widens: string[]) => approvalOf({ state: 'open', authors: [] }, { widens, secondPerson: false }, 'u_me');
  assert.deepEqual(why([]), { kind: 'publish', why: 'takes' });
  assert.deepEqual(why(['more']), { kind: 'publish', why: 'alone' });
});

test('a draft that was discarded is made again only where it would be the same', () => {
  assert.equal(canBeginAgain({ kind: 'access', behind: false }), true);
  assert.equal(canBeginAgain({ kind: 'access', behind: true }), false);
  assert.equal(canBeginAgain({ kind: 'resource', behind: false }), false);
});

test('two sides of an entry, line by line', () => {
  const [before, after] = [
    { id: 'r', allow: ['a'] },
    { id: 'r', allow: ['a', 'b'] },
  ].map(toLines);
  const lines = diffLines(before ?? [], after ?? []).map(({ sign, text }) => sign + text.trim());
  assert.deepEqual(lines, [' {', ' "id": "r",', ' "allow": [', '-"a"', '+"a",', '+"b"', ' ]', ' }']);
  assert.deepEqual(diffLines([], toLines('x')), [{ sign: '+', text: '"x"' }]);
  assert.deepEqual(diffLines(toLines(null), []), []);
  const told = (one: string[], other: string[]) => diffLines(one, other).map(({ sign, text }) => sign + text);
  assert.deepEqual(told(['a', 'b'], ['x', 'a', 'b']), ['+x', ' a', ' b']);
  assert.deepEqual(told(['x', 'a', 'b'], ['a', 'b']), ['-x', ' a', ' b']);
});
