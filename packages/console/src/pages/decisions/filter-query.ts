/** What the page of decisions is narrowed by: each part of it stands in the address. */
export interface Filters {
  readonly show: string;
  readonly outcome: string;
  readonly since: string;
  readonly person: string;
  readonly client: string;
  readonly server: string;
  readonly reason: string;
  readonly scope: string;
  readonly run: string;
  readonly from: string;
  readonly to: string;
}

export const filterNames = [
  'show',
  'outcome',
  'since',
  'person',
  'client',
  'server',
  'reason',
  'scope',
  'run',
  'from',
  'to',
] as const satisfies readonly (keyof Filters)[];

/** Kinds of lines behind each view; all without. */
export const kindsOf: Readonly<Record<string, readonly string[] | undefined>> = {
  decisions: ['issuance', 'decision', 'refusal'],
  tokens: ['redemption', 'revocation'],
  calls: ['tool_call'],
  all: undefined,
};

const hour = 3_600_000;
const spans: Readonly<Record<string, number>> = {
  h1: hour,
  h24: 24 * hour,
  d7: 168 * hour,
  d30: 720 * hour,
};

export function readFilters(search: Readonly<Record<string, unknown>>): Filters {
  const of = (name: string) => (typeof search[name] === 'string' ? (search[name] as string) : '');
  const filters = Object.fromEntries(filterNames.map((name) => [name, of(name)])) as unknown as Filters;
  return { ...filters, show: Object.hasOwn(kindsOf, filters.show) ? filters.show : 'decisions' };
}

/** Whether it is narrowed at all, beyond what is shown without. */
export function isNarrowed({ show: _, ...filters }: Filters): boolean {
  return Object.values(filters).some((value) => value !== '');
}

/** What a search asks for. An absent member does not narrow. */
export interface RecordQuery {
  kind?: string;
  outcome?: 'allowed' | 'refused';
  person?: string;
  client?: string;
  server?: string;
  scope?: string;
  reason?: string;
  correlation?: string;
  by?: string;
  token?: string;
  fromMs?: number;
  toMs?: number;
}

/** How far back that is; `undefined` = as far as it goes. */
export function spanOf(since: string): number | undefined {
  return Object.hasOwn(spans, since) ? spans[since] : undefined;
}

/** Filters as the admin API takes them. A time that is none is left out. */
export function toQuery(filters: Filters, nowMs: number): RecordQuery {
  const { show, outcome, since, person, client, server, scope, reason, run, from, to } = filters;
  const span = spanOf(since);
  const fromMs = span === undefined ? readTime(from) : nowMs - span;
  const toMs = readTime(to);
  const kinds = kindsOf[show];
  return {
    ...(kinds && { kind: kinds.join(',') }),
    ...((outcome === 'allowed' || outcome === 'refused') && { outcome }),
    ...(person && { person }),
    ...(client && { client }),
    ...(server && { server }),
    ...(scope && { scope }),
    ...(reason && { reason }),
    ...(run && { correlation: run }),
    ...(fromMs !== undefined && { fromMs }),
    ...(toMs !== undefined && { toMs }),
  };
}

/** Whether what is being written now can fit: the stream knows nothing of runs, and an end has passed. */
export function canBeLive({ correlation, toMs }: RecordQuery): boolean {
  return correlation === undefined && toMs === undefined;
}

/** A time of the address as a field for the reader's own clock takes it; '' = none. */
export function toTimeField(text: string): string {
  const ms = readTime(text);
  if (ms === undefined) return '';
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()];
  const two = (value: number, at: number) => String(value).padStart(at === 0 ? 4 : 2, '0');
  return `${day.map(two).join('-')}T${[date.getHours(), date.getMinutes()].map((each) => two(each, 1)).join(':')}`;
}

/** And back: an address means the same moment to whoever opens it, wherever they are. */
export function fromTimeField(text: string): string {
  const ms = readTime(text);
  return ms === undefined ? '' : new Date(ms).toISOString();
}

function readTime(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isSafeInteger(ms) && ms >= 0 ? ms : undefined;
}
