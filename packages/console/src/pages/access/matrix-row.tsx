import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { places } from '../../parts/name.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import { toGroupRef } from '../people/group-ref.ts';
import { CellMark, FoldedMark } from './cell-mark.tsx';
import { cellWords, foldedWords } from './cell-words.ts';
import style from './matrix.module.css';
import { type Cell, type Column, columnKey, type FoldedCell, type Row } from './model.ts';
import type { MatrixData } from './use-matrix.ts';

/** A column in sight, and where it stands. */
export interface Placed {
  readonly index: number;
  /** `undefined`: it is not read yet. */
  readonly column: Column | undefined;
  /** The first of its area: a line stands before it. */
  readonly isFirst: boolean;
}

/** A group and what it has; drawn again only when something of it is another. */
export const MatrixRow = memo(function MatrixRow({
  index,
  row,
  columns,
  data,
  current,
  openServer,
}: {
  readonly index: number;
  readonly row: Row | undefined;
  readonly columns: readonly Placed[];
  readonly data: MatrixData;
  /** Column of the tab stop, if it is in this row. */
  readonly current: number | undefined;
  /** Server of the cell that is open, if it is in this row. */
  readonly openServer: string | undefined;
}) {
  return (
    <tr aria-rowindex={index + 2} data-open={openServer !== undefined || undefined}>
      <RowHead row={row} at={index} isCurrent={current === -1} />
      <td aria-hidden="true" />
      {columns.map(({ index: place, column, isFirst }) => (
        <CellOf
          key={place}
          row={row}
          column={column}
          cell={row && column && data.cell(row, column)}
          at={index}
          place={place}
          isFirst={isFirst}
          isCurrent={current === place}
          isOpen={column !== undefined && openServer === columnKey(column)}
        />
      ))}
      <td aria-hidden="true" />
    </tr>
  );
});

export function rowName(row: Row): string {
  return row.kind === 'everyone' ? texts.everyone : row.name;
}

function RowHead({
  row,
  at,
  isCurrent,
}: {
  readonly row: Row | undefined;
  readonly at: number;
  readonly isCurrent: boolean;
}) {
  const isUnknown = row?.source === null && row.kind !== 'everyone';
  const to = row && placeOf(row);
  const place = { 'data-at': `${at} -1`, tabIndex: isCurrent ? 0 : -1 };
  return (
    <th scope="row" aria-colindex={1} title={isUnknown ? texts.unknown : row?.id}>
      <span className={style.name}>
        {to ? (
          <Link to={to} {...place}>
            {row && rowName(row)}
          </Link>
        ) : (
          <span {...place}>{row && rowName(row)}</span>
        )}
        {row && <span className="remark">{row.people.toLocaleString('en-GB')}</span>}
      </span>
    </th>
  );
}

/** The page of a group or a person; everybody has none, nor has what the directory does not know. */
function placeOf({ kind, id, source }: Row): string | undefined {
  if (kind === 'user') return places.person(id);
  return kind === 'everyone' || source === null ? undefined : places.group(toGroupRef(kind, id));
}

const CellOf = memo(function CellOf({
  row,
  column,
  cell,
  at,
  place,
  isFirst,
  isCurrent,
  isOpen,
}: {
  readonly row: Row | undefined;
  readonly column: Column | undefined;
  readonly cell: Cell | FoldedCell | undefined;
  readonly at: number;
  readonly place: number;
  readonly isFirst: boolean;
  readonly isCurrent: boolean;
  readonly isOpen: boolean;
}) {
  const words = row && column ? wordsOf(row, column, cell) : texts.notReadYet;
  return (
    <td aria-colindex={place + 2} className={isFirst ? style.first : undefined}>
      <button
        type="button"
        data-at={`${at} ${place}`}
        data-changed={cell?.changed || undefined}
        tabIndex={isCurrent ? 0 : -1}
        aria-label={words}
        aria-expanded={column?.kind === 'server' ? isOpen : undefined}
        title={words}
      >
        {column?.kind === 'server' && <CellMark column={column} cell={cell as Cell | undefined} />}
        {column?.kind === 'area' && <FoldedMark cell={cell as FoldedCell | undefined} />}
      </button>
    </td>
  );
});

function wordsOf(row: Row, column: Column, cell: Cell | FoldedCell | undefined): string {
  const name = { name: rowName(row) };
  return column.kind === 'server'
    ? cellWords(name, column, cell as Cell | undefined, texts)
    : foldedWords(name, column, cell as FoldedCell | undefined, texts);
}
