import { reachTexts as texts } from '../../texts/reach.ts';
import {
  clientWords,
  isOpen,
  keyOf,
  type Path,
  type Paths,
  ruleOf,
  serverWords,
  stopWords,
  subjectWords,
} from './path-words.ts';

/** The seven columns, always in this order. */
export const columns = ['person', 'group', 'rule', 'client', 'server', 'scope', 'tool'] as const;

/** Something that paths go through; `stop` is where one ends. */
export interface GraphNode {
  readonly id: string;
  readonly column: number;
  readonly kind: (typeof columns)[number] | 'stop';
  readonly title: string;
  readonly remark: string;
  /** Keys of the paths that go through it. */
  readonly paths: readonly string[];
  readonly tone: Tone;
}

/** `open`: something comes through now. `draft`: by the draft alone, or no more by it. */
export type Tone = 'open' | 'draft' | 'refused';

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly paths: readonly string[];
  readonly tone: Tone;
  /** What would lead on is not there: this person is none of those. */
  readonly isBarred: boolean;
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Paths that would be too many to draw. */
  readonly left: number;
}

/** More cannot be read. */
const mostNodes = 60;

/** Tools of one scope: fewer where there are several servers. */
const mostTools = { alone: 5, among: 2 };

type Sketch = Omit<GraphNode, 'paths' | 'tone'>;

/** Paths as a graph: everything that they go through once, as far as it can be read. */
export function toGraph(all: Paths, paths: readonly Path[]): Graph {
  const nodes = new Map<string, Sketch>();
  const through = new Map<string, Path[]>();
  const edges = new Map<string, { from: string; to: string; paths: Path[] }>();
  const link = (from: string, to: string, path: Path) => {
    const key = `${from}\n${to}`;
    const edge = edges.get(key) ?? { from, to, paths: [] };
    if (!edge.paths.includes(path)) edge.paths.push(path);
    edges.set(key, edge);
  };
  const put = (node: Sketch, path: Path) => {
    nodes.set(node.id, node);
    const own = through.get(node.id) ?? [];
    if (!own.includes(path)) own.push(path);
    through.set(node.id, own);
  };
  let left = 0;
  const drawn: Path[] = [];
  for (const path of inTurn(paths)) {
    const chains = chainsOf(path, all);
    const fresh = new Set(
      chains
        .flat()
        .map(({ id }) => id)
        .filter((id) => !nodes.has(id)),
    );
    if (nodes.size + fresh.size > mostNodes) {
      left += 1;
      continue;
    }
    drawn.push(path);
    for (const chain of chains) {
      for (const [at, node] of chain.entries()) {
        put(node, path);
        const before = chain[at - 1];
        if (before) link(before.id, node.id, path);
      }
    }
  }
  for (const path of drawn.filter(isOpen)) {
    for (const { scope, node } of toolsOf(path, all)) {
      if (!nodes.has(node.id) && nodes.size >= mostNodes) continue;
      put(node, path);
      link(scope, node.id, path);
    }
  }
  return {
    nodes: [...nodes.values()].map((node) => {
      const own = through.get(node.id) ?? [];
      return { ...node, paths: own.map(keyOf), tone: toneOf(own) };
    }),
    edges: [...edges.values()].map(({ from, to, paths: own }) => ({
      from,
      to,
      paths: own.map(keyOf),
      tone: toneOf(own),
      isBarred: from === 'person' && own.every(({ stop }) => stop?.at === 'person'),
    })),
    left,
  };
}

/** The first path of each server, then the second of each: what does not fit must not be all servers but one. */
function inTurn(paths: readonly Path[]): readonly Path[] {
  const byServer = [...Map.groupBy(paths, ({ server }) => server).values()];
  const longest = Math.max(0, ...byServer.map(({ length }) => length));
  return Array.from({ length: longest }, (_, at) => byServer.flatMap((own) => own[at] ?? [])).flat();
}

export function toneOf(paths: readonly Path[]): Tone {
  const open = paths.filter(isOpen);
  if (open.length === 0) return 'refused';
  return open.some(({ change }) => change === 'kept') ? 'open' : 'draft';
}

