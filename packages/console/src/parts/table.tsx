import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { Fragment, useLayoutEffect, useRef, useState } from 'react';
import { partTexts } from '../texts/parts.ts';
import { Button } from './button.tsx';
import { saveFile, toCsv } from './csv.ts';
import { useIsNarrow } from './narrow.ts';
import { useRowKeys } from './row-keys.ts';
import style from './table.module.css';

/** A column: what it shows, and what it is as text (for the export). */
export interface Column<R> {
  readonly title: string;
  readonly cell: (row: R) => React.ReactNode;
  readonly text: (row: R) => string;
  /** Figures stand at the right. */
  readonly number?: boolean;
  /** Stays on a narrow screen, where the others unfold under their row. Two do: the first two where none is named. */
  readonly stays?: boolean;
  readonly width?: string;
}

/** From this many rows on only those in sight are drawn. */
const manyRows = 80;

/**
 * Rows of one kind: `j` `k` and the arrows move, Enter opens, and what has been read can be exported. Long ones draw what is in
 * sight only.
 */
export function Table<R>({
  label,
  columns,
  rows,
  rowKey,
  onOpen,
  more,
  exportName,
}: {
  /** Names the table for those who do not see where it stands. */
  readonly label: string;
  readonly columns: readonly Column<R>[];
  readonly rows: readonly R[];
  readonly rowKey: (row: R) => string;
  readonly onOpen?: (row: R) => void;
  /** From `useList`: there is more to read. */
  readonly more?: {
    readonly hasNextPage: boolean;
    readonly isFetchingNextPage: boolean;
    readonly fetchNextPage: () => unknown;
  };
  /** Without it, there is nothing to export. */
  readonly exportName?: string;
}) {
  const isNarrow = useIsNarrow();
  const areNamed = columns.some(({ stays }) => stays);
  const shown = isNarrow ? columns.filter(({ stays }, at) => (areNamed ? stays : at < 2)) : columns;
  const folded = isNarrow ? columns.filter((column) => !shown.includes(column)) : [];
  const body = useRef<HTMLTableSectionElement>(null);
  const isMany = rows.length > manyRows;
  const [top, setTop] = useState(0);
  const virtual = useWindowVirtualizer({
    count: isMany ? rows.length : 0,
    estimateSize: () => 31,
    overscan: 12,
    scrollMargin: top,
  });
  useLayoutEffect(() => {
    const box = body.current?.getBoundingClientRect();
    if (isMany && box) setTop(Math.round(box.top + window.scrollY));
  }, [isMany]);
  const drawn = isMany ? virtual.getVirtualItems().map(({ index }) => index) : rows.map((_, at) => at);
  const [first, last] = [drawn[0] ?? 0, drawn.at(-1) ?? 0];
  const above = isMany ? (virtual.getVirtualItems()[0]?.start ?? 0) - virtual.options.scrollMargin : 0;
  const below = isMany
    ? virtual.getTotalSize() - (virtual.getVirtualItems().at(-1)?.end ?? 0) + virtual.options.scrollMargin
    : 0;
  const keys = useRowKeys(rows.length, (at) => {
    if (isMany) virtual.scrollToIndex(at);
  });
  const save = () =>
    saveFile(
      `${exportName}.csv`,
      'text/csv;charset=utf-8',
      toCsv(
        columns.map(({ title }) => title),
        rows.map((row) => columns.map(({ text }) => text(row))),
      ),
    );

  return (
    <div className={style.wrap}>
      <table
        className={style.table}
        aria-label={label}
        aria-rowcount={more?.hasNextPage ? -1 : rows.length + 1}
        data-rows=""
      >
        <thead>
          <tr>
            {shown.map(({ title, number, width }) => (
              <th
                key={title}
                scope="col"
                className={number ? 'number' : undefined}
                style={width ? { width } : undefined}
              >
                {title}
              </th>
            ))}
            {folded.length > 0 && (
              <th scope="col">
                <span className="only-read-aloud">{partTexts.more}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody ref={body}>
          {above > 0 && <Gap height={above} span={shown.length} />}
          {drawn.map((at) => {
            const row = rows[at];
            if (row === undefined) return null;
            return (
              <Row
                key={rowKey(row)}
                row={row}
                at={at}
                shown={shown}
                folded={folded}
                keys={keys.of(at)}
                onOpen={onOpen}
              />
            );
          })}
          {below > 0 && last >= first && <Gap height={below} span={shown.length} />}
        </tbody>
      </table>
      {(more?.hasNextPage || exportName !== undefined) && (
        <div className={style.foot}>
          {more?.hasNextPage && (
            <Button small disabled={more.isFetchingNextPage} onClick={() => void more.fetchNextPage()}>
              {partTexts.showMore}
            </Button>
          )}
          <span className="remark">{partTexts.rows(rows.length, more?.hasNextPage ?? false)}</span>
          {exportName !== undefined && rows.length > 0 && (
            <Button small onClick={save}>
              {partTexts.export}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function Row<R>({
  row,
  at,
  shown,
  folded,
  keys,
  onOpen,
}: {
  readonly row: R;
  readonly at: number;
  readonly shown: readonly Column<R>[];
  readonly folded: readonly Column<R>[];
  readonly keys: ReturnType<ReturnType<typeof useRowKeys>['of']>;
  readonly onOpen: ((row: R) => void) | undefined;
}) {
  const [isOpen, setOpen] = useState(false);
  const open = onOpen && (() => onOpen(row));
  return (
    <Fragment>
      <tr
        {...keys}
        aria-rowindex={at + 2}
        data-opens={open ? '' : undefined}
        onClick={(event) => {
          const isOther = (event.target as Element).closest('a, button, input, label, select');
          if (open && !isOther && !String(getSelection())) open();
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && event.target === event.currentTarget && open) open();
          else keys.onKeyDown(event);
        }}
      >
        {shown.map(({ title, cell, number }) => (
          <td key={title} className={number ? 'number' : undefined}>
            {cell(row)}
          </td>
        ))}
        {folded.length > 0 && (
          <td className="number">
            <Button small aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
              {isOpen ? partTexts.less : partTexts.more}
            </Button>
          </td>
        )}
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={shown.length + 1}>
            <dl className="facts">
              {folded.map(({ title, cell }) => (
                <Fragment key={title}>
                  <dt>{title}</dt>
                  <dd>{cell(row)}</dd>
                </Fragment>
              ))}
            </dl>
          </td>
        </tr>
      )}
    </Fragment>
  );
}

/** In the place of rows that are out of sight. */
function Gap({ height, span }: { readonly height: number; readonly span: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={span} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}
