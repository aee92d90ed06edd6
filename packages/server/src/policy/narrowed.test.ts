import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from './compile.ts';
import { lostClients, narrowedServers } from './narrowed.ts';
import { parsePolicy } from './parse.ts';

const servers = {
  s: '{ resource: https://r.example/s/mcp, ras: https://r.example, scopes: { a: {}, b: {} } }',
  t: '{ resource: https://r.example/t/mcp, ras: https://r.example, scopes: { a: {}, b: {} } }',
};
const client = (id: string, there = id) =>
  `${id}: { redirect_uris: [http://localhost/cb], client_ids: { https://r.example: ${there} } }`;
const compile = (rules: readonly string[], change: { servers?: readonly string[]; clients?: string } = {}) => {
  const named = change.servers ?? Object.entries(servers).map(([id, text]) => `${id}: ${text}`);
  const text = `servers: { ${named.join(', ')} }\nclients: { ${change.clients ?? `${client('c')}, ${client('d')}`} }\nrules: [${rules.join(', ')}]`;
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as never, { version: 1, localRas: undefined });
};

describe('a version that grants less', () => {
  const one = '{ id: one, allow: [a], on: s, to: [group:g] }';
  const table: [name: string, before: readonly string[], next: readonly string[], told: string[]][] = [
    ['the same', [one], [one], []],
    ['the same under another name', [one], [one.replace('one', 'uno')], []],
    ['a rule is gone', [one], [], ['s group:g']],
    ['a scope is gone', [one.replace('[a]', '[a, b]')], [one], ['s group:g']],
    ['a scope more', [one], [one.replace('[a]', '[a, b]')], []],
    ['a group less', [one.replace('[group:g]', '[group:g, role:r]')], [one], ['s group:g role:r']],
    ['a group more', [one], [one.replace('[group:g]', '[group:g, role:r]')], []],
    ['everybody instead', [one], [one.replace('[group:g]', '[everyone]')], []],
    ['a server less', [one.replace('on: s', 'on: [s, t]')], [one], ['t group:g']],
    ['through one client only', [one], [one.replace('}', ', through: [c] }')], ['s group:g']],
    ['through more clients', [one.replace('}', ', through: [c] }')], [one.replace('}', ', through: [c, d] }')], []],
    ['through any', [one.replace('}', ', through: [c] }')], [one], []],
    ['another rule takes its place', [one], ['{ id: two, allow: all, on: s, to: [everyone] }'], []],
    ['somebody is denied something', [one], [one, '{ id: no, deny: [a], on: s, to: [role:r] }'], ['s role:r']],
    ['and no more', [one, '{ id: no, deny: [a], on: s, to: [role:r] }'], [one], []],
    ['a demand is new', [one], [one, '{ id: r, require: { max_age: 60 }, for: [a], on: s }'], ['s everyone']],
    [
      'a demand is another',
      [one, '{ id: r, require: { max_age: 90 }, for: [a], on: s }'],
      [one, '{ id: r, require: { max_age: 60 }, for: [a], on: s }'],
      ['s everyone'],
    ],
  ];
  for (const [name, before, next, told] of table) {
    test(name, () => {
      const found = narrowedServers(compile(before), compile(next));
      assert.deepEqual(
        found.map(({ server, subjects }) => [server.id, ...subjects].join(' ')),
        told,
      );
    });
  }

  test('a server that is gone, or guarded by another', () => {
    const only = compile([], { servers: [`t: ${servers.t}`] });
    assert.deepEqual(
      narrowedServers(compile([one]), only).map(({ server }) => server.id),
      ['s'],
    );
    const moved = servers.s.replace('ras: https://r.example', 'ras: https://q.example');
    const next = compile([one], { servers: [`s: ${moved}`, `t: ${servers.t}`] });
    assert.deepEqual(
      narrowedServers(compile([one]), next).map(({ server }) => server.id),
      ['s'],
    );
  });

  test('a client that is gone, or called otherwise', () => {
    const before = compile([]);
    assert.deepEqual(lostClients(before, before), []);
    assert.deepEqual(lostClients(before, compile([], { clients: client('c') })), [
      { ras: 'https://r.example', clientId: 'd' },
    ]);
    const renamed = compile([], { clients: `${client('c')}, ${client('d', 'e')}` });
    assert.deepEqual(lostClients(before, renamed), [{ ras: 'https://r.example', clientId: 'd' }]);
  });
});
