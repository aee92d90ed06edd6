import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from '../policy/compile.ts';
import type { Store } from '../store/store.ts';
import type { AccessComparison } from './compare.ts';

/** What was counted of the people there are, and for how long it is so. */
interface Counted {
  /** Of the store, before it was counted: whatever is done to people, groups and who is in them counts it on. */
  readonly sequence: number;
  readonly from: EpochSeconds;
  /** The first second in which some rule speaks no more. */
  readonly to: EpochSeconds;
  readonly answer: Promise<unknown>;
}

/** By what was compared: it goes with that. Of each store for itself. */
const byStore = new WeakMap<object, WeakMap<AccessComparison, Counted>>();

/**
 * Counts what a comparison does to people, once for as long as that stays the same: until anybody, any group or anything else is changed
 * in the store, or a rule ends. Whoever asks while it is being counted waits for the same answer.
 */
export async function countOnce<T>(
  store: Pick<Store, 'changeSequence' | 'population'>,
  compared: AccessComparison,
  now: EpochSeconds,
  count: () => Promise<T>,
): Promise<T> {
  const mine = byStore.get(store.population) ?? new WeakMap<AccessComparison, Counted>();
  byStore.set(store.population, mine);
  // The sequence first: what is counted behind it is never older.
  const sequence = await store.changeSequence();
  const known = mine.get(compared);
  if (known && isStill(known, sequence, now)) return known.answer as Promise<T>;
  const answer = count();
  mine.set(compared, { sequence, from: now, to: nextEnd(compared, now), answer });
  answer.catch(() => mine.delete(compared));
  return answer;
}

/** The one place that says what makes a count stale. */
function isStill({ sequence, from, to }: Counted, sequenceNow: number, now: EpochSeconds): boolean {
  return sequence === sequenceNow && from <= now && now < to;
}

/** When the next rule of either version ends on a server where they differ. */
function nextEnd({ before, after, affected }: AccessComparison, now: EpochSeconds): EpochSeconds {
  let next = Number.POSITIVE_INFINITY;
  for (const { id } of affected) {
    for (const until of [...endsOf(before, id), ...endsOf(after, id)]) if (until > now) next = Math.min(next, until);
  }
  return next;
}

function endsOf({ rules }: AccessIndex, server: string): readonly EpochSeconds[] {
  return (rules.get(server)?.all ?? []).flatMap(({ when }) => when?.until ?? []);
}
