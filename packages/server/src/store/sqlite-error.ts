import { StoreUnavailable } from './store.ts';

/** SQLite's primary result codes that mean "not now" or "not on this disk", not "this statement is wrong". */
const unavailable = new Map([
  [5, 'locked by another process'],
  [6, 'locked'],
  [7, 'out of memory'],
  [8, 'read-only'],
  [9, 'interrupted'],
  [10, 'unreadable or unwritable (input/output error)'],
  [11, 'damaged'],
  [13, 'on a full disk'],
  [14, 'impossible to open'],
  [15, 'locked by another process'],
  [22, 'too large for this file system'],
  [26, 'not a database'],
]);

const busy = 5;
const constraint = 19;
/** The extended code of `RAISE(ABORT)`: a trigger of ours refuses to have something changed. */
const trigger = constraint | (7 << 8);
/** What those say that stand before every table of a store that has gone. */
export const movedWords = 'this store was moved elsewhere';

/** What the error says about the database as a whole, or undefined when it speaks of one statement. */
export function unavailability(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'ERR_INVALID_STATE') return 'closed';
  if (error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error)) return undefined;
  if (error.errcode === trigger && error.message === movedWords) return `not to be changed: ${movedWords}`;
  return unavailable.get(Number(error.errcode) & 0xff);
}

/** True when another connection holds what this one needs. */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === busy;
}

/** Turns an error that means the store is away into `StoreUnavailable`; leaves every other as it is. */
export function toStoreError(error: unknown): unknown {
  const state = unavailability(error);
  return state === undefined ? error : new StoreUnavailable(`The store is ${state}.`, { cause: error });
}

/** True when a row was refused because one like it is there, or what it refers to is not. */
export function isConstraintViolation(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === constraint;
}
