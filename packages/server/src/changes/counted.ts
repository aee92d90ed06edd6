import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AccessIndex } from '../policy/compile.ts';
import type { Store } from '../store/store.ts';

/** What was counted of the people there are, and for how long it is so. */
interface Counted {
  /** Of the store, before it was counted: whatever is done to people, groups and who is in them counts it on. */
  readonly sequence: number;
  readonly from: EpochSeconds;
  /** The first second in which some rule speaks no more. */
  readonly to: EpochSeconds;
  readonly answer: Promise<unknown>;
}

/** What is counted: it goes with the object that stands for the policy behind it. */
export interface Counting<T> {
  readonly about: object;
  /** When rules end that it depends on. */
  readonly ends: () => Iterable<EpochSeconds>;
  readonly count: () => Promise<T>;
  /** For so long it is told although people have changed meanwhile; absent: not at all. */
  readonly mayLagSeconds?: number;
}

/** Of each store for itself. */
const byStore = new WeakMap<object, WeakMap<object, Counted>>();

/**
 * Counts what a policy, or a change of one, means for people, once for as long as that stays the same: until anybody, any group or anything
 * else is changed in the store, or a rule ends. Whoever asks while it is being counted waits for the same answer.
 */
export async function countOnce<T>(
  store: Pick<Store, 'changeSequence' | 'population'>,
  now: EpochSeconds,
  { about, ends, count, mayLagSeconds = 0 }: Counting<T>,
): Promise<T> {
  const mine = byStore.get(store.population) ?? new WeakMap<object, Counted>();
  byStore.set(store.population, mine);
  // The sequence first: what is counted behind it is never older.
  const sequence = await store.changeSequence();
  const known = mine.get(about);
  if (known && isStill(known, { sequence, now, mayLagSeconds })) return known.answer as Promise<T>;
  const answer = count();
  mine.set(about, { sequence, from: now, to: nextEnd(ends(), now), answer });
  answer.catch(() => mine.delete(about));
  return answer;
}

/** The one place that says what makes a count stale. */
function isStill(
  { sequence, from, to }: Counted,
  at: { readonly sequence: number; readonly now: EpochSeconds; readonly mayLagSeconds: number },
): boolean {
  const isOfNow = sequence === at.sequence || at.now < from + at.mayLagSeconds;
  return isOfNow && from <= at.now && at.now < to;
}

function nextEnd(ends: Iterable<EpochSeconds>, now: EpochSeconds): EpochSeconds {
  let next = Number.POSITIVE_INFINITY;
  for (const until of ends) if (until > now) next = Math.min(next, until);
  return next;
}

/** When the rules on a server end that do. */
export function endsOn({ rules }: AccessIndex, server: string): readonly EpochSeconds[] {
  return (rules.get(server)?.all ?? []).flatMap(({ when }) => when?.until ?? []);
}
