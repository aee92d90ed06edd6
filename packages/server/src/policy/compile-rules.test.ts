import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RuleEntry } from './access-document.ts';
import { compileAccess } from './compile.ts';
import { compileRules, type Rule, splitSubject } from './compile-rules.ts';
import { parsePolicy } from './parse.ts';

const parsed = parsePolicy(
  `servers:
     tracker: { local: tracker, scopes: { read: {}, write: {} }, authorization_details: { view: { scope: read }, edit: { scope: write } } }
     wiki: { local: wiki, scopes: { read: {} } }`,
  'access',
);
assert.ok(parsed.ok, JSON.stringify(parsed));
const { servers } = compileAccess(parsed.document, { version: 1, localRas: 'https://mcp.acme.example' });

const indexOf = (rules: readonly RuleEntry[], server = 'tracker') =>
  compileRules(rules, { servers, networks: {} }).get(server);
const idsOf = (rules: readonly Rule[] | undefined) => rules?.map(({ id }) => id);

describe('the rules of a document, by server and by whom they are about', () => {
  const rules: RuleEntry[] = [
    { id: 'one', allow: ['read'], on: 'tracker', to: ['everyone'] },
    { id: 'two', deny: ['write'], on: ['tracker', 'wiki', 'tracker'], to: ['group:g', 'group:g', 'role:g'] },
    { id: 'three', allow: 'all', on: 'tracker', to: ['group:g', 'user:u'] },
    { id: 'four', require: { max_age: 60 }, for: ['write'], on: 'tracker' },
  ];

  test('names scopes by their risk: an allow those up to it, all others those from it', () => {
    const risks = parsePolicy(
      'servers: { s: { local: s, scopes: { a: {}, b: { risk: medium }, c: { risk: high } } } }',
      'access',
    );
    assert.ok(risks.ok);
    const { servers: ofRisk } = compileAccess(risks.document, { version: 1, localRas: 'https://mcp.acme.example' });
    const scopesOf = (rule: Omit<RuleEntry, 'id' | 'on'>) => [
      ...(compileRules([{ id: 'r', on: 's', ...rule }], { servers: ofRisk, networks: {} }).get('s')?.all[0]?.scopes ??
        []),
    ];
    const to = ['everyone'];
    assert.deepEqual(scopesOf({ allow: { risk: 'medium' }, to }), ['a', 'b']);
    assert.deepEqual(scopesOf({ deny: { risk: 'medium' }, to }), ['b', 'c']);
    assert.deepEqual(scopesOf({ require: { max_age: 60 }, for: { risk: 'medium' } }), ['b', 'c']);
  });

  test('each stands once under each of its servers and subjects, in the order of the document', () => {
    const index = indexOf(rules);
    assert.deepEqual(idsOf(index?.all), ['one', 'two', 'three', 'four']);
    assert.deepEqual(idsOf(index?.everyone), ['one', 'four']);
    const byId = (map: ReadonlyMap<string, readonly Rule[]> | undefined) =>
      [...(map ?? [])].map(([id, rules]) => [id, idsOf(rules)]);
    assert.deepEqual(byId(index?.groups), [['g', ['two', 'three']]]);
    assert.deepEqual(byId(index?.roles), [['g', ['two']]]);
    assert.deepEqual(byId(index?.users), [['u', ['three']]]);
    assert.deepEqual(idsOf(indexOf(rules, 'wiki')?.all), ['two']);
  });

  test('a rule is about scopes that its server has, and about all clients where it names none', () => {
    const [onWiki] = indexOf(rules, 'wiki')?.all ?? [];
    assert.deepEqual([onWiki?.effect, [...(onWiki?.scopes ?? ['?'])], onWiki?.through], ['deny', [], undefined]);
    const [named] = indexOf([{ id: 'r', allow: 'all', on: 'tracker', to: ['everyone'], through: ['app'] }])?.all ?? [];
    assert.deepEqual([named?.effect, [...(named?.scopes ?? [])]], ['allow', ['read', 'write']]);
    assert.deepEqual(named?.through, new Set(['app']));
  });

  const details: [name: string, rule: Pick<RuleEntry, 'allow' | 'details'>, expected: string[]][] = [
    ['none where it names none', { allow: 'all' }, []],
    ['all that go with its scopes', { allow: ['write'], details: 'all' }, ['edit']],
    ['of those it names, what goes with its scopes', { allow: ['read'], details: ['view', 'edit'] }, ['view']],
  ];
  for (const [name, rule, expected] of details) {
    test(`types of authorization details: ${name}`, () => {
      const [only] = indexOf([{ id: 'r', on: 'tracker', to: ['everyone'], ...rule }])?.all ?? [];
      assert.deepEqual([...(only?.details ?? ['?'])], expected);
    });
  }

  test('rules with the same names share one set', () => {
    const [one, other] =
      indexOf([1, 2].map((at): RuleEntry => ({ id: `r${at}`, allow: ['read'], on: 'tracker', to: ['everyone'] })))
        ?.all ?? [];
    assert.ok(one && one.scopes === other?.scopes);
  });

  test('without a server there is nothing to rule on', () => {
    assert.equal(
      compileRules([{ id: 'r', allow: 'all', on: 'nowhere', to: ['everyone'] }], { servers, networks: {} }).size,
      0,
    );
  });
});

describe('whom a rule is about', () => {
  const table: [subject: string, expected: readonly [string, string]][] = [
    ['group:okta/eng', ['group', 'okta/eng']],
    ['role:lead', ['role', 'lead']],
    ['user:u_1', ['user', 'u_1']],
    ['everyone', ['everyone', '']],
  ];
  for (const [subject, expected] of table) {
    test(subject, () => assert.deepEqual(splitSubject(subject), expected));
  }

  test('an unknown word is never read as everyone', () => {
    for (const subject of ['team:eng', 'everyone:', 'Everyone', 'group', '']) {
      assert.throws(() => splitSubject(subject), /unknown subject/, subject);
    }
  });
});
