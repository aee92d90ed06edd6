import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from './compile.ts';
import { judgeCase } from './judge-case.ts';
import { parsePolicy } from './parse.ts';
import { parsePolicyTests } from './policy-tests.ts';

const parsed = parsePolicy(
  `servers:
  tracker:
    local: tracker
    scopes: { read: {}, write: {}, purge: { risk: high } }
    authorization_details: { view: { scope: read }, edit: { scope: write } }
  wiki: { local: wiki, scopes: { read: {}, look: {} } }
clients: { app: {}, laptop: { distributed: true } }
rules:
  - { id: eng, allow: all, details: [view], on: tracker, to: [group:engineering] }
  - { id: alice, allow: [read], on: tracker, to: [user:u_alice] }
  - { id: out, deny: [write], on: tracker, to: [role:contractor] }
  - { id: fresh, require: { max_age: 3600 }, for: [write], on: tracker }
  - { id: gold, require: { acr: phr }, for: [purge], on: tracker, through: [app] }
  - { id: wiki, allow: all, on: wiki, to: [everyone] }
`,
  'access',
);
assert.ok(parsed.ok);
const index = compileAccess(parsed.document, { version: 7, localRas: 'https://mcp.acme.example' });
const clock = 1_790_000_000;

/** One case, as YAML in flow style. */
function judge(words: string, on = 'tracker', client = 'app') {
  const tests = parsePolicyTests(`cases:\n  - { name: a case, client: ${client}, server: ${on}, ${words} }\n`);
  assert.ok(tests.ok, JSON.stringify(tests));
  const [one] = tests.document;
  assert.ok(one);
  return judgeCase(index, one, clock);
}

const eng = 'person: { groups: [engineering] }';

describe('what a request would get is what a case gets', () => {
  const table: [name: string, words: string, on?: string, client?: string][] = [
    ['unasked', `${eng}, signed_in: 30m ago, expect: { effect: allow, scopes: [write, read], because: [eng] }`],
    ['by name', `${eng}, scopes: [read], expect: { effect: allow, scopes: [read], because: [eng] }`],
    [
      'too old a sign-in',
      `${eng}, scopes: [write], signed_in: 2h ago, expect: { effect: step_up, because: [fresh, eng] }`,
    ],
    ['a sign-in of unknown age', `${eng}, scopes: [write], expect: { effect: step_up }`],
    ['too old by its own clock', `${eng}, scopes: [write], auth_time: 1, now: 3602, expect: { effect: step_up }`],
    ['fresh by its own clock', `${eng}, scopes: [write], auth_time: 1, now: 3601, expect: { effect: allow }`],
    ['by acr', `${eng}, scopes: [purge], acr: phr, expect: { effect: allow, scopes: [purge] }`],
    ['by amr, which is not the acr', `${eng}, scopes: [purge], amr: [phr], expect: { effect: step_up, scopes: [] }`],
    [
      'a person',
      'person: { id: u_alice }, scopes: [read], expect: { effect: allow, scopes: [read], because: [alice] }',
    ],
    ['nobody in particular', 'person: {}, scopes: [read], expect: { effect: deny, because: [] }'],
    [
      'a role',
      'person: { groups: [engineering], roles: [contractor] }, scopes: [write], expect: { effect: deny, because: [out, eng, fresh] }',
    ],
    ['details', `${eng}, scopes: [read], details: [view], expect: { effect: allow, details: [view] }`],
    ['details left out', `${eng}, scopes: [read], details: [edit], expect: { effect: allow, details: [] }`],
    ['details not asked for', `${eng}, scopes: [read], expect: { effect: allow, details: [] }`],
    ['a distributed client', `${eng}, scopes: [purge], expect: { effect: bind_key }`, 'tracker', 'laptop'],
    ['one with a key', `${eng}, scopes: [purge], key_bound: true, expect: { effect: allow }`, 'tracker', 'laptop'],
    ['another server', 'person: {}, expect: { effect: allow, scopes: [look, read], because: [wiki] }', 'wiki'],
  ];
  for (const [name, words, on, client] of table) {
    test(name, () => assert.equal(judge(words, on, client).outcome, 'ok', JSON.stringify(judge(words, on, client))));
  }
});

describe('each thing that is expected counts', () => {
  const table: [name: string, words: string][] = [
    ['the effect', 'effect: deny'],
    ['a scope more', 'effect: allow, scopes: [read, write]'],
    ['a scope less', 'effect: allow, scopes: [write]'],
    ['a rule more', 'effect: allow, because: [eng, out]'],
    ['a rule less', 'effect: allow, because: []'],
    ['a type more', 'effect: allow, details: [view, edit]'],
    ['a type less', 'effect: allow, details: []'],
  ];
  for (const [name, expect] of table) {
    test(name, () => {
      const judged = judge(`${eng}, scopes: [read], details: [view], expect: { ${expect} }`);
      assert.deepEqual([judged.outcome, judged.unknown], ['differs', []]);
      assert.deepEqual(judged.actual, { effect: 'allow', scopes: ['read'], because: ['eng'], details: ['view'] });
      assert.deepEqual(judged.explanation.decision, judged.actual);
    });
  }
});

