import { childOf, type Finding } from './references.ts';

/**
 * What a document may come to, far beyond what anybody needs who writes one by hand or by a program: a rule on each of three thousand
 * servers for each of three thousand groups takes a third of a megabyte to write, and gigabytes to keep.
 */
const most = {
  /** Everything that is written in it, each word and number: where all is wrong, each has a mistake to be told. */
  parts: 500_000,
  /** Rules, or entries of any other section. */
  entries: 30_000,
  /** Whom the rules name, for each server that they are on: kept for each. */
  subjects: 500_000,
  /** Scopes, types of details and clients that the rules are about, for each server that they are on: gone through for each. */
  scopes: 2_000_000,
  /** Networks that the rules speak in: kept for each rule. */
  networks: 2_000_000,
};

const words = {
  parts: 'has too many parts',
  entries: 'has too many entries in one section',
  subjects: 'rules name too many groups on too many servers',
  scopes: 'rules are about too many scopes on too many servers',
  networks: 'rules speak in too many networks',
};

/** Whether a document can be judged and compiled without holding everybody up; it may have mistakes. */
export function checkSize(raw: unknown, kind: 'access' | 'resource'): Finding[] {
  let entries = 0;
  for (const key of keysOf(raw)) {
    const section = childOf(raw, key);
    entries = Math.max(entries, lengthOf(section) ?? keysOf(section).length);
  }
  const own = toFindings({ parts: partsOf(raw), entries });
  return own.length > 0 || kind === 'resource' ? own : toFindings(sumsOfRules(raw));
}

/** What the rules of an access document come to. */
function sumsOfRules(raw: unknown): Partial<typeof most> {
  const sums = { subjects: 0, scopes: 0, networks: 0 };
  const [servers, networks] = [childOf(raw, 'servers'), childOf(raw, 'networks')];
  const sizes = new Map(keysOf(servers).map((id) => [id, sizesOf(childOf(servers, id))]));
  /** A choice of scopes on a server: those listed, or at most all it has. */
  const chosen = (choice: unknown, server: string) => lengthOf(choice) ?? sizes.get(server)?.scopes ?? 0;
  for (const rule of listOf(childOf(raw, 'rules'))) {
    const on = listOf(childOf(rule, 'on')).filter(isText);
    sums.subjects += on.length * (lengthOf(childOf(rule, 'to')) ?? 0);
    sums.scopes += on.length * ((lengthOf(childOf(rule, 'through')) ?? 0) + (lengthOf(childOf(rule, 'details')) ?? 0));
    const choice = childOf(rule, 'allow') ?? childOf(rule, 'deny') ?? childOf(rule, 'for');
    for (const server of on) sums.scopes += chosen(choice, server) + (sizes.get(server)?.types ?? 0);
    for (const name of ['from', 'not_from'].flatMap((key) => listOf(childOf(rule, key)))) {
      sums.networks += (isText(name) ? lengthOf(childOf(networks, name)) : undefined) ?? 1;
    }
  }
  for (const entry of listOf(childOf(raw, 'never_together'))) {
    for (const side of Object.values(childOf(entry, 'sides') ?? {})) {
      for (const server of keysOf(side)) sums.scopes += chosen(childOf(side, server), server);
    }
  }
  return sums;
}

function toFindings(sums: Partial<typeof most>): Finding[] {
  return (Object.entries(sums) as [keyof typeof most, number][])
    .filter(([what, sum]) => sum > most[what])
    .map(([what, sum]) => ({ path: [], message: `${words[what]}: ${sum}; at most ${most[what]}` }));
}

/** How many values there are, at all levels; it is counted no further than anybody needs to know. */
function partsOf(raw: unknown): number {
  let parts = 0;
  const left: unknown[] = [raw];
  while (left.length > 0 && parts <= most.parts) {
    const value = left.pop();
    parts += 1;
    if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) left.push(each);
  }
  return parts;
}

function sizesOf(server: unknown): { readonly scopes: number; readonly types: number } {
  const [scopes, types] = ['scopes', 'authorization_details'].map((key) => keysOf(childOf(server, key)).length);
  return { scopes: scopes ?? 0, types: types ?? 0 };
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function lengthOf(value: unknown): number | undefined {
  return Array.isArray(value) ? value.length : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
