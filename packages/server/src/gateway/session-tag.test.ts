import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTags } from './session-tag.ts';

describe('MCS-13, T35: an id of an upstream is one for its owner only', () => {
  const tags = createTags('a secret of this test');
  const owner = ['session', 'tracker', 'a_alice'];
  const shown = tags.seal('1.2', owner);
  const table: [name: string, shown: string, owner: readonly string[], id: string | undefined][] = [
    ['its owner', shown, owner, '1.2'],
    ['its owner, of an id of one letter', tags.seal('1', owner), owner, '1'],
    ['an owner whose names begin and end elsewhere', shown, ['session', 'trackera_', 'alice'], undefined],
    ['part of the id given for a name of the owner', shown, [...owner, '1'], undefined],
    ['without its tag', '1.2', owner, undefined],
    ['with the tag of another id', shown.replace('1.2', '1.3'), owner, undefined],
    ['with half a tag', shown.slice(0, -20), owner, undefined],
    ['a tag alone, of the id that is none', tags.seal('', owner), owner, undefined],
    ['nothing', '', owner, undefined],
  ];
  for (const [name, text, who, id] of table) {
    test(`${name}: ${id ?? 'no id'}`, () => assert.equal(tags.open(text, who), id));
  }

  test('another installation: no id', () => assert.equal(createTags('another').open(shown, owner), undefined));
});
