import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nextNode } from './graph-keys.ts';
import { toLayout } from './graph-layout.ts';
import { toGraph } from './graph-model.ts';
import { conditionWords, keyOf, type Path, type Paths, stopWords } from './path-words.ts';
import { notesOf, ofPaths } from './verdict.ts';

const rule = (id: string, more: Partial<Paths['rules'][number]> = {}): Paths['rules'][number] => ({
  id,
  effect: 'allow',
  scopes: ['read'],
  to: ['group:eng'],
  through: null,
  needs: null,
  from: [],
  notFrom: [],
  hours: null,
  until: null,
  server: 't',
  draft: false,
  ...more,
});

const all = (paths: readonly Path[], more: Partial<Paths> = {}): Paths => ({
  version: 1,
  person: { id: 'u_carol', email: 'carol@acme.example', name: 'Carol', active: true },
  subjects: [
    { subject: 'group:eng', name: 'Engineering', people: 12 },
    { subject: 'role:lead', name: 'Lead', people: 1 },
  ],
  clients: [{ id: 'cli', name: 'Claude Code', exchanges: true }],
  servers: [
    {
      id: 't',
      name: 'Tracker',
      enabled: true,
      scopes: [
        { name: 'read', risk: 'low', tools: ['list', 'get'] },
        { name: 'write', risk: 'high', tools: [] },
      ],
    },
  ],
  rules: [rule('eng'), rule('mfa', { effect: 'require', needs: { acr: null, amr: ['mfa'], maxAgeSeconds: null } })],
  stops: [],
  paths,
  more: 0,
  moreServers: 0,
  ...more,
});

const open: Path = {
  subject: 'group:eng',
  rule: 'eng',
  client: 'cli',
  server: 't',
  scopes: ['read'],
  state: 'allowed',
  change: 'kept',
  conditions: [],
  stop: null,
  lastMs: null,
};
const write: Path = {
  ...open,
  scopes: ['write'],
  state: 'conditional',
  conditions: [{ about: 'sign_in', rule: 'mfa' }],
};
const missed: Path = {
  ...open,
  subject: 'role:lead',
  client: null,
  state: 'refused',
  stop: { at: 'person', rule: null },
};
const denied: Path = { ...open, scopes: ['write'], state: 'refused', stop: { at: 'deny', rule: 'out' } };

const graphOf = (...paths: readonly Path[]) => toGraph(all(paths), paths);
const idsOf = ({ nodes }: ReturnType<typeof toGraph>) => nodes.map(({ id, column }) => `${column} ${id}`);

