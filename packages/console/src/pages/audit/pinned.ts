import type { Jwk } from '@credence/server/record-verification';

// What this browser holds against the server: the keys that somebody has compared, and the last checkpoint that it verified. It is kept
// where pages of this listener keep things, and so is worth what the listener is: an auditor who trusts it with nothing uses the command.

export interface Pinned {
  readonly keys: readonly Jwk[];
  readonly atMs: number;
  /** The last checkpoint that was verified here, as it was signed. */
  readonly seen?: { readonly statement: string; readonly number: number; readonly timeMs: number };
}

/** What was kept; `undefined` when that is nothing, or nothing that we wrote. */
export function readPinned(text: string | null): Pinned | undefined {
  try {
    const { keys, atMs, seen } = JSON.parse(text ?? '') as Partial<Pinned>;
    const areKeys = Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key?.kid === 'string');
    if (!areKeys || typeof atMs !== 'number') return undefined;
    const isSeen = typeof seen?.statement === 'string' && typeof seen.number === 'number';
    return { keys, atMs, ...(isSeen && { seen }) };
  } catch {
    return undefined;
  }
}

/** Holds what was just verified against the next time: the checkpoint, and the keys that it announced. */
export function withSeen(
  pinned: Pinned,
  { announced, ...seen }: Required<Pinned>['seen'] & { readonly announced: readonly Jwk[] },
): Pinned {
  const isKnown = ({ kid }: Jwk) => pinned.keys.some((key) => key.kid === kid);
  return { ...pinned, keys: [...pinned.keys, ...announced.filter((key) => !isKnown(key))], seen };
}
