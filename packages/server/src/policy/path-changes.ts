import type { Path } from './paths.ts';

/** A path, and what a draft makes of it. */
export interface ChangedPath extends Path {
  /** `gained`: only in the draft. `lost`: in force, and not in the draft. */
  readonly change: 'kept' | 'gained' | 'lost';
}

/**
 * Paths in force beside those of a draft, scope by scope. What is refused now and opened by the draft counts as gained; what is
 * refused in the draft counts as lost if it is open now.
 */
export function comparePaths(before: readonly Path[], after: readonly Path[]): readonly ChangedPath[] {
  const [openBefore, openAfter] = [openIn(before), openIn(after)];
  const part = (path: Path, change: ChangedPath['change'], isIn: (key: string) => boolean): ChangedPath[] => {
    const scopes = path.scopes.filter((scope) => isIn(keyOf(path, scope)));
    return scopes.length > 0 ? [{ ...path, scopes, change }] : [];
  };
  const old = before.flatMap((path) => {
    if (path.state === 'refused') return part(path, 'kept', (key) => !openAfter.has(key));
    return [...part(path, 'kept', (key) => openAfter.has(key)), ...part(path, 'lost', (key) => !openAfter.has(key))];
  });
  const gained = after
    .filter(({ state }) => state !== 'refused')
    .flatMap((path) => part(path, 'gained', (key) => !openBefore.has(key)));
  return [...gained, ...old];
}

function openIn(paths: readonly Path[]): ReadonlySet<string> {
  const open = paths.filter(({ state }) => state !== 'refused');
  return new Set(open.flatMap((path) => path.scopes.map((scope) => keyOf(path, scope))));
}

function keyOf({ subject, rule, client = '', server }: Path, scope: string): string {
  return JSON.stringify([subject, rule, client, server, scope]);
}
