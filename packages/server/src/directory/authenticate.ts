import type { PeopleStore, Person } from '../store/store.ts';
import { maxPasswordLength as maxLength } from './account-links.ts';
import { spendTheTimeOfACheck, verifyPassword } from './password.ts';

/** Whether somebody may come in, and whom they claimed to be, where such a person exists. */
export type Authentication =
  | { readonly proven: true; readonly person: Person }
  | { readonly proven: false; readonly person: Person | undefined };

/**
 * Checks a password. An unknown address, a person without a password, one who is switched off and a wrong password take
 * the same time; whoever shows the outcome MUST show the same thing for all of them.
 * @param isKnown - it comes from a browser that the person has signed in with before: they do not wait behind those who are new
 */
export async function authenticate(
  people: PeopleStore,
  email: string,
  password: string,
  isKnown = false,
): Promise<Authentication> {
  const isPlausible = email.length <= maxLength && password.length <= maxLength;
  const person = isPlausible ? await people.findByEmail(email) : undefined;
  const known = isKnown ? person?.id : undefined;
  const hash = person && (await people.passwordHash(person.id));
  if (!person || hash === undefined) {
    await spendTheTimeOfACheck(password.slice(0, maxLength), known);
    return { proven: false, person };
  }
  const matches = await verifyPassword(password, hash, known);
  // It waited for its turn, and meanwhile another may have been chosen, and everything been ended that the old one opened.
  const isStillIt = matches && (await people.passwordHash(person.id)) === hash;
  return { proven: isStillIt && person.active, person };
}
