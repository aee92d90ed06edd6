import type { Jwk } from '@credence/server/record-verification';

// What this browser holds against the server: the keys that somebody has compared, and the checkpoints that it verified. It is kept
// where pages of this listener keep things, and so is worth what the listener is: an auditor who trusts it with nothing uses the command.

export interface Pinned {
  readonly keys: readonly Jwk[];
  readonly atMs: number;
  /** The newest that was verified here, and those that no verification since has compared: the oldest first. */
  readonly seen: readonly SeenCheckpoint[];
}

/** A checkpoint that was verified, as it was signed. */
export interface SeenCheckpoint {
  readonly statement: string;
  readonly number: number;
  readonly size: number;
  readonly timeMs: number;
}

/** What was kept; `undefined` when that is nothing, or nothing that we wrote. */
export function readPinned(text: string | null): Pinned | undefined {
  try {
    const { keys, atMs, seen } = JSON.parse(text ?? '') as Partial<Pinned>;
    const areKeys = Array.isArray(keys) && keys.length > 0 && keys.every((key) => typeof key?.kid === 'string');
    if (!areKeys || typeof atMs !== 'number') return undefined;
    return { keys, atMs, seen: Array.isArray(seen) ? seen.filter(isCheckpoint) : [] };
  } catch {
    return undefined;
  }
}

function isCheckpoint(seen: Partial<SeenCheckpoint> | null): boolean {
  return typeof seen?.statement === 'string' && [seen.number, seen.size].every(Number.isSafeInteger);
}

/** What a verification found in order, and which part it was. */
export interface Verified {
  /** What was pinned when it began. */
  readonly began: Pinned;
  /** Behind which line it was asked to begin, and did. */
  readonly behind: number;
  readonly startedAt: number;
  readonly seen: SeenCheckpoint & { readonly announced: readonly Jwk[] };
}

/**
 * Holds what was just verified against the next time: the checkpoint, and the keys that it announced. A checkpoint from before that stood in
 * front of the part is still to be compared, and stays. `undefined`: what it began with was forgotten or replaced meanwhile.
 */
export function withSeen(now: Pinned | undefined, { began, behind, startedAt, seen }: Verified): Pinned | undefined {
  if (now?.atMs !== began.atMs) return undefined;
  const { announced, ...newest } = seen;
  const isKnown = ({ kid }: Jwk) => now.keys.some((key) => key.kid === kid);
  // One from before the first line that is kept can be compared no more.
  const wasCompared = ({ statement, size }: SeenCheckpoint) =>
    size > Math.min(behind, startedAt) && began.seen.some((known) => known.statement === statement);
  const left = now.seen.filter((each) => each.statement !== newest.statement && !wasCompared(each));
  return {
    ...now,
    keys: [...now.keys, ...announced.filter((key) => !isKnown(key))],
    seen: bounded([...left, newest].sort((one, other) => one.number - other.number)),
  };
}

/** Kept at most: somebody may verify the last lines only, each day for years. */
export const mostSeen = 20;

/** The first and the newest: what is between them is covered by those, and goes. */
function bounded(seen: readonly SeenCheckpoint[]): readonly SeenCheckpoint[] {
  return seen.length <= mostSeen ? seen : [...seen.slice(0, 1), ...seen.slice(1 - mostSeen)];
}
