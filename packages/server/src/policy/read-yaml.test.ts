import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from './parse.ts';
import { readYaml } from './read-yaml.ts';

describe('a text that says something else than it seems to is refused', () => {
  const table: [name: string, text: string, told: RegExp][] = [
    ['a duplicate key', 'rules: []\nrules: []', /^2:1 document: this key is there twice/],
    ['an alias', 'rules: &r []\nclients: *r', /^2:10 document: aliases/],
    ['an anchor', 'rules: &r []', /^1:11 document: anchors/],
    ['a tag', 'rules: !js []', /the tag !js is not allowed/],
    ['a known tag', 'rules: !!str x', /the tag .*str is not allowed/],
    ['a directive', '%YAML 1.1\n---\nrules: []', /directives/],
    ['two documents', 'rules: []\n---\nrules: []', /more than one document/],
    ['broken YAML', 'rules: [', /^1:\d+ document: /],
    ['nesting without end', '['.repeat(50_000), /nested too deeply/],
    ['a list at the top', '- a', /^1:1 document: must be a mapping with: servers/],
    ['__proto__', '__proto__: { rules: [] }', /^1:1 __proto__: not known here/],
  ];
  for (const [name, text, told] of table) {
    test(name, () => {
      const parsed = parsePolicy(text, 'access');
      const problems = parsed.ok
        ? []
        : parsed.problems.map((one) => `${one.line}:${one.column} ${one.path}: ${one.message}`);
      assert.ok(
        problems.some((problem) => told.test(problem)),
        problems.join('\n') || 'it was accepted',
      );
    });
  }
});

/** What is told about a text, or about a place in one that can be read. */
function told(text: string, path?: readonly (string | number)[]): string[] {
  const read = readYaml(text);
  const problems = read.ok ? (path ? [read.locate({ path, message: 'mend it' })] : []) : read.problems;
  return problems.map((one) => `${one.line}:${one.column} ${one.path}: ${one.message}`);
}

describe('how much is read', () => {
  const largest = '#'.padEnd(8 * 1024 * 1024, ' ');

  test('8 MiB and no more', () => {
    assert.deepEqual(told(largest), []);
    assert.deepEqual(told(`${largest} `), ['1:1 document: is larger than 8 MiB']);
  });

  test('every mistake is told, but nothing more of what is nested without end', () => {
    assert.equal(told('rules: []\nrules: &r []').length, 2);
    assert.equal(told('['.repeat(50_000)).length, 1);
  });
});

describe('the place of a mistake', () => {
  const text = 'servers:\n  tracker:\n    scopes: [read]\nrules:\n  - id: eng\n';
  const table: [name: string, path: (string | number)[], told: string][] = [
    ['of the whole', [], '1:1 document: mend it'],
    ['a value', ['rules', 0, 'id'], '5:9 rules[0].id: mend it'],
    ['a mapping, at its key', ['servers', 'tracker'], '2:3 servers.tracker: mend it'],
    ['of a list', ['servers', 'tracker', 'scopes', 0], '3:14 servers.tracker.scopes[0]: mend it'],
    ['what is missing, where it should be', ['servers', 'tracker', 'ras'], '2:3 servers.tracker.ras: mend it'],
    ['what is missing in a list', ['rules', 7, 'id'], '4:1 rules[7].id: mend it'],
    ['a part of what has none', ['rules', 0, 'id', 0], '5:5 rules[0].id[0]: mend it'],
  ];
  for (const [name, path, place] of table) test(name, () => assert.deepEqual(told(text, path), [place]));
});
