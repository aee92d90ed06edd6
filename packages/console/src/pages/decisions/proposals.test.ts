import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Line } from './line.ts';
import { wayOut } from './proposals.ts';
import type { Told } from './why-rows.ts';

const now = Date.UTC(2026, 10, 24);
const line: Line = {
  id: 'd_1',
  kind: 'decision',
  domain: 'idp',
  timeMs: now,
  outcome: 'refused',
  person: 'u_carol',
  client: 'claude-code',
  server: 'tracker',
  scopesAsked: ['write'],
};

const told = (id: string, failed: string, more: object, effect: Told['effect'] = 'allow', spoke = false): Told => ({
  id,
  effect,
  spoke,
  conditions: [{ about: failed, met: spoke, words: '' }],
  rule: {
    id,
    effect: 'allow',
    scopes: ['write'],
    to: ['group:data'],
    through: null,
    needs: null,
    from: [],
    notFrom: [],
    hours: null,
    until: null,
    ...more,
  },
});

const smallest = {
  id: 'tracker-2026-12-04-1',
  allow: ['write'],
  on: 'tracker',
  to: ['user:u_carol'],
  through: ['claude-code'],
  until: '2026-12-04',
};

type Explained = Parameters<typeof wayOut>[0];

const stopped = {
  reason: 'server_stopped',
  wire: 'access_denied',
  status: 400,
  rule: 'SIG-02',
  hint: 'this MCP server is stopped',
  help: 'See why: credence stops.',
} satisfies Explained['reason'];

function explained(rules: Told[], decided: object = {}): Explained {
  return {
    record: line as unknown as Explained['record'],
    reason: null,
    smallest,
    names: { person: null, client: null, server: { id: 'tracker', name: 'Tracker' }, clients: [], subjects: [] },
    decided: {
      version: 1,
      isSame: true,
      ahead: null,
      effect: 'deny',
      rules,
      scopes: [{ scope: 'write', outcome: 'not_allowed', rules: [], words: '' }],
      ...decided,
    },
  };
}

describe('what would it take', () => {
  test('the smallest first: one person with an end, then rules that are near, then groups', () => {
    const { proposals } = wayOut(
      explained([
        told('eng', 'person', {}),
        told('reads', 'scopes', { scopes: ['read'] }),
        told('by-claude', 'client', { through: ['claude'] }),
      ]),
      line,
      'carol@acme.example',
    );
    assert.deepEqual(
      proposals.map(({ key }) => key),
      ['one', 'reads', 'by-claude', 'join eng'],
    );
    const [one, reads, byClaude] = proposals;
    assert.deepEqual(one?.draft?.toEntry(undefined), smallest);
    assert.equal(one?.rest, ' gains write on Tracker through claude-code, until 2026-12-04.');
    const now1 = { id: 'reads', allow: ['read'], on: 'tracker', to: ['group:data'] };
    assert.deepEqual(reads?.draft?.toEntry(now1), { ...now1, allow: ['read', 'write'] });
    const now2 = { ...now1, through: ['claude'] };
    assert.deepEqual(byClaude?.draft?.toEntry(now2), { ...now2, through: ['claude', 'claude-code'] });
  });

  test('a rule that is gone, or gives by risk, or is on many servers, is not guessed at', () => {
    const { proposals } = wayOut(explained([told('reads', 'scopes', { scopes: ['read'] })]), line, 'carol');
    const toEntry = proposals.find(({ key }) => key === 'reads')?.draft?.toEntry;
    assert.ok(toEntry);
    for (const entry of [undefined, { allow: 'all', on: 'tracker' }, { allow: ['read'], on: ['tracker', 'wiki'] }]) {
      assert.equal(toEntry(entry), undefined);
    }
  });

  test('where no rule for one person would do, none is proposed', () => {
    const { proposals } = wayOut({ ...explained([told('eng', 'person', {})]), smallest: null }, line, 'carol');
    assert.deepEqual(
      proposals.map(({ key }) => key),
      ['join eng'],
    );
  });

  test('a group that does not have it is no way out', () => {
    const { proposals } = wayOut(explained([told('reads', 'person', { scopes: ['read'] })]), line, 'carol');
    assert.deepEqual(
      proposals.map(({ key }) => key),
      ['one'],
    );
  });

  const words: [name: string, given: Explained, words: RegExp][] = [
    [
      'a refusal wins',
      explained([told('out', 'person', {}, 'deny', true)]),
      /^Not to be covered by out: a refusal wins/,
    ],
    ['a sign-in', explained([], { effect: 'step_up' }), /^A fresher or stronger sign-in/],
    ['a server that is off', explained([], { ahead: 'Server tracker is switched off.' }), /switched off/],
    ['no rule was asked', { ...explained([]), decided: null }, /^Look at the request of the client/],
    [
      'something else refused what the rules allow, in part',
      { ...explained([told('out', 'person', {}, 'deny', true)], { effect: 'allow' }), reason: stopped },
      /^See why: credence stops\.$/,
    ],
    [
      'the same, where nothing is known of what to do',
      { ...explained([told('reads', 'scopes', {})], { effect: 'allow' }), reason: { ...stopped, help: null } },
      /^Look at the request of the client/,
    ],
    ['a scope that the server does not have', explained([], { scopes: [] }), /^Nothing that a rule could give/],
  ];
  for (const [name, given, expected] of words) {
    test(name, () => {
      const { words: said, proposals } = wayOut(given, line, 'carol');
      assert.match(said ?? '', expected);
      assert.deepEqual(proposals, []);
    });
  }

  test('what was allowed takes nothing', () => {
    const allowed: Line = { ...line, outcome: 'allowed', scopesGranted: ['write'] };
    assert.equal(wayOut(explained([]), allowed, 'carol').words, 'Nothing: it was allowed.');
  });
});
