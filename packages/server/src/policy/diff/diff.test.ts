import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from '../compile.ts';
import { parsePolicy } from '../parse.ts';
import { affectedServers, subjectsToLoad } from './affected.ts';
import { applyEdits, missingEdits } from './edits.ts';
import { createEffects } from './effects.ts';
import { changedEntries, type Json } from './entries.ts';
import { merge } from './merge.ts';
import { createSorter, type Population } from './person-classes.ts';
import { widenings } from './widened.ts';
import { toSentence, toSummary } from './words.ts';

const ras = 'https://mcp.acme.example';
const now = 1_800_000_000;

const base = `
servers:
  tracker: { name: Tracker, resource: ${ras}/tracker, ras: ${ras}, scopes: { read: {}, write: { risk: high } } }
  wiki: { name: Wiki, resource: ${ras}/wiki, ras: ${ras}, scopes: { read: {} } }
clients:
  code: { name: Code, redirect_uris: [http://localhost/a], client_ids: { ${ras}: code } }
  desk: { name: Desk, redirect_uris: [http://localhost/b], client_ids: { ${ras}: desk } }
  away: { name: Away, redirect_uris: [http://localhost/c] }
`;

const people: Population = {
  total: 10,
  known: 6,
  members: new Map([
    ['group:data', [0, 1, 2]],
    ['group:eng', [2, 3, 4]],
    ['role:lead', [4, 5]],
    ['user:u_5', [5]],
  ]),
};

