import type { EpochSeconds } from '@credence/mcp/protocol';

/** The days of the week as documents name them, Monday first. */
export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Day = (typeof days)[number];

/** Hours of some days, by the clocks of a place. */
export interface Hours {
  readonly days: readonly Day[];
  /** `08:00`; the window begins with this minute. */
  readonly from: string;
  /** The window ends before this minute. One that ends before it begins, ends on the next day; `24:00` is the end of the day. */
  readonly to: string;
  /** IANA name, such as Europe/Zurich. */
  readonly zone: string;
}

const minutesOfDay = 24 * 60;

/** Whether a time lies in the window, which belongs to the day on which it begins. */
export function isWithin({ days: on, from, to, zone }: Hours, now: EpochSeconds): boolean {
  const { day, minute } = clockAt(zone, now);
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  const isOn = (which: number) => on.includes(days[(which + days.length) % days.length] as Day);
  if (begin < end) return isOn(day) && minute >= begin && minute < end;
  return (isOn(day) && minute >= begin) || (isOn(day - 1) && minute < end);
}

export function hoursWords({ days: on, from, to, zone }: Hours): string {
  return `on ${on.length === days.length ? 'every day' : on.join(', ')} from ${from} to ${to}, ${zone}`;
}

export function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) !== undefined;
  } catch {
    return false;
  }
}

function minuteOf(time: string): number {
  const [hour = '', minute = ''] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}

interface ClockTime {
  /** 0 = Monday. */
  readonly day: number;
  readonly minute: number;
}

/** By zone: what the clock there showed when it was last asked for. A calendar is slow, and hours change once a minute. */
const shown = new Map<string, ClockTime & { readonly at: number }>();
const formats = new Map<string, Intl.DateTimeFormat>();

function clockAt(zone: string, now: EpochSeconds): ClockTime {
  const at = Math.floor(now / 60);
  const known = shown.get(zone);
  if (known?.at === at) return known;
  let format = formats.get(zone);
  if (!format) {
    const options = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone } as const;
    format = new Intl.DateTimeFormat('en-GB', options);
    formats.set(zone, format);
  }
  const parts = new Map(format.formatToParts(now * 1000).map(({ type, value }) => [type, value]));
  const day = days.indexOf(String(parts.get('weekday')).toLowerCase() as Day);
  const minute = (Number(parts.get('hour')) * 60 + Number(parts.get('minute'))) % minutesOfDay;
  const clock = { at, day, minute };
  shown.set(zone, clock);
  return clock;
}
