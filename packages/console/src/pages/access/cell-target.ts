import type { ScopeSays } from './cell-rules.ts';
import { toKey } from './conditions.ts';

/** Whose conditions are shown and changed: those of one scope, or '' for all that the cell gives or refuses. */
export interface Target {
  readonly value: string;
  /** Scopes that a touch changes. */
  readonly scopes: readonly string[];
  /** Conditions are those of this scope; `undefined` where the cell gives and refuses nothing. */
  readonly shown: ScopeSays | undefined;
  /** Whether the others have other conditions: a touch sets it for all of them. */
  readonly differ: boolean;
}

/** @param chosen - what the administrator chose; '' and what is no choice any more = whatever says most in one */
export function toTarget(says: ReadonlyMap<string, ScopeSays>, chosen: string | undefined): Target {
  const given = [...says].filter(([, { choice }]) => choice !== 'none');
  const [first] = given;
  const differ = new Set(given.map(([, each]) => keyOf(each))).size > 1;
  const one = given.find(([name]) => name === chosen) ?? (differ && chosen === undefined ? first : undefined);
  if (one) return { value: one[0], scopes: [one[0]], shown: one[1], differ: false };
  return { value: '', scopes: given.map(([name]) => name), shown: first?.[1], differ };
}

/** What these scopes say after a change; each keeps what the change does not name. */
export function changed(
  says: ReadonlyMap<string, ScopeSays>,
  scopes: readonly string[],
  change: (before: ScopeSays) => ScopeSays,
): ReadonlyMap<string, ScopeSays> {
  return new Map(
    scopes.flatMap((name) => {
      const before = says.get(name);
      return before ? [[name, change(before)] as const] : [];
    }),
  );
}

function keyOf({ conditions, needs }: ScopeSays): string {
  return `${toKey(conditions)} ${toKey(needs ?? {})}`;
}
