import type { Answer } from '../../data/problem.ts';

export type ReplayPage = Answer<'replayDraft'>;
export type Replayed = ReplayPage['changed'][number];

/** Decisions that would be another one, by what they would become. */
export interface Counts {
  readonly gained: number;
  readonly lost: number;
  readonly again: number;
}

/** What pages of a replay add up to: `gained`, `lost`, `again` and `same` sum to `total`. */
export interface Sums extends Counts {
  readonly total: number;
  /** Of those gained, refusals of which something would be given; of those lost, what would be refused. */
  readonly letIn: number;
  readonly shutOut: number;
  readonly same: number;
  readonly unknown: number;
  /** By the first millisecond of the day, where the reader is. */
  readonly byDay: ReadonlyMap<number, Counts>;
  readonly byPerson: ReadonlyMap<string, Counts>;
  readonly byServer: ReadonlyMap<string, Counts>;
  /** The newest of them. */
  readonly changed: readonly Replayed[];
  /** How far back it has come; `undefined` = not begun. */
  readonly reachedMs: number | undefined;
}

/** Rows that a list has at most; the sums are of all. */
export const mostRows = 1000;

const none: Counts = { gained: 0, lost: 0, again: 0 };

export const noSums: Sums = {
  ...none,
  total: 0,
  letIn: 0,
  shutOut: 0,
  same: 0,
  unknown: 0,
  byDay: new Map(),
  byPerson: new Map(),
  byServer: new Map(),
  changed: [],
  reachedMs: undefined,
};

/** The sums with one more page of the same replay. */
export function addPage(sums: Sums, page: ReplayPage): Sums {
  const { changed } = page;
  return {
    total: sums.total + page.total,
    letIn: sums.letIn + page.letIn,
    shutOut: sums.shutOut + page.shutOut,
    gained: sums.gained + page.gained,
    lost: sums.lost + page.lost,
    again: sums.again + page.again,
    same: sums.same + page.same,
    unknown: sums.unknown + page.unknown,
    byDay: counted(sums.byDay, changed, ({ timeMs }) => dayOf(timeMs)),
    byPerson: counted(sums.byPerson, changed, ({ person }) => person),
    byServer: counted(sums.byServer, changed, ({ server }) => server),
    changed: [...sums.changed, ...changed].slice(0, mostRows),
    reachedMs: page.reachedMs ?? sums.reachedMs,
  };
}

function counted<K>(
  before: ReadonlyMap<K, Counts>,
  changed: readonly Replayed[],
  keyOf: (each: Replayed) => K,
): ReadonlyMap<K, Counts> {
  const counts = new Map(before);
  for (const each of changed) {
    const key = keyOf(each);
    const known = counts.get(key) ?? none;
    counts.set(key, { ...known, [each.change]: known[each.change] + 1 });
  }
  return counts;
}

/** How many would be another. */
export function sumOf({ gained, lost, again }: Counts): number {
  return gained + lost + again;
}

/** How many people, or servers, have any of this kind. */
export function countOf(counts: ReadonlyMap<string, Counts>, kind: keyof Counts): number {
  return [...counts.values()].filter((each) => each[kind] > 0).length;
}

/** Whom it touches most first. */
export function mostFirst(counts: ReadonlyMap<string, Counts>): readonly (Counts & { readonly id: string })[] {
  const rows = [...counts].map(([id, each]) => ({ id, ...each }));
  return rows.sort((a, b) => sumOf(b) - sumOf(a) || a.id.localeCompare(b.id));
}

/** The first millisecond of the day, where the reader is. */
export function dayOf(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
}

/** Every day of a range, the oldest first: also those on which nothing would be another. */
export function daysOf(fromMs: number, toMs: number): readonly number[] {
  const days = [];
  const day = new Date(dayOf(fromMs));
  // By the calendar: days on which clocks are changed are longer or shorter.
  while (day.getTime() <= toMs) {
    days.push(day.getTime());
    day.setDate(day.getDate() + 1);
  }
  return days;
}

/** How much of the range has been looked at, from 0 to 1. */
export function partDone({ reachedMs }: Pick<Sums, 'reachedMs'>, fromMs: number, toMs: number): number {
  if (reachedMs === undefined) return 0;
  return Math.min(1, Math.max(0, (toMs - reachedMs) / Math.max(1, toMs - fromMs)));
}

/** One box of the chart: a decision, or as many as `per` says. */
export interface Box {
  readonly day: number;
  /** 1 is next to the line; above it where positive. */
  readonly level: number;
  readonly kind: keyof Counts;
}

/**
 * A box for each decision that would be another, above the line what would be given more and below it the rest. Where a day has more than
 * there is room for, a box is several, as many everywhere; a day with any has at least one.
 */
export function boxesOf(
  days: readonly number[],
  byDay: ReadonlyMap<number, Counts>,
  room: { readonly up: number; readonly down: number },
): { readonly per: number; readonly boxes: readonly Box[] } {
  const counts = days.map((day) => byDay.get(day) ?? none);
  const fits = (per: number) =>
    counts.every(
      ({ gained, lost, again }) =>
        Math.ceil(gained / per) <= room.up && Math.ceil(lost / per) + Math.ceil(again / per) <= room.down,
    );
  const per = steps().find(fits) ?? 1;
  const boxes = counts.flatMap(({ gained, lost, again }, day) => {
    const [up, down, more] = [gained, lost, again].map((count) => Math.ceil(count / per)) as [number, number, number];
    return [
      ...some(up, (at): Box => ({ day, level: at + 1, kind: 'gained' })),
      ...some(down, (at): Box => ({ day, level: -at - 1, kind: 'lost' })),
      ...some(more, (at): Box => ({ day, level: -down - at - 1, kind: 'again' })),
    ];
  });
  return { per, boxes };
}

function some<T>(count: number, of: (at: number) => T): T[] {
  return Array.from({ length: count }, (_, at) => of(at));
}

/** 1, 2, 5, 10, 20, 50, ... */
function steps(): readonly number[] {
  return some(27, (at) => ([1, 2, 5][at % 3] ?? 1) * 10 ** Math.floor(at / 3));
}
