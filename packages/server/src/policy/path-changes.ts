import type { Path } from './paths.ts';

/** A path, and what a draft makes of it. */
export interface ChangedPath extends Path {
  /** `gained`: only in the draft. `lost`: in force, and not in the draft. */
  readonly change: 'kept' | 'gained' | 'lost';
}

/**
 * Paths in force beside those of a draft, scope by scope. What is refused now and opened by the draft counts as gained; what is
 * refused in the draft counts as lost if it is open now. What is open under other conditions is lost as it is, and gained as it
 * would be.
 */
export function comparePaths(before: readonly Path[], after: readonly Path[]): readonly ChangedPath[] {
  const [openBefore, openAfter] = [keysIn(before), keysIn(after)];
  const openings = new Set(after.filter(isOpen).flatMap((path) => path.scopes.map((scope) => wayOf(path, scope))));
  const part = (path: Path, change: ChangedPath['change'], isIn: (scope: string) => boolean): ChangedPath[] => {
    const scopes = path.scopes.filter(isIn);
    return scopes.length > 0 ? [{ ...path, scopes, change }] : [];
  };
  const old = before.flatMap((path) => {
    if (!isOpen(path)) return part(path, 'kept', (scope) => !openings.has(wayOf(path, scope)));
    const isKept = (scope: string) => openAfter.has(keyOf(path, scope));
    return [...part(path, 'kept', isKept), ...part(path, 'lost', (scope) => !isKept(scope))];
  });
  const gained = after
    .filter(isOpen)
    .flatMap((path) => part(path, 'gained', (scope) => !openBefore.has(keyOf(path, scope))));
  return [...gained, ...old];
}

function isOpen({ state }: Path): boolean {
  return state !== 'refused';
}

function keysIn(paths: readonly Path[]): ReadonlySet<string> {
  return new Set(paths.filter(isOpen).flatMap((path) => path.scopes.map((scope) => keyOf(path, scope))));
}

/** One way to a scope. */
function wayOf({ subject, rule, client = '', server }: Path, scope: string): string {
  return JSON.stringify([subject, rule, client, server, scope]);
}

/** One way to a scope, as open as it is. */
function keyOf(path: Path, scope: string): string {
  return wayOf(path, scope) + JSON.stringify(path.conditions);
}
