import type { EpochSeconds } from '../protocol/index.ts';

/** Something of somebody else that is fetched when it is needed and kept for a while: keys, a metadata document. */
export interface Fetched<Value> {
  /**
   * The value under a name: at once while it is fresh, so that whoever asks often never waits; otherwise after one fetch that
   * everybody waits for together. `undefined` while it cannot be had. A value that does not suffice is fetched anew, at most
   * every 30 s for each name, so that a stranger cannot make us hammer anybody; the same pause follows a failure.
   */
  get(name: string, suffices?: (value: Value) => boolean): Value | undefined | Promise<Value | undefined>;
}

/** What one fetch brought. */
export interface Fetch<Value> {
  readonly value: Value;
  /** How long it is fresh; 300 s unless its source said otherwise. */
  readonly freshSeconds?: number;
}

const freshSeconds = 300;
/** So long what was fresh is honoured while nothing newer can be had, and never longer (B40, CIM-06). */
const staleSeconds = 600;
const refetchPauseSeconds = 30;

interface Entry<Value> {
  value: Value | undefined;
  freshUntil: EpochSeconds;
  triedAt: EpochSeconds;
  running: Promise<Value | undefined> | undefined;
}

/**
 * Keeps what `fetch` brings, by name. A failure is never kept, and takes nothing away before its time; what was replaced
 * never comes back (KEY-04). Names come from the policy, never from a request: they are as many as somebody wrote there.
 */
export function createFetched<Value>(options: {
  fetch: (name: string) => Promise<Fetch<Value>>;
  now: () => EpochSeconds;
  /** Told why a fetch failed; the caller of the endpoint never is. */
  onFault: (name: string, fault: unknown) => void;
}): Fetched<Value> {
  const entries = new Map<string, Entry<Value>>();

  async function fetchInto(entry: Entry<Value>, name: string): Promise<Value | undefined> {
    entry.triedAt = options.now();
    try {
      const fetched = await options.fetch(name);
      entry.value = fetched.value;
      entry.freshUntil = options.now() + (fetched.freshSeconds ?? freshSeconds);
    } catch (fault) {
      options.onFault(name, fault);
    } finally {
      entry.running = undefined;
    }
    return usable(entry);
  }

  function usable({ value, freshUntil }: Entry<Value>): Value | undefined {
    return options.now() < freshUntil + staleSeconds ? value : undefined;
  }

  return {
    get(name, suffices) {
      let entry = entries.get(name);
      if (!entry) {
        entry = { value: undefined, freshUntil: 0, triedAt: 0, running: undefined };
        entries.set(name, entry);
      }
      const now = options.now();
      if (now < entry.triedAt) {
        // The clock was ahead and was set back: else what was kept then would be fresh, and not asked for again, for as long as that.
        entry.freshUntil = Math.min(entry.freshUntil, now);
        entry.triedAt = 0;
      }
      const { value, freshUntil, triedAt, running } = entry;
      if (value !== undefined && now < freshUntil && (!suffices || suffices(value))) return value;
      if (running) return running;
      if (now - triedAt < refetchPauseSeconds) return usable(entry);
      entry.running = fetchInto(entry, name);
      return entry.running;
    },
  };
}
