import type { Answer } from '../../data/problem.ts';
import type { Outcome } from '../../parts/marks.tsx';

/** The shape of each state. */
export const marks: Readonly<Record<Answer<'getRequest'>['state'], Outcome>> = {
  open: 'waiting',
  drafted: 'draft',
  approved: 'allowed',
  declined: 'refused',
};
