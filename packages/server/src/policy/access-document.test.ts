import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRedirectUri } from './access-document.ts';
import { parsePolicy } from './parse.ts';

function saidOf(text: string): readonly string[] {
  const parsed = parsePolicy(text, 'access');
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

const scopes = 'scopes: { read: {} }';
const both =
  'servers: { a: { resource: "https://a.example/mcp", ras: "https://a.example", scopes: { read: {}, write: {} } } }';

describe('a server in the access document', () => {
  const needs = 'servers.a: needs either resource and ras, or local, and not both';
  const entries: [name: string, entry: string, said: string[]][] = [
    ['elsewhere, by resource and RAS', `resource: "https://a.example/mcp", ras: "https://a.example", ${scopes}`, []],
    ['ours', `local: a, ${scopes}`, []],
    ['of which only the resource is said', `resource: "https://a.example/mcp", ${scopes}`, [needs]],
    ['of which only the RAS is said', `ras: "https://a.example", ${scopes}`, [needs]],
    ['of which nothing is said', scopes, [needs]],
    ['ours and elsewhere', `local: a, ras: "https://a.example", ${scopes}`, [needs]],
  ];
  for (const [name, entry, said] of entries) {
    test(`${name}: ${said.length === 0 ? 'let in' : 'refused'}`, () =>
      assert.deepEqual(saidOf(`servers: { a: { ${entry} } }`), said));
  }
});

describe('a rule', () => {
  const go = 'rules[0]: require and for go together: for names the scopes it guards';
  const rules: [rule: string, said: string[]][] = [
    ['require: { max_age: 60 }, for: all', []],
    ['require: { max_age: 60 }', [go]],
    ['allow: all, to: [everyone], for: all', [go]],
  ];
  for (const [rule, said] of rules) {
    test(`${rule}: ${said.length === 0 ? 'let in' : 'refused'}`, () =>
      assert.deepEqual(saidOf(`${both}\nrules: [{ id: r, on: a, ${rule} }]`), said));
  }

  test('whose list of scopes has a mistake says which of them', () => {
    const saidOfScope = (scope: string) =>
      saidOf(`${both}\nrules: [{ id: r, on: a, allow: [read, ${scope}], to: [everyone] }]`);
    assert.deepEqual(saidOfScope('"two words"'), [
      'rules[0].allow[1]: must be a scope token without spaces (RFC 6749 §3.3)',
    ]);
    assert.deepEqual(saidOfScope('5'), ['rules[0].allow[1]: must be the name of a scope']);
  });
});

describe('what is never together', () => {
  const sides: [sides: string, said: string[]][] = [
    ['{ in: { a: [write] }, out: { a: [read] } }', []],
    ['{ in: { a: all } }', ['must be two sides or more: one is never together with anything']],
    ['{}', ['must be two sides or more: one is never together with anything']],
    ['{ in: { a: all }, out: {} }', ['must name at least one server']],
  ];
  for (const [text, said] of sides) {
    test(`${text}: ${said.length === 0 ? 'let in' : 'refused'}`, () => {
      const found = saidOf(`${both}\nnever_together: [{ id: t, sides: ${text} }]`);
      assert.deepEqual(
        found.map((words) => words.replace(/^never_together\[0\]\.sides(?:\.out)?: /, '')),
        said,
      );
    });
  }
});

describe('where a client may be sent back to', () => {
  const uris: [text: string, isOne: boolean][] = [
    ['https://app.example/callback', true],
    ['http://localhost:8080/callback', true],
    ['http://127.0.0.1/callback', true],
    ['com.example.app:/callback', true],
    ['http://app.example/callback', false],
    ['javascript:alert(1)', false],
    ['data:text/html,a', false],
    ['https://app.example/callback#a', false],
    ['https://app.example/call back', false],
    ['https://user@app.example/callback', false],
    ['https://:word@app.example/callback', false],
    ['callback', false],
    ['', false],
  ];
  for (const [text, isOne] of uris) {
    test(`${isOne ? '' : 'not '}to ${text || 'nowhere'}`, () => assert.equal(isRedirectUri(text), isOne));
  }
});

test('a document that is no YAML is refused where it breaks off', () => {
  const parsed = parsePolicy('servers: { a: [', 'access');
  assert.ok(!parsed.ok);
  assert.ok(parsed.problems.length > 0);
  assert.ok(parsed.problems.every(({ line }) => line === 1));
});
