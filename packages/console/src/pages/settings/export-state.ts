import type { Answer } from '../../data/problem.ts';

/** So long something may take to arrive before it is said to be behind; `credence exports status` has the same. */
const behindSeconds = 60;

/** How an export stands, in one word. */
export function exportState({
  failing,
  holder,
  lagSeconds,
}: Pick<Answer<'listExports'>['items'][number], 'failing' | 'holder' | 'lagSeconds'>):
  | 'failing'
  | 'idle'
  | 'behind'
  | 'current' {
  if (failing !== null) return 'failing';
  if (holder === null) return 'idle';
  return lagSeconds > behindSeconds ? 'behind' : 'current';
}
