import { useSyncExternalStore } from 'react';
import { useRead } from './api.ts';
import { ApiProblem } from './problem.ts';

const storageName = 'credence-draft';
const listeners = new Set<() => void>();

function watch(onChange: () => void): () => void {
  listeners.add(onChange);
  window.addEventListener('storage', onChange);
  return () => {
    listeners.delete(onChange);
    window.removeEventListener('storage', onChange);
  };
}

/** From now on what is changed on the pages of the policy goes into this draft; '' = into a new one. */
export function openDraft(id: string): void {
  if (id === '') localStorage.removeItem(storageName);
  else localStorage.setItem(storageName, id);
  for (const listener of listeners) listener();
}

/** Id of the draft that this browser works on; '' = none. */
export function openDraftId(): string {
  return localStorage.getItem(storageName) ?? '';
}

/** The draft that this browser works on, if there is one. */
export function useOpenDraft() {
  const id = useSyncExternalStore(watch, openDraftId);
  const query = useRead('getDraft', { params: { id } }, { enabled: id !== '' });
  // Published or discarded by somebody meanwhile.
  const isGone = query.error instanceof ApiProblem && query.error.problem.status === 404;
  const draft = id === '' || isGone || query.data?.value.kind !== 'access' ? undefined : query.data;
  return { draft };
}
