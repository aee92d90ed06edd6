import type { Person, Store } from '../store/store.ts';
import { isStoppedAtSignIn, type StopIndex } from './judge.ts';

/**
 * The store as the sign-in sees it: whoever is stopped is switched off there, so that no way in, and no page of their own, is
 * open to them. What the directory says of them stays as it is, for commands and for the source that owns the record.
 */
export function stoppedAtSignIn(store: Store, stops: () => StopIndex): Store {
  const asStopped = (person: Person | undefined): Person | undefined => {
    const isStopped = person && isStoppedAtSignIn(stops(), 'person', person.id);
    return isStopped ? { ...person, active: false } : person;
  };
  const people: Store['people'] = {
    ...store.people,
    find: async (id) => asStopped(await store.people.find(id)),
    findByEmail: async (email) => asStopped(await store.people.findByEmail(email)),
  };
  return { ...store, people };
}
