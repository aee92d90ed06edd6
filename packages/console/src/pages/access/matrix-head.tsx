import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { places } from '../../parts/name.tsx';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './matrix.module.css';
import type { Placed } from './matrix-row.tsx';
import { columnKey, spansOf } from './model.ts';

/** Names of servers, and over them the areas, which fold. Reached by the arrows from the first row. */
export const MatrixHead = memo(function MatrixHead({
  columns,
  hasAreas,
  openServer,
  current,
  onFold,
}: {
  readonly columns: readonly Placed[];
  readonly hasAreas: boolean;
  readonly openServer: string | undefined;
  /** Column of the tab stop, if it is in this row. */
  readonly current: number | undefined;
  readonly onFold: (area: string) => void;
}) {
  return (
    <thead data-areas={hasAreas || undefined}>
      {hasAreas && <Areas columns={columns} onFold={onFold} />}
      <tr aria-rowindex={1}>
        <th scope="col" aria-colindex={1} className={style.corner}>
          <span className="only-read-aloud">{texts.group}</span>
        </th>
        <td aria-hidden="true" />
        {columns.map((placed) => (
          <ColumnHead
            key={placed.index}
            placed={placed}
            isOpen={placed.column !== undefined && columnKey(placed.column) === openServer}
            isCurrent={current === placed.index}
          />
        ))}
        <td aria-hidden="true" />
      </tr>
    </thead>
  );
});

function ColumnHead({
  placed: { index, column, isFirst },
  isOpen,
  isCurrent,
}: {
  readonly placed: Placed;
  readonly isOpen: boolean;
  readonly isCurrent: boolean;
}) {
  const name = column?.kind === 'area' ? column.area.name : column?.name;
  return (
    <th
      scope="col"
      aria-colindex={index + 2}
      className={isFirst ? style.first : undefined}
      data-at-open={isOpen || undefined}
      title={name}
    >
      <span className={style.vertical}>
        {column?.kind === 'server' && (
          <Link to={places.server(column.id)} data-at={`-1 ${index}`} tabIndex={isCurrent ? 0 : -1}>
            {column.name}
            {!column.enabled && <span className="quiet"> ({texts.off})</span>}
          </Link>
        )}
        {column?.kind === 'area' && (
          <span data-at={`-1 ${index}`} tabIndex={-1}>
            {column.area.name} <span className="quiet">{texts.serverCount(column.servers)}</span>
          </span>
        )}
      </span>
    </th>
  );
}

function Areas({ columns, onFold }: { readonly columns: readonly Placed[]; readonly onFold: (area: string) => void }) {
  let from = columns[0]?.index ?? 0;
  const spans = spansOf(columns.map(({ column }) => column)).map((span) => {
    const at = from;
    from += span.length;
    return { span, at };
  });
  return (
    <tr className={style.areas}>
      <td className={style.corner} />
      <td aria-hidden="true" />
      {spans.map(({ span, at }) => {
        if (!('area' in span)) return <td key={at} colSpan={span.length} />;
        const { area, isFolded, length } = span;
        const places = Array.from({ length }, (_, of) => at + of).join(' ');
        const words = isFolded ? texts.unfoldArea(area.name) : texts.foldArea(area.name);
        return (
          <th key={at} scope="colgroup" colSpan={length}>
            <button
              type="button"
              tabIndex={-1}
              data-area-of={places}
              aria-expanded={!isFolded}
              aria-label={words}
              title={words}
              onClick={() => onFold(area.id)}
            >
              <span aria-hidden="true">{isFolded ? '▸' : '▾'}</span> {length > 2 && area.name}
            </button>
          </th>
        );
      })}
      <td aria-hidden="true" />
    </tr>
  );
}
