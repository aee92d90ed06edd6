const dayMs = 86_400_000;
/** For how long it is proposed, by how long it is wanted. */
const days = { day: 1, week: 7, work: 30 } as const;

/** The last day of an approval, in UTC, as a date field has it. */
export function lastDay(wanted: keyof typeof days, nowMs: number): string {
  return inDays(nowMs, days[wanted]);
}

/** Days that the API takes. */
export function dayRange(nowMs: number): { readonly min: string; readonly max: string } {
  return { min: inDays(nowMs, 0), max: inDays(nowMs, 365) };
}

function inDays(nowMs: number, count: number): string {
  return new Date(nowMs + count * dayMs).toISOString().slice(0, 10);
}
