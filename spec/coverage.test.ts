import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import notBuiltYet from './not-built-yet.json' with { type: 'json' };
import { readTestSources, toTestSource } from './test-sources.ts';

// Every MUST of the catalogue has a test that quotes its id in its name, or belongs to a part of the product that is
// still open and is listed in not-built-yet.json. A line of that list goes with the first test that quotes its id.

const id = /\b(?:(?:IDP|RAS|KEY|TLS|HTP|CIM|LOG|PRV)-\d\d|B\d\d)\b/g;

/** Ids of what the catalogue demands: MUST and MUST NOT of these sections, and the bad inputs of the two legs. */
function parseDemands(catalogue: string): string[] {
  return catalogue.split('\n').flatMap((line) => {
    const [, first = '', second = ''] = line.split('|').map((cell) => cell.trim());
    if (/^B\d\d$/.test(first)) return Number(first.slice(1)) <= 75 ? [first] : [];
    return /^(?:IDP|RAS|KEY|TLS|HTP|CIM|LOG|PRV)-\d\d$/.test(first) && /^MUST\b/.test(second) ? [first] : [];
  });
}

/** What is wrong with the three lists, one line each. */
function checkCoverage(
  demands: readonly string[],
  quoted: ReadonlySet<string>,
  open: Record<string, string>,
): string[] {
  const listed = Object.keys(open);
  return [
    ...demands.filter((each) => !quoted.has(each) && !listed.includes(each)).map((each) => `${each} has no test`),
    ...listed.filter((each) => quoted.has(each)).map((each) => `${each} has a test: it is not "not built yet"`),
    ...listed.filter((each) => !demands.includes(each)).map((each) => `${each} is no demand of the catalogue`),
  ];
}

function idsIn(names: readonly string[]): Set<string> {
  return new Set(names.flatMap((name) => name.match(id) ?? []));
}

describe('the catalogue', () => {
  const demands = parseDemands(readFileSync(join(import.meta.dirname, 'requirements.md'), 'utf8'));

  test('is read whole', () => {
    assert.equal(demands.length, new Set(demands).size);
    assert.equal(demands.filter((each) => each.startsWith('B')).length, 75);
    for (const each of ['IDP-01', 'RAS-45', 'KEY-10', 'TLS-03', 'HTP-03', 'CIM-09', 'LOG-01']) {
      assert.ok(demands.includes(each), each);
    }
    assert.ok(!demands.includes('IDP-02'), 'a SHOULD is no MUST');
  });

  test('every MUST has a test that quotes it, or belongs to a part that is still open', () => {
    const quoted = idsIn(readTestSources().flatMap(({ names }) => names));
    assert.deepEqual(checkCoverage(demands, quoted, notBuiltYet.requirements), []);
  });
});

describe('the check above', () => {
  test('notices a MUST without a test, a list that lags behind, and a line about nothing', () => {
    const open = { 'RAS-02': 'later', 'RAS-99': 'later' };
    assert.deepEqual(checkCoverage(['RAS-01', 'RAS-02', 'RAS-03'], new Set(['RAS-02', 'RAS-03']), open), [
      'RAS-01 has no test',
      'RAS-02 has a test: it is not "not built yet"',
      'RAS-99 is no demand of the catalogue',
    ]);
  });

  const sources: [name: string, source: string, ids: string[]][] = [
    ['the name of a test', "test('RAS-01, B33: refused', () => {})", ['RAS-01', 'B33']],
    ['the name of a suite', 'describe(`KEY-04: all of it`, () => {})', ['KEY-04']],
    ['the first cell of a row', "const rows = [\n  ['B46 other RAS', jag()],\n  [\n    'B47 ok', 1]]", ['B46', 'B47']],
    ['not a comment', "// test('RAS-01', () => {})\n/* ['B33'] */", []],
    ['not a message', "assert.ok(true, 'RAS-01')", []],
    ['not another cell', "const rows = [['name', 'RAS-01']]", []],
  ];
  for (const [name, source, ids] of sources) {
    test(`reads ${name}`, () => assert.deepEqual([...idsIn(toTestSource('a.test.ts', source).names)], ids));
  }
});
