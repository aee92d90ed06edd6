import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePolicyTests, timesOf } from './policy-tests.ts';

const text = `cases:
  - name: engineering reads
    person: { id: u_alice, groups: [engineering, okta/eng], roles: [auditor] }
    client: app
    server: tracker
    scopes: [read]
    details: [view]
    acr: gold
    amr: [pwd]
    key_bound: true
    auth_time: 2026-11-26T07:00:00Z
    now: 2026-11-26T10:00:00+01:00
    expect: { effect: allow, scopes: [read], details: [view], because: [eng] }
  - name: others do not
    person: {}
    client: app
    server: tracker
    signed_in: 2h ago
    expect: { effect: deny }
`;

/** Puts one text in place of another, and says what is found: `line:column path: message`. */
function problemsAfter(from: string, to: string): string[] {
  assert.ok(text.includes(from), `the file does not hold ${from}`);
  const parsed = parsePolicyTests(text.replace(from, to));
  return parsed.ok
    ? []
    : parsed.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

test('a file is read whole, each case with its line', () => {
  const parsed = parsePolicyTests(text);
  assert.ok(parsed.ok);
  const [first, second] = parsed.document;
  assert.deepEqual([first?.line, second?.line], [2, 14]);
  assert.deepEqual(first?.person, { id: 'u_alice', groups: ['engineering', 'okta/eng'], roles: ['auditor'] });
  assert.deepEqual(second?.person, { groups: [], roles: [] });
  assert.deepEqual([second?.scopes, second?.amr, second?.key_bound], [undefined, [], false]);
});

test('the request may come from one address', () => {
  const from = '    key_bound: true\n';
  assert.deepEqual(problemsAfter(from, `${from}    address: 2001:db8::7\n`), []);
  assert.match(problemsAfter(from, `${from}    address: 10.0.0.0/8\n`).join(), /must be one address/);
});

describe('when the sign-in was', () => {
  const clock = 1_790_000_000;
  const table: [name: string, from: string, to: string, at: number, age: number | undefined][] = [
    ['at a time, of which the zone counts', 'x', 'x', 0, 7200],
    ['seconds ago', '2h ago', '90s ago', 1, 90],
    ['minutes ago', '2h ago', '30m ago', 1, 1800],
    ['hours ago', '2h ago', '2h ago', 1, 7200],
    ['days ago', '2h ago', '3d ago', 1, 259_200],
    ['just now', '2h ago', '0s ago', 1, 0],
    ['not said: of unknown age', 'signed_in: 2h ago', 'now: 5', 1, undefined],
  ];
  for (const [name, from, to, at, age] of table) {
    test(name, () => {
      const parsed = parsePolicyTests(text.replace(from, from === 'x' ? from : to));
      assert.ok(parsed.ok, JSON.stringify(parsed));
      const one = parsed.document[at];
      assert.ok(one);
      const { authTime, now } = timesOf(one, clock);
      assert.equal(authTime === undefined ? undefined : now - authTime, age);
    });
  }

  test('now is what the case says, else the clock', () => {
    const parsed = parsePolicyTests(text);
    assert.ok(parsed.ok);
    const [first, second] = parsed.document.map((one) => timesOf(one, clock).now);
    assert.deepEqual([first, second], [Date.parse('2026-11-26T09:00:00Z') / 1000, clock]);
  });
});

describe('a mistake is told with its place and what would be right', () => {
  const table: [name: string, from: string, to: string, told: RegExp][] = [
    ['a word that is missing', 'client: app', 'cleint: app', /^2:5 cases\[0\]\.client: must be a name$/m],
    [
      'an unknown word',
      'client: app',
      'cleint: app',
      /^4:5 cases\[0\]\.cleint: not known here; allowed: name, person,/m,
    ],
    [
      'a group as a rule writes it',
      '[engineering,',
      '[group:engineering,',
      /^3:37 .*groups\[0\]: must be the id alone/,
    ],
    ['a role as a rule writes it', '[auditor]', '[role:auditor]', /roles\[0\]: must be the id alone, without role:/],
    ['a person as a rule writes it', 'id: u_alice', 'id: user:u_alice', /person\.id: must be the id alone/],
    ['a group that no rule can name', 'okta/eng', 'a b', /groups\[1\]: must be an id that a rule can name as group:ID/],
    ['a list of no scopes', 'scopes: [read]', 'scopes: []', /^6:5 cases\[0\]\.scopes: .*leave scopes out/],
    ['what is no scope', 'scopes: [read]', 'scopes: [a b]', /scopes\[0\]: must be a scope token/],
    ['a list of no details', 'details: [view]', 'details: []', /details: must name at least one type/],
    [
      'an effect that is none',
      'effect: deny',
      'effect: refuse',
      /^19:23 .*effect: must be allow, deny, step_up or bind_key/,
    ],
    [
      'a refusal that grants',
      'effect: deny',
      'effect: deny, scopes: [read]',
      /expect\.scopes: must be empty or left out/,
    ],
    ['a step up that grants', 'effect: deny', 'effect: step_up, scopes: [read]', /this case expects step_up/],
    ['an allow of nothing', 'scopes: [read], details', 'scopes: [], details', /must name at least one scope: an allow/],
    ['a time in other words', '2h ago', '2 hours ago', /^18:16 .*signed_in: .* such as 90s ago, 30m ago, 2h ago/],
    ['a time without zone', '07:00:00Z', '07:00:00', /^11:16 .*auth_time: must be a time such as/],
    ['a time before all times', 'now: 2026-11-26T10:00:00+01:00', 'now: -1', /^12:10 .*now: must be a time such as/m],
    ['two times of the sign-in', 'acr: gold', 'signed_in: 1h ago', /^11:16 .*keep auth_time or signed_in/],
    ['a sign-in to come', '07:00:00Z', '09:00:01Z', /auth_time: is after now/],
    [
      'two cases of one name',
      'others do not',
      'engineering reads',
      /^14:11 cases\[1\]\.name: is the name of case 1 too/,
    ],
    ['the same key twice', 'acr: gold', 'client: bot', /^8:5 document: this key is there twice/],
    [
      'a case without expectation',
      '    expect: { effect: deny }\n',
      '',
      /cases\[1\]\.expect: must be a mapping with: effect/,
    ],
  ];
  for (const [name, from, to, told] of table) {
    test(name, () => assert.match(problemsAfter(from, to).join('\n'), told));
  }

  test('a time of the sign-in without the time of the request: the outcome would change from day to day', () => {
    const [told, ...others] = problemsAfter('    now: 2026-11-26T10:00:00+01:00\n', '');
    assert.match(told ?? '', /^11:16 cases\[0\]\.auth_time: needs now beside it/);
    assert.deepEqual(others, []);
  });

  test('all mistakes are told, in the order of the text', () => {
    const parsed = parsePolicyTests(text.replace('[engineering,', '[group:engineering,').replace('deny', 'refuse'));
    const places = parsed.ok ? [] : parsed.problems.map(({ line, column }) => [line, column]);
    assert.deepEqual(places, [
      [3, 37],
      [19, 23],
    ]);
  });

  test('a sign-in in the second of the request is none to come', () => {
    assert.deepEqual(problemsAfter('07:00:00Z', '09:00:00Z'), []);
  });

  for (const nothing of ['', 'cases: []', 'cases: {}', 'tests: []']) {
    test(`a file without cases proves nothing: ${nothing || 'an empty one'}`, () => {
      const parsed = parsePolicyTests(nothing);
      assert.match(parsed.ok ? '' : (parsed.problems[0]?.message ?? ''), /at least one case|a list of cases/);
    });
  }
});
