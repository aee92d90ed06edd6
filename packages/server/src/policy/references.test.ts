import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { childOf, entriesOf, type Finding, firstFindings, unknownName } from './references.ts';

describe('a part of a document is what it says itself, whatever it is', () => {
  const table: [name: string, raw: unknown, key: string, child: unknown][] = [
    ['a member', { a: 1 }, 'a', 1],
    ['what is not there', { a: 1 }, 'b', undefined],
    ['what every object has', {}, 'toString', undefined],
    ['of nothing', null, 'a', undefined],
    ['of a text', 'four', 'length', undefined],
  ];
  for (const [name, raw, key, child] of table) test(name, () => assert.equal(childOf(raw, key), child));
});

describe('the entries of a section', () => {
  const entries = (section: unknown) => [...entriesOf({ section }, 'section', z.number())];

  test('one with mistakes of its own counts as a name', () => {
    assert.deepEqual(entries({ a: 1, b: 'one' }), [
      ['a', 1],
      ['b', undefined],
    ]);
  });

  for (const none of [[1], null, 'text', undefined]) {
    test(`${JSON.stringify(none)} has none`, () => assert.deepEqual(entries(none), []));
  }
});

test('twelve known names are told, of more the first twelve', () => {
  const names = Array.from({ length: 13 }, (_, at) => `s${at}`);
  const twelve = names.slice(0, 12);
  const told = (known: string[]) => unknownName('scope', 'x', known).replace(/.*known: /, '');
  assert.equal(told(twelve), twelve.join(', '));
  assert.equal(told(names), `${twelve.join(', ')}, ...`);
  assert.equal(unknownName('scope', 'x', []), 'there is no scope x in this document; none is listed');
});

describe('T27: of many no more is made than is told', () => {
  function* names(): Generator<string> {
    for (let at = 0; at < 20; at += 1) {
      asked = at;
      yield `n${at}`;
    }
  }
  let asked = 0;

  test('twelve names, and a sign that there are more', () => {
    assert.match(unknownName('server', 'x', names()), /known: n0, n1, .*, n11, \.\.\.$/);
    assert.equal(asked, 12, 'the others are not looked at');
  });

  test('a thousand findings', () => {
    function* findings(): Generator<Finding> {
      for (let at = 0; at < 2000; at += 1) yield { path: [at], message: 'x' };
    }
    const found = firstFindings([{ path: ['first'], message: 'y' }], findings(), findings());
    assert.deepEqual([found.length, found[0]?.path, found.at(-1)?.path], [1000, ['first'], [998]]);
  });
});
