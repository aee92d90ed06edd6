import { z } from 'zod';
import type { DayUse, UseSum } from '../../store/uses.ts';

const day = 86_400_000;

/** How far back use is told. */
export const useDays = z.coerce.number().int().min(1).max(90).default(30);

export function sinceOf(days: number, nowMs: number): number {
  return nowMs - (days - 1) * day - (nowMs % day);
}

export const UseShape = z.object({
  issued: z.int().describe('ID-JAGs.'),
  redeemed: z.int(),
  called: z.int().describe('Tool calls that were let through.'),
  refused: z.int(),
  lastMs: z.int().nullable().describe('When there was last anything on the record.'),
});

export function toUse(sums: readonly (UseSum | undefined)[]): z.output<typeof UseShape> {
  const total = { issued: 0, redeemed: 0, called: 0, refused: 0, lastMs: 0 };
  for (const each of sums) {
    if (!each) continue;
    total.issued += each.issued;
    total.redeemed += each.redeemed;
    total.called += each.called;
    total.refused += each.refused;
    total.lastMs = Math.max(total.lastMs, each.lastMs);
  }
  return { ...total, lastMs: total.lastMs === 0 ? null : total.lastMs };
}

/** By whatever names a part of it, the most used first. */
export function useBy(days: readonly DayUse[], nameOf: (day: DayUse) => string) {
  const groups = Map.groupBy(days, nameOf);
  return [...groups]
    .map(([id, some]) => ({ id, use: toUse(some) }))
    .sort((a, b) => b.use.issued - a.use.issued || b.use.called - a.use.called || (a.id < b.id ? -1 : 1));
}

export const DaysShape = z.array(
  z.object({ dayMs: z.int(), issued: z.int(), called: z.int(), refused: z.int() }).describe('A day with any use.'),
);

export function toDays(days: readonly DayUse[]): z.output<typeof DaysShape> {
  return [...Map.groupBy(days, ({ dayMs }) => dayMs)]
    .map(([dayMs, some]) => {
      const { issued, called, refused } = toUse(some);
      return { dayMs, issued, called, refused };
    })
    .sort((a, b) => a.dayMs - b.dayMs);
}
