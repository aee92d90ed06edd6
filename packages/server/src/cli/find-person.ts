import { Problem } from '../problem.ts';
import type { Person, Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';

/** The person of this address, or a problem that says where to look. */
export async function findPerson(store: Store, email: string): Promise<Person> {
  const person = await store.people.findByEmail(email);
  if (!person) throw new Problem(`There is no person ${toPrintable(email)} here.`, 'See: credence person list');
  return person;
}
