import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toCsv } from './csv.ts';

describe('a table as CSV', () => {
  const table: [name: string, value: string, field: string][] = [
    ['plain', 'alice', 'alice'],
    ['a comma', 'a, b', '"a, b"'],
    ['a quote', 'the "one"', '"the ""one"""'],
    ['a line break', 'a\nb', '"a\nb"'],
    ['a formula', '=HYPERLINK("https://evil.example")', '"\'=HYPERLINK(""https://evil.example"")"'],
    ['another', '@SUM(A1)', "'@SUM(A1)"],
    ['a minus', '-1', "'-1"],
  ];
  for (const [name, value, field] of table) {
    test(name, () => assert.equal(toCsv(['n'], [[value]]), `n\r\n${field}\r\n`));
  }
});
