import { isIPv6 } from 'node:net';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { createLately } from './lately.ts';

/**
 * Failures of one client id from one network address, or from the /64 of an IPv6 address. Keyed by both, so that failing on
 * purpose locks out nobody who is elsewhere (T27).
 */
export interface FailureLimit {
  /** Seconds this pair still has to wait, 0 = may try. */
  waitSeconds(client: string, address: string): number;
  add(client: string, address: string): void;
}

const maxPairs = 50_000;

/**
 * What is counted in one process of an installation counts in all of them, a few milliseconds later: with several workers a
 * limit is still one limit.
 */
export interface SharedCounts {
  tell(count: Count): void;
  /** Calls back with what the others have counted under a name. */
  hear(name: Count['name'], take: (key: string) => void): void;
}

export interface Count {
  readonly name: 'failure' | 'pace' | 'start' | 'step' | 'sign_in' | 'sign_in_given_back' | 'code' | 'code_given_back';
  readonly key: string;
}

/** Counts in fixed windows, in memory, in bounded space: the oldest pair goes when there are too many. */
export function createFailureLimit(options: {
  max: number;
  windowSeconds: number;
  now: () => EpochSeconds;
  shared?: SharedCounts | undefined;
}): FailureLimit {
  const windows = new Map<string, { failures: number; endsAt: EpochSeconds }>();
  const keyOf = (client: string, address: string) => JSON.stringify([client, toNetwork(address)]);
  /** One that ends long after any that begins now is of before the clock was set back. */
  const isOpen = ({ endsAt }: { readonly endsAt: EpochSeconds }) =>
    endsAt > options.now() && endsAt <= options.now() + 2 * options.windowSeconds;
  const add = (key: string) => {
    const window = windows.get(key);
    if (window && isOpen(window)) {
      window.failures += 1;
      return;
    }
    windows.delete(key);
    const oldest = windows.keys().next();
    if (windows.size >= maxPairs && !oldest.done) windows.delete(oldest.value);
    windows.set(key, { failures: 1, endsAt: options.now() + options.windowSeconds });
  };
  options.shared?.hear('failure', add);

  return {
    waitSeconds(client, address) {
      if (windows.size === 0) return 0; // as it is nearly always: not even a key is made
      const window = windows.get(keyOf(client, address));
      if (!window || !isOpen(window)) return 0;
      return window.failures >= options.max ? window.endsAt - options.now() : 0;
    },
    add(client, address) {
      const key = keyOf(client, address);
      add(key);
      options.shared?.tell({ name: 'failure', key });
    },
  };
}

/** How fast somebody may ask, such as one person's agents: a burst, refilled steadily. */
export interface Pace {
  /** Takes one; false when there is none left. */
  take(key: string): boolean;
}

/** So many a second, and five times that at once. */
export function createSteadyPace(perSecond: number, nowMs: () => number): Pace {
  return createPace({ burst: 5 * perSecond, perSecond, nowMs });
}

/** A bucket for each key, in memory, in bounded space: one that was used long ago goes when there are too many. */
export function createPace(options: {
  burst: number;
  perSecond: number;
  nowMs: () => number;
  shared?: SharedCounts | undefined;
  /** What the other workers know it by. */
  name?: 'pace' | 'start' | 'step';
}): Pace {
  const { name = 'pace' } = options;
  const buckets = createLately<{ left: number; atMs: number }>(maxPairs);
  const fresh = (key: string) => {
    const bucket = { left: options.burst, atMs: options.nowMs() };
    buckets.set(key, bucket);
    return bucket;
  };
  const take = (key: string): boolean => {
    const bucket = buckets.get(key) ?? fresh(key);
    const nowMs = options.nowMs();
    // A clock that was set back takes nothing away from anybody.
    const passedMs = Math.max(0, nowMs - bucket.atMs);
    const filled = Math.min(options.burst, bucket.left + (passedMs / 1000) * options.perSecond);
    bucket.left = filled >= 1 ? filled - 1 : filled;
    bucket.atMs = nowMs;
    return filled >= 1;
  };
  options.shared?.hear(name, take);
  return {
    take(key) {
      const isTaken = take(key);
      if (isTaken) options.shared?.tell({ name, key });
      return isTaken;
    },
  };
}

/** The /48 of a network: a whole site, which whoever has one network of it may have too. */
export function toSite(network: string): string {
  return network.includes('.') ? network : network.split(':').slice(0, 3).join(':');
}

/** Whoever has one IPv6 address has the 2^64 beside it. */
export function toNetwork(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('%')[0]?.split('::') ?? [];
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail.split(':').filter((group) => group !== '');
  const missing = address.includes('::') ? 8 - groups.length - rest.length : 0;
  return [...groups, ...Array<string>(Math.max(0, missing)).fill('0'), ...rest].slice(0, 4).join(':');
}