describe('a name that this version does not have makes a case differ, although the refusal it expects would come', () => {
  const table: [name: string, told: RegExp, words: string, on?: string, client?: string][] = [
    ['a server', /^there is no server trakcer in this document; known: tracker, wiki$/, '', 'trakcer'],
    ['a client', /^there is no client ap in this document; known: app, laptop$/, '', 'tracker', 'ap'],
    ['a scope', /^there is no scope of tracker look in/, 'scopes: [look]'],
    ['a type', /^there is no type of tracker vew in/, 'scopes: [read], details: [vew]'],
  ];
  for (const [name, told, words, on, client] of table) {
    test(name, () => {
      const judged = judge(`person: {}, ${words && `${words}, `}expect: { effect: deny }`, on, client);
      assert.deepEqual([judged.actual.effect, judged.outcome, judged.unknown.length], ['deny', 'differs', 1]);
      assert.match(judged.unknown[0] ?? '', told);
    });
  }

  test('also a name among what is expected', () => {
    const judged = judge(`${eng}, expect: { effect: allow, scopes: [raed], details: [x], because: [wiki] }`);
    const told = judged.unknown.map((words) => words.replace(/ in this document.*/, ''));
    assert.deepEqual(told, [
      'there is no scope of tracker raed',
      'there is no type of tracker x',
      'there is no rule on tracker wiki',
    ]);
  });
});

describe('what the outcome hangs on has to be said: a case is the same tomorrow', () => {
  const parsed = parsePolicy(
    `servers: { t: { local: t, scopes: { read: {}, write: {} } } }
clients: { app: {} }
networks: { office: [198.51.100.0/24] }
rules:
  - { id: day, allow: [read], on: t, to: [group:a], hours: { from: '08:00', to: '18:00', zone: UTC } }
  - { id: soon, allow: [read], on: t, to: [group:b], until: 2026-12-04 }
  - { id: here, allow: [read], on: t, to: [group:c], from: [office] }
  - { id: both, allow: [read], on: t, to: [group:d], from: [office], until: 2026-12-04 }
  - { id: plain, allow: [write], on: t, to: [group:a, group:c] }
`,
    'access',
  );
  assert.ok(parsed.ok);
  const index = compileAccess(parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });
  const noon = 'now: 2026-11-26T12:00:00Z';
  const table: [name: string, words: string, open: string[]][] = [
    ['hours', 'person: { groups: [a] }, scopes: [read]', ['needs now: the outcome hangs on it by day']],
    ['hours, at noon', `person: { groups: [a] }, scopes: [read], ${noon}`, []],
    ['until', 'person: { groups: [b] }, scopes: [read]', ['needs now: the outcome hangs on it by soon']],
    ['until, before', `person: { groups: [b] }, scopes: [read], ${noon}`, []],
    ['a network', 'person: { groups: [c] }, scopes: [read]', ['needs address: the outcome hangs on it by here']],
    ['a network, within', 'person: { groups: [c] }, scopes: [read], address: 198.51.100.7', []],
    ['another rule alone', 'person: { groups: [a, c] }, scopes: [write]', []],
  ];
  for (const [name, words, open] of table) {
    test(name, () => {
      const tests = parsePolicyTests(
        `cases:\n  - { name: a, client: app, server: t, ${words}, expect: { effect: allow } }\n`,
      );
      assert.ok(tests.ok && tests.document[0]);
      const judged = judgeCase(index, tests.document[0], clock);
      assert.deepEqual(judged.open, open);
      assert.equal(judged.outcome, open.length > 0 ? 'differs' : 'ok');
    });
  }

  test('both are asked for', () => {
    const words = 'person: { groups: [d] }, scopes: [read]';
    const tests = parsePolicyTests(
      `cases:\n  - { name: a, client: app, server: t, ${words}, expect: { effect: allow } }\n`,
    );
    assert.ok(tests.ok && tests.document[0]);
    assert.deepEqual(
      judgeCase(index, tests.document[0], Date.parse('2026-11-26') / 1000).open.map((words) => words.split(':')[0]),
      ['needs now', 'needs address'],
    );
  });
});

test('what the session has counts, and is a name to be known', () => {
  const parsed = parsePolicy(
    `servers: { t: { local: t, scopes: { read: {}, send: {} } } }
clients: { app: {} }
rules: [{ id: all, allow: all, on: t, to: [everyone] }]
never_together: [{ id: apart, sides: { in: { t: [read] }, out: { t: [send] } } }]
`,
    'access',
  );
  assert.ok(parsed.ok);
  const index = compileAccess(parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });
  const judgeHeld = (held: string) => {
    const words = `person: {}, scopes: [send], held: ${held}, expect: { effect: deny, because: [all, apart] }`;
    const tests = parsePolicyTests(`cases:\n  - { name: a, client: app, server: t, ${words} }\n`);
    assert.ok(tests.ok && tests.document[0], JSON.stringify(tests));
    return judgeCase(index, tests.document[0], clock);
  };
  assert.equal(judgeHeld('{ t: [read] }').outcome, 'ok');
  assert.equal(judgeHeld('{ t: [send] }').outcome, 'differs');
  assert.match(judgeHeld('{ t: [reed] }').unknown.join(), /no scope of t reed/);
  assert.match(judgeHeld('{ u: [read] }').unknown.join(), /no server u/);
});
