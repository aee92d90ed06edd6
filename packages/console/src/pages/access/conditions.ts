/** Hours of some days, as documents have them. */
export interface Hours {
  readonly days: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly zone: string;
}

/** Under which circumstances a rule speaks; what is not there is no condition. As documents spell them. */
export interface Conditions {
  readonly through?: readonly string[];
  readonly from?: readonly string[];
  readonly not_from?: readonly string[];
  readonly hours?: Hours;
  /** A day, or a time. */
  readonly until?: string;
}

/** What a sign-in must have been like. */
export interface Needs {
  readonly acr?: string;
  readonly amr?: readonly string[];
  readonly max_age?: number;
}

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** What a rule of a document says of the circumstances. */
export function toConditions(rule: Readonly<Record<string, unknown>>): Conditions {
  const { through, from, not_from, hours, until } = rule as Conditions;
  return compact({ through, from, not_from, hours, until });
}

/** Takes out what is no condition: an empty list, an empty word. */
export function compact<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const isThere = (each: unknown) => each !== undefined && each !== '' && !(Array.isArray(each) && each.length === 0);
  return Object.fromEntries(Object.entries(value).filter(([, each]) => isThere(each))) as never;
}

/** Equal for what means the same: lists are sets. */
export function toKey(said: Conditions | Needs): string {
  const sorted = Object.entries(compact(said))
    .map(([key, value]) => [key, normal(value)] as const)
    .toSorted();
  return JSON.stringify(sorted);
}

function normal(value: unknown): unknown {
  if (Array.isArray(value)) return value.toSorted();
  if (typeof value !== 'object' || value === null) return value;
  return Object.entries(value)
    .map(([key, each]) => [key, normal(each)] as const)
    .toSorted();
}

/** Networks as somebody types them, one after the other. */
export function toWords(text: string): readonly string[] {
  return [...new Set(text.split(/[\s,;]+/).filter((each) => each !== ''))];
}

export function isTimeOfDay(text: string, isEnd: boolean): boolean {
  return /^(?:[01]\d|2[0-3]):[0-5]\d$/.test(text) || (isEnd && text === '24:00');
}

/** A day in UTC, which is where days end in documents. */
export function toDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

const dayMs = 86_400_000;

/** The coming Friday; on a Friday that day itself, which is not over yet. */
export function comingFriday(nowMs: number): string {
  const friday = 5;
  return toDay(nowMs + ((friday - new Date(nowMs).getUTCDay() + 7) % 7) * dayMs);
}

export function daysFrom(nowMs: number, days: number): string {
  return toDay(nowMs + days * dayMs);
}
