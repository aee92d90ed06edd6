import { useQueries } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { call, type Told } from '../../data/api.ts';
import {
  type Area,
  type Cell,
  type Column,
  columnKey,
  type FoldedCell,
  type Row,
  type Totals,
  toCellKey,
  windowSize,
  windowsOf,
} from './model.ts';

/** What the matrix is narrowed to. */
export interface View {
  readonly q?: string;
  readonly server?: string;
  readonly only: 'auto' | 'all' | 'ruled' | 'used';
  readonly cells: 'all' | 'high' | 'unused' | 'changed';
  readonly client?: string;
  readonly fold?: string;
  readonly draft?: string;
}

export interface Sight {
  readonly rows: readonly [first: number, last: number];
  readonly columns: readonly [first: number, last: number];
}

/** What of the matrix has been read: by index, as far as it is or was in sight. */
export interface MatrixData {
  readonly version: number;
  readonly only: 'all' | 'ruled' | 'used';
  readonly totals: Totals;
  readonly areas: readonly Area[];
  readonly row: (at: number) => Row | undefined;
  readonly column: (at: number) => Column | undefined;
  readonly cell: (row: Row, column: Column) => Cell | FoldedCell | undefined;
}

/** How long what is in sight stays before it is read: what is only scrolled past is not. */
const settleMs = 80;

/** Reads the windows of the matrix that are in sight; the others stay where they are. */
export function useMatrix(view: View, inSight: Sight) {
  const sight = useSettled(inSight);
  const windows = useMemo(
    () => windowsOf(...sight.rows).flatMap((row) => windowsOf(...sight.columns).map((column) => ({ row, column }))),
    [sight],
  );
  const queries = useQueries({
    queries: windows.map((from) => {
      const asked = { query: { ...view, ...from, rows: windowSize, columns: windowSize } };
      return { queryKey: ['getMatrix', asked], queryFn: () => call('getMatrix', asked) };
    }),
  });
  const answers = useSame(queries.map(({ data }) => data));
  const read = useMemo(() => gather(windows, answers), [windows, answers]);
  // While another view is read, the one before it stays: nothing jumps.
  const last = useRef<MatrixData>(undefined);
  useEffect(() => {
    if (read) last.current = read;
  }, [read]);
  return {
    data: read ?? last.current,
    error: queries.find(({ error }) => error)?.error,
    refetch: () => Promise.all(queries.map((query) => query.refetch())),
  };
}

function useSettled(sight: Sight): Sight {
  const [settled, setSettled] = useState(sight);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(sight), settleMs);
    return () => clearTimeout(timer);
  }, [sight]);
  return settled;
}

/** The same list as long as the same is in it. */
export function useSame<T>(list: readonly T[]): readonly T[] {
  const kept = useRef(list);
  const isSame = kept.current.length === list.length && list.every((each, at) => each === kept.current[at]);
  if (!isSame) kept.current = list;
  return kept.current;
}

function gather(
  windows: readonly { readonly row: number; readonly column: number }[],
  answers: readonly (Told<'getMatrix'> | undefined)[],
): MatrixData | undefined {
  const first = answers.find((answer) => answer !== undefined)?.value;
  if (!first) return undefined;
  const rows = new Map<number, Row>();
  const columns = new Map<number, Column>();
  const cells = new Map<string, Cell | FoldedCell>();
  for (const [at, answer] of answers.entries()) {
    const from = windows[at];
    if (!answer || !from) continue;
    for (const [index, row] of answer.value.rows.entries()) rows.set(from.row + index, row);
    for (const [index, column] of answer.value.columns.entries()) columns.set(from.column + index, column);
    for (const cell of answer.value.cells) cells.set(toCellKey(cell.subject, cell.server), cell);
    for (const cell of answer.value.folded) cells.set(toCellKey(cell.subject, `[${cell.area}]`), cell);
  }
  const { version, only, totals, areas } = first;
  return {
    version,
    only,
    totals,
    areas,
    row: (at) => rows.get(at),
    column: (at) => columns.get(at),
    cell: ({ subject }, column) => cells.get(toCellKey(subject, columnKey(column))),
  };
}
