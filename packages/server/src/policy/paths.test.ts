import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantedTo, personOf } from './audience.ts';
import { compileAccess } from './compile.ts';
import { parsePolicy } from './parse.ts';
import { comparePaths } from './path-changes.ts';
import { giving, type Path, type PathView, pathsOfPerson, pathsOfSubjects, stepsOf } from './paths.ts';

const now = 1_790_000_000;
const ras = 'https://mcp.acme.example';
const cb = 'redirect_uris: [http://localhost/cb]';

function indexOf(rules: string, more = '') {
  const parsed = parsePolicy(
    `
servers:
  t: { resource: ${ras}/t/mcp, ras: ${ras}, scopes: { read: {}, write: {}, admin: { risk: high } } }
  off: { resource: ${ras}/off/mcp, ras: ${ras}, enabled: false, scopes: { all: {} } }
clients:
  cli: { ${cb}, client_ids: { ${ras}: cli } }
  desk: { ${cb}, client_ids: { ${ras}: desk } }
  laptops: { ${cb}, client_ids: { ${ras}: laptops }, distributed: true }
  shown: { ${cb}, client_ids: { ${ras}: shown }, public: true }
  away: { ${cb} }
rules:
${rules}
${more}`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
}

const tell = ({ subject, rule, client, scopes, state, conditions, stop }: Path) =>
  [
    `${subject} ${rule} ${client ?? '-'} ${scopes.join('+')} ${state}`,
    ...conditions.map(({ about, rule: by }) => `if ${about}${by ? ` ${by}` : ''}`),
    ...(stop ? [`at ${stop.at}${stop.rule ? ` ${stop.rule}` : ''}`] : []),
  ].join(', ');

type Which = Partial<Omit<PathView, 'server' | 'now'>> & { readonly server?: string };

function told(rules: string, subjects: readonly string[] | undefined, which: Which = {}, more = ''): readonly string[] {
  const index = indexOf(rules, more);
  const server = index.servers.get(which.server ?? 't');
  assert.ok(server);
  const view = { ...which, server, now };
  const paths = subjects ? pathsOfPerson(index, personOf(subjects), view) : pathsOfSubjects(index, view);
  return paths.map(tell);
}

const engReads = '  - { id: eng, allow: [read], on: t, to: [group:eng], through: [cli] }';

test('how many steps it is to find all ways is known before, from the numbers of rules, clients, names and scopes', () => {
  const rules = [
    '  - { id: many, allow: [read, write], on: t, to: [group:a, group:b, group:c] }',
    '  - { id: one, allow: [read], on: t, to: [group:a] }',
    '  - { id: out, deny: all, on: t, to: [group:d] }',
  ];
  const index = indexOf(rules.join('\n'));
  const server = index.servers.get('t');
  assert.ok(server);
  const steps = (view: Partial<PathView> = {}, ofPerson = false) => stepsOf(index, { ...view, server, now }, ofPerson);
  // Three rules and three clients that come there; three names of two scopes, and one of one.
  assert.equal(steps(), 3 * 3 * (3 * 2 + 1));
  assert.equal(steps({ client: 'cli' }), 3 * (3 * 2 + 1));
  assert.equal(steps({ scope: 'read' }), 3 * 3 * (3 + 1));
  assert.equal(steps({}, true), 3 * 3 * (2 + 1));
});

describe('how a person reaches a server', () => {
  const table: [name: string, rules: string, subjects: string[], paths: string[], which?: Which, more?: string][] = [
    ['by a group, a rule and a client', engReads, ['group:eng'], ['group:eng eng cli read allowed']],
    [
      'through every client that comes there, and no other',
      '  - { id: all, allow: [read], on: t, to: [everyone] }',
      [],
      ['cli', 'desk', 'laptops'].map((client) => `everyone all ${client} read allowed`),
    ],
    [
      'one way for each group that the rule names',
      '  - { id: two, allow: [read], on: t, to: [group:a, role:b, group:c], through: [cli] }',
      ['group:a', 'role:b'],
      ['group:a two cli read allowed', 'role:b two cli read allowed'],
    ],
    ['not in the group: the nearest miss', engReads, ['group:ops'], ['group:eng eng - read refused, at person']],
    [
      'misses that would give something new first, those that fail twice last',
      `  - { id: over, allow: [admin], on: t, to: [group:x], until: 2020-01-01 }
  - { id: same, allow: [read], on: t, to: [group:y] }
  - { id: more, allow: [read, write], on: t, to: [group:z] }
${engReads}`,
      ['group:eng'],
      [
        'group:eng eng cli read allowed',
        'group:z more - read+write refused, at person',
        'group:y same - read refused, at person',
        'group:x over - admin refused, at person',
      ],
    ],
    [
      'misses that are for one client only are no further away, where no client is named',
      `  - { id: one, allow: [admin], on: t, to: [group:x], through: [cli] }
  - { id: any, allow: [admin], on: t, to: [group:y] }`,
      [],
      ['group:x one - admin refused, at person', 'group:y any - admin refused, at person'],
    ],
    [
      'and they are, where another is named',
      `  - { id: one, allow: [admin], on: t, to: [group:x], through: [cli] }
  - { id: any, allow: [admin], on: t, to: [group:y] }`,
      [],
      ['group:y any - admin refused, at person', 'group:x one - admin refused, at person'],
      { client: 'desk' },
    ],
    [
      'a rule ends with the second that it names',
      `  - { id: old, allow: [read], on: t, to: [group:eng], until: "${new Date(now * 1000).toISOString()}" }`,
      ['group:eng'],
      ['group:eng old - read refused, at until'],
    ],
    [
      'a rule that has ended',
      '  - { id: old, allow: [read], on: t, to: [group:eng], until: 2020-01-01 }',
      ['group:eng'],
      ['group:eng old - read refused, at until'],
    ],
    [
      'conditions of the rule itself',
      '  - { id: office, allow: [read], on: t, to: [group:eng], through: [cli], from: [10.0.0.0/8], until: 2090-01-01, hours: { days: [mon], from: "09:00", to: "17:00", zone: UTC } }',
      ['group:eng'],
      ['group:eng office cli read conditional, if until office, if network office, if hours office'],
    ],
    [
      'a sign-in that is asked for, of that scope alone',
      `  - { id: eng, allow: [read, write], on: t, to: [group:eng], through: [cli] }
  - { id: mfa, require: { amr: [mfa] }, for: [write], on: t }`,
      ['group:eng'],
      ['group:eng eng cli read allowed', 'group:eng eng cli write conditional, if sign_in mfa'],
    ],
    [
      'a sign-in that nobody can have',
      `  - { id: eng, allow: [read, write], on: t, to: [group:eng], through: [cli] }
  - { id: mfa, require: { amr: [hwk] }, for: [write], on: t }`,
      ['group:eng'],
      ['group:eng eng cli read allowed', 'group:eng eng cli write refused, at sign_in mfa'],
      {},
      'sign_in: { amr: [mfa] }',
    ],
    [
      'a refusal wins, and is seen by itself',
      `  - { id: eng, allow: [read, write], on: t, to: [group:eng], through: [cli] }
  - { id: out, deny: [write], on: t, to: [role:contractor, role:guest] }`,
      ['group:eng', 'role:contractor'],
      [
        'group:eng eng cli read allowed',
        'group:eng eng cli write refused, at deny out',
        'role:contractor out - write refused, at deny out',
      ],
    ],
    [
      'a refusal that speaks somewhere only, or through another client',
      `  - { id: eng, allow: [read], on: t, to: [group:eng], through: [cli] }
  - { id: abroad, deny: [read], on: t, to: [everyone], not_from: [10.0.0.0/8] }
  - { id: desks, deny: [read], on: t, to: [everyone], through: [desk] }`,
      ['group:eng'],
      ['group:eng eng cli read conditional, if deny abroad', 'everyone desks - read refused, at deny desks'],
    ],
    [
      'high risk through what is on many machines takes a key',
      '  - { id: eng, allow: [read, admin], on: t, to: [group:eng], through: [laptops] }',
      ['group:eng'],
      ['group:eng eng laptops read allowed', 'group:eng eng laptops admin conditional, if key'],
    ],
    [
      'what must not come together is a matter of the session',
      '  - { id: eng, allow: [read, write], on: t, to: [group:eng], through: [cli] }',
      ['group:eng'],
      ['group:eng eng cli read conditional, if session apart', 'group:eng eng cli write allowed'],
      {},
      'never_together: [{ id: apart, sides: { a: { t: [read] }, b: { off: [all] } }, to: [group:eng] }]',
    ],
    [
      'only through a client that does not come',
      '  - { id: eng, allow: [read], on: t, to: [group:eng], through: [away] }',
      ['group:eng'],
      ['group:eng eng - read refused, at client'],
    ],
    [
      'a client that is named, and the rule lets another',
      engReads,
      ['group:eng'],
      ['group:eng eng - read refused, at client'],
      { client: 'desk' },
    ],
    [
      'a client that is named and may trade nothing',
      '  - { id: all, allow: [read], on: t, to: [everyone] }',
      [],
      ['everyone all shown read refused, at exchange'],
      { client: 'shown' },
    ],
    [
      'a server that is switched off',
      '  - { id: all, allow: [all], on: off, to: [everyone] }',
      [],
      ['everyone all - all refused, at server'],
      { server: 'off' },
    ],
    [
      'one scope',
      `  - { id: eng, allow: [read, write], on: t, to: [group:eng], through: [cli] }
  - { id: out, deny: [read], on: t, to: [role:guest] }
  - { id: ops, allow: [read], on: t, to: [group:ops] }`,
      ['group:eng'],
      ['group:eng eng cli write allowed'],
      { scope: 'write' },
    ],
  ];
  for (const [name, rules, subjects, paths, which, more] of table) {
    test(name, () => assert.deepEqual(told(rules, subjects, which, more), paths));
  }
});

test('where nobody is named: each subject of the rules by itself, and refusals of others beside', () => {
  const rules = `  - { id: eng, allow: [read, write], on: t, to: [group:eng, user:u_7], through: [cli] }
  - { id: out, deny: [write], on: t, to: [group:eng, role:guest] }
  - { id: mfa, require: { amr: [mfa] }, for: [read], on: t, to: [role:guest] }
  - { id: gone, allow: [admin], on: t, to: [group:eng], until: 2020-01-01 }`;
  assert.deepEqual(told(rules, undefined), [
    'group:eng eng cli read allowed',
    'group:eng eng cli write refused, at deny out',
    'user:u_7 eng cli read+write allowed',
    'group:eng gone - admin refused, at until',
    'group:eng out - write refused, at deny out',
    'role:guest out - write refused, at deny out',
  ]);
  assert.deepEqual(told(rules, undefined, { client: 'desk', scope: 'admin' }), [
    'group:eng gone - admin refused, at until',
  ]);
});

test('open paths lead to what a decision gives, and to nothing else', () => {
  const index = indexOf(`  - { id: all, allow: [read], on: t, to: [everyone] }
  - { id: eng, allow: [write], on: t, to: [group:eng], through: [cli, laptops] }
  - { id: lead, allow: [admin], on: t, to: [role:lead] }
  - { id: mfa, require: { amr: [mfa] }, for: [admin], on: t }
  - { id: out, deny: [write, admin], on: t, to: [role:contractor] }
  - { id: desks, deny: [read], on: t, to: [group:eng], through: [desk] }`);
  const server = index.servers.get('t');
  assert.ok(server);
  for (let at = 0; at < 8; at += 1) {
    const subjects = ['group:eng', 'role:lead', 'role:contractor'].filter((_, bit) => at & (1 << bit));
    const person = personOf(subjects);
    const open: readonly Path[] = pathsOfPerson(index, person, { server, now }).filter(
      ({ state }) => state !== 'refused',
    );
    const reached = new Set(open.flatMap(({ client, scopes }) => scopes.map((scope) => `${client} ${scope}`)));
    const granted = grantedTo(index, { person, server, now });
    const expected = granted.flatMap(({ client, scopes }) => scopes.map((scope) => `${client} ${scope}`));
    assert.deepEqual([...reached].sort(), expected.sort(), subjects.join(' '));
  }
});

test('rules that give: those that have not ended, to the scope and through the client that are named', () => {
  const index = indexOf(`  - { id: all, allow: [read, write], on: t, to: [everyone] }
  - { id: cli, allow: [read], on: t, to: [everyone], through: [cli] }
  - { id: out, deny: [read], on: t, to: [everyone] }
  - { id: old, allow: [read], on: t, to: [everyone], until: "${new Date(now * 1000).toISOString()}" }`);
  const server = index.servers.get('t');
  assert.ok(server);
  const ids = (which: Pick<PathView, 'client' | 'scope'>) =>
    giving(index, { ...which, server, now }).map(({ id }) => id);
  assert.deepEqual(ids({}), ['all', 'cli']);
  assert.deepEqual(ids({ client: 'desk' }), ['all']);
  assert.deepEqual(ids({ client: 'cli', scope: 'read' }), ['all', 'cli']);
  assert.deepEqual(ids({ scope: 'write' }), ['all']);
});

describe('what a draft makes of paths', () => {
  const pathsIn = (rules: string) => {
    const index = indexOf(rules);
    const server = index.servers.get('t');
    assert.ok(server);
    return pathsOfPerson(index, personOf(['group:eng']), { server, now });
  };
  const compared = (before: string, after: string) =>
    comparePaths(pathsIn(before), pathsIn(after)).map((path) => `${path.change}: ${tell(path)}`);
  const wide = '  - { id: eng, allow: [read, write], on: t, to: [group:eng], through: [cli] }';

  test('a scope more is gained, the others stay', () => {
    assert.deepEqual(compared(engReads, wide), [
      'gained: group:eng eng cli write allowed',
      'kept: group:eng eng cli read allowed',
    ]);
  });

  test('a scope less is lost', () => {
    assert.deepEqual(compared(wide, engReads), [
      'kept: group:eng eng cli read allowed',
      'lost: group:eng eng cli write allowed',
    ]);
  });

  test('what the draft refuses is lost, and what it refuses no more is gained', () => {
    const out = '\n  - { id: out, deny: [write], on: t, to: [group:eng], through: [cli] }';
    assert.deepEqual(compared(wide, wide + out), [
      'kept: group:eng eng cli read allowed',
      'lost: group:eng eng cli write allowed',
    ]);
    assert.deepEqual(compared(wide + out, wide), [
      'gained: group:eng eng cli write allowed',
      'kept: group:eng eng cli read allowed',
      'kept: group:eng out - write refused, at deny out',
    ]);
  });

  test('what the draft opens further is no path that is kept: lost with its condition, gained without, the others stay', () => {
    const office = engReads.replace('through', 'from: [10.0.0.0/8], through');
    const [bound, free] = ['group:eng eng cli read conditional, if network eng', 'group:eng eng cli read allowed'];
    assert.deepEqual(compared(office, engReads), [`gained: ${free}`, `lost: ${bound}`]);
    assert.deepEqual(compared(engReads, office), [`gained: ${bound}`, `lost: ${free}`]);
    assert.deepEqual(compared(office, office), [`kept: ${bound}`]);
    const mfa = '\n  - { id: mfa, require: { amr: [mfa] }, for: [write], on: t }';
    assert.deepEqual(compared(wide + mfa, wide), [
      'gained: group:eng eng cli write allowed',
      'kept: group:eng eng cli read allowed',
      'lost: group:eng eng cli write conditional, if sign_in mfa',
    ]);
  });
});
