import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useIsNarrow } from '../../parts/narrow.ts';
import { accessTexts as texts } from '../../texts/access.ts';
import { CellMark } from './cell-mark.tsx';
import { cellWords } from './cell-words.ts';
import style from './matrix.module.css';
import { type Column, moveBy, type Row, type Totals, toCellKey } from './model.ts';
import type { MatrixData, Sight } from './use-matrix.ts';

/** Groups down, servers across; only what is in sight is drawn. One tab stop: the arrows move in it, Enter opens. */
export function Matrix({
  data,
  totals,
  open,
  onOpen,
  onSight,
  children,
}: {
  readonly data: MatrixData;
  readonly totals: Totals;
  /** Key of the cell that is open; `children` unfolds under its row. */
  readonly open: string;
  readonly onOpen: (key: string) => void;
  readonly onSight: (sight: Sight) => void;
  readonly children: React.ReactNode;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const isNarrow = useIsNarrow();
  const isWide = window.matchMedia('(min-width: 1920px)').matches;
  const [head, cellWidth] = [isNarrow ? 128 : isWide ? 244 : 184, isWide ? 50 : 34];
  const [at, setAt] = useState({ row: 0, column: 0 });
  const openRow = findOpenRow(data, totals, open);
  const [panel, setPanel] = useState(0);

  const rows = useVirtualizer({
    count: totals.rows,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => 30 + (index === openRow ? panel : 0),
    overscan: 6,
    scrollPaddingStart: 150,
  });
  const columns = useVirtualizer({
    horizontal: true,
    count: totals.columns,
    getScrollElement: () => scroller.current,
    estimateSize: () => cellWidth,
    overscan: 4,
    paddingStart: head,
    scrollPaddingStart: head,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured anew when one of these changes them
  useEffect(() => rows.measure(), [openRow, panel]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured anew when one of these changes them
  useEffect(() => columns.measure(), [cellWidth, head]);

  const shownRows = rows.getVirtualItems();
  const shownColumns = columns.getVirtualItems();
  const sight: Sight = {
    rows: [shownRows[0]?.index ?? 0, shownRows.at(-1)?.index ?? 0],
    columns: [shownColumns[0]?.index ?? 0, shownColumns.at(-1)?.index ?? 0],
  };
  const sightKey = JSON.stringify(sight);
  useEffect(() => onSight(JSON.parse(sightKey) as Sight), [sightKey, onSight]);

  const left = (shownColumns[0]?.start ?? head) - head;
  const right = columns.getTotalSize() - (shownColumns.at(-1)?.end ?? 0);
  const above = shownRows[0]?.start ?? 0;
  const below = rows.getTotalSize() - (shownRows.at(-1)?.end ?? 0);
  const span = shownColumns.length + 3;

  function focusCell(row: number, column: number): void {
    setAt({ row, column });
    rows.scrollToIndex(row);
    columns.scrollToIndex(column);
    requestAnimationFrame(() =>
      requestAnimationFrame(() =>
        scroller.current?.querySelector<HTMLElement>(`[data-at="${row} ${column}"]`)?.focus({ preventScroll: true }),
      ),
    );
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(event.target instanceof HTMLElement) || event.target.dataset.at === undefined) return;
    const to = moveBy(event.key, at, totals, 10);
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    focusCell(to.row, to.column);
  }

  return (
    <section ref={scroller} className={style.scroller} aria-label={texts.matrix}>
      <table
        role="grid"
        className={style.matrix}
        style={{ width: columns.getTotalSize() }}
        aria-label={texts.matrix}
        aria-rowcount={totals.rows + 1}
        aria-colcount={totals.columns + 1}
        onKeyDown={onKeyDown}
      >
        <colgroup>
          <col style={{ width: head }} />
          <col style={{ width: left }} />
          {shownColumns.map(({ index }) => (
            <col key={index} style={{ width: cellWidth }} />
          ))}
          <col style={{ width: right }} />
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" aria-colindex={1} className={style.corner}>
              <span className="only-read-aloud">{texts.group}</span>
            </th>
            <td aria-hidden="true" />
            {shownColumns.map(({ index }) => (
              <ColumnHead
                key={index}
                index={index}
                column={data.column(index)}
                isAt={open.endsWith(` ${data.column(index)?.id}`)}
              />
            ))}
            <td aria-hidden="true" />
          </tr>
        </thead>
        <tbody>
          {above > 0 && (
            <tr aria-hidden="true">
              <td colSpan={span} style={{ height: above }} />
            </tr>
          )}
          {shownRows.map(({ index }) => {
            const row = data.row(index);
            const isOpen = index === openRow;
            return [
              <tr key={index} aria-rowindex={index + 2} data-open={isOpen || undefined}>
                <RowHead row={row} />
                <td aria-hidden="true" />
                {shownColumns.map(({ index: column }) => {
                  const server = data.column(column);
                  return (
                    <CellOf
                      key={column}
                      data={data}
                      row={row}
                      server={server}
                      place={`${index} ${column}`}
                      index={column}
                      isCurrent={at.row === index && at.column === column}
                      isOpen={row !== undefined && server !== undefined && open === toCellKey(row.subject, server.id)}
                      onFocus={() => setAt({ row: index, column })}
                      onOpen={onOpen}
                    />
                  );
                })}
                <td aria-hidden="true" />
              </tr>,
              isOpen && (
                <tr key="open" className={style.unfolded}>
                  <td colSpan={span}>
                    <Measured onHeight={setPanel} width={scroller.current?.clientWidth}>
                      {children}
                    </Measured>
                  </td>
                </tr>
              ),
            ];
          })}
          {below > 0 && (
            <tr aria-hidden="true">
              <td colSpan={span} style={{ height: below }} />
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}

function findOpenRow(data: MatrixData, totals: Totals, open: string): number {
  if (open === '') return -1;
  const [subject] = open.split(' ');
  for (let at = 0; at < totals.rows; at += 1) if (data.row(at)?.subject === subject) return at;
  return -1;
}

function ColumnHead({
  index,
  column,
  isAt,
}: {
  readonly index: number;
  readonly column: Column | undefined;
  readonly isAt: boolean;
}) {
  return (
    <th scope="col" aria-colindex={index + 2} data-at-open={isAt || undefined} title={column?.name}>
      <span className={style.vertical}>
        {column?.name ?? ''}
        {column && !column.enabled && <span className="quiet"> ({texts.off})</span>}
      </span>
    </th>
  );
}

function RowHead({ row }: { readonly row: Row | undefined }) {
  const name = row?.kind === 'everyone' ? texts.everyone : (row?.name ?? '');
  return (
    <th scope="row" aria-colindex={1} title={row?.source === null && row.kind !== 'everyone' ? texts.unknown : row?.id}>
      <span className={style.name}>
        <span>{name}</span>
        {row && <span className="remark">{row.people.toLocaleString('en-GB')}</span>}
      </span>
    </th>
  );
}

function CellOf({
  data,
  row,
  server,
  place,
  index,
  isCurrent,
  isOpen,
  onFocus,
  onOpen,
}: {
  readonly data: MatrixData;
  readonly row: Row | undefined;
  readonly server: Column | undefined;
  readonly place: string;
  readonly index: number;
  readonly isCurrent: boolean;
  readonly isOpen: boolean;
  readonly onFocus: () => void;
  readonly onOpen: (key: string) => void;
}) {
  if (!row || !server) return <td aria-colindex={index + 2} />;
  const cell = data.cell(row, server);
  const name = row.kind === 'everyone' ? texts.everyone : row.name;
  const words = cellWords({ name }, server, cell, texts);
  return (
    <td aria-colindex={index + 2}>
      <button
        type="button"
        data-at={place}
        tabIndex={isCurrent ? 0 : -1}
        aria-label={words}
        aria-expanded={isOpen}
        title={words}
        onFocus={onFocus}
        onClick={() => onOpen(isOpen ? '' : toCellKey(row.subject, server.id))}
      >
        <CellMark column={server} cell={cell} />
      </button>
    </td>
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
