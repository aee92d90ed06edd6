import { type RecordQuery, spanOf } from '../decisions/filter-query.ts';
import type { Line } from '../decisions/line.ts';

/** What those who run it did is of these kinds, by what it is about. */
export const kindsAbout = {
  all: ['admin', 'policy', 'directory', 'factor', 'key', 'alert', 'system'],
  admin: ['admin'],
  policy: ['policy'],
  people: ['directory', 'factor'],
  keys: ['key'],
  alerts: ['alert'],
  system: ['system'],
} as const;
export type About = keyof typeof kindsAbout;

export interface ActionFilters {
  readonly about: string;
  readonly outcome: string;
  readonly since: string;
  readonly person: string;
  /** Id of whoever did it, and of the token that it was done with. */
  readonly by: string;
  readonly token: string;
}

export function toAbout(text: string): About {
  return Object.hasOwn(kindsAbout, text) ? (text as About) : 'all';
}

export function toActionQuery({ about, outcome, since, person, by, token }: ActionFilters, nowMs: number): RecordQuery {
  const span = spanOf(since);
  return {
    kind: kindsAbout[toAbout(about)].join(','),
    ...((outcome === 'allowed' || outcome === 'refused') && { outcome }),
    ...(person && { person }),
    ...(by && { by }),
    ...(token && { token }),
    ...(span !== undefined && { fromMs: nowMs - span }),
  };
}

export interface Changed {
  readonly name: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** What is another than before, and what is new or gone; the first few of it. */
export function changesOf({ before = {}, after = {} }: Pick<Line, 'before' | 'after'>): readonly Changed[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => ({ name, before: toText(before[name]), after: toText(after[name]) }))
    .filter((each) => each.before !== each.after);
}

function toText(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  return JSON.stringify(value);
}
