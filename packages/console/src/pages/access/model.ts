import type { Answer } from '../../data/problem.ts';

type Matrix = Answer<'getMatrix'>;
export type Row = Matrix['rows'][number];
export type Column = Matrix['columns'][number];
/** A column for one server. */
export type ServerColumn = Extract<Column, { kind: 'server' }>;
/** All servers of an area in one. */
export type AreaColumn = Extract<Column, { kind: 'area' }>;
export type Cell = Matrix['cells'][number];
export type FoldedCell = Matrix['folded'][number];
export type Area = Matrix['areas'][number];
export type OpenedCell = Answer<'getCell'>;
export type Totals = Matrix['totals'];

export const levels = ['low', 'medium', 'high'] as const;
export type Level = (typeof levels)[number];

/** How much of one level of risk somebody has on a server. */
export interface Bar {
  readonly level: Level;
  readonly has: 'all' | 'some' | 'none';
}

/** A bar for each level of risk that the server has scopes of, the lowest first. */
export function barsOf({ scopes }: Pick<ServerColumn, 'scopes'>, { allowed }: Pick<Cell, 'allowed'>): readonly Bar[] {
  return levels.flatMap((level): Bar[] => {
    const ofLevel = scopes.filter(({ risk }) => risk === level);
    if (ofLevel.length === 0) return [];
    const given = ofLevel.filter(({ name }) => allowed.includes(name)).length;
    return [{ level, has: given === ofLevel.length ? 'all' : given > 0 ? 'some' : 'none' }];
  });
}

/** Whether a rule refuses, and nothing is left. */
export function isRefused({ allowed, denied }: Pick<Cell, 'allowed' | 'denied'>): boolean {
  return denied.length > 0 && allowed.length === 0;
}

/** Where the matrix is cut into windows: each is one question to the API. */
export const windowSize = 50;

/** The first row or column of every window that this stretch touches. */
export function windowsOf(first: number, last: number): readonly number[] {
  const from = Math.floor(first / windowSize) * windowSize;
  const count = Math.floor((last - from) / windowSize) + 1;
  return Array.from({ length: Math.max(count, 1) }, (_, at) => from + at * windowSize);
}

/** What a column is called in addresses and among cells; an area is no server, whatever a server is called. */
export function columnKey(column: Column): string {
  return column.kind === 'server' ? column.id : `[${column.area.id}]`;
}

/** Columns of one area, side by side. */
export interface AreaSpan {
  readonly area: Column['area'];
  readonly isFolded: boolean;
  readonly length: number;
}

/** The areas over some columns; where a column is not read yet, there is nothing over it. */
export function spansOf(columns: readonly (Column | undefined)[]): readonly (AreaSpan | { readonly length: number })[] {
  const spans: { area?: Column['area']; isFolded?: boolean; length: number }[] = [];
  for (const column of columns) {
    const last = spans.at(-1);
    if (last && last.area?.id === column?.area.id) last.length += 1;
    else spans.push(column ? { area: column.area, isFolded: column.kind === 'area', length: 1 } : { length: 1 });
  }
  return spans as readonly AreaSpan[];
}

/** Areas that are folded, as an address has them. */
export function toggledArea(folded: string, area: string): string {
  const all = folded.split(',').filter((each) => each !== '');
  return (all.includes(area) ? all.filter((each) => each !== area) : [...all, area]).join(',');
}

/** Names a cell in an address. */
export function toCellKey(subject: string, server: string): string {
  return `${subject} ${server}`;
}

export function fromCellKey(key: string): { readonly subject: string; readonly server: string } | undefined {
  const [subject, server, ...rest] = key.split(' ');
  return subject && server && rest.length === 0 ? { subject, server } : undefined;
}

/**
 * Where a key leads from one place of a matrix of this size; `undefined` for other keys. Over the first row stand the heads: -1 the
 * names of servers, and with `areas` -2 the areas; before the first column, -1, the name of the row.
 */
export function moveBy(
  key: string,
  { row, column }: { readonly row: number; readonly column: number },
  size: { readonly rows: number; readonly columns: number },
  page: number,
  heads = 0,
): { readonly row: number; readonly column: number } | undefined {
  const steps: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
    ArrowDown: [1, 0],
    ArrowUp: [-1, 0],
    ArrowRight: [0, 1],
    ArrowLeft: [0, -1],
    PageDown: [page, 0],
    PageUp: [-page, 0],
    Home: [0, -size.columns],
    End: [0, size.columns],
  };
  const step = steps[key];
  if (!step) return undefined;
  const within = (at: number, least: number, count: number) => Math.min(Math.max(at, least), count - 1);
  // A page stops at the first row: the heads are a step of their own.
  const least = Math.abs(step[0]) === 1 ? 0 - heads : Math.min(row, 0);
  const to = within(row + step[0], least, size.rows);
  // Left of the first column is the name of the row; over the first row there is none.
  const leastColumn = heads > 0 && to >= 0 && key !== 'Home' && (step[1] === -1 || column < 0) ? -1 : 0;
  return { row: to, column: within(column + step[1], leastColumn, size.columns) };
}
