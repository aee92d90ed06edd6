import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCsv } from './csv.ts';

async function recordsOf(...pieces: string[]): Promise<[number, ...string[]][]> {
  const found: [number, ...string[]][] = [];
  const feed = async function* () {
    yield* pieces;
  };
  for await (const { line, fields } of readCsv(feed())) found.push([line, ...fields]);
  return found;
}

describe('CSV, RFC 4180', () => {
  const table: [name: string, text: string, records: [number, ...string[]][]][] = [
    [
      'plain fields',
      'a,b\nc,d\n',
      [
        [1, 'a', 'b'],
        [2, 'c', 'd'],
      ],
    ],
    ['a last line without its end', 'a,b', [[1, 'a', 'b']]],
    [
      'CRLF',
      'a,b\r\nc,d\r\n',
      [
        [1, 'a', 'b'],
        [2, 'c', 'd'],
      ],
    ],
    [
      'quotes with separators, breaks and quotes in them',
      '"a,1","b\nc","d ""e"""\nf',
      [
        [1, 'a,1', 'b\nc', 'd "e"'],
        [3, 'f'],
      ],
    ],
    [
      'empty fields',
      ',,\n"",x\n',
      [
        [1, '', '', ''],
        [2, '', 'x'],
      ],
    ],
    ['empty lines are none', '\n\na\n\n', [[3, 'a']]],
    ['a byte order mark', '\ufeffa\n', [[1, 'a']]],
    ['a quote within a field is itself', 'a"b,c\n', [[1, 'a"b', 'c']]],
    ['nothing', '', []],
  ];
  for (const [name, text, records] of table) {
    test(name, async () => {
      assert.deepEqual(await recordsOf(text), records);
      assert.deepEqual(await recordsOf(...text), records, 'also character by character');
    });
  }
});
