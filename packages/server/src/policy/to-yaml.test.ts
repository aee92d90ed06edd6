import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type DocumentKind, parsePolicy } from './parse.ts';
import { toYaml } from './to-yaml.ts';

const root = join(import.meta.dirname, '../../../..');
const files = globSync('{examples/acme,packages/server/src/policy/starter}/{access,resource}.yaml', { cwd: root });

function parse(text: string, kind: DocumentKind) {
  const parsed = parsePolicy(text, kind);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.document;
}

describe('a document that was written out is the same when it is read again, to the letter', () => {
  assert.ok(files.length >= 4);
  for (const file of files) {
    test(file, () => {
      const kind = file.endsWith('access.yaml') ? 'access' : 'resource';
      const document = parse(readFileSync(join(root, file), 'utf8'), kind);
      const text = toYaml(kind, document);
      assert.equal(JSON.stringify(parse(text, kind)), JSON.stringify(document));
      assert.doesNotMatch(text, /\[\]|legacy_audience: false|risk: low/, 'what is the default is left out');
    });
  }

  test('one with everything a rule can say', () => {
    const document = parse(
      `servers:
  t: { local: t, name: "Tracker: the 'new' one", scopes: { 'issues:read': {}, w: { risk: high } }, enabled: false, default_scopes: [w] }
  m: { local: m, scopes: { s: { risk: medium } } }
clients: { a: { distributed: true, client_ids: { local: "1e3" } }, b: { tls: { san_uri: "spiffe://x/y", bound: true } } }
networks: { office: ["2001:db8::/32", 10.0.0.0/8] }
rules:
  - { id: one, allow: { risk: low }, on: [t, m], to: [everyone], hours: { zone: UTC, from: '08:00' }, until: 2026-12-04 }
  - { id: two, deny: all, on: t, to: ["user:1e3"], from: [office], report_only: true }
  - { id: yes, require: { amr: [mfa], max_age: 60 }, for: all, on: m, through: [a] }
never_together:
  - { id: apart, sides: { in: { t: all }, out: { m: [s] } } }
`,
      'access',
    );
    const text = toYaml('access', document);
    assert.equal(JSON.stringify(parse(text, 'access')), JSON.stringify(document));
    assert.match(text, /issues:read: \{\}/, 'a scope of low risk is not said to be');
    assert.match(text, /hours:\n +from: '?08:00'?\n +zone: UTC\n/, 'nor all days');
  });

  test('one with nothing', () => {
    const document = parse('{}', 'resource');
    assert.equal(JSON.stringify(parse(toYaml('resource', document), 'resource')), JSON.stringify(document));
  });
});

test('one of before a section was there is written out whole, and never as something it is not', () => {
  const { never_together: _, ...older } = parse('rules: []', 'access') as unknown as Record<string, unknown>;
  const text = toYaml('access', older);
  assert.doesNotMatch(text, /never_together/);
  assert.match(text, /^rules: \[\]$/m);
});
