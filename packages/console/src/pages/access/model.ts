import type { Answer } from '../../data/problem.ts';

type Matrix = Answer<'getMatrix'>;
export type Row = Matrix['rows'][number];
export type Column = Matrix['columns'][number];
export type Cell = Matrix['cells'][number];
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
export function barsOf({ scopes }: Pick<Column, 'scopes'>, { allowed }: Pick<Cell, 'allowed'>): readonly Bar[] {
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

/** Names a cell in an address. */
export function toCellKey(subject: string, server: string): string {
  return `${subject} ${server}`;
}

export function fromCellKey(key: string): { readonly subject: string; readonly server: string } | undefined {
  const [subject, server, ...rest] = key.split(' ');
  return subject && server && rest.length === 0 ? { subject, server } : undefined;
}

/** Where an arrow leads from one place of a matrix of this size; `undefined` for other keys. */
export function moveBy(
  key: string,
  { row, column }: { readonly row: number; readonly column: number },
  size: { readonly rows: number; readonly columns: number },
  page: number,
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
  const within = (at: number, count: number) => Math.min(Math.max(at, 0), count - 1);
  return { row: within(row + step[0], size.rows), column: within(column + step[1], size.columns) };
}
