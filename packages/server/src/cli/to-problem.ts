import { Problem } from '../problem.ts';
import { StoreAltered } from '../store/digests.ts';
import { stateOf } from '../store/postgres-error.ts';
import { unavailability } from '../store/sqlite-error.ts';
import { StoreUnavailable } from '../store/store.ts';

/** What the operator is told of a fault of the world around us: files, disks, databases; `undefined` = it is one of the program. */
export function toProblem(error: unknown): Problem | undefined {
  if (error instanceof Problem) return error;
  if (error instanceof StoreAltered) return new Problem(error.message, 'Look with: credence policy verify');
  if (error instanceof StoreUnavailable) {
    const cause = error.cause instanceof Error ? ` ${error.cause.message}` : '';
    return new Problem(`${error.message}${cause}`, 'Run it again when that is over: docs/operate/failure.md.');
  }
  if (!(error instanceof Error)) return undefined;
  const file = unavailability(error);
  if (file !== undefined) {
    return new Problem(`A database file is ${file}: ${error.message}.`, 'Check the file, and that the disk has room.');
  }
  const state = stateOf(error);
  if (state !== undefined) {
    return new Problem(
      `The database refuses: ${error.message} (${state}).`,
      'Check the user it was asked as (--user), and what that one may do: credence store roles.',
    );
  }
  if ('syscall' in error && 'errno' in error) {
    return new Problem(`${error.message}.`, 'Check the path, its owner and its mode, and that there is room.');
  }
  return undefined;
}
