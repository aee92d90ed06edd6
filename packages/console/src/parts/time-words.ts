const day = 86_400_000;
// Made once: one for each row takes longer than drawing it.
const months = new Intl.DateTimeFormat('en-GB', { month: 'short' });
const weekdays = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });
const numbers = new Intl.NumberFormat('en-GB');
const two = (value: number) => String(value).padStart(2, '0');

/** `24 Nov 2026, 09:41:03`, in the time of the reader. */
export function toExact(ms: number): string {
  const date = new Date(ms);
  const month = months.format(date);
  return `${date.getDate()} ${month} ${date.getFullYear()}, ${toClock(ms)}`;
}

/** `24 Nov`, in the time of the reader. */
export function toShortDay(ms: number): string {
  const date = new Date(ms);
  return `${date.getDate()} ${months.format(date)}`;
}

/** `09:41:03` */
export function toClock(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
}

/** Of today the time, `09:41:03`; of another day the day, `26 Oct`; of another year that too, `26 Oct 2025`. */
export function toDayOrTime(ms: number, now: number): string {
  const [date, today] = [new Date(ms), new Date(now)];
  if (date.toDateString() === today.toDateString()) return toClock(ms);
  return date.getFullYear() === today.getFullYear() ? toShortDay(ms) : `${toShortDay(ms)} ${date.getFullYear()}`;
}

/** `3 min ago`, `in 5 h`, `Mon 14:02`, `26 Oct`, `26 Oct 2025`. */
export function toRelative(ms: number, now: number): string {
  const away = Math.abs(now - ms);
  const words = (count: number, unit: string) => (ms <= now ? `${count} ${unit} ago` : `in ${count} ${unit}`);
  // The clock of the page ticks every 20 s, and that of the server may be a little ahead.
  if (ms <= now ? away < 10_000 : away < 25_000) return 'just now';
  if (away < 60_000) return words(Math.round(away / 1000), 's');
  if (away < 3_600_000) return words(Math.round(away / 60_000), 'min');
  if (away < day) return words(Math.round(away / 3_600_000), 'h');
  const date = new Date(ms);
  if (away < 6 * day) {
    const weekday = weekdays.format(date);
    return `${weekday} ${two(date.getHours())}:${two(date.getMinutes())}`;
  }
  const month = months.format(date);
  const sameYear = date.getFullYear() === new Date(now).getFullYear();
  return `${date.getDate()} ${month}${sameYear ? '' : ` ${date.getFullYear()}`}`;
}

/** `12,345`; a true minus. */
export function toNumber(value: number): string {
  return numbers.format(value).replace('-', '−');
}
