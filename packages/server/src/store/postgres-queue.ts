import { maxWaiting, type StoreWatch, type UnitOutcome } from './group-commit.ts';
import { StoreUnavailable } from './store.ts';

interface Waiting<U> {
  readonly unit: U;
  readonly settle: (outcome: UnitOutcome) => void;
}

/**
 * Group commit without a timer, for a store that answers later: while one group is on its way, those that arrive wait and
 * are the next. Alone, a unit waits for nobody.
 */
export class GroupQueue<U> {
  readonly #runGroup: (units: readonly U[]) => Promise<readonly UnitOutcome[]>;
  readonly #maxGroup: number;
  #waiting: Waiting<U>[] = [];
  #running: Promise<void> | undefined;
  #closed = false;

  /** @param runGroup - makes all of them durable; rejects when nothing is known to be */
  constructor(
    maxGroup: number,
    runGroup: (units: readonly U[]) => Promise<readonly UnitOutcome[]>,
    watch?: StoreWatch,
  ) {
    this.#maxGroup = maxGroup;
    this.#runGroup = watch ? watchedGroup(runGroup, watch) : runGroup;
  }

  submit<T>(unit: U): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('The store is closed.'));
    if (this.#waiting.length >= maxWaiting) return Promise.reject(new StoreUnavailable('The store is overloaded.'));
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        unit,
        settle: (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T)),
      });
      this.#running ??= this.#run();
    });
  }

  /** Makes durable what waits, and refuses what comes after. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    // The rest of this turn of the event loop still joins.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, this.#maxGroup);
      const outcomes = await this.#outcomes(group.map(({ unit }) => unit));
      for (const [index, { settle }] of group.entries()) {
        settle(outcomes[index] ?? { error: new StoreUnavailable('Nothing is known of a commit.') });
      }
    }
    this.#running = undefined;
  }

  async #outcomes(units: readonly U[]): Promise<readonly UnitOutcome[]> {
    try {
      return await this.#runGroup(units);
    } catch (cause) {
      const error = cause instanceof StoreUnavailable ? cause : new StoreUnavailable('A commit failed.', { cause });
      return units.map(() => ({ error }));
    }
  }
}

function watchedGroup<U>(
  runGroup: (units: readonly U[]) => Promise<readonly UnitOutcome[]>,
  watch: StoreWatch,
): (units: readonly U[]) => Promise<readonly UnitOutcome[]> {
  return async (units) => {
    const startedMs = performance.now();
    let failed = true;
    try {
      const outcomes = await runGroup(units);
      failed = false;
      return outcomes;
    } finally {
      watch.group(units.length, performance.now() - startedMs, failed);
    }
  };
}
