import { Problem } from '../problem.ts';

const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const dayMs = 86_400_000;

/**
 * A time as somebody types it, in milliseconds since 1970: `2h` (ago), `now`, `today`, `yesterday`, `2026-11-26`,
 * `2026-11-26T09:30`, with `Z` or `+01:00` or without. Days and times without a zone are UTC, as the record shows them.
 * @param side - of a whole day: its beginning, or its end
 */
export function toMs(text: string, nowMs: number, side: 'from' | 'to'): number {
  const ms = read(text.trim(), nowMs, side);
  if (ms !== undefined && Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw new Problem(
    `${JSON.stringify(text.slice(0, 40))} is no time.`,
    'Give it as 2h, 3d (ago), today, yesterday, 2026-11-26, or 2026-11-26T09:30Z.',
  );
}

function read(text: string, nowMs: number, side: 'from' | 'to'): number | undefined {
  if (text === 'now') return nowMs;
  const [, count, unit = ''] = /^(\d{1,5}) ?([smhdw])(?: ago)?$/.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (units[unit] ?? 0) * 1000;
  const today = nowMs - (nowMs % dayMs);
  if (text === 'today') return toDay(today, side);
  if (text === 'yesterday') return toDay(today - dayMs, side);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return toDay(parse(`${text}T00:00:00Z`), side);
  const [, local, zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  return local === undefined ? undefined : parse(`${local.replace(' ', 'T')}${zone}`);
}

function toDay(beginMs: number | undefined, side: 'from' | 'to'): number | undefined {
  return beginMs === undefined ? undefined : beginMs + (side === 'to' ? dayMs : 0);
}

/** `Date` turns 30 February into March: what does not come back as it was given is no date. */
function parse(text: string): number | undefined {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
  return new Date(day).toISOString().startsWith(text.slice(0, 10)) ? ms : undefined;
}
