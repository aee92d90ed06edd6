import { hash } from 'node:crypto';
import type { AuditRow } from './store.ts';

/** Facts that the record is searched by, each exactly as it stands there. */
export type TermName = 'person' | 'client' | 'server' | 'scope' | 'kind' | 'outcome' | 'reason' | 'correlation';

/** What of a line is searched by. */
export type Searched = Pick<AuditRow, 'kind' | 'timeMs' | 'body' | 'person' | 'client' | 'server'>;

/**
 * Every fact of a line, by name; only what the line says, never what it is about today.
 * @param body - of the line, where somebody has read it already
 */
export function factsOf(
  line: Searched,
  body: Body = JSON.parse(line.body),
): readonly (readonly [name: TermName, value: string])[] {
  const { outcome, reason, correlation, scopesGranted, scopesAsked } = body;
  const facts: [TermName, string][] = [['kind', line.kind]];
  const add = (name: TermName, value: unknown) => {
    if (typeof value === 'string') facts.push([name, value]);
  };
  add('person', line.person);
  add('client', line.client);
  add('server', line.server);
  add('outcome', outcome);
  add('reason', reason);
  add('correlation', correlation);
  for (const scope of new Set([...toList(scopesGranted), ...toList(scopesAsked)])) add('scope', scope);
  return facts;
}

/** Members of a line, read as somebody wrote them. */
type Body = Readonly<Partial<Record<'outcome' | 'reason' | 'correlation' | 'scopesGranted' | 'scopesAsked', unknown>>>;

function toList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/**
 * Names a fact in the index: 96 bits of a hash, so that rows are short whatever the fact, and the index names nobody. Two facts
 * of one hash would only make work: what is found is compared with the line itself.
 */
export function termOf(name: TermName, value: string): string {
  return hash('sha256', `${name}\n${value}`, 'base64url').slice(0, 16);
}

/** One row of the index: where a fact comes up within a stretch of the record. */
export interface TermRow {
  readonly term: string;
  readonly position: number;
  /** Distances from one place to the next, base 36; `null` when it comes up once. */
  readonly others: string | null;
}

/** Gathers a stretch of the record, line by line in order, into rows of the index. */
export function createStretch(): { add(position: number, line: Searched, body: Body): void; rows(): TermRow[] } {
  const places = new Map<string, { readonly first: number; last: number; others: string | null }>();
  return {
    add(position, line, body) {
      for (const [name, value] of factsOf(line, body)) {
        const key = `${name}\n${value}`;
        const known = places.get(key);
        if (!known) {
          places.set(key, { first: position, last: position, others: null });
          continue;
        }
        const distance = (position - known.last).toString(36);
        known.others = known.others === null ? distance : `${known.others},${distance}`;
        known.last = position;
      }
    },
    rows: () =>
      [...places].map(([key, { first, others }]) => {
        const end = key.indexOf('\n');
        return { term: termOf(key.slice(0, end) as TermName, key.slice(end + 1)), position: first, others };
      }),
  };
}

/** The places of a row, the last one first. */
export function toPlaces({ position, others }: Pick<TermRow, 'position' | 'others'>): number[] {
  const places = [position];
  let place = position;
  for (const distance of others?.split(',') ?? []) {
    place += Number.parseInt(distance, 36);
    places.push(place);
  }
  return places.reverse();
}
