import { StoreConflict, StoreUnavailable } from './store.ts';

/** What PostgreSQL says with an error: the SQLSTATE. Errors of the way to it have none. */
export function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^[0-9A-Z]{5}$/.test(error.code) && 'severity' in error ? error.code : undefined;
}

/** Classes of SQLSTATE, or states, that mean "not now" or "not here", not "this statement is wrong". */
const unavailable: readonly [prefix: string, state: string][] = [
  ['08', 'cut off'],
  ['25006', 'read-only: it may be a replica'],
  ['25P03', 'too slow: a transaction was given up'],
  ['28', 'letting nobody in with this user and password'],
  ['3D', 'not there: the database has no such name'],
  ['40', 'too busy: changes contradicted each other again and again'],
  ['53', 'out of room, memory or connections'],
  ['55P03', 'locked by somebody else'],
  ['57014', 'too slow: a statement was given up'],
  ['57', 'stopping or starting'],
  ['58', 'failing (input/output error)'],
  ['F0', 'damaged'],
  ['XX', 'damaged'],
];

/** True when the transaction was given up for another's sake and may succeed when it is run again. */
export function isRetryable(error: unknown): boolean {
  const state = stateOf(error);
  return state === '40001' || state === '40P01';
}

/**
 * Turns what `pg` throws into what the contract promises: `StoreUnavailable` when the store is away, which is so when the
 * error has no SQLSTATE at all, and `StoreConflict` when a row was refused; leaves every other as it is.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof StoreUnavailable || error instanceof StoreConflict) return error;
  const state = stateOf(error);
  if (state === undefined) return new StoreUnavailable('The store cannot be reached.', { cause: error });
  const words = unavailable.find(([prefix]) => state.startsWith(prefix))?.[1];
  if (words !== undefined) return new StoreUnavailable(`The store is ${words}.`, { cause: error });
  if (state.startsWith('23')) return new StoreConflict('The row is taken.', { cause: error });
  if (state === '22021') return new StoreConflict('PostgreSQL keeps no text with a NUL in it.', { cause: error });
  return error;
}
