import { memo } from 'react';
import { accessTexts as texts } from '../../texts/access.ts';
import style from './matrix.module.css';
import type { Placed } from './matrix-row.tsx';

/** How many people reach each server, whatever lets them. */
export const MatrixFoot = memo(function MatrixFoot({
  columns,
  counts,
  rows,
}: {
  readonly columns: readonly Placed[];
  readonly counts: ReadonlyMap<string, number>;
  readonly rows: number;
}) {
  return (
    <tfoot>
      <tr aria-rowindex={rows + 2}>
        <th scope="row" aria-colindex={1}>
          {texts.reachIt}
        </th>
        <td aria-hidden="true" />
        {columns.map(({ index, column, isFirst }) => {
          const people = column?.kind === 'server' ? counts.get(column.id) : undefined;
          return (
            <td
              key={index}
              aria-colindex={index + 2}
              title={people === undefined ? undefined : people.toLocaleString('en-GB')}
              className={isFirst ? `${style.count} ${style.first}` : style.count}
            >
              {people !== undefined && short(people)}
            </td>
          );
        })}
        <td aria-hidden="true" />
      </tr>
    </tfoot>
  );
});

/** `312`, `9,999`, `12k`: what fits into a column. */
function short(people: number): string {
  return people < 10_000 ? people.toLocaleString('en-GB') : `${Math.floor(people / 1000)}k`;
}
