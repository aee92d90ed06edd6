import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assert as check, property, string } from 'fast-check';
import { csvHeader, toCsv } from './csv.ts';
import { examples, exported, hostile } from './fixtures.ts';

/** RFC 4180, by the letter. */
function parse(line: string): string[] {
  const cells: string[] = [];
  let rest = `${line},`;
  while (rest !== '') {
    const [whole = '', quoted, bare] = /^(?:"((?:[^"]|"")*)"|([^",]*)),/s.exec(rest) ?? [];
    assert.notEqual(whole, '', `not CSV: ${rest}`);
    cells.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    rest = rest.slice(whole.length);
  }
  return cells;
}
const names = csvHeader.split(',');
const read = (line: string) => Object.fromEntries(parse(line).map((cell, at) => [names[at], cell]));

describe('CSV', () => {
  test('one line to the letter', () => {
    assert.equal(
      `${csvHeader}\n${toCsv(exported(examples.decision))}`,
      'time,id,kind,domain,outcome,reason,person,by,client,server,scopes,tool,rules,policy_version,id_jag,access_token,correlation,address,detail,node,seq,hash\n' +
        '2027-01-15T08:00:00.123Z,d_1,decision,idp,refused,policy_denied,u_erin,,claude-code,tracker,issues:write,,contractors-out,"access 3",,,,,,node-1,7,after',
    );
  });

  for (const [kind, record] of Object.entries(examples)) {
    test(`${kind}: every cell has its column`, () => {
      const cells = read(toCsv(exported(record)));
      assert.equal(Object.keys(cells).length, names.length);
      assert.equal(cells.kind, kind);
      assert.equal(cells.person, record.person ?? record.subject ?? '');
      assert.equal(cells.tool, record.tool ?? '');
      assert.equal(cells.scopes, (record.scopesGranted ?? record.scopesAsked ?? []).join(' '));
      assert.equal(cells.hash, 'after');
    });
  }

  const table: [text: string, cell: string][] = [
    ['=1+1', "'=1+1"],
    ['＝1+1', "'＝1+1"],
    ['＋1', "'＋1"],
    ['－1', "'－1"],
    ['＠SUM(1)', "'＠SUM(1)"],
    ['+49 30', "'+49 30"],
    ['-2', "'-2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', '\\u{9}=1'],
    [' =1', "' =1"],
    ['|calc', "'|calc"],
    ['a=b', 'a=b'],
    ['a"b,c', 'a"b,c'],
    ['a\nb', 'a\\u{a}b'],
    ['\u202egnp', '\\u{202e}gnp'],
  ];
  for (const [text, cell] of table) {
    test(`T32: ${JSON.stringify(text)} is ${cell}`, () => {
      assert.equal(read(toCsv(exported({ ...examples.alert, detail: text }))).detail, cell);
    });
  }

  test('whatever text: one line, so many cells, and none that a spreadsheet would run', () => {
    const text = string({ unit: 'binary', maxLength: 40 });
    check(
      property(text, text, (a, b) => {
        for (const hard of [a, ...hostile.map((each) => each + a)]) {
          const line = toCsv(exported({ ...examples.tool_call, tool: hard, detail: b, client: `${b}"` }));
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Cs}]/u);
          const cells = parse(line);
          assert.equal(cells.length, names.length);
          for (const cell of cells) assert.doesNotMatch(cell, /^\s*[=+\-@|%]/);
        }
      }),
      { numRuns: 30 },
    );
  });
});
