import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toCsvLine } from './csv.ts';

describe('a line of a table for spreadsheets', () => {
  const table: [value: string | number, field: string][] = [
    ['Alice', '"Alice"'],
    [7, '7'],
    ['a "b", c', '"a ""b"", c"'],
    ['two\nlines', '"two\\u{a}lines"'],
    ['\u202etxt.exe', '"\\u{202e}txt.exe"'],
    ['', '""'],
    ['=1+1', `"'=1+1"`],
    ['+41', `"'+41"`],
    ['-1', `"'-1"`],
    ['@SUM(A1)', `"'@SUM(A1)"`],
    ['\t=1', '"\\u{9}=1"'],
    [' =1', `"' =1"`],
    ['a=1', '"a=1"'],
  ];
  for (const [value, field] of table) {
    test(`${JSON.stringify(value)} is ${field}`, () => assert.equal(toCsvLine([value]), `${field}\r\n`));
  }
  test('has its values in order', () => assert.equal(toCsvLine(['a', 1, 'b']), '"a",1,"b"\r\n'));
});
