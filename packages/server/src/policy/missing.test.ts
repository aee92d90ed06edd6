import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessDocument } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { decide } from './decide.ts';
import { explainAtBest, missingOf, smallestRuleFor } from './missing.ts';
import type { Ask } from './model.ts';
import { parsePolicy } from './parse.ts';

const ras = 'https://mcp.acme.example';
/** A Tuesday, 21:00 UTC. */
const then = Date.UTC(2026, 10, 24, 21) / 1000;
const [hour, day] = [3600, 86_400];

function index(rules: string, more = '') {
  const text = `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { issues:read: {}, issues:write: { risk: high } }${more} }
clients:
  claude-code: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cc } }
  claude: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: c } }
rules:
${rules || '  []'}
`;
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as AccessDocument, { version: 1, localRas: ras });
}

const carol = { id: 'u_carol', groups: ['data'], roles: [] };
const refused: Ask = {
  person: carol,
  client: 'claude-code',
  server: 'tracker',
  scopes: ['issues:read', 'issues:write'],
  acr: undefined,
  amr: ['pwd'],
  authTime: then - 10 * hour,
  now: then,
  address: '192.0.2.1',
};
const toData = 'on: tracker, to: [group:data]';
const both = 'allow: [issues:read, issues:write]';

describe('what is missing now to what was refused', () => {
  const table: [name: string, rules: string, expected: object | string, change?: Partial<Ask>, later?: number][] = [
    ['no rule', '', { kind: 'rule', scopes: ['issues:read', 'issues:write'] }],
    [
      'some of it is given',
      `  - { id: r, allow: [issues:read], ${toData} }`,
      { kind: 'rule', scopes: ['issues:write'] },
    ],
    ['all of it by now', `  - { id: r, ${both}, ${toData} }`, { kind: 'nothing' }],
    [
      'through another client',
      `  - { id: r, ${both}, ${toData}, through: [claude] }`,
      { kind: 'rule', scopes: ['issues:read', 'issues:write'] },
    ],
    [
      'by a group of today',
      `  - { id: r, ${both}, ${toData} }`,
      { kind: 'nothing' },
      { person: { ...carol, groups: [] } },
    ],
    [
      'a stronger sign-in than the one there was is the person’s to make',
      `  - { id: r, ${both}, ${toData} }\n  - { id: two, require: { amr: [mfa], max_age: 3600 }, for: all, on: tracker }`,
      { kind: 'nothing' },
    ],
    ['a refusal wins', `  - { id: r, ${both}, ${toData} }\n  - { id: no, deny: all, ${toData} }`, 'refusal'],
    [
      'without names, what the server gives unasked',
      '',
      { kind: 'rule', scopes: ['issues:read'] },
      { scopes: undefined },
    ],
    ['a scope that is gone by now', '', 'other', { scopes: ['gone'] }],
    ['a client that is gone by now', '', 'ahead', { client: 'gone' }],
    [
      'a rule whose time is to come',
      `  - { id: r, ${both}, ${toData}, until: '2026-12-01' }`,
      { kind: 'nothing' },
      {},
      day,
    ],
    [
      'a rule whose time is over by now',
      `  - { id: r, ${both}, ${toData}, until: '2026-12-01' }`,
      { kind: 'rule', scopes: ['issues:read', 'issues:write'] },
      {},
      9 * day,
    ],
    [
      'hours: looked at by day, the evening at which it was refused counts',
      `  - { id: r, ${both}, ${toData}, hours: { from: '08:00', to: '18:00', zone: UTC } }`,
      { kind: 'rule', scopes: ['issues:read', 'issues:write'] },
      {},
      15 * hour,
    ],
    [
      'hours, the same weeks later',
      `  - { id: r, ${both}, ${toData}, hours: { from: '08:00', to: '18:00', zone: UTC } }`,
      { kind: 'rule', scopes: ['issues:read', 'issues:write'] },
      {},
      21 * day - 9 * hour,
    ],
    [
      'a refusal at those hours, looked at by day',
      `  - { id: r, ${both}, ${toData} }\n  - { id: no, deny: all, ${toData}, hours: { from: '20:00', to: '22:00', zone: UTC } }`,
      'refusal',
      {},
      15 * hour,
    ],
    [
      'a sign-in by its word, of those that can be had',
      `  - { id: r, ${both}, ${toData} }\n  - { id: gold, require: { acr: gold }, for: all, on: tracker }\nsign_in: { acr: [silver, gold] }`,
      { kind: 'nothing' },
    ],
    [
      'a sign-in that can be had, though it is not the strongest',
      `  - { id: r, ${both}, ${toData} }\n  - { id: code, require: { amr: [otp] }, for: all, on: tracker }`,
      { kind: 'nothing' },
    ],
    [
      'a sign-in that nobody can have',
      `  - { id: r, ${both}, ${toData} }\n  - { id: code, require: { amr: [otp, pop] }, for: all, on: tracker }`,
      'other',
    ],
    [
      'a network that the request did not come from',
      `  - { id: r, ${both}, ${toData}, from: [198.51.100.0/24] }`,
      { kind: 'rule', scopes: ['issues:read', 'issues:write'] },
    ],
  ];
  for (const [name, rules, expected, change = {}, later = hour] of table) {
    test(name, () => {
      const missing = missingOf(index(rules), { ...refused, ...change }, carol, then + later);
      if (typeof expected === 'string') assert.equal(missing.kind === 'barred' && missing.why, expected);
      else assert.deepEqual(missing, expected);
    });
  }

  test('a server that is off is told as such', () => {
    const missing = missingOf(index(`  - { id: r, ${both}, ${toData} }`, ', enabled: false'), refused, carol, then);
    assert.deepEqual(missing.kind === 'barred' && missing.why, 'ahead');
    assert.match(missing.kind === 'barred' ? missing.words : '', /switched off/);
  });

  test('why no rule would do is said in words', () => {
    const wordsOf = (rules: string, change: Partial<Ask>) => {
      const missing = missingOf(index(rules), { ...refused, ...change }, carol, then);
      return missing.kind === 'barred' ? missing.words : missing;
    };
    assert.equal(wordsOf('', { scopes: ['gone'] }), 'tracker has no such scope');
    const denied = `  - { id: r, ${both}, ${toData} }\n  - { id: no, deny: all, ${toData} }`;
    assert.equal(wordsOf(denied, {}), 'issues:read is denied by no');
    assert.equal(wordsOf(`  - { id: r, ${both}, ${toData} }`, { scopes: [] }), 'no scope is left');
  });

  test('a clock that has gone back judges at the moment itself', () => {
    assert.equal(missingOf(index(''), refused, carol, then - day).kind, 'rule');
  });
});

