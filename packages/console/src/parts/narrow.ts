import { useSyncExternalStore } from 'react';

const query = window.matchMedia('(max-width: 760px)');

function watch(onChange: () => void): () => void {
  query.addEventListener('change', onChange);
  return () => query.removeEventListener('change', onChange);
}

/** Whether the page is as narrow as a telephone: one column. */
export function useIsNarrow(): boolean {
  return useSyncExternalStore(watch, () => query.matches);
}
