import { prunedAtOnce } from '../store/retention.ts';
import type { AuditRow, Store } from '../store/store.ts';
import { prunedBy } from './checkpoint.ts';
import { positionBefore } from './position-before.ts';

/** What may go, and what keeps more of it. */
export interface PruningPlan {
  /** The record begins behind this now, and behind that afterwards; the same = nothing goes. */
  readonly from: number;
  readonly to: number;
  /** When the last line that goes was written. */
  readonly lastMs: number;
  /** Why lines that are old enough stay for now; absent: none do, but for less than 256 at the end. */
  readonly heldBy?: string;
}

/**
 * What of the record is older than `olderThanMs` and may go: what is sealed by a checkpoint, has arrived wherever it is exported
 * to, and was read by the index. It is cut where a subtree of the tree ends.
 */
export async function planPruning(
  store: Pick<Store, 'audit' | 'exports' | 'retention'>,
  { olderThanMs, exports }: { readonly olderThanMs: number; readonly exports: readonly string[] },
): Promise<PruningPlan> {
  const from = (await store.retention.last())?.position ?? 0;
  const old = await positionBefore(store, olderThanMs);
  // It was searched for as if times only grew; a line of a clock that was behind makes those before it look old.
  const young = await store.retention.firstSince(olderThanMs, old);
  const places = new Map((await store.exports.all()).map(({ name, position }) => [name, position]));
  const holds: readonly [why: string, position: number][] = [
    ['a younger line stands before some of them', young === undefined ? old : young - 1],
    ['no checkpoint covers them yet', await store.retention.sealedTo()],
    ['the index has not read them yet', (await store.retention.readTo()) ?? old],
    ...exports.map((name): [string, number] => [`the export ${name} has not sent them yet`, places.get(name) ?? 0]),
  ];
  const [heldBy, least] = holds.reduce((one, other) => (other[1] < one[1] ? other : one));
  const to = Math.max(from, cut(Math.min(old, least)));
  const [last] = to > from ? await store.audit.read(to - 1, 1) : [];
  return { from, to, lastMs: last?.timeMs ?? 0, ...(cut(old) > to && { heldBy }) };
}

function cut(position: number): number {
  return Math.floor(position / prunedAtOnce) * prunedAtOnce;
}

/** Rows removed in one transaction; requests that wait for it are held up by milliseconds only. */
const atOnce = 512;

/** What an order came to. */
export interface Pruned {
  readonly removed: number;
  /** They are written down to go, and no checkpoint says so yet: the next order removes them. */
  readonly waits: boolean;
}

/**
 * Writes down that they go, with the record of who had it done. Once a checkpoint says so, they are removed a little at a time: whoever
 * verifies what is left knows from it that they went by order, and were not cut off. What an order before this one left behind goes too.
 * @param wait - resolves after a while, to be asked again; `false` = that was long enough
 */
export async function prune(
  { retention, seals }: Pick<Store, 'retention' | 'seals'>,
  { from, to, lastMs }: PruningPlan,
  order: { readonly nowMs: number; readonly records: readonly AuditRow[]; readonly wait: () => Promise<boolean> },
): Promise<Pruned> {
  if (to > from) await retention.note({ position: to, timeMs: order.nowMs, lastMs }, order.records);
  while (prunedBy((await seals.last())?.statement) < to) {
    if (!(await order.wait())) return { removed: 0, waits: true };
  }
  let total = 0;
  for (;;) {
    const removed = await retention.remove(atOnce);
    total += removed;
    if (removed < atOnce) return { removed: total, waits: false };
  }
}
