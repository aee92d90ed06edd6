import { setImmediate } from 'node:timers/promises';
import { isGrantedAnything } from '../../policy/grants.ts';
import type { Scim } from './call.ts';

/** People judged before other requests get their turn. */
const atATime = 200;

/**
 * PRV-02: whoever has just lost the last membership that granted them anything has no business being signed in: sessions
 * and refresh tokens end now. What was exchanged is judged anew each time anyway.
 */
export async function endSessionsOfUngranted({ store, policy }: Scim, people: readonly string[]): Promise<void> {
  for (const [at, id] of people.entries()) {
    if (at % atATime === atATime - 1) await setImmediate();
    const person = await store.people.find(id);
    if (person && !isGrantedAnything(policy(), person)) await store.artifacts.endSessionsOf(id);
  }
}
