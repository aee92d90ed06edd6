import { isObject } from '@credence/mcp/protocol';
import type { EntryChange } from './entries.ts';
import { isSame } from './same.ts';

/** Something that goes elsewhere from now on: whoever approves it must see both places. */
export interface Moved {
  readonly server: string;
  /** `resource` and `ras`: what ID-JAGs are for, and where they are redeemed. `upstream`: where calls are carried on to. */
  readonly what: 'resource' | 'ras' | 'local' | 'upstream';
  /** Of an upstream the origin of its address, or its command; `null` = none. */
  readonly before: string | null;
  readonly after: string | null;
  /** What of it is another as well and is not told: it may hold a secret. */
  readonly untold: readonly string[];
}

const places = ['resource', 'ras', 'local'] as const;

/**
 * What goes elsewhere by these changes, and what is new and goes somewhere. A path, a query, arguments and the environment of an upstream may
 * hold a key, so of these it is only said that they are others. A server that is taken out goes nowhere.
 */
export function movedBy(entries: readonly EntryChange[]): readonly Moved[] {
  return entries.flatMap(({ section, id: server, before, after }) => {
    if (section !== 'servers' || !isObject(after)) return [];
    const old = isObject(before) ? before : {};
    const moved = places
      .filter((what) => isObject(before) && !isSame(old[what], after[what]))
      .map((what): Moved => ({ server, what, before: toText(old[what]), after: toText(after[what]), untold: [] }));
    return [...moved, ...movedUpstream(server, old.upstream, after.upstream)];
  });
}

function movedUpstream(server: string, before: unknown, after: unknown): readonly Moved[] {
  if (isSame(before, after)) return [];
  const [from, to] = [partsOf(before), partsOf(after)];
  const names = new Set([...Object.keys(from.untold), ...Object.keys(to.untold)]);
  const untold = [...names].filter((name) => !isSame(from.untold[name], to.untold[name]));
  return [{ server, what: 'upstream', before: from.place, after: to.place, untold }];
}

/** What of an upstream may be told, and the rest by name. */
function partsOf(upstream: unknown): {
  readonly place: string | null;
  readonly untold: Readonly<Record<string, unknown>>;
} {
  if (!isObject(upstream)) return { place: null, untold: {} };
  const { http, stdio, env, cwd, ...others } = upstream;
  const url = typeof http === 'string' ? URL.parse(http) : null;
  if (url) {
    const { origin, pathname, search } = url;
    return { place: origin, untold: { ...others, path: pathname, query: search } };
  }
  const [command, ...given] = Array.isArray(stdio) ? stdio : [];
  return { place: toText(command), untold: { ...others, arguments: given, environment: env, folder: cwd } };
}

function toText(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