/** A path as what it goes through; it forks where it has several scopes. */
function chainsOf(path: Path, all: Paths): readonly (readonly Sketch[])[] {
  const { subject, rule, client, server, scopes, stop } = path;
  const person: Sketch[] = all.person
    ? [{ id: 'person', column: 0, kind: 'person', title: all.person.name, remark: '' }]
    : [];
  const start = [...person, groupNode(path, all), ruleNode(path, all)];
  if (stop?.at === 'person') return [start];
  const clientNode: Sketch[] =
    client === null
      ? []
      : [
          {
            id: `c:${client}`,
            column: 3,
            kind: 'client',
            title: clientWords(client, all),
            remark: stopped('client', client, all),
          },
        ];
  const known = [...start, ...clientNode];
  if (stop) {
    const own = stop.at === 'deny' || stop.at === 'sign_in' ? `${scopes.join(', ')}: ` : '';
    const words = `${own}${stopWords(path, all)}`;
    const id = `x:${subject} ${rule} ${client ?? ''} ${server} ${words}`;
    return [[...known, { id, column: 2 + known.length - start.length + 1, kind: 'stop', title: words, remark: '' }]];
  }
  const there: Sketch = {
    id: `v:${server}`,
    column: 4,
    kind: 'server',
    title: serverWords(server, all),
    remark: stopped('server', server, all),
  };
  return scopes.map((scope) => [...known, there, scopeNode(scope, server, all)]);
}

function groupNode({ subject, stop }: Path, all: Paths): Sketch {
  const people = all.subjects.find((each) => each.subject === subject)?.people ?? 0;
  const named = subject.startsWith('role:') ? `${texts.role}, ${texts.people(people)}` : texts.people(people);
  const remark = subject.startsWith('user:') ? texts.themselves : named;
  return {
    id: `s:${subject}`,
    column: 1,
    kind: 'group',
    title: subjectWords(subject, all),
    remark: stop?.at === 'person' ? texts.notIn : remark,
  };
}

function ruleNode(path: Path, all: Paths): Sketch {
  const rule = ruleOf(path.rule, path, all);
  const remark = [rule?.effect === 'deny' ? texts.deny : texts.allow, rule?.hours].filter(Boolean).join(', ');
  // A rule on several servers is one rule.
  const id = `r:${path.rule}${path.change === 'gained' ? ' draft' : ''}`;
  return { id, column: 2, kind: 'rule', title: path.rule, remark };
}

function scopeNode(scope: string, server: string, { servers }: Paths): Sketch {
  const known = servers.find(({ id }) => id === server)?.scopes.find(({ name }) => name === scope);
  const remark = texts.risks[known?.risk ?? 'low'];
  return { id: `o:${server} ${scope}`, column: 5, kind: 'scope', title: scope, remark };
}

function toolsOf({ server, scopes }: Path, { servers }: Paths): readonly { scope: string; node: Sketch }[] {
  const known = servers.find(({ id }) => id === server)?.scopes ?? [];
  return scopes.flatMap((name) => {
    const scope = `o:${server} ${name}`;
    const tools = known.find((each) => each.name === name)?.tools ?? [];
    const most = servers.length > 1 ? mostTools.among : mostTools.alone;
    const shown = tools.length > most + 1 ? tools.slice(0, most) : tools;
    const more = tools.length - shown.length;
    const toNode = (title: string): Sketch => ({
      id: `t:${server} ${title}`,
      column: 6,
      kind: 'tool',
      title,
      remark: '',
    });
    const nodes = shown.map(toNode);
    return [...nodes, ...(more > 0 ? [{ ...toNode(texts.moreTools(more)), id: `t+:${scope}` }] : [])].map((node) => ({
      scope,
      node,
    }));
  });
}

function stopped(kind: 'client' | 'server', target: string, { stops, servers }: Paths): string {
  if (stops.some((stop) => stop.kind === kind && stop.target === target)) return texts.stopped;
  const isOff = kind === 'server' && servers.some(({ id, enabled }) => id === target && !enabled);
  return isOff ? texts.switchedOff : '';
}
