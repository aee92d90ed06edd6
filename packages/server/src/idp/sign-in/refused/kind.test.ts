import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import type { ReadRecord } from '../../../audit/personal.ts';
import type { Again } from '../../../changes/decide-again.ts';
import type { AccessDocument } from '../../../policy/access-document.ts';
import { compileAccess } from '../../../policy/compile.ts';
import { explain } from '../../../policy/explain.ts';
import type { Ask } from '../../../policy/model.ts';
import { parsePolicy } from '../../../policy/parse.ts';
import { canBeAskedFor, kindOf, type RefusalKind } from './kind.ts';
import { toWords } from './words.ts';

const ras = 'https://mcp.acme.example';
/** A Tuesday, 21:00 UTC. */
const now = Date.UTC(2026, 10, 24, 21) / 1000;
const ask: Ask = {
  person: { id: 'u_carol', groups: ['data'], roles: [] },
  client: 'claude-code',
  server: 'tracker',
  scopes: ['issues:write'],
  acr: undefined,
  amr: ['pwd'],
  authTime: now,
  now,
  address: '192.0.2.1',
};

function again(rules: string, { enabled = true, more = {} }: { enabled?: boolean; more?: Partial<Ask> } = {}): Again {
  const text = `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { issues:read: {}, issues:write: { risk: high } }, enabled: ${enabled} }
clients:
  claude-code: { name: Claude Code, redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cc } }
  claude: { name: Claude, redirect_uris: [http://localhost/cb], client_ids: { ${ras}: c } }
  many: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: m }, distributed: true }
sign_in: { amr: [pwd] }
rules:
${rules || '  []'}
`;
  const parsed = parsePolicy(text, 'access');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileAccess(parsed.document as AccessDocument, { version: 1, localRas: ras });
  const rulesHere = new Map(index.rules.get('tracker')?.all.map((rule) => [rule.id, rule]));
  const asked = { ...ask, ...more };
  return { ask: asked, index, explanation: explain(index, asked), rulesHere };
}

const record = (reason: Refusal) => ({ reason }) as ReadRecord;
const write = 'allow: [issues:write], on: tracker';

