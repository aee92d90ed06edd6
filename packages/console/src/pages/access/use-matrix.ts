import { keepPreviousData, useQueries } from '@tanstack/react-query';
import { call } from '../../data/api.ts';
import { type Cell, type Column, type Row, type Totals, toCellKey, windowSize, windowsOf } from './model.ts';

/** What the matrix is narrowed to. */
export interface View {
  readonly q?: string;
  readonly server?: string;
  readonly risk?: 'high';
  readonly only: 'all' | 'ruled';
  readonly client?: string;
}

export interface Sight {
  readonly rows: readonly [first: number, last: number];
  readonly columns: readonly [first: number, last: number];
}

/** What of the matrix has been read: by index, as far as it is or was in sight. */
export interface MatrixData {
  readonly version: number;
  readonly totals: Totals;
  readonly row: (at: number) => Row | undefined;
  readonly column: (at: number) => Column | undefined;
  readonly cell: (row: Row, column: Column) => Cell | undefined;
}

/** Reads the windows of the matrix that are in sight; the others stay where they are. */
export function useMatrix(view: View, sight: Sight) {
  const windows = windowsOf(...sight.rows).flatMap((row) =>
    windowsOf(...sight.columns).map((column) => ({ row, column })),
  );
  const queries = useQueries({
    queries: windows.map((from) => {
      const asked = { query: { ...view, ...from, rows: windowSize, columns: windowSize } };
      return {
        queryKey: ['getMatrix', asked],
        queryFn: () => call('getMatrix', asked),
        placeholderData: keepPreviousData,
      };
    }),
  });
  const answers = queries.map(({ data }) => data?.value);
  return {
    data: gather(windows, answers),
    error: queries.find(({ error }) => error)?.error,
    refetch: () => Promise.all(queries.map((query) => query.refetch())),
  };
}

type Answer = Awaited<ReturnType<typeof call<'getMatrix'>>>['value'];

function gather(
  windows: readonly { readonly row: number; readonly column: number }[],
  answers: readonly (Answer | undefined)[],
): MatrixData | undefined {
  const first = answers.find((answer) => answer !== undefined);
  if (!first) return undefined;
  const rows = new Map<number, Row>();
  const columns = new Map<number, Column>();
  const cells = new Map<string, Cell>();
  for (const [at, answer] of answers.entries()) {
    const from = windows[at];
    if (!answer || !from) continue;
    for (const [index, row] of answer.rows.entries()) rows.set(from.row + index, row);
    for (const [index, column] of answer.columns.entries()) columns.set(from.column + index, column);
    for (const cell of answer.cells) cells.set(toCellKey(cell.subject, cell.server), cell);
  }
  return {
    version: first.version,
    totals: first.totals,
    row: (at) => rows.get(at),
    column: (at) => columns.get(at),
    cell: ({ subject }, { id }) => cells.get(toCellKey(subject, id)),
  };
}
