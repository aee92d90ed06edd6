import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccessDocument } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { grantingServers, isGrantedAnything, restrictingServers } from './grants.ts';
import { parsePolicy } from './parse.ts';

const parsed = parsePolicy(
  `
servers:
  s: { resource: https://mcp.example/s, ras: https://mcp.example, scopes: { a: {}, b: {} } }
  t: { resource: https://mcp.example/t, ras: https://mcp.example, scopes: { c: {} } }
  shut: { resource: https://mcp.example/shut, ras: https://mcp.example, scopes: { c: {} }, enabled: false }
  far: { resource: https://far.example/mcp, ras: https://far.example, scopes: { c: {} } }
clients: { c: { redirect_uris: [http://localhost/cb], client_ids: { https://mcp.example: c } } }
rules:
  - { id: one, allow: [a], on: s, to: [group:g] }
  - { id: two, allow: [c], on: t, to: [role:r, user:u_1] }
  - { id: both, allow: [a, b], on: s, to: [group:both] }
  - { id: out-a, deny: [a], on: s, to: [role:no-a] }
  - { id: out, deny: all, on: [s, t], to: [role:out] }
  - { id: out-through, deny: all, on: s, to: [role:half], through: [c] }
  - { id: far, allow: [c], on: [t, far], to: [role:wide, group:wide-group] }
  - { id: today, allow: [a], on: s, to: [group:today], until: 2026-12-04 }
  - { id: yesterday, allow: [a], on: s, to: [group:yesterday], until: 2026-12-03 }
  - { id: office, allow: [a], on: s, to: [group:office], from: [10.0.0.0/8] }
  - { id: not-at-night, deny: all, on: s, to: [role:day], hours: { from: '22:00', to: '06:00', zone: UTC } }
  - { id: shut, allow: [c], on: shut, to: [group:shut] }
  - { id: mfa, require: { amr: [mfa] }, for: [a], on: s, to: [group:g] }
`,
  'access',
);

assert.ok(parsed.ok, JSON.stringify(parsed));
const index = compileAccess(parsed.document as AccessDocument, { version: 1, localRas: undefined });
const now = Date.parse('2026-12-04T12:00:00Z') / 1000;

describe('PRV-02: where a membership granted something', () => {
  const [near, far] = ['https://mcp.example', 'https://far.example'];
  const table: [membership: string, servers: string[]][] = [
    ['group:g', [near]],
    ['role:g', []],
    ['role:r', [near]],
    ['group:r', []],
    ['role:wide', [near, far]],
    ['group:wide-group', [near, far]],
    ['role:out', []],
    ['group:unknown', []],
  ];
  for (const [membership, servers] of table) {
    test(`${membership}: at ${servers.length}`, () =>
      assert.deepEqual([...grantingServers(index, membership)], servers));
  }
});

describe('T29: where a membership denies or demands something', () => {
  const [near] = ['https://mcp.example'];
  for (const [membership, servers] of [
    ['group:g', [near]], // beside what it allows
    ['group:both', []],
    ['role:no-a', [near]],
    ['group:no-a', []],
    ['role:out', [near]],
    ['role:wide', []],
    ['group:unknown', []],
  ] as const) {
    test(`${membership}: at ${servers.length}`, () =>
      assert.deepEqual([...restrictingServers(index, membership)], servers));
  }
});

test('PRV-02: a rule grants until its last second, and nothing in the next', () => {
  const person = { id: 'u', groups: ['today'], roles: [] };
  const end = Date.parse('2026-12-05T00:00:00Z') / 1000;
  assert.deepEqual(
    [end - 1, end].map((at) => isGrantedAnything(index, person, at)),
    [true, false],
  );
});

describe('PRV-02: whether anything is left', () => {
  const table: [name: string, id: string, groups: string[], roles: string[], anything: boolean][] = [
    ['nobody in particular', 'u', [], [], false],
    ['in a group that grants', 'u', ['g'], [], true],
    ['in one that does not', 'u', ['h'], [], false],
    ['by a role', 'u', [], ['r'], true],
    ['by name', 'u_1', [], [], true],
    ['a group by the name of a role', 'u', ['r'], [], false],
    ['denied the only scope', 'u', ['g'], ['no-a'], false],
    ['denied one of two scopes', 'u', ['both'], ['no-a'], true],
    ['denied one of two servers', 'u', ['g'], ['no-a', 'r'], true],
    ['denied everything', 'u', ['g'], ['r', 'out'], false],
    ['denied through one client only', 'u', ['g'], ['half'], true],
    ['granted until tonight', 'u', ['today'], [], true],
    ['granted until yesterday', 'u', ['yesterday'], [], false],
    ['granted in one place only', 'u', ['office'], [], true],
    ['denied at some hours only', 'u', ['g'], ['day'], true],
    ['granted at a server that is switched off', 'u', ['shut'], [], false],
  ];
  for (const [name, id, groups, roles, anything] of table) {
    test(`${name}: ${anything ? 'something' : 'nothing'}`, () => {
      assert.equal(isGrantedAnything(index, { id, groups, roles }, now), anything);
    });
  }
});
