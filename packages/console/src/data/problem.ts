import type { Operations, Problem } from '@credence/server/admin-client';

/** Names an operation of the admin API. */
export type OperationId = keyof Operations;
export type Answer<K extends OperationId> = Operations[K]['answer'];

/** An answer of the admin API that is a problem, as queries throw it. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

/** Nothing came, or nothing of the server's. */
export const noAnswer: Problem = {
  status: 0,
  title: 'No answer',
  detail: 'The server did not answer.',
  code: 'no_answer',
};

/** What is the matter, in the shape of a problem, whatever was thrown. */
export function toProblem(thrown: unknown): Problem {
  if (thrown instanceof ApiProblem) return thrown.problem;
  const isAway = thrown instanceof TypeError;
  return isAway ? noAnswer : { status: 0, title: 'A mistake of ours', detail: String(thrown), code: 'console_fault' };
}

/** Whether it was refused as something that is not there (any more), or not for whoever asks. */
export function isNoMore(error: unknown): boolean {
  return error instanceof ApiProblem && (error.problem.status === 404 || error.problem.status === 403);
}

/** Whether signing in, or in again, is what is asked for; and which of the two. */
export function signInNeeded({ status, code }: Problem): 'out' | 'old' | undefined {
  if (code === 'admin_sign_in_too_old') return 'old';
  return status === 401 ? 'out' : undefined;
}
