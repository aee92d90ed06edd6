import { StoreConflict } from '../store/store.ts';

/** How often a change is tried when somebody else is faster each time. */
const maxRounds = 20;

/**
 * Tries a change until it is written: each attempt reads anew, and resolves to nothing where the record was another by
 * the time it came to writing.
 * @param what - what is changed, for whoever reads that it could not be
 */
export async function untilWritten<T extends object>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let round = 0; round < maxRounds; round += 1) {
    const written = await attempt();
    if (written) return written;
  }
  throw new StoreConflict(`The ${what} is being changed by others all the time.`);
}
