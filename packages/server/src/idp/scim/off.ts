import { setImmediate } from 'node:timers/promises';
import { endIfUngranted } from '../off/ungranted.ts';
import type { Scim, ScimCall } from './call.ts';

/** People judged before other requests get their turn. */
const atATime = 200;

/**
 * Ends the sessions of those who have just left and have nothing left, before the client hears that they have. What a crash in
 * between leaves undone is done by who reads the bulletins.
 */
export async function endSessionsOfUngranted(
  { store, policy }: Scim,
  people: readonly string[],
  { nowMs }: ScimCall,
): Promise<void> {
  for (const [at, id] of people.entries()) {
    if (at % atATime === atATime - 1) await setImmediate();
    await endIfUngranted(store, policy(), id, Math.floor(nowMs / 1000));
  }
}
