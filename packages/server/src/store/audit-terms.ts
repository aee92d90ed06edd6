import { hash } from 'node:crypto';
import type { AuditRow, SaidFacts } from './store.ts';

/** Facts that the record is searched by, each exactly as it stands there. */
export type TermName =
  | 'person'
  | 'client'
  | 'server'
  | 'scope'
  | 'kind'
  | 'outcome'
  | 'reason'
  | 'correlation'
  | 'by'
  | 'credential';

/** What of a line is searched by. */
export interface Searched extends Pick<AuditRow, 'kind' | 'timeMs' | 'person' | 'client' | 'server'> {
  readonly said: SaidFacts;
}

/** Tells every fact of a line, by name; only what the line says, never what it is about today. */
export function tellFacts(line: Searched, tell: (name: TermName, value: string) => void): void {
  const { outcome, reason, correlation, scopesGranted, scopesAsked, by, credential } = line.said;
  tell('kind', line.kind);
  if (line.person !== undefined) tell('person', line.person);
  if (line.client !== undefined) tell('client', line.client);
  if (line.server !== undefined) tell('server', line.server);
  if (typeof outcome === 'string') tell('outcome', outcome);
  if (typeof reason === 'string') tell('reason', reason);
  if (typeof correlation === 'string') tell('correlation', correlation);
  if (typeof by === 'string') tell('by', by);
  if (typeof credential === 'string') tell('credential', credential);
  for (const scope of scopesOf(scopesGranted, scopesAsked)) tell('scope', scope);
}

/** The same as a list. */
export function factsOf(line: Searched): readonly (readonly [name: TermName, value: string])[] {
  const facts: [TermName, string][] = [];
  tellFacts(line, (name, value) => facts.push([name, value]));
  return facts;
}

/** Each scope once, whatever both lists say. */
function scopesOf(granted: unknown, asked: unknown): Iterable<string> {
  const all = [...toTexts(granted), ...toTexts(asked)];
  return all.length > 1 ? new Set(all) : all;
}

function toTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
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
export function createStretch(): {
  add(position: number, line: Searched): void;
  /** How many {@link rows} there would be by now. */
  rowCount(): number;
  rows(): TermRow[];
} {
  const places = new Map<TermName, Map<string, number[]>>();
  let count = 0;
  return {
    rowCount: () => count,
    add(position, line) {
      tellFacts(line, (name, value) => {
        const ofName = places.get(name) ?? new Map<string, number[]>();
        if (ofName.size === 0) places.set(name, ofName);
        const known = ofName.get(value);
        if (known) known.push(position);
        else {
          ofName.set(value, [position]);
          count += 1;
        }
      });
    },
    rows: () =>
      [...places].flatMap(([name, ofName]) => [...ofName].map(([value, at]) => toTermRow(termOf(name, value), at))),
  };
}

function toTermRow(term: string, places: readonly number[]): TermRow {
  const [position = 0, ...others] = places;
  let last = position;
  const distances = others.map((place) => {
    const distance = (place - last).toString(36);
    last = place;
    return distance;
  });
  return { term, position, others: distances.length === 0 ? null : distances.join(',') };
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
