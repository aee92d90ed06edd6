import { StoreUnavailable } from './store.ts';

/** A change waiting to become durable. Runs inside a transaction that others may share, again when that one was rolled back. */
export type Unit<T> = () => T;

/** What became of one unit of a group; a failed one left nothing behind. */
export type UnitOutcome = { readonly value: unknown } | { readonly error: unknown };

/**
 * Runs units in one durable transaction, in order, each in a savepoint of its own. Throws when the transaction as a
 * whole failed: then nothing of any unit was kept.
 */
export type RunGroup = (units: readonly Unit<unknown>[]) => readonly UnitOutcome[];

/** Told how the store does. */
export interface StoreWatch {
  /** A group was tried: how many, how long it took until it was durable, or that it failed as a whole. */
  group(units: number, milliseconds: number, failed: boolean): void;
  /** So many lines of the record have become durable. */
  lines(count: number): void;
}

/** Longer groups are cut, so that one flush never keeps the event loop for long. */
const maxGroup = 1000;

/** More that wait than this, and the store is not keeping up: whoever comes is told so at once, and memory stays bounded. */
export const maxWaiting = 20_000;

/** Whoever keeps the turn for ten seconds is ended, and then it goes round. What waits for longer waits for a process that hangs. */
const patienceMs = 12_000;

/** The right to write, which one process at a time has. */
export interface WriteTurn {
  /**
   * Calls `work` once, later, when the right is had; it is given back when `work` returns. Not to be asked for again before that.
   * Throws `StoreUnavailable` when it cannot be had.
   */
  take(work: () => void): void;
}

/** Of a process that shares it with nobody: the rest of this turn of the event loop still joins. */
const endOfThisTurn: WriteTurn = { take: (work) => void setImmediate(work) };

interface Waiting {
  readonly unit: Unit<unknown>;
  readonly settle: (outcome: UnitOutcome) => void;
}

/**
 * Group commit without a timer: the first change asks for the turn to write, and all that arrive until it is had share one
 * transaction and its one fsync. Alone, a change waits for nobody.
 */
export class GroupCommit {
  readonly #runGroup: RunGroup;
  readonly #turn: WriteTurn;
  #waiting: Waiting[] = [];
  /** The turn is asked for, and not had yet. */
  #asked = false;
  #late: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(runGroup: RunGroup, turn: WriteTurn = endOfThisTurn, watch?: StoreWatch) {
    this.#runGroup = watch ? watchedGroup(runGroup, watch) : runGroup;
    this.#turn = turn;
  }

  /**
   * Resolves to the unit's value once it is durable; rejects with its error, or with `StoreUnavailable`. What is refused while it waits is
   * never run: nothing of it is written later.
   */
  submit<T>(unit: Unit<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('The store is closed.'));
    if (this.#waiting.length >= maxWaiting) return Promise.reject(new StoreUnavailable('The store is overloaded.'));
    return new Promise<T>((resolve, reject) => {
      this.#awaitTurn();
      this.#waiting.push({
        unit,
        settle: (outcome) => ('error' in outcome ? reject(outcome.error) : resolve(outcome.value as T)),
      });
    });
  }

  /** Makes durable what waits, and refuses what comes after. */
  close(): void {
    this.#closed = true;
    while (this.#waiting.length > 0) this.#flush();
  }

  #awaitTurn(): void {
    this.#late ??= setTimeout(this.#refuseAll, patienceMs).unref();
    if (!this.#asked) this.#turn.take(this.#flush);
    this.#asked = true;
  }

  #refuseAll = (): void => {
    this.#late = undefined;
    const error = new StoreUnavailable('The turn to write did not come.');
    for (const { settle } of this.#waiting.splice(0)) settle({ error });
  };

  #flush = (): void => {
    this.#asked = false;
    clearTimeout(this.#late);
    this.#late = undefined;
    const group = this.#waiting.splice(0, maxGroup);
    if (group.length === 0) return;
    // Nobody is told anything before the commit of the whole group has returned.
    for (const [index, outcome] of this.#outcomes(group).entries()) group[index]?.settle(outcome);
    if (this.#waiting.length > 0) this.#awaitTurn();
  };

  #outcomes(group: readonly Waiting[]): readonly UnitOutcome[] {
    try {
      return this.#runGroup(group.map(({ unit }) => unit));
    } catch (cause) {
      const error = cause instanceof StoreUnavailable ? cause : new StoreUnavailable('A commit failed.', { cause });
      return group.map(() => ({ error }));
    }
  }
}

function watchedGroup(runGroup: RunGroup, watch: StoreWatch): RunGroup {
  return (units) => {
    const startedMs = performance.now();
    let failed = true;
    try {
      const outcomes = runGroup(units);
      failed = false;
      return outcomes;
    } finally {
      watch.group(units.length, performance.now() - startedMs, failed);
    }
  };
}
