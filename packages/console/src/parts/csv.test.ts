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
    ['a plus', '+1', "'+1"],
    ['a pipe', '|cmd', "'|cmd"],
    ['a per cent', '%1', "'%1"],
    ['behind blanks', '  =1', "'  =1"],
    ['behind a tab', '\t=1', "'\t=1"],
    ['behind a semicolon', 'a;=1;b', "a;'=1;b"],
    ['behind two', 'a; =1;@b', "a;' =1;'@b"],
    ['wide signs', '\uFF1D1;\uFF0B1;\uFF0D1;\uFF201', "'\uFF1D1;'\uFF0B1;'\uFF0D1;'\uFF201"],
    ['within a word', 'a-b=c', 'a-b=c'],
  ];
  for (const [name, value, field] of table) {
    test(name, () => assert.equal(toCsv(['n'], [[value]]), `n\r\n${field}\r\n`));
  }
});
