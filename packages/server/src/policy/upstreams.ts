import { isObject } from '@credence/mcp/protocol';
import { entriesOf, type Json } from './diff/entries.ts';

/** Something about a document that has to be mended, and where. */
interface Mistake {
  readonly at: string;
  readonly problem: string;
}

/**
 * A document as it is told: of an upstream no more than its kind, as `{ kind }`. What a stdio upstream is started with and the
 * address of another may hold secrets, so they are told to nobody. `{ kind }` is a form that no document is kept in.
 */
export function withoutUpstreams(document: Json): Json {
  if (!isObject(document.servers)) return document;
  return { ...document, servers: mapEntries(document.servers, withoutUpstream) };
}

/** The same of one server, or of any other entry, which stays as it is. */
export function withoutUpstream(entry: unknown): unknown {
  if (!isObject(entry) || entry.upstream === undefined) return entry;
  return { ...entry, upstream: { kind: kindOf(entry.upstream) } };
}

/**
 * The way back: an upstream that comes as it was told is the one that this very server has in the first of the documents that
 * has it. It is taken whole or not at all: a secret goes to no other server, and to no other address or command of the same one.
 * @param kept - documents as they are kept
 */
export function withUpstreams(
  document: unknown,
  kept: readonly Json[],
): { readonly document: unknown; readonly mistakes: readonly Mistake[] } {
  if (!isObject(document) || !isObject(document.servers)) return { document, mistakes: [] };
  const held = kept.map((each) => entriesOf(each.servers));
  const mistakes: Mistake[] = [];
  const servers = mapEntries(document.servers, (entry, id) => {
    if (!isObject(entry) || !isAsTold(entry.upstream)) return entry;
    const upstream = held.map((servers) => upstreamOf(servers.get(id))).find((each) => each !== undefined);
    if (upstream !== undefined && kindOf(upstream) === entry.upstream.kind) return { ...entry, upstream };
    const problem =
      upstream === undefined
        ? 'stands for the upstream that this server has, and it has none: write it out, as { http: URL } or { stdio: [command, ...] }'
        : `this server has an upstream of another kind, ${kindOf(upstream)}: read it again, or write a new one out`;
    mistakes.push({ at: `servers.${id}.upstream`, problem });
    return entry;
  });
  return { document: { ...document, servers }, mistakes };
}

function isAsTold(upstream: unknown): upstream is { readonly kind: unknown } {
  return isObject(upstream) && Object.keys(upstream).length === 1 && Object.hasOwn(upstream, 'kind');
}

function upstreamOf(entry: unknown): unknown {
  return isObject(entry) ? entry.upstream : undefined;
}

function kindOf(upstream: unknown): 'http' | 'stdio' {
  return isObject(upstream) && Object.hasOwn(upstream, 'http') ? 'http' : 'stdio';
}

function mapEntries(entries: Json, change: (entry: unknown, id: string) => unknown): Json {
  return Object.fromEntries(Object.entries(entries).map(([id, entry]) => [id, change(entry, id)]));
}
