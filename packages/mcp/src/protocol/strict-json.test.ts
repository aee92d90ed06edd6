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
    ['a duplicate that takes members away with it', '{"a":{"x":1},"a":{}}'],
    ['a duplicate that brings members along', '{"a":{},"a":{"x":1,"y":2}}'],
    ['a duplicate number', '{"1":1,"1":2}'],
    ['a duplicate __proto__', '{"__proto__":{"a":1},"__proto__":{"a":1}}'],
    ['a duplicate in an array in an array', '{"a":[[1],[[{"b":null,"b":null}]]]}'],
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
    ['colons and braces in strings', '{"a:":":","{":"}:{"}'],
    ['a __proto__ and numbers', '{"__proto__":{"1":1},"1":{"01":null}}'],
    ['a value equal to a name', '{"a":"b","b":"a"}'],
    ['sixteen levels', `${'{"a":'.repeat(15)}{}${'}'.repeat(15)}`],
    ['a backslash before the closing quote', '{"a\\\\":1,"a":2}'],
  ];
  for (const [name, text] of accepted) {
    test(`${name}: accepted`, () => assert.deepEqual(parseStrictObject(text), JSON.parse(text)));
  }

  test('whatever is written twice, with whatever around it, is refused', () => {
    const any = fc.jsonValue({ maxDepth: 5 });
    fc.assert(
      fc.property(fc.string(), any, any, any, (name, first, between, second) => {
        const [key, one, other, two] = [name, first, between, second].map((part) => JSON.stringify(part));
        assert.equal(parseStrictJson(`[${other},{"in":{${key}:${one},"between":${other},${key}:${two}}}]`), undefined);
      }),
    );
  });

  test('whatever JSON.stringify writes comes back the same', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 10 }), (value) => {
        assert.deepEqual(parseStrictJson(JSON.stringify(value)), JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
