import { fromSegment } from './client/segment.ts';
import type { Method, Route } from './route.ts';

/** Where a path leads: its operation by method, and the values in it. */
export interface Matched {
  readonly routes: ReadonlyMap<string, Route>;
  readonly values: Readonly<Record<string, string>>;
}

interface Pattern {
  readonly parts: readonly string[];
  readonly routes: Map<Method, Route>;
}

/** Finds the operations at a path behind `/api/v1`. Two declared for the same method and path are a mistake of ours. */
export function createMatcher(routes: readonly Route[]): (path: string) => Matched | undefined {
  const patterns = new Map<string, Pattern>();
  for (const route of routes) {
    const shape = route.path.replace(/\{\w+\}/g, '{}');
    const pattern = patterns.get(shape) ?? { parts: route.path.split('/'), routes: new Map() };
    if (pattern.routes.has(route.method)) throw new Error(`${route.method} ${route.path} is declared twice`);
    pattern.routes.set(route.method, route);
    patterns.set(shape, pattern);
  }
  // What is written out wins over what stands for anything.
  const all = [...patterns.values()].sort((a, b) => holes(a.parts) - holes(b.parts));
  return (path) => {
    const parts = path.split('/').map(fromSegment);
    for (const pattern of all) {
      const values = valuesOf(pattern.parts, parts);
      if (values) return { routes: pattern.routes, values };
    }
    return undefined;
  };
}

function holes(parts: readonly string[]): number {
  return parts.filter((part) => part.startsWith('{')).length;
}

function valuesOf(
  pattern: readonly string[],
  parts: readonly (string | undefined)[],
): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const values: Record<string, string> = {};
  for (const [at, expected] of pattern.entries()) {
    const part = parts[at];
    if (part === undefined) return undefined;
    if (expected.startsWith('{')) {
      if (part === '') return undefined;
      values[expected.slice(1, -1)] = part;
    } else if (part !== expected) return undefined;
  }
  return values;
}