describe('for which kind of reason an agent was refused', () => {
  const table: [name: string, rules: string, kind: RefusalKind, options?: Parameters<typeof again>[1]][] = [
    ['no rule', '', 'not_given'],
    [
      'rules for others are none of their business',
      `  - { id: r, ${write}, to: [group:eng], through: [claude] }`,
      'not_given',
    ],
    [
      'a rule about something else',
      '  - { id: r, allow: [issues:read], on: tracker, to: [group:data], through: [claude] }',
      'not_given',
    ],
    [
      'a rule about something else, at other hours',
      "  - { id: r, allow: [issues:read], on: tracker, to: [everyone], hours: { from: '08:00', to: '18:00', zone: UTC } }",
      'not_given',
    ],
    ['another agent has it', `  - { id: r, ${write}, to: [group:data], through: [claude] }`, 'other_agent'],
    [
      'another agent had it',
      `  - { id: r, ${write}, to: [group:data], through: [claude], until: '2026-11-01' }`,
      'not_given',
    ],
    [
      'another agent is refused by another rule',
      `  - { id: r, ${write}, to: [group:data], through: [claude] }\n  - { id: no, deny: all, on: tracker, to: [everyone], through: [claude] }`,
      'not_given',
    ],
    [
      'another agent has it after a better sign-in',
      `  - { id: r, ${write}, to: [group:data], through: [claude] }\n  - { id: two, require: { amr: [mfa] }, for: all, on: tracker }`,
      'other_agent',
    ],
    [
      'other hours',
      `  - { id: r, ${write}, to: [everyone], hours: { from: '08:00', to: '18:00', zone: UTC } }`,
      'other_time',
    ],
    ['another network', `  - { id: r, ${write}, to: [everyone], from: [198.51.100.0/24] }`, 'other_place'],
    ['its time is over', `  - { id: r, ${write}, to: [everyone], until: '2026-11-01' }`, 'ended'],
    [
      'what helps most is told: hours before another agent',
      `  - { id: a, ${write}, to: [everyone], through: [claude] }\n  - { id: r, ${write}, to: [everyone], hours: { from: '08:00', to: '18:00', zone: UTC } }`,
      'other_time',
    ],
    [
      'a refusal',
      `  - { id: r, ${write}, to: [everyone] }\n  - { id: no, deny: all, on: tracker, to: [everyone] }`,
      'ruled_out',
    ],
    [
      'a sign-in that nobody here can have',
      `  - { id: r, ${write}, to: [everyone] }\n  - { id: two, require: { amr: [mfa] }, for: all, on: tracker }`,
      'weak_sign_in',
    ],
    [
      'what refuses through another agent gives nothing there',
      '  - { id: no, deny: all, on: tracker, to: [everyone], through: [claude] }',
      'not_given',
    ],
    [
      'what refuses at other hours gives nothing then',
      "  - { id: no, deny: all, on: tracker, to: [everyone], hours: { from: '08:00', to: '18:00', zone: UTC } }",
      'not_given',
    ],
    [
      'some of what is missing is enough to tell',
      `  - { id: r, ${write}, to: [everyone], hours: { from: '08:00', to: '18:00', zone: UTC } }`,
      'other_time',
      { more: { scopes: ['issues:read', 'issues:write'] } },
    ],
    [
      'another agent has some of it',
      `  - { id: r, ${write}, to: [everyone], through: [claude] }`,
      'other_agent',
      { more: { scopes: ['issues:read', 'issues:write'] } },
    ],
    ['a key', `  - { id: r, ${write}, to: [everyone] }`, 'key', { more: { client: 'many' } }],
    ['a server that is off', `  - { id: r, ${write}, to: [everyone] }`, 'switched_off', { enabled: false }],
  ];
  for (const [name, rules, kind, options] of table) {
    test(`${name}: ${kind}`, () => assert.equal(kindOf(record('policy_denied'), again(rules, options)).kind, kind));
  }

  test('which other agents have it is told by id; of nothing else', () => {
    const rules = `  - { id: r, ${write}, to: [group:data], through: [claude, many] }\n  - { id: s, ${write}, to: [everyone], through: [claude] }`;
    assert.deepEqual(kindOf(record('policy_no_scope'), again(rules)).through, ['claude', 'many']);
    const ended = `  - { id: r, ${write}, to: [group:data], through: [claude-code], until: '2026-11-01' }`;
    assert.deepEqual(kindOf(record('policy_denied'), again(ended)).through, []);
  });

  const reasons: [reason: Refusal, kind: RefusalKind][] = [
    ['step_up_needed', 'sign_in'],
    ['scopes_kept_apart', 'apart'],
    ['client_key_not_bound', 'key'],
    ['decision_point_denied', 'second_check'],
    ['everything_stopped', 'stopped'],
    ['person_stopped', 'stopped'],
    ['client_stopped', 'stopped'],
    ['server_stopped', 'stopped'],
    ['rule_stopped', 'stopped'],
    ['scope_unknown', 'mistaken'],
    ['scope_malformed', 'mistaken'],
    ['client_is_public', 'other'],
  ];
  for (const [reason, kind] of reasons) {
    test(`${reason} says it by itself: ${kind}`, () => assert.equal(kindOf(record(reason), again('')).kind, kind));
  }

  test('where what it rested on is gone, nothing is guessed', () => {
    assert.equal(kindOf(record('policy_denied'), undefined).kind, 'other');
  });

  test('what a change of the rules would give can be asked for, and nothing else', () => {
    const kinds: RefusalKind[] = ['not_given', 'other_agent', 'other_place', 'other_time', 'ended', 'ruled_out'];
    for (const kind of kinds) assert.ok(canBeAskedFor(kind), kind);
    for (const kind of [
      'sign_in',
      'weak_sign_in',
      'apart',
      'key',
      'stopped',
      'switched_off',
      'second_check',
      'mistaken',
      'tool_off',
      'taken_back',
      'not_asked',
      'other',
    ] as const) {
      assert.ok(!canBeAskedFor(kind), kind);
    }
  });
});

