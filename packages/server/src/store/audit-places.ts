import { toPlaces } from './audit-terms.ts';

/** Places in the record, from the end towards the beginning. */
export interface Places {
  /** The last place that is not behind `at`; `undefined` = there is none. `at` never grows from one question to the next. */
  atOrBefore(at: number): Promise<number | undefined>;
}

/** Rows of one term at or before a place, the last ones first. */
export type Seek = (
  at: number,
  limit: number,
) => Promise<readonly { readonly position: number; readonly others: string | null }[]>;

/** Rows read at once where one after the other is wanted. */
const maxAhead = 32;

/** Where one fact comes up. Reads ahead while its rows are wanted one after the other, and jumps when they are not. */
export function placesOf(seek: Seek): Places {
  let rows: Awaited<ReturnType<Seek>> = [];
  let [row, wanted, ahead] = [0, 0, 1];
  let places: readonly number[] = [];
  let place = 0;
  let isLast = false;
  return {
    async atOrBefore(at) {
      for (;;) {
        while ((places[place] ?? at) > at) place += 1;
        if (place < places.length) return places[place];
        // A row that begins behind `at` has no place before it.
        while ((rows[row]?.position ?? at) > at) row += 1;
        const next = rows[row];
        if (next) {
          places = toPlaces(next);
          place = 0;
          row += 1;
          wanted += 1;
          continue;
        }
        if (isLast) return undefined;
        ahead = rows.length > 0 && 2 * wanted >= rows.length ? Math.min(maxAhead, ahead * 2) : 1;
        rows = await seek(at, ahead);
        [row, wanted] = [0, 0];
        isLast = rows.length < ahead;
      }
    },
  };
}

/** Where one of several facts comes up. */
export function eitherOf(all: readonly Places[]): Places {
  const [only] = all;
  if (all.length === 1 && only) return only;
  return {
    async atOrBefore(at) {
      let last: number | undefined;
      for (const one of all) {
        const place = await one.atOrBefore(at);
        if (place !== undefined) last = Math.max(place, last ?? 0);
      }
      return last;
    },
  };
}

/** Where a fact comes up behind a line up to which nobody has written it down; in front of that it may be anywhere. */
export function orAnyUpTo(last: number, places: Places): Places {
  if (last === 0) return places;
  return {
    async atOrBefore(at) {
      if (at <= last) return at < 1 ? undefined : at;
      return Math.max(last, (await places.atOrBefore(at)) ?? 0);
    },
  };
}

/**
 * One round of asking each for its last place not behind `at`, and not behind what those before it said. They meet there when
 * all say the same; otherwise nothing is left behind the place, and the next round begins there. `undefined` = never again.
 */
export async function meet(
  all: readonly Places[],
  at: number,
): Promise<{ readonly place: number; readonly isMeeting: boolean } | undefined> {
  let first: number | undefined;
  let place = at;
  for (const one of all) {
    const its = await one.atOrBefore(place);
    if (its === undefined) return undefined;
    first ??= its;
    place = its;
  }
  return { place, isMeeting: place === first };
}
