import type { Answer } from '../../data/problem.ts';

/** A witness that has not heard for so long is one that somebody should look after; the server raises its alert then. */
const patienceMs = 300_000;

/** What the page of the record opens with. */
export function saysOf(
  {
    last,
    checkpoint,
    witnesses,
    unwitnessedSinceMs,
  }: Pick<Answer<'getRecordState'>, 'last' | 'checkpoint' | 'witnesses' | 'unwitnessedSinceMs'>,
  nowMs = Date.now(),
): 'none' | 'unsealed' | 'unwitnessed' | 'late' | 'good' {
  if (last === 0) return 'none';
  if (!checkpoint) return 'unsealed';
  if (witnesses.length === 0) return 'unwitnessed';
  return unwitnessedSinceMs !== null && nowMs - unwitnessedSinceMs > patienceMs ? 'late' : 'good';
}
