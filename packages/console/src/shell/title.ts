import { useSyncExternalStore } from 'react';

let shown = '';
const listeners = new Set<() => void>();

/** Names what is on the screen: in the window, and in the bar. */
export function showTitle(title: string, organisation: string): void {
  document.title = `${title} · ${organisation} · Credence`;
  shown = title;
  for (const listener of listeners) listener();
}

/** What the page called itself last. */
export function useShownTitle(): string {
  return useSyncExternalStore(watch, () => shown);
}

function watch(onChange: () => void): () => void {
  listeners.add(onChange);
  return () => listeners.delete(onChange);
}
