import { StoreUnavailable } from './store.ts';

/** Whether a server that could not be reached is to be tried again now. */
export interface Away {
  /** Throws `StoreUnavailable` while it is not; lets one caller through when it is, whose outcome decides for all. */
  check(): void;
  /** No connection could be had, and none is left. */
  failed(): void;
  /** It answers. */
  over(): void;
}

const firstPauseMs = 50;
const longestPauseMs = 1000;

/**
 * While a server is away whoever comes is told so at once, and does not wait for a connection that will not come: requests
 * do not pile up. One of them tries again after a pause that grows up to a second and is never the same for two nodes, so
 * that a server that comes back is not met by all of them at once.
 */
export function createAway({ elapsedMs = () => performance.now(), random = Math.random } = {}): Away {
  let failures = 0;
  let tryAtMs = 0;
  let isTried = false;
  return {
    check() {
      if (failures === 0) return;
      if (isTried || elapsedMs() < tryAtMs) throw new StoreUnavailable('The store is away; it is tried again shortly.');
      isTried = true;
    },
    failed() {
      // Of those that were on their way together one counts.
      if (failures > 0 && !isTried) return;
      isTried = false;
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** failures);
      failures += 1;
      tryAtMs = elapsedMs() + pauseMs * (0.5 + random() / 2);
    },
    over() {
      failures = 0;
      isTried = false;
    },
  };
}
