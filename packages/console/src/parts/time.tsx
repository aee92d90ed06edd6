import { useSyncExternalStore } from 'react';
import { toExact, toRelative } from './time-words.ts';

const listeners = new Set<() => void>();
let nowMs = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(onTick: () => void): () => void {
  listeners.add(onTick);
  if (timer === undefined) {
    // It stood while nobody looked at it.
    nowMs = Date.now();
    timer = setInterval(() => {
      nowMs = Date.now();
      for (const listener of listeners) listener();
    }, 20_000);
  }
  return () => {
    listeners.delete(onTick);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The time, to about twenty seconds: one clock for everything on the page. */
export function useNowMs(): number {
  return useSyncExternalStore(watch, () => nowMs);
}

/** How long ago or how soon, with the exact time in reach. */
export function Time({ ms }: { readonly ms: number }) {
  const now = useNowMs();
  const exact = toExact(ms);
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact} className="nowrap">
      {toRelative(ms, now)}
    </time>
  );
}
