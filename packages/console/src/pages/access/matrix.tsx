import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useIsNarrow } from '../../parts/narrow.ts';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './matrix.module.css';
import { MatrixFoot } from './matrix-foot.tsx';
import { MatrixHead } from './matrix-head.tsx';
import { MatrixRow } from './matrix-row.tsx';
import { columnKey, fromCellKey, moveBy, type Row } from './model.ts';
import type { MatrixData, Sight } from './use-matrix.ts';

const rowHeight = 30;
/** So few rows are shown whole: the page scrolls, and nothing in it. */
const shortRows = 40;
/** Names of servers, and of areas over them. */
const [namesHeight, areasHeight] = [150, 26];

/** How a cell was opened. */
export type By = 'hand' | 'key';

/**
 * Groups down, servers across; only what is in sight is drawn. One tab stop: the arrows move in it, over the first row into the
 * heads, Enter opens.
 */
export function Matrix({
  data,
  open,
  onOpen,
  onFold,
  onSight,
  counts,
  children,
}: {
  readonly data: MatrixData;
  /** Key of the cell that is open; `children` unfolds under its row. */
  readonly open: string;
  readonly onOpen: (row: Row, column: string, by: By) => void;
  readonly onFold: (area: string) => void;
  readonly onSight: (sight: Sight) => void;
  readonly counts: ReadonlyMap<string, number>;
  readonly children: React.ReactNode;
}) {
  const { totals } = data;
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useIsNarrow();
  const isWide = window.matchMedia('(min-width: 1920px)').matches;
  const [head, cellWidth] = [isNarrow ? 128 : isWide ? 244 : 184, isWide ? 50 : 34];
  const hasAreas = data.areas.length > 1;
  const headHeight = namesHeight + (hasAreas ? areasHeight : 0);
  const [at, setAt] = useState({ row: 0, column: 0 });
  const opened = fromCellKey(open);
  const openRow = findRow(data, opened?.subject);
  const [panel, setPanel] = useState(0);

  const rows = useVirtualizer({
    count: totals.rows,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => rowHeight + (index === openRow ? panel : 0),
    overscan: 2,
    scrollPaddingStart: headHeight,
    scrollPaddingEnd: rowHeight,
  });
  const columns = useVirtualizer({
    horizontal: true,
    count: totals.columns,
    getScrollElement: () => scroller.current,
    estimateSize: () => cellWidth,
    overscan: 2,
    paddingStart: head,
    scrollPaddingStart: head,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured anew when one of these changes them
  useEffect(() => rows.measure(), [openRow, panel]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured anew when one of these changes them
  useEffect(() => columns.measure(), [cellWidth, head]);

  const [firstRow, lastRow] = inSteps(rows.getVirtualItems(), totals.rows);
  const [first, last] = inSteps(columns.getVirtualItems(), totals.columns);
  const sight = useMemo<Sight>(
    () => ({ rows: [firstRow, lastRow], columns: [first, last] }),
    [firstRow, lastRow, first, last],
  );
  useEffect(() => onSight(sight), [sight, onSight]);
  /** The same list as long as the same columns are in sight: rows that change in nothing are not drawn again. */
  const inSight = useMemo(
    () =>
      Array.from({ length: last - first + 1 }, (_, of) => {
        const [before, column] = [data.column(first + of - 1), data.column(first + of)];
        return { index: first + of, column, isFirst: column !== undefined && before?.area.id !== column.area.id };
      }),
    [data, first, last],
  );

  const startOf = (row: number) => row * rowHeight + (openRow >= 0 && row > openRow ? panel : 0);
  const above = startOf(firstRow);
  const below = startOf(totals.rows) - startOf(lastRow + 1);
  const span = inSight.length + 3;
  const openColumn = inSight.find(({ column }) => column && columnKey(column) === opened?.server);
  const notch = openColumn && head + openColumn.index * cellWidth + cellWidth / 2;

  function focusCell(row: number, column: number): void {
    setAt({ row, column });
    if (row >= 0) rows.scrollToIndex(row);
    if (column >= 0) columns.scrollToIndex(column);
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        const place = row === -2 ? `[data-area-of~="${column}"]` : `[data-at="${row} ${column}"]`;
        scroller.current?.querySelector<HTMLElement>(place)?.focus({ preventScroll: true });
      }),
    );
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.target instanceof HTMLElement)) return;
    const from = placeOf(event.target);
    if (!from) return;
    const to = moveBy(
      event.key,
      { ...from, column: from.row === -2 ? at.column : from.column },
      totals,
      10,
      hasAreas ? 2 : 1,
    );
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    focusCell(to.row, to.column);
  }

  const onFocus = useCallback((event: React.FocusEvent) => {
    const from = event.target instanceof HTMLElement ? placeOf(event.target) : undefined;
    if (from && from.row >= -1) setAt(from);
  }, []);

  // One ear for all cells: each of them would cost one of its own.
  const onClick = useCallback(
    (event: MouseEvent) => {
      const button = event.target instanceof Element ? event.target.closest<HTMLElement>('button[data-at]') : null;
      const from = button && placeOf(button);
      const [row, column] = from ? [data.row(from.row), data.column(from.column)] : [];
      if (!row || !column) return;
      if (column.kind === 'area') onFold(column.area.id);
      else onOpen(row, column.id, event.detail === 0 ? 'key' : 'hand');
    },
    [data, onFold, onOpen],
  );

  return (
    <section
      ref={scroller}
      className={style.scroller}
      aria-label={texts.matrix}
      data-short={totals.rows <= shortRows || undefined}
      data-open={openRow >= 0 || undefined}
    >
      <table
        role="grid"
        className={style.matrix}
        style={{ width: columns.getTotalSize() }}
        aria-label={texts.matrix}
        aria-rowcount={totals.rows + 2}
        aria-colcount={totals.columns + 1}
        onKeyDown={onKeyDown}
        onFocus={onFocus}
        onClick={onClick}
      >
        <colgroup>
          <col style={{ width: head }} />
          <col style={{ width: first * cellWidth }} />
          {inSight.map(({ index }) => (
            <col key={index} style={{ width: cellWidth }} />
          ))}
          <col />
        </colgroup>
        <MatrixHead
          columns={inSight}
          hasAreas={hasAreas}
          openServer={opened?.server}
          current={at.row === -1 ? at.column : undefined}
          onFold={onFold}
        />
        <tbody>
          {above > 0 && <Gap span={span} height={above} />}
          {Array.from({ length: lastRow - firstRow + 1 }, (_, of) => firstRow + of).map((index) => {
            const row = data.row(index);
            const isOpen = index === openRow;
            return [
              <MatrixRow
                key={index}
                index={index}
                row={row}
                columns={inSight}
                data={data}
                current={at.row === index ? at.column : undefined}
                openServer={isOpen ? opened?.server : undefined}
              />,
              isOpen && (
                <tr key="open" className={style.unfolded}>
                  <td colSpan={span}>
                    {notch !== undefined && <i className={style.notch} style={{ left: notch }} />}
                    <Measured onHeight={setPanel} width={scroller.current?.clientWidth}>
                      {children}
                    </Measured>
                  </td>
                </tr>
              ),
            ];
          })}
          {below > 0 && <Gap span={span} height={below} />}
        </tbody>
        <MatrixFoot columns={inSight} counts={counts} rows={totals.rows} />
      </table>
    </section>
  );
}

