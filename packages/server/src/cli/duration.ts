import { Problem } from '../problem.ts';

const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };

/** `30m`, `12h` or `3d` as seconds, within bounds. */
export function toSeconds(text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const [, count, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  const seconds = count === undefined ? Number.NaN : Number(count) * (units[unit] ?? 0);
  if (!(seconds >= min && seconds <= max)) {
    throw new Problem(
      `${JSON.stringify(text.slice(0, 20))} is no time that a link may be good for.`,
      `Give it as 30m, 12h or 3d, from ${min / 60} minutes to ${max / 86_400} days.`,
    );
  }
  return seconds;
}
