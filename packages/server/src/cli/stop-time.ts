import type { EpochSeconds } from '@credence/mcp/protocol';
import { Problem } from '../problem.ts';

const days = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];
const units: Readonly<Record<string, number>> = { m: 60, h: 3600, d: 86_400 };
const longestSeconds = 366 * 86_400;

/**
 * When a stop ends, from `--until` or `--for`. A day means its end, by the clock of this machine: of two readings the one that
 * stops for longer.
 */
export function toStopEnd(
  options: { readonly until?: string | undefined; readonly for?: string | undefined },
  now: Date,
): EpochSeconds | undefined {
  if (options.until !== undefined && options.for !== undefined) {
    throw new Problem('--until and --for were both given.', 'Give one of them.');
  }
  const text = options.until ?? options.for;
  if (text === undefined) return undefined;
  const end = options.until === undefined ? afterSpan(text, now) : toMoment(text, now);
  const seconds = end === undefined ? Number.NaN : Math.ceil(end.getTime() / 1000);
  const left = seconds - now.getTime() / 1000;
  if (!(left > 0 && left <= longestSeconds)) {
    throw new Problem(
      `${JSON.stringify(text.slice(0, 40))} is no time within a year from now.`,
      'Say --for 30m, 2h or 3d; or --until friday, tomorrow, 2030-01-31, or 2030-01-31T18:00 (with Z or +01:00 if it is not the time of this machine).',
    );
  }
  return seconds;
}

function afterSpan(text: string, now: Date): Date | undefined {
  const [, count, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  return count === undefined ? undefined : new Date(now.getTime() + Number(count) * (units[unit] ?? 0) * 1000);
}

function toMoment(text: string, now: Date): Date | undefined {
  const word = text.toLowerCase();
  if (word === 'today' || word === 'tomorrow') return endOfDay(now, word === 'today' ? 0 : 1);
  const weekday = days.indexOf(word);
  if (weekday >= 0) return endOfDay(now, (weekday - now.getDay() + 7) % 7);
  const [, date, time] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  if (date === undefined) return undefined;
  const moment = new Date(time === undefined ? `${date}T23:59:59` : text);
  const day = new Date(`${date}T00:00:00Z`);
  // 31 February is March to `Date`.
  const isThatDay = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(date);
  return Number.isNaN(moment.getTime()) || !isThatDay ? undefined : moment;
}

function endOfDay(now: Date, ahead: number): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + ahead, 23, 59, 59);
}