describe('of calls that a gateway refused', () => {
  const given = `  - { id: r, ${write}, to: [group:data] }`;
  const table: [reason: Refusal, rules: string, kind: RefusalKind][] = [
    ['tool_scope_missing', '', 'not_given'],
    ['tool_scope_missing', `${given}\n  - { id: no, deny: all, on: tracker, to: [everyone] }`, 'ruled_out'],
    ['tool_scope_missing', given, 'not_asked'],
    ['policy_no_scope', given, 'not_given'],
    ['tool_not_listed', given, 'tool_off'],
    ['token_revoked', given, 'taken_back'],
    ['mcp_message_malformed', given, 'other'],
  ];
  for (const [reason, rules, kind] of table) {
    test(`${reason}${rules && `, ${rules.length} letters of rules`}: ${kind}`, () => {
      assert.equal(kindOf(record(reason), again(rules)).kind, kind);
    });
  }
  test('a scope that the access document does not have: nobody can ask for it, and no agent is blamed', () => {
    const unknown = again(given, { more: { scopes: ['issues:move'] } });
    assert.equal(kindOf(record('tool_scope_missing'), unknown).kind, 'other');
  });
  test('kept apart from what the session has: connecting again would not help', () => {
    const { explanation, ...rest } = again(given);
    const scopes = explanation.scopes.map((scope) => ({ ...scope, outcome: 'kept_apart' as const }));
    assert.equal(
      kindOf(record('tool_scope_missing'), { ...rest, explanation: { ...explanation, scopes } }).kind,
      'apart',
    );
  });
  test('where the rules cannot be asked any more, nothing is guessed', () => {
    assert.equal(kindOf(record('tool_scope_missing'), undefined).kind, 'other');
  });
});

describe('the words for it', () => {
  const names = {
    organisation: 'Acme',
    agent: 'Claude Code',
    server: 'Tracker',
    doing: 'write issues',
    partly: true,
    through: ['Claude'],
    needs: 'fresh',
  } as const;

  test('say what, by which kind of reason, and whether trying again helps', () => {
    assert.deepEqual(toWords('not_given', names), {
      title: 'Claude Code may not write issues on Tracker for you.',
      lead: 'Acme has not given this to you. It is not a fault. Trying again, or signing in again, will not change it. What it could do there before works as before.',
    });
    assert.equal(
      toWords('not_given', { ...names, doing: undefined, partly: false }).title,
      'Claude Code may not reach Tracker for you.',
    );
    assert.match(toWords('other_agent', names).lead, /given it to you through Claude, not through Claude Code/);
    const five = { ...names, through: ['a', 'b', 'c', 'd', 'e'] };
    assert.match(toWords('other_agent', five).lead, /through a, b, c and others, not/);
    assert.match(toWords('sign_in', names).title, /needs you to sign in again/);
    assert.match(toWords('sign_in', { ...names, needs: 'factor' }).title, /with a second factor/);
    assert.match(toWords('stopped', { ...names, server: undefined }).title, /^Claude Code cannot act for now/);
  });

  test('a tool is named where no scope says what it does, and only by a plain name', () => {
    const called = (tool: string) => toWords('tool_off', { ...names, doing: undefined, tool }).title;
    assert.equal(called('create_issue'), 'Claude Code may not use create_issue on Tracker for you.');
    for (const tool of ['', 'a b', 'x'.repeat(65), 'call 555', '<b>', 'tool\u202e']) {
      assert.equal(called(tool), 'Claude Code may not use this on Tracker for you.');
    }
    assert.match(toWords('not_given', { ...names, tool: 'create_issue' }).title, /may not write issues on/);
    assert.equal(toWords('not_asked', names).title, 'Claude Code has not asked to write issues on Tracker for you.');
  });

  test('NOTES: employees never see policy, rules, scopes or ID-JAGs', () => {
    const kinds: RefusalKind[] = [
      ...([
        'not_given',
        'other_agent',
        'other_place',
        'other_time',
        'ended',
        'ruled_out',
        'weak_sign_in',
        'sign_in',
      ] as const),
      ...(['apart', 'key', 'stopped', 'switched_off', 'second_check', 'mistaken', 'other'] as const),
      ...(['tool_off', 'taken_back', 'not_asked'] as const),
    ];
    for (const kind of kinds) {
      const { title, lead } = toWords(kind, names);
      assert.doesNotMatch(`${title} ${lead}`, /polic|\brules?\b|scope|ID-JAG|token|undefined/i, kind);
    }
  });
});
