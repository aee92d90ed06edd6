import { type EpochSeconds, isDate } from '@credence/mcp/protocol';

/** Answer headers, lower case, as far as they say how long something may be kept. */
export interface CacheHeaders {
  readonly 'cache-control'?: string | undefined;
  readonly expires?: string | undefined;
  readonly age?: string | undefined;
}

const unsaidSeconds = 300;
/** Our own bounds: not to be made to fetch at every request, and to learn of a changed document within a day (CIM-06). */
const [leastSeconds, mostSeconds] = [60, 86_400];

/**
 * How long a document is fresh, as its server says and within our own bounds.
 * @see https://www.rfc-editor.org/rfc/rfc9111#section-4.2
 */
export function toFreshSeconds(headers: CacheHeaders, now: EpochSeconds): number {
  const said = toSaid(headers, now);
  return Math.min(Math.max(said, leastSeconds), mostSeconds);
}

function toSaid({ 'cache-control': control = '', expires, age }: CacheHeaders, now: EpochSeconds): number {
  const directives = control.toLowerCase().split(',');
  const has = (name: string) => directives.some((directive) => directive.trim() === name);
  if (has('no-store') || has('no-cache')) return 0;
  const [, maxAge] = /(?:^|,)\s*max-age\s*=\s*"?(\d{1,10})"?\s*(?:,|$)/i.exec(control) ?? [];
  const old = /^\d{1,10}$/.test(age ?? '') ? Number(age) : 0;
  if (maxAge !== undefined) return Number(maxAge) - old;
  if (expires === undefined) return unsaidSeconds;
  const until = Date.parse(expires) / 1000;
  return isDate(until) ? until - now : 0;
}
