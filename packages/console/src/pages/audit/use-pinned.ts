import { useMemo, useSyncExternalStore } from 'react';
import { type Pinned, readPinned } from './pinned.ts';

const storageName = 'credence-record-keys';
const listeners = new Set<() => void>();

/** Keeps it; `undefined` = nothing any more. */
export function keepPinned(pinned: Pinned | undefined): void {
  if (pinned) localStorage.setItem(storageName, JSON.stringify(pinned));
  else localStorage.removeItem(storageName);
  for (const listener of listeners) listener();
}

/** What is kept at this moment, by whichever page. */
export function pinnedNow(): Pinned | undefined {
  return readPinned(localStorage.getItem(storageName));
}

export function usePinned(): Pinned | undefined {
  const text = useSyncExternalStore(watch, () => localStorage.getItem(storageName));
  return useMemo(() => readPinned(text), [text]);
}

function watch(onChange: () => void): () => void {
  listeners.add(onChange);
  window.addEventListener('storage', onChange);
  return () => {
    listeners.delete(onChange);
    window.removeEventListener('storage', onChange);
  };
}
