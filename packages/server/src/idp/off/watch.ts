import type { Facts } from '../../audit/record.ts';
import type { Delivery } from './deliver.ts';

/** Failures in a row that are nobody's business yet: a restart takes as long. */
const quietFailures = 2;

/** Puts one line on the record for each trouble with a RAS, however long it lasts. */
export function createWatch(
  alert: (facts: Facts) => Promise<void>,
): (ras: string, made: readonly Delivery[]) => Promise<void> {
  let failures = 0;
  /** The trouble that is on the record already. */
  const known = new Set<Delivery['outcome']>();
  return async (ras, made) => {
    const trouble = made.find(({ outcome }) => outcome !== 'accepted');
    if (!trouble || trouble.outcome === 'accepted') {
      if (made.length > 0) failures = 0;
      if (made.length > 0) known.clear();
      return;
    }
    failures += 1;
    const isQuiet = trouble.outcome === 'away' && failures <= quietFailures;
    if (isQuiet || known.has(trouble.outcome)) return;
    known.add(trouble.outcome);
    const words = trouble.outcome === 'away' ? 'cannot be told' : 'refuses to be told';
    await alert({
      audience: ras,
      detail: `${ras} ${words} that access has ended (${trouble.why}): what was issued there stays good until it expires`,
    });
  };
}