describe('paths as a graph', () => {
  test('everything that they go through stands once, in its column', () => {
    assert.deepEqual(idsOf(graphOf(open, write)), [
      '0 person',
      '1 s:group:eng',
      '2 r:eng',
      '3 c:cli',
      '4 v:t',
      '5 o:t read',
      '5 o:t write',
      '6 t:t list',
      '6 t:t get',
    ]);
  });

  test('a refused path ends where it fails, and a miss is barred from the person', () => {
    const graph = graphOf(open, denied, missed);
    const stop = graph.nodes.find(({ kind }) => kind === 'stop');
    assert.deepEqual([stop?.title, stop?.column], ['write: out refuses it', 4]);
    assert.deepEqual(
      graph.edges.filter(({ isBarred }) => isBarred).map(({ from, to }) => [from, to]),
      [['person', 's:role:lead']],
    );
    const tones = Object.fromEntries(graph.nodes.map(({ id, tone }) => [id, tone]));
    assert.deepEqual([tones['c:cli'], tones['s:role:lead'], tones.person], ['open', 'refused', 'open']);
  });

  test('a path before any client ends right behind its rule', () => {
    const over: Path = { ...open, client: null, state: 'refused', stop: { at: 'client', rule: null } };
    assert.deepEqual(
      graphOf(over).nodes.map(({ column }) => column),
      [0, 1, 2, 3],
    );
  });

  test('what a draft alone opens has its tone', () => {
    const graph = graphOf(open, { ...write, change: 'gained' });
    const tones = Object.fromEntries(graph.nodes.map(({ id, tone }) => [id, tone]));
    assert.deepEqual([tones['o:t read'], tones['o:t write'], tones['c:cli']], ['open', 'draft', 'open']);
    assert.ok('r:eng draft' in tones);
  });

  test('has sixty nodes at most, and counts the paths that are left', () => {
    const many = Array.from({ length: 100 }, (_, at) => ({ ...open, rule: `r${at}` }));
    const graph = toGraph(all(many), many);
    assert.ok(graph.nodes.length <= 60);
    assert.equal(graph.left, 100 - graph.nodes.filter(({ kind }) => kind === 'rule').length);
  });

  test('shows some of many servers before all of one', () => {
    const many = Array.from({ length: 100 }, (_, at) => ({ ...open, rule: `r${at}`, server: at < 90 ? 't' : 'u' }));
    const servers = toGraph(all(many), many).nodes.filter(({ kind }) => kind === 'server');
    assert.deepEqual(
      servers.map(({ id }) => id),
      ['v:t', 'v:u'],
    );
  });

  test('of many tools a few are drawn, and the others counted', () => {
    const tools = Array.from({ length: 30 }, (_, at) => `tool${at}`);
    const told = all([open], {
      servers: [{ id: 't', name: 'Tracker', enabled: true, scopes: [{ name: 'read', risk: 'low', tools }] }],
    });
    const drawn = toGraph(told, [open]).nodes.filter(({ kind }) => kind === 'tool');
    assert.deepEqual([drawn.length, drawn.at(-1)?.title], [6, '25 more tools']);
  });
});

describe('where it is drawn', () => {
  const graph = graphOf(open, write, denied, missed);
  const layout = toLayout(graph, 1168);

  test('no node lies on another, and all are within', () => {
    for (const one of layout.nodes) {
      assert.ok(one.top >= 0 && one.top + one.height <= layout.height, one.id);
      for (const other of layout.nodes) {
        if (one === other || one.column !== other.column) continue;
        assert.ok(one.top + one.height <= other.top || other.top + other.height <= one.top, `${one.id} ${other.id}`);
      }
    }
  });

  test('columns stand in order, also where there is no person', () => {
    const lefts = toLayout(graph, 1168, 1).lefts.slice(1);
    assert.equal(lefts[0], 0);
    assert.deepEqual(
      lefts.toSorted((a, b) => a - b),
      lefts,
    );
  });

  test('arrows lead along a column, and to the nearest node of the next', () => {
    assert.equal(nextNode(layout.nodes, 'person', 'ArrowRight')?.startsWith('s:'), true);
    assert.equal(nextNode(layout.nodes, 's:group:eng', 'ArrowLeft'), 'person');
    assert.equal(nextNode(layout.nodes, 'c:cli', 'ArrowDown'), undefined);
    assert.equal(nextNode(layout.nodes, 'person', 'x'), undefined);
    const scopes = layout.nodes.filter(({ column }) => column === 5).toSorted((a, b) => a.top - b.top);
    assert.equal(nextNode(layout.nodes, scopes[0]?.id ?? '', 'ArrowDown'), scopes[1]?.id);
    assert.equal(nextNode(layout.nodes, scopes[1]?.id ?? '', 'Home'), scopes[0]?.id);
  });

  test('nothing is no graph', () => assert.equal(toLayout({ nodes: [], edges: [] }, 1000).height, 0));
});

