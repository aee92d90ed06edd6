import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseStrictJson, parseStrictObject } from './strict-json.ts';

describe('KEY-06: one JSON object, duplicate members refused, depth limited', () => {
  const refused: [name: string, text: string][] = [
    ['a duplicate member', '{"aud":"a","aud":"b"}'],
    ['a duplicate spelled with an escape', '{"aud":"a","\\u0061ud":"b"}'],
    ['a duplicate deep inside', '{"a":[{"b":{"c":1,"c":2}}]}'],
    ['a duplicate after a nested object', '{"a":{"b":1},"c":{"b":1},"a":1}'],
    ['an array', '[1]'],
    ['a string', '"a"'],
    ['two objects', '{}{}'],
    ['nothing', ''],
    ['seventeen levels', `${'{"a":'.repeat(16)}{}${'}'.repeat(16)}`],
    ['a trailing comma', '{"a":1,}'],
  ];
  for (const [name, text] of refused) {
    test(`${name}: refused`, () => assert.equal(parseStrictObject(text), undefined));
  }

  const accepted: [name: string, text: string][] = [
    ['equal names in different objects', '{"a":{"b":1},"c":{"b":1}}'],
    ['a string that looks like a member', '{"a":"\\"a\\":1","b":["a","a"]}'],
    ['a value equal to a name', '{"a":"b","b":"a"}'],
    ['sixteen levels', `${'{"a":'.repeat(15)}{}${'}'.repeat(15)}`],
    ['a backslash before the closing quote', '{"a\\\\":1,"a":2}'],
  ];
  for (const [name, text] of accepted) {
    test(`${name}: accepted`, () => assert.deepEqual(parseStrictObject(text), JSON.parse(text)));
  }

  test('whatever JSON.stringify writes comes back the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        assert.deepEqual(parseStrictJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
