import type { Count, SharedCounts } from '../limits.ts';

/** The counts of one worker on their way to the others. */
export interface CountRelay {
  readonly shared: SharedCounts;
  /** Takes what another worker has counted. */
  take(counts: readonly Count[]): void;
}

/** What is counted within so many milliseconds travels together. */
const gatherMs = 10;

/** @param send - hands counts to the primary, which passes them to the other workers */
export function createCountRelay(send: (counts: readonly Count[]) => void): CountRelay {
  const listeners = new Map<Count['name'], (key: string) => void>();
  let gathered: Count[] = [];
  const flush = () => {
    const counts = gathered;
    gathered = [];
    send(counts);
  };
  return {
    shared: {
      tell(count) {
        if (gathered.length === 0) setTimeout(flush, gatherMs);
        gathered.push(count);
      },
      hear(name, take) {
        listeners.set(name, take);
      },
    },
    take(counts) {
      for (const { name, key } of counts) listeners.get(name)?.(key);
    },
  };
}
