import { Problem } from '../problem.ts';
import type { Person, Store } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { toActRow } from './with-store.ts';

/** Throws `Problem` for what is no e-mail address. */
export function checkEmail(email: string): void {
  if (/^[^\s@]+@[^\s@]+$/.test(email)) return;
  throw new Problem(`${toPrintable(email)} is not an e-mail address.`, 'Give it as name@domain.');
}

/** Makes or replaces somebody in one step with the line that says who did it, and what of groups and roles it has changed. */
export async function savePerson(store: Store, person: Person, known?: Person): Promise<void> {
  const { id, groups, roles } = person;
  const before = known && { groups: known.groups, roles: known.roles };
  const facts = { person: id, ...(before && { before }), after: { groups, roles } };
  await store.people.save(person, [toActRow('admin', known ? 'person replaced' : 'person added', facts)]);
}