describe('a path in words', () => {
  const told = all([]);
  const stops: [path: Partial<Path>, words: string][] = [
    [{ stop: { at: 'person', rule: null }, subject: 'group:eng' }, 'Carol is not in Engineering'],
    [{ stop: { at: 'person', rule: null }, subject: 'role:lead' }, 'Carol has not the role Lead'],
    [{ stop: { at: 'person', rule: null }, subject: 'user:u_1' }, 'it names somebody else'],
    [{ stop: { at: 'client', rule: null } }, 'no client comes to Tracker'],
    [{ stop: { at: 'exchange', rule: null } }, 'Claude Code has no id at the authorization server of Tracker'],
    [{ stop: { at: 'server', rule: null } }, 'Tracker is switched off'],
    [{ stop: { at: 'deny', rule: 'out' } }, 'out refuses it'],
    [{ stop: { at: 'deny', rule: 'eng' } }, 'a refusal wins'],
    [{ stop: { at: 'sign_in', rule: 'mfa' } }, 'no sign-in is what mfa asks for'],
    [{ stop: null }, ''],
  ];
  for (const [path, words] of stops)
    test(words || 'open', () => assert.equal(stopWords({ ...open, ...path }, told), words));

  test('a rule for other clients names them', () => {
    const rules = [rule('eng', { through: ['cli', 'desk'] })];
    const words = stopWords({ ...open, stop: { at: 'client', rule: null } }, all([], { rules }));
    assert.equal(words, 'only through Claude Code and desk');
  });

  test('conditions are a sentence', () => {
    const rules = [rule('eng', { from: ['office'], notFrom: ['guests'], hours: 'on mon' }), ...told.rules.slice(1)];
    const conditions = (['network', 'hours', 'sign_in', 'key', 'session', 'deny'] as const).map((about) => ({
      about,
      rule: { sign_in: 'mfa', session: 'apart', deny: 'out', key: null, network: 'eng', hours: 'eng' }[about],
    }));
    assert.equal(
      conditionWords({ ...open, conditions }, all([], { rules })),
      'from office, not from guests, on mon, with a second factor, with a key bound at sign-in, in no session that apart keeps it from and where out does not refuse',
    );
  });

  test('each has an address of its own', () => {
    const keys = [open, write, missed, denied, { ...open, change: 'gained' as const }].map(keyOf);
    assert.equal(new Set(keys).size, 4, 'that it is refused or not is no other way');
  });
});

describe('the answer in one sentence', () => {
  const of = (paths: readonly Path[], server = 't', more: Partial<Paths> = {}, client?: string) =>
    ofPaths(all(paths, more), { server }, client);
  test('of a person and a server', () => {
    assert.equal(of([open, write, missed]), 'Carol can use read and write on Tracker.');
    assert.equal(of([write]), 'Carol can use write on Tracker, under conditions.');
    assert.equal(of([missed, denied]), 'Carol cannot reach Tracker.');
    assert.equal(of([{ ...open, change: 'gained' }]), 'Carol cannot reach Tracker.');
  });

  test('of a person, and of a client', () => {
    assert.equal(of([open], ''), 'Carol can reach 1 server.');
    assert.equal(of([], '', {}, 'Claude Code'), 'Carol can reach nothing through Claude Code.');
    assert.equal(of([open], '', { moreServers: 10 }), 'Carol can reach 11 servers.');
    assert.equal(of([open], '', { person: null }, 'Claude Code'), 'Rules let Claude Code go to 1 server.');
    const person = { id: 'u', email: 'o@acme.example', name: 'Otto', active: false };
    assert.equal(of([], 't', { person }), 'Otto is switched off, and reaches nothing.');
  });

  test('stops, what is left out and what is not known are told beside it', () => {
    const stops = [{ kind: 'server', target: 't', reason: 'a leak' }] as const;
    const clients = [{ id: 'cli', name: 'Claude Code', exchanges: null }];
    const notes = notesOf(all([], { stops, clients, more: 3 }), { server: 't', client: 'cli' });
    assert.deepEqual(notes.length, 3);
    assert.match(notes[0] ?? '', /^Tracker is stopped: a leak\./);
    assert.match(notes[1] ?? '', /not known here/);
    assert.match(notes[2] ?? '', /^3 more paths are not shown/);
  });
});