function side(rules: readonly string[], text = base) {
  const parsed = parsePolicy(
    `${text}rules:\n${rules.map((rule) => `  - { ${rule} }\n`).join('') || '  []\n'}`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const document = JSON.parse(JSON.stringify(parsed.document)) as Json;
  return { document, access: compileAccess(parsed.document, { version: 1, localRas: ras }) };
}

function compare(before: readonly string[], after: readonly string[], texts: { before?: string; after?: string } = {}) {
  const [old, next] = [side(before, texts.before), side(after, texts.after)];
  const affected = affectedServers(old.access, next.access);
  const work = createEffects(old.access, next.access, people, now);
  for (const server of affected) work.add(server);
  const { effects, gain, lose } = work.all();
  const names = { before: old.access, after: next.access, subjects: new Map([['group:data', 'Data']]) };
  const words = effects.map((effect) => toSentence(effect, names));
  return { words, gain, lose, loaded: [...subjectsToLoad(affected)], widens: widenings('access', old, next), effects };
}

const dataReads = 'id: data, allow: [read], on: tracker, to: [group:data]';
const engReads = 'id: eng, allow: [read], on: tracker, to: [group:eng]';

describe('a difference in people', () => {
  const table: [name: string, before: string[], after: string[], words: string[], counts: [number, number]][] = [
    ['a rule that is new', [], [dataReads], ['3 people in Data gain read on Tracker through every client.'], [3, 0]],
    [
      'who has it another way is said and not counted',
      [engReads],
      [engReads, dataReads],
      ['2 people in Data gain read on Tracker through every client. 1 more has it already.'],
      [2, 0],
    ],
    [
      'a rule that goes, and who keeps it another way',
      [engReads, dataReads],
      [engReads],
      ['2 people in Data lose read on Tracker through every client. 1 more keeps it another way.'],
      [0, 2],
    ],
    [
      'a rule through one client',
      [],
      ['id: a, allow: all, on: tracker, to: [group:data], through: [code]'],
      ['3 people in Data gain write on Tracker through Code.', '3 people in Data gain read on Tracker through Code.'],
      [3, 0],
    ],
    [
      'everybody, whoever they are',
      [engReads],
      ['id: all, allow: [read], on: tracker, to: [everyone]'],
      ['7 people gain read on Tracker through every client. 3 more have it already.'],
      [7, 0],
    ],
    [
      'a deny takes away, from those who had it',
      [engReads],
      [engReads, 'id: no, deny: all, on: tracker, to: [role:lead]'],
      ['1 person with the role lead loses read on Tracker through every client.'],
      [0, 1],
    ],
    [
      'a deny that goes gives',
      [engReads, 'id: no, deny: all, on: tracker, to: [role:lead]'],
      [engReads],
      ['1 person with the role lead gains read on Tracker through every client.'],
      [1, 0],
    ],
    [
      'one person',
      [],
      ['id: one, allow: [read], on: wiki, to: ["user:u_5"]'],
      ['u_5 gains read on Wiki through every client.'],
      [1, 0],
    ],
    [
      'a condition that is new',
      [dataReads],
      [dataReads, 'id: mfa, require: { amr: [mfa] }, for: [read], on: tracker, to: [group:data]'],
      ['3 people in Data keep read on Tracker through every client, under other conditions.'],
      [0, 0],
    ],
    ['a rule that reports only', [], [`${dataReads}, report_only: true`], [], [0, 0]],
    ['a rule in another place', [dataReads, engReads], [engReads, dataReads], [], [0, 0]],
    [
      'a rule that adds nothing',
      [dataReads],
      [dataReads, 'id: again, allow: [read], on: tracker, to: [group:data]'],
      [],
      [0, 0],
    ],
    ['a rule that is over already', [], [`${dataReads}, until: 2020-01-01`], [], [0, 0]],
  ];
  for (const [name, before, after, words, counts] of table) {
    test(name, () => {
      const found = compare(before, after);
      assert.deepEqual(found.words, words);
      assert.deepEqual([found.gain, found.lose], counts);
    });
  }

  test('gains by risk first, then losses; each person counts once, however much they gain', () => {
    const rules = [
      'id: a, allow: [read], on: [tracker, wiki], to: [group:data]',
      'id: w, allow: [write], on: tracker, to: [group:data]',
    ];
    const { words, gain, lose } = compare([engReads], rules);
    assert.deepEqual(words, [
      '3 people in Data gain write on Tracker through every client.',
      '3 people in Data gain read on Wiki through every client.',
      '2 people in Data gain read on Tracker through every client. 1 more has it already.',
      '2 people in eng lose read on Tracker through every client.',
    ]);
    assert.deepEqual([gain, lose], [3, 2]);
    assert.equal(toSummary({ gain, lose }), '3 people gain, 2 lose.');
    assert.equal(toSummary({ gain: 0, lose: 0 }), 'Nobody gains or loses anything.');
  });

  test('nobody is looked at but members of what rules on changed servers name', () => {
    const wiki = 'id: w, allow: [read], on: wiki, to: [role:lead]';
    assert.deepEqual(compare([engReads, wiki], [engReads, wiki, dataReads]).loaded, ['group:eng', 'group:data']);
    assert.deepEqual(compare([engReads, wiki], [engReads, wiki]).loaded, []);
  });

  test('a client of a metadata document, of which nobody knows yet how it proves itself', () => {
    const known = base.replace('  away:', '  chat: { metadata: https://chat.example/c.json, client_ids: {} }\n  away:');
    const there = known.replace('client_ids: {} }', `client_ids: { ${ras}: chat } }`);
    const come = compare([dataReads], [dataReads], { before: known, after: there });
    assert.deepEqual(come.words, ['3 people in Data gain read on Tracker through chat.']);
    assert.deepEqual(come.widens, [`a client is chat at ${ras} now`]);
    const gone = compare([dataReads], [dataReads], { before: there, after: known });
    assert.deepEqual([gone.lose, gone.widens], [3, []]);
    const never = known.replace('client_ids: {} }', `client_ids: { ${ras}: chat }, exchange: false }`);
    assert.equal(compare([dataReads], [dataReads], { before: known, after: never }).gain, 0);
  });

  test('what a sign-in can earn opens, or closes, what a rule asks it for', () => {
    const rules = [
      dataReads,
      'id: key, require: { amr: [hwk] }, for: [read], on: tracker, to: [role:lead, "user:u_5", group:data]',
    ];
    const [less, more] = ['[mfa]', '[mfa, hwk]'].map((amr) => `sign_in: { amr: ${amr} }\n${base}`) as [string, string];
    const gained = compare(rules, rules, { before: less, after: more });
    assert.deepEqual(gained.words, ['3 people in Data gain read on Tracker through every client.']);
    assert.equal(gained.gain, 3);
    const lost = compare(rules, rules, { before: more, after: less });
    assert.deepEqual(lost.words, ['3 people in Data lose read on Tracker through every client.']);
    assert.equal(lost.lose, 3);
    assert.deepEqual(compare([engReads], [engReads], { before: less, after: more }).loaded, [], 'no rule asks for any');
  });

  test('authorization details that a rule lets through are a condition of what is kept', () => {
    const text = base.replace(
      'scopes: { read: {}, write: { risk: high } }',
      'scopes: { read: {}, write: { risk: high } }, authorization_details: { use: { scope: read } }',
    );
    const texts = { before: text, after: text };
    const other = ['3 people in Data keep read on Tracker through every client, under other conditions.'];
    const detailed = `${dataReads}, details: all`;
    assert.deepEqual(compare([dataReads], [detailed], texts).words, other);
    assert.deepEqual(compare([detailed], [dataReads], texts).words, other);
    const office = `${detailed.replace('id: data', 'id: office')}, from: [192.0.2.0/24]`;
    assert.deepEqual(
      compare([dataReads], [dataReads, office], texts).words,
      other,
      'beside one without conditions too',
    );
  });

  test('a client that comes, and a server that is switched off', () => {
    const come = base.replace('http://localhost/c]', `http://localhost/c], client_ids: { ${ras}: away }`);
    assert.deepEqual(compare([dataReads], [dataReads], { after: come }).words, [
      '3 people in Data gain read on Tracker through Away.',
    ]);
    const off = base.replace('scopes: { read: {}, write', 'enabled: false, scopes: { read: {}, write');
    assert.deepEqual(compare([dataReads], [dataReads], { after: off }).words, [
      '3 people in Data lose read on Tracker through every client.',
    ]);
  });
});

describe('people whom no rule on a server tells apart', () => {
  const server = (touched: string[]) => ({
    id: 's',
    changed: [],
    touched: new Set(touched),
    relevant: new Set(['group:a', 'group:b', 'everyone']),
  });
  const members = new Map([
    ['group:a', [0, 1]],
    ['group:b', [1, 2]],
  ]);
  const of = (total: number, touched: string[]) =>
    createSorter({ total, known: 3, members })(server(touched)).map(({ subjects, size, people: some, others }) => [
      [...subjects].join(' '),
      size,
      some,
      ...(others ? [others] : []),
    ]);

  const byName = (classes: unknown[][]) => classes.toSorted((a, b) => String(a[0]).localeCompare(String(b[0])));

  test('are those who are in the same groups, of whom a changed rule speaks', () => {
    const expected = [
      ['group:b', 1, [2]],
      ['group:a group:b', 1, [1]],
    ];
    assert.deepEqual(byName(of(9, ['group:b'])), byName(expected));
  });

  test('and where it speaks of everybody those too who are in none, if there are any', () => {
    const known = [
      ['group:a', 1, [0]],
      ['group:b', 1, [2]],
      ['group:a group:b', 1, [1]],
    ];
    assert.deepEqual(byName(of(9, ['everyone'])), byName([...known, ['', 6, [], [0, 1, 2]]]));
    assert.deepEqual(byName(of(3, ['everyone'])), byName(known));
  });

  test('one server after the other', () => {
    const sort = createSorter({ total: 3, known: 3, members });
    const first = sort(server(['everyone']));
    assert.deepEqual(sort(server(['everyone'])), first, 'nothing is left of the one before');
  });

  test('a scope that another rule gives without conditions is kept as it is, whatever is said of it besides', () => {
    const office = 'id: office, allow: [read], on: tracker, to: [group:data], from: [192.0.2.0/24]';
    assert.deepEqual(compare([dataReads], [dataReads, office]).words, []);
    assert.deepEqual(compare([dataReads, office], [dataReads]).words, []);
  });
});

describe('what widens', () => {
  const widening: [name: string, before: string[], after: string[]][] = [
    ['a rule that allows', [], [dataReads]],
    ['one more scope', [dataReads], [dataReads.replace('[read]', 'all')]],
    ['one more group', [dataReads], [dataReads.replace('group:data', 'group:data, group:eng')]],
    ['a deny that goes', [dataReads, 'id: no, deny: all, on: tracker, to: [role:lead]'], [dataReads]],
    ['a require that goes', ['id: m, require: { amr: [mfa] }, for: all, on: tracker'], []],
    [
      'a require that asks less',
      ['id: m, require: { amr: [mfa, pin] }, for: all, on: tracker'],
      ['id: m, require: { amr: [mfa] }, for: all, on: tracker'],
    ],
    ['a rule from anywhere instead of one network', [`${dataReads}, from: [192.0.2.0/24]`], [dataReads]],
    ['a rule that counts from now on', [`${dataReads}, report_only: true`], [dataReads]],
    ['an end that is later', [`${dataReads}, until: 2031-01-01`], [`${dataReads}, until: 2032-01-01`]],
  ];
  for (const [name, before, after] of widening) {
    test(name, () => {
      assert.notDeepEqual(compare(before, after).widens, []);
    });
  }
  const not: [name: string, before: string[], after: string[]][] = [
    ['a rule that goes', [dataReads], []],
    ['a deny that is new', [dataReads], [dataReads, 'id: no, deny: all, on: tracker, to: [role:lead]']],
    ['a scope less', [dataReads.replace('[read]', 'all')], [dataReads]],
    ['only one network', [dataReads], [`${dataReads}, from: [192.0.2.0/24]`]],
    ['only through one client', [dataReads], [`${dataReads}, through: [code]`]],
    ['another order', [dataReads, engReads], [engReads, dataReads]],
    ['a rule that reports only', [], [`${dataReads}, report_only: true`]],
  ];
  for (const [name, before, after] of not) {
    test(`not: ${name}`, () => {
      assert.deepEqual(compare(before, after).widens, []);
    });
  }

  const texts: [name: string, from: string, to: string, widens: boolean][] = [
    ['a network that grows', 'clients:\n', 'networks: { office: [192.0.2.0/24] }\nclients:\n', false],
    ['a client', '  away:', '  more: { redirect_uris: [http://localhost/d] }\n  away:', true],
    ['a client that goes', '  away: { name: Away, redirect_uris: [http://localhost/c] }\n', '', false],
    ['where a client is sent', 'http://localhost/c', 'http://localhost/d', true],
    ['the name of a client', 'name: Away', 'name: Gone', false],
    ['an id of a client at a RAS', 'http://localhost/c]', `http://localhost/c], client_ids: { ${ras}: away }`, true],
    ['a client that is on many machines now', 'name: Away', 'distributed: true, name: Away', false],
    ['a scope of less risk', '{ risk: high }', '{ risk: low }', true],
    ['a server', '  wiki:', `  other: { resource: ${ras}/o, ras: ${ras}, scopes: { read: {} } }\n  wiki:`, true],
    ['a server that is switched off', 'name: Wiki', 'enabled: false, name: Wiki', false],
    ['where a server is', `${ras}/wiki`, `${ras}/wiki2`, true],
    ['what is said to a RAS', 'clients:\n', `audiences: { ${ras}: { email: true } }\nclients:\n`, true],
    [
      'what is kept apart',
      'clients:\n',
      'never_together:\n  - { id: apart, sides: { a: { tracker: [read] }, b: { wiki: [read] } } }\nclients:\n',
      false,
    ],
    ['what a sign-in is worth', 'clients:\n', 'sign_in: { first_factor: password }\nclients:\n', true],
    ['a second person', 'clients:\n', 'second_person: required\nclients:\n', false],
  ];
  for (const [name, from, to, widens] of texts) {
    const changed = base.replace(from, to);
    test(`${widens ? '' : 'not: '}${name}`, () => {
      assert.notEqual(changed, base);
      assert.equal(compare([dataReads], [dataReads], { after: changed }).widens.length > 0, widens);
    });
  }

  test('a second person who is asked no longer', () => {
    const before = base.replace('clients:\n', 'second_person: required\nclients:\n');
    assert.deepEqual(compare([], [], { before }).widens, ['a second person is no longer asked']);
  });

  test('what is kept apart no longer', () => {
    const apart = '{ id: apart, sides: { a: { tracker: [read] }, b: { wiki: [read] } } }';
    const before = base.replace('clients:\n', `never_together:\n  - ${apart}\nclients:\n`);
    assert.notDeepEqual(compare([dataReads], [dataReads], { before }).widens, []);
    const less = before.replace('b: { wiki: [read] }', 'b: { wiki: [read] }, c: { tracker: [write] }');
    assert.notDeepEqual(compare([dataReads], [dataReads], { before: less, after: before }).widens, []);
  });

  test('a section that nothing is known of', () => {
    const [old, next] = [{ other: { a: 1 } }, { other: {} }];
    for (const [one, two] of [
      [old, next],
      [next, old],
    ] as const) {
      assert.equal(widenings('access', { document: one }, { document: two }).length, 1);
    }
  });

  test('a server that is switched on', () => {
    const before = base.replace('name: Tracker', 'enabled: false, name: Tracker');
    assert.notDeepEqual(compare([dataReads], [dataReads], { before }).widens, []);
  });

  test('what is done to a rule of a kind that nothing is known of', () => {
    const [old, next] = [{ rules: [{ id: 'x', never: [] }] }, { rules: [] }];
    assert.deepEqual(widenings('access', { document: old }, { document: next }), ['rules.x is gone']);
  });

  const raw: [name: string, kind: 'access' | 'resource', before: Json, after: Json, words: string[]][] = [
    ['a section of clients that go', 'access', { clients: { c: {} } }, { clients: {} }, []],
    [
      'a client that is public',
      'access',
      { clients: { c: { public: false } } },
      { clients: { c: { public: true } } },
      ['clients.c says something else of public'],
    ],
    [
      'a client that is said to be less',
      'access',
      { clients: { c: { exchange: true } } },
      { clients: { c: { exchange: false } } },
      ['clients.c says something else of exchange'],
    ],
    [
      'ids of clients, which are judged elsewhere',
      'access',
      { clients: { c: { client_ids: { a: 'x' } } } },
      { clients: { c: { client_ids: {} } } },
      [],
    ],
    [
      'the same word elsewhere',
      'access',
      { audiences: { c: { client_ids: 1 } } },
      { audiences: { c: { client_ids: 2 } } },
      ['audiences.c says something else of client_ids'],
    ],
    [
      'the same word in the other document',
      'resource',
      { clients: { c: { client_ids: 1 } } },
      { clients: { c: { client_ids: 2 } } },
      ['clients.c says something else of client_ids'],
    ],
    [
      'a server here that says enabled',
      'resource',
      { servers: { s: {} } },
      { servers: { s: { enabled: false } } },
      ['servers.s says something else of enabled'],
    ],
    [
      'bound tokens demanded at a server',
      'resource',
      { servers: { s: {} } },
      { servers: { s: { require_bound_tokens: true } } },
      [],
    ],
    [
      'bound tokens demanded no longer',
      'resource',
      { servers: { s: { require_bound_tokens: true } } },
      { servers: { s: {} } },
      ['servers.s says something else of require_bound_tokens'],
    ],
    [
      'another word of a server that is true',
      'resource',
      { servers: { s: {} } },
      { servers: { s: { enabled: true } } },
      ['servers.s says something else of enabled'],
    ],
    [
      'the same word in the other document',
      'access',
      { servers: { s: {} } },
      { servers: { s: { require_bound_tokens: true } } },
      ['servers.s says something else of require_bound_tokens'],
    ],
    [
      'the same word of a client',
      'resource',
      { clients: { c: {} } },
      { clients: { c: { require_bound_tokens: true } } },
      ['clients.c says something else of require_bound_tokens'],
    ],
    [
      'a list that is shorter, of whatever else',
      'resource',
      { servers: { s: { default_scopes: ['a', 'b'] } } },
      { servers: { s: { default_scopes: ['a'] } } },
      ['servers.s says something else of default_scopes'],
    ],
    [
      'fewer servers for an issuer whose ID-JAGs are good more than once where no MCP server is reached',
      'resource',
      { trust: { i: { replay: 'until_expiry', servers: { mcp: 'all', api: 'all' } } } },
      { trust: { i: { replay: 'until_expiry', servers: { api: 'all' } } } },
      ['trust.i says something else of servers'],
    ],
    [
      'the same for a tenant of it',
      'resource',
      { trust: { i: { replay: 'until_expiry', tenants: { t: { servers: { mcp: 'all', api: 'all' } } } } } },
      { trust: { i: { replay: 'until_expiry', tenants: { t: { servers: { api: 'all' } } } } } },
      ['trust.i says something else of tenants'],
    ],
    [
      'an MCP server that goes, where there is such an issuer',
      'resource',
      {
        trust: { i: { replay: 'until_expiry' } },
        servers: { mcp: { tools: { t: {} } }, api: {}, stdio: { upstream: {} } },
      },
      { trust: { i: { replay: 'until_expiry' } }, servers: { stdio: { upstream: {} } } },
      ['servers.mcp is gone'],
    ],
    [
      'one with an upstream and no tools',
      'resource',
      { trust: { i: { replay: 'until_expiry' }, j: {} }, servers: { stdio: { upstream: {} }, none: { tools: {} } } },
      { trust: { i: { replay: 'until_expiry' }, j: {} } },
      ['servers.stdio is gone'],
    ],
    [
      'one that goes where there is none',
      'resource',
      { trust: { i: { replay: 'refuse' } }, servers: { mcp: { tools: { t: {} } } } },
      { trust: { i: { replay: 'refuse' } }, servers: {} },
      [],
    ],
    [
      'fewer clients of it',
      'resource',
      { trust: { i: { replay: 'until_expiry', clients: ['a', 'b'] } } },
      { trust: { i: { replay: 'until_expiry', clients: ['a'] } } },
      [],
    ],
    [
      'another list of an issuer',
      'resource',
      { trust: { i: { algorithms: ['a', 'b'] } } },
      { trust: { i: { algorithms: ['a'] } } },
      ['trust.i says something else of algorithms'],
    ],
    [
      'a list of clients of something else',
      'resource',
      { servers: { s: { clients: ['a', 'b'] } } },
      { servers: { s: { clients: ['a'] } } },
      ['servers.s says something else of clients'],
    ],
    [
      'two keys, of which one takes',
      'resource',
      { trust: { i: { clients: ['a'], keys: 1 } } },
      { trust: { i: { clients: [], keys: 2 } } },
      ['trust.i says something else of clients, keys'],
    ],
    ['an entry that is new', 'resource', {}, { clients: { c: {} } }, ['clients.c is new']],
    ['a word that is gone', 'access', { sign_in: 'x' }, {}, ['sign_in is gone']],
  ];
  for (const [name, kind, before, after, words] of raw) {
    test(`in words: ${name}`, () => {
      assert.deepEqual(widenings(kind, { document: before }, { document: after }), words);
    });
  }

  /** What an issuer says of the servers that it may speak for, before and after. */
  const limits: [name: string, before: Json, after: Json, widens: boolean][] = [
    ['a limit to servers', {}, { servers: { w: 'all' } }, false],
    ['a limit no longer', { servers: { w: 'all' } }, {}, true],
    ['a server more', { servers: { w: 'all' } }, { servers: { w: 'all', p: ['r'] } }, true],
    ['a server less', { servers: { w: 'all', p: 'all' } }, { servers: { w: 'all' } }, false],
    ['another server', { servers: { w: 'all' } }, { servers: { p: 'all' } }, true],
    ['some of its scopes', { servers: { w: 'all' } }, { servers: { w: ['r'] } }, false],
    ['all of its scopes', { servers: { w: ['r'] } }, { servers: { w: 'all' } }, true],
    ['a scope more', { servers: { w: ['r'] } }, { servers: { w: ['r', 's'] } }, true],
    ['a scope less', { servers: { w: ['r', 's'] } }, { servers: { w: ['s'] } }, false],
    ['a scope less, and a server more', { servers: { w: ['r', 's'] } }, { servers: { w: ['s'], p: ['r'] } }, true],
  ];

  const resource: [name: string, before: Json, after: Json, widens: boolean][] = [
    ['an issuer', { trust: {} }, { trust: { a: { clients: [] } } }, true],
    ['an issuer that goes', { trust: { a: { clients: [] } } }, { trust: {} }, false],
    [
      'a client that an issuer speaks for',
      { trust: { a: { clients: ['x'] } } },
      { trust: { a: { clients: ['x', 'y'] } } },
      true,
    ],
    [
      'a client less that an issuer speaks for',
      { trust: { a: { clients: ['x', 'y'] } } },
      { trust: { a: { clients: ['y'] } } },
      false,
    ],
    ...limits.map(([name, before, after, widens]): [string, Json, Json, boolean] => [
      name,
      { trust: { a: { keys: 1, ...before } } },
      { trust: { a: { keys: 1, ...after } } },
      widens,
    ]),
    ...limits.map(([name, before, after, widens]): [string, Json, Json, boolean] => [
      `${name}, of a tenant`,
      { trust: { a: { tenants: { t: { clients: ['x'], ...before } } } } },
      { trust: { a: { tenants: { t: { clients: ['x'], ...after } } } } },
      widens,
    ]),
    ['a tenant', { trust: { a: { tenants: { t: {} } } } }, { trust: { a: { tenants: { t: {}, u: {} } } } }, true],
    [
      'a tenant that goes',
      { trust: { a: { tenants: { t: {}, u: {} } } } },
      { trust: { a: { tenants: { t: {} } } } },
      false,
    ],
    ['another tenant', { trust: { a: { tenants: { t: {} } } } }, { trust: { a: { tenants: { u: {} } } } }, true],
    [
      'accounts of which less is said',
      { trust: { a: { accounts: { unknown: 'refuse', email_domains: ['x.example'] } } } },
      { trust: { a: { accounts: { unknown: 'refuse' } } } },
      true,
    ],
    ['tenants where none were', { trust: { a: {} } }, { trust: { a: { tenants: { t: {} } } } }, true],
    ['tenants no longer', { trust: { a: { tenants: { t: {} } } } }, { trust: { a: {} } }, true],
    [
      'a client that a tenant speaks for, beside a server less',
      { trust: { a: { tenants: { t: { clients: ['x'], servers: { w: 'all' } } } } } },
      { trust: { a: { tenants: { t: { clients: ['x', 'y'], servers: { w: ['r'] } } } } } },
      true,
    ],
    ['a tool of a scope', { servers: { t: { tools: { a: 'w' } } } }, { servers: { t: { tools: { a: 'r' } } } }, true],
    ['a name', { servers: { t: { name: 'A' } } }, { servers: { t: { name: 'B' } } }, false],
    ['a client', {}, { clients: { c: {} } }, true],
    ['a second person who is asked no longer', { second_person: 'required' }, {}, true],
  ];
  for (const [name, before, after, widens] of resource) {
    test(`of a resource document ${widens ? '' : 'not '}${name}`, () => {
      assert.equal(widenings('resource', { document: before }, { document: after }).length > 0, widens);
    });
  }
});

describe('entries', () => {
  const document = { servers: { a: { x: 1 } }, rules: [{ id: 'r1' }, { id: 'r2' }], second_person: 'required' };

  test('that differ are named, with the keys', () => {
    const after = { servers: { a: { x: 2, y: 1 }, b: {} }, rules: [{ id: 'r2' }] };
    assert.deepEqual(
      changedEntries(document, after).map(({ section, id, keys }) => [section, id, keys]),
      [
        ['servers', 'a', ['x', 'y']],
        ['servers', 'b', []],
        ['rules', 'r1', []],
        ['second_person', '', []],
      ],
    );
  });

  test('are put in, replaced in their place, and taken out', () => {
    const edits = [
      { section: 'rules', id: 'r1', value: { allow: 'all' } },
      { section: 'rules', id: 'r3', value: {} },
      { section: 'rules', id: 'r2' },
      { section: 'servers', id: 'b', value: {} },
    ] as const;
    const edited = applyEdits(document, edits);
    assert.deepEqual(edited.rules, [{ id: 'r1', allow: 'all' }, { id: 'r3' }]);
    assert.deepEqual(edited.servers, { a: { x: 1 }, b: {} });
    assert.deepEqual(document.rules.length, 2, 'what was given is left alone');
    assert.deepEqual(
      missingEdits(document, [...edits, { section: 'rules', id: 'r9' }, { section: 'trust', id: 'r9' }]),
      [
        { section: 'rules', id: 'r9' },
        { section: 'trust', id: 'r9' },
      ],
    );
  });

  test('are merged one by one, never mixed', () => {
    const mine = { ...document, servers: { a: { x: 2 } }, rules: [{ id: 'r1', m: 1 }, { id: 'r2' }, { id: 'r3' }] };
    const theirs = {
      ...document,
      servers: { a: { x: 1 }, b: {} },
      rules: [{ id: 'r1', t: 1 }],
      second_person: undefined,
    };
    const merged = merge(document, mine, theirs);
    assert.deepEqual(merged.conflicts, [
      { section: 'rules', id: 'r1', mine: { id: 'r1', m: 1 }, theirs: { id: 'r1', t: 1 } },
    ]);
    assert.deepEqual(merged.document, {
      servers: { a: { x: 2 }, b: {} },
      rules: [{ id: 'r1', t: 1 }, { id: 'r3' }],
      second_person: undefined,
    });
    const { document: preferred } = merge(document, mine, theirs, 'mine');
    assert.deepEqual(preferred.rules, [{ id: 'r1', m: 1 }, { id: 'r3' }]);
    assert.deepEqual(merge(document, { servers: document.servers, rules: document.rules }, document).document, {
      servers: document.servers,
      rules: document.rules,
    });
  });

  test('T27: twenty thousand rules, each of them another, are merged soon', () => {
    const rules = Array.from({ length: 20_000 }, (_, at) => ({ id: `r${at}`, on: 'tracker' }));
    const { user } = process.cpuUsage();
    const { document } = merge({ rules: [] }, { rules }, { rules: [{ id: 'theirs' }] });
    assert.equal((document.rules as unknown[]).length, 20_001);
    const seconds = (process.cpuUsage().user - user) / 1e6;
    assert.ok(seconds < 2, `${seconds} s of CPU`);
  });
});
