import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from './compile.ts';
import { explain } from './explain.ts';
import type { Ask } from './model.ts';
import { parsePolicy } from './parse.ts';

const parsed = parsePolicy(
  `servers:
  tracker:
    local: tracker
    scopes: { read: {}, write: {}, sign: {}, purge: { risk: high } }
    authorization_details: { view: { scope: read }, edit: { scope: write }, print: { scope: read } }
clients: { app: {}, bot: {} }
rules:
  - { id: eng, allow: [read, write, sign], details: [view, edit], on: tracker, to: [group:engineering] }
  - { id: sales, allow: [read], on: tracker, to: [group:sales, role:seller] }
  - { id: bots, deny: all, on: tracker, to: [everyone], through: [bot] }
  - { id: purge, allow: [purge], on: tracker, to: [group:engineering] }
  - { id: no-sign, deny: [sign], on: tracker, to: [user:u_alice] }
  - { id: fresh, require: { max_age: 3600 }, for: [write], on: tracker }
  - { id: strong, require: { amr: [mfa] }, for: [write], on: tracker }
`,
  'access',
);
assert.ok(parsed.ok);
const index = compileAccess(parsed.document, { version: 7, localRas: 'https://mcp.acme.example' });

const now = 1_790_000_000;
const ask: Ask = {
  person: { id: 'u_alice', groups: ['engineering'], roles: [] },
  client: 'app',
  server: 'tracker',
  scopes: ['read', 'write', 'sign', 'fly'],
  acr: undefined,
  amr: ['pwd', 'mfa'],
  authTime: now - 7200,
  now,
};

describe('explain() tells for every rule on the server whether it spoke, and the first condition that failed', () => {
  const { rules } = explain(index, ask);
  const table: [id: string, outcome: string][] = [
    ['eng', 'spoke'],
    ['sales', 'the person is none of group:sales, role:seller'],
    ['bots', 'the client is app, not one of bot'],
    ['purge', 'it is about purge, none of them in question'],
    ['no-sign', 'spoke'],
    ['fresh', 'spoke'],
    ['strong', 'the sign-in meets amr mfa; it had acr none, amr pwd and mfa, an age of 7200 s'],
  ];
  for (const [at, [id, outcome]] of table.entries()) {
    test(`${id}: ${outcome}`, () => {
      const rule = rules[at];
      assert.equal(rule?.id, id);
      const failed = rule?.conditions.filter(({ met }) => !met) ?? [];
      assert.equal(rule?.spoke ? 'spoke' : failed.map(({ words }) => words).join(), outcome);
      assert.ok(failed.length === 0 || rule?.conditions.at(-1) === failed[0], 'goes on after the first that failed');
    });
  }
});

describe('and for every scope what became of it', () => {
  const table: [scope: string, outcome: string, rules: string[]][] = [
    ['read', 'granted', ['eng']],
    ['write', 'withheld', ['fresh']],
    ['sign', 'denied', ['no-sign']],
    ['fly', 'unknown', []],
  ];
  for (const [scope, outcome, rules] of table) {
    test(`${scope}: ${outcome}`, () => {
      const found = explain(index, ask).scopes.find((one) => one.scope === scope);
      assert.deepEqual([found?.outcome, found?.rules], [outcome, rules]);
    });
  }

  test('and for every type of details', () => {
    const details = ['view', 'edit', 'print', 'fly'];
    const { scopes } = explain(index, { ...ask, scopes: ['read'], details });
    assert.deepEqual(
      scopes.slice(1).map(({ scope, outcome, words }) => `${scope} ${outcome}: ${words}`),
      [
        'view granted: goes with read',
        'edit not_allowed: details that go with write: write is not granted',
        'print not_allowed: details that go with read: no rule that allows it names the type',
        'fly unknown: no such type of details',
      ],
    );
  });

  test('a high-risk scope that was not asked for by name', () => {
    const { scopes } = explain(index, { ...ask, scopes: undefined });
    assert.equal(scopes.find(({ scope }) => scope === 'purge')?.outcome, 'not_asked');
  });

  test('a scope that no rule allows', () => {
    const { scopes } = explain(index, { ...ask, person: { ...ask.person, groups: [] }, scopes: ['read'] });
    assert.deepEqual(
      scopes.map(({ outcome }) => outcome),
      ['not_allowed'],
    );
  });
});

test('a server or client that this version does not have is told ahead of all rules', () => {
  assert.match(explain(index, { ...ask, server: 'nowhere' }).ahead ?? '', /no server nowhere in version 7/);
  assert.match(explain(index, { ...ask, client: 'stranger' }).ahead ?? '', /no client stranger in version 7/);
});

describe('T02: a distributed client without a key', () => {
  const parsed = parsePolicy(
    `servers: { t: { local: t, scopes: { read: {}, purge: { risk: high } } } }
clients: { laptop: { distributed: true } }
rules: [{ id: all, allow: all, on: t, to: [everyone] }]`,
    'access',
  );
  assert.ok(parsed.ok);
  const index = compileAccess(parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });
  const asked = { ...ask, client: 'laptop', server: 't', scopes: ['read', 'purge'] };

  test('is told so, with the rule that would allow it', () => {
    const { decision, scopes } = explain(index, asked);
    assert.equal(decision.effect, 'bind_key');
    const purge = scopes.find(({ scope }) => scope === 'purge');
    assert.equal(purge?.outcome, 'unbound');
    assert.match(purge?.words ?? '', /allowed by all, but high risk: client laptop is distributed/);
  });

  test('with the key it is granted', () => {
    const { decision, scopes } = explain(index, { ...asked, keyBound: true });
    assert.deepEqual(decision.scopes, ['read', 'purge']);
    assert.ok(scopes.every(({ outcome }) => outcome === 'granted'));
  });
});