/** Rows and columns come and go some at a time: most frames of a movement draw nothing new. */
const atOnce = 4;

function inSteps(items: readonly { readonly index: number }[], count: number): readonly [first: number, last: number] {
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  return [first - (first % atOnce), Math.min(last - (last % atOnce) + atOnce - 1, count - 1)];
}

/** Where a cell or a head stands, as its `data-at` says. */
function placeOf({ dataset }: HTMLElement): { readonly row: number; readonly column: number } | undefined {
  if (dataset.areaOf !== undefined) return { row: -2, column: Number(dataset.areaOf.split(' ')[0]) };
  const [row, column] = (dataset.at ?? '').split(' ').map(Number);
  return row !== undefined && column !== undefined ? { row, column } : undefined;
}

/** The row of a subject among those that were read; -1 = it is not among them. */
export function findRow(data: MatrixData, subject: string | undefined): number {
  if (subject === undefined) return -1;
  for (let at = 0; at < data.totals.rows; at += 1) if (data.row(at)?.subject === subject) return at;
  return -1;
}

/** In the place of rows that are out of sight. */
function Gap({ span, height }: { readonly span: number; readonly height: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height }} />
    </tr>
  );
}

/** Tells how high its content is, so that the rows under it know where they are. */
function Measured({
  onHeight,
  width,
  children,
}: {
  readonly onHeight: (height: number) => void;
  readonly width: number | undefined;
  readonly children: React.ReactNode;
}) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const seen = new ResizeObserver(([entry]) => onHeight(Math.ceil(entry?.borderBoxSize[0]?.blockSize ?? 0)));
    if (box.current) seen.observe(box.current);
    return () => {
      seen.disconnect();
      onHeight(0);
    };
  }, [onHeight]);
  return (
    <div ref={box} className={style.measured} style={{ width }}>
      {children}
    </div>
  );
}
