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
const compile = (
  rules: readonly string[],
  change: { servers?: readonly string[]; clients?: string; together?: string } = {},
) => {
  const named = change.servers ?? Object.entries(servers).map(([id, text]) => `${id}: ${text}`);
  const text = `servers: { ${named.join(', ')} }\nclients: { ${change.clients ?? `${client('c')}, ${client('d')}`} }\nrules: [${rules.join(', ')}]\nnever_together: [${change.together ?? ''}]`;
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
    [
      'only as long as the other circumstances hold',
      [one],
      [one.replace('}', ', from: [10.0.0.0/8] }')],
      ['s group:g'],
    ],
    [
      'a denial and a demand as before',
      [one, '{ id: no, deny: [a], on: s, to: [role:r] }', '{ id: r, require: { max_age: 90 }, for: [a], on: s }'],
      [one, '{ id: no, deny: [a], on: s, to: [role:r] }', '{ id: r, require: { max_age: 90 }, for: [a], on: s }'],
      [],
    ],
    ['until a day, now', [one], [one.replace('}', ', until: 2030-01-01 }')], ['s group:g']],
    [
      'until a day, as before',
      [one.replace('}', ', until: 2030-01-01 }')],
      [one.replace('}', ', until: 2030-01-01 }')],
      [],
    ],
    [
      'until another day',
      [one.replace('}', ', until: 2030-01-01 }')],
      [one.replace('}', ', until: 2029-01-01 }')],
      ['s group:g'],
    ],
    ['no longer until a day', [one.replace('}', ', until: 2030-01-01 }')], [one], []],
    [
      'through one client less',
      [one.replace('}', ', through: [c, d] }')],
      [one.replace('}', ', through: [c] }')],
      ['s group:g'],
    ],
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

  describe('where the rules are the same, and what they allow is worth less', () => {
    const on = (scopes: string, more = '') => ({
      servers: [`s: { resource: https://r.example/s/mcp, ras: https://r.example, scopes: ${scopes}${more} }`],
    });
    const types = (text: string) => on('{ a: {}, b: {} }', `, authorization_details: ${text}`);
    const low = on('{ a: {}, b: {} }');
    const high = on('{ a: { risk: high }, b: {} }');
    const withDetails = one.replace('}', ', details: all }');
    const distributed = (yes: boolean) => ({
      clients: `c: { ${yes ? 'distributed: true, ' : ''}client_ids: { https://r.example: c } }`,
    });
    const rows: [name: string, rule: string, before: object, next: object, told: boolean][] = [
      ['a scope has become high-risk', one, low, high, true],
      ['one of its scopes has become high-risk', one.replace('[a]', '[a, b]'), low, high, true],
      ['a scope that the rule does not allow has', one.replace('[a]', '[b]'), low, high, false],
      ['a scope is high-risk no more', one, high, low, false],
      ['a scope has become one of medium risk', one, low, on('{ a: { risk: medium }, b: {} }'), false],
      [
        'a type goes with another scope',
        withDetails.replace('[a]', '[a, b]'),
        types('{ x: { scope: a } }'),
        types('{ x: { scope: b } }'),
        true,
      ],
      ['a type is gone', withDetails, types('{ x: { scope: a } }'), low, true],
      [
        'a type has a member less',
        withDetails,
        types('{ x: { scope: a, members: { m: text } } }'),
        types('{ x: { scope: a } }'),
        true,
      ],
      [
        'a type has a member more',
        withDetails,
        types('{ x: { scope: a } }'),
        types('{ x: { scope: a, members: { m: text } } }'),
        false,
      ],
      [
        'a member has a value less',
        withDetails,
        types('{ x: { scope: a, members: { m: [p, q] } } }'),
        types('{ x: { scope: a, members: { m: [p] } } }'),
        true,
      ],
      [
        'a member has a value more',
        withDetails,
        types('{ x: { scope: a, members: { m: [p] } } }'),
        types('{ x: { scope: a, members: { m: [p, q] } } }'),
        false,
      ],
      [
        'a member is of another kind',
        withDetails,
        types('{ x: { scope: a, members: { m: text } } }'),
        types('{ x: { scope: a, members: { m: list } } }'),
        true,
      ],
      [
        'a member of any text has values now',
        withDetails,
        types('{ x: { scope: a, members: { m: text } } }'),
        types('{ x: { scope: a, members: { m: [p] } } }'),
        true,
      ],
      [
        'a member of some values takes any text now',
        withDetails,
        types('{ x: { scope: a, members: { m: [p] } } }'),
        types('{ x: { scope: a, members: { m: text } } }'),
        true,
      ],
      [
        'a type that the rule does not name is another',
        one,
        types('{ x: { scope: a } }'),
        types('{ x: { scope: b } }'),
        false,
      ],
      [
        'a client counts as distributed',
        one,
        { ...high, ...distributed(false) },
        { ...high, ...distributed(true) },
        true,
      ],
      ['a client does no more', one, { ...high, ...distributed(true) }, { ...high, ...distributed(false) }, false],
      [
        'a client does, where nothing is high-risk',
        one,
        { ...low, ...distributed(false) },
        { ...low, ...distributed(true) },
        false,
      ],
    ];
    for (const [name, rule, before, next, told] of rows) {
      test(name, () => {
        const found = narrowedServers(compile([rule], before), compile([rule], next));
        assert.deepEqual(
          found.map(({ server, subjects }) => [server.id, ...subjects].join(' ')),
          told ? ['s group:g'] : [],
        );
      });
    }

    test('a client counts as distributed that the rule is not about', () => {
      const clients = (text: string) => ({
        ...high,
        clients: `${client('c')}, d: { ${text}client_ids: { https://r.example: d } }`,
      });
      const rule = (through: string) => one.replace('}', `, through: [${through}] }`);
      const told = (through: string) =>
        narrowedServers(compile([rule(through)], clients('')), compile([rule(through)], clients('distributed: true, ')))
          .length;
      assert.deepEqual([told('d'), told('c'), told('c, d')], [1, 0, 1]);
    });

    test('something must never come together that might: what is issued anew is counted', () => {
      const apart = (text: string) => compile([one], { together: text });
      const rule = '{ id: t, sides: { p: { s: [a] }, q: { s: [b] } }, to: [role:r] }';
      const names = (before: string, next: string) =>
        narrowedServers(apart(before), apart(next)).map(({ server, subjects }) => [server.id, ...subjects].join(' '));
      assert.deepEqual(names('', rule), ['s role:r']);
      assert.deepEqual(names(rule, rule.replace('id: t', 'id: u')), []);
      assert.deepEqual(names(rule, ''), []);
      assert.deepEqual(names(rule, rule.replace('[b]', '[b], t: all')), ['s role:r', 't role:r']);
      assert.deepEqual(names(rule, rule.replace('role:r', 'everyone')), ['s everyone']);
    });
  });

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
    const paused = client('d').replace('{ ', '{ exchange: false, ');
    assert.deepEqual(lostClients(before, compile([], { clients: `${client('c')}, ${paused}` })), [
      { ras: 'https://r.example', clientId: 'd' },
    ]);
    const renamed = compile([], { clients: `${client('c')}, ${client('d', 'e')}` });
    assert.deepEqual(lostClients(before, renamed), [{ ras: 'https://r.example', clientId: 'd' }]);
  });
});