describe('the smallest rule', () => {
  const about = { personId: 'u_carol', client: 'claude-code', server: 'tracker', decision: 'd_mfx1_AbC-9zYxWvU' };

  test('gives what was missing, to that person through that client, until its end', () => {
    const rule = smallestRuleFor(about, ['issues:write'], '2026-12-24');
    assert.deepEqual(rule, {
      id: 'tracker-2026-12-24-c9zyxwvu-1dwkxlr',
      allow: ['issues:write'],
      on: 'tracker',
      to: ['user:u_carol'],
      through: ['claude-code'],
      until: '2026-12-24',
    });
    const given = index(`  - ${JSON.stringify(rule)}\n  - { id: r, allow: [issues:read], ${toData} }`);
    const ask = { ...refused, now: then + day };
    assert.deepEqual(decide(given, ask).scopes, refused.scopes);
    assert.deepEqual(decide(given, { ...ask, client: 'claude' }).scopes, ['issues:read']);
    assert.deepEqual(decide(given, { ...ask, now: then + 40 * day }).scopes, ['issues:read']);
    assert.deepEqual(missingOf(given, refused, carol, then + day), { kind: 'nothing' });
  });

  test('LOG-02: is named by no person, and fits the longest names', () => {
    const { id } = smallestRuleFor({ ...about, server: 's'.repeat(64) }, [], '2026-12-24');
    assert.match(id, /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/);
    assert.ok(!id.includes('carol'));
  });
});

test('at best: of several ways to sign in the one that opens it, whichever comes first', () => {
  const rules = `  - { id: a, allow: all, on: tracker, to: [everyone] }
  - { id: r, require: { acr: "urn:acme:card" }, for: [issues:read], on: tracker }
  - { id: w, require: { acr: "urn:acme:phone" }, for: [issues:write], on: tracker }
sign_in: { acr: ["urn:acme:card", "urn:acme:phone"] }`;
  const { person, client, server, now } = refused;
  for (const scope of ['issues:read', 'issues:write']) {
    const found = explainAtBest(index(rules), { person, client, server, scopes: [scope], now });
    assert.equal(found.decision.effect, 'allow', scope);
  }
});
