import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicy } from './parse.ts';

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
