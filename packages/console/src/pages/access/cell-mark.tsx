import { Shape } from '../../parts/marks.tsx';
import style from './matrix.module.css';
import { type Bar, barsOf, type Cell, type FoldedCell, isRefused, type ServerColumn } from './model.ts';

/** What a cell shows: a bar for each level of risk, a ring for conditions, a barred ring where a rule refuses. */
export function CellMark({ column, cell }: { readonly column: ServerColumn; readonly cell: Cell | undefined }) {
  if (!cell || (cell.allowed.length === 0 && cell.denied.length === 0)) return null;
  if (isRefused(cell)) return <Shape outcome="refused" />;
  return (
    <>
      <Bars bars={barsOf(column, cell)} isOwn={cell.own} />
      {cell.conditional.length > 0 && <i className={style.ring} />}
    </>
  );
}

/** The same of all servers of an area: the highest bar of each level. */
export function FoldedMark({ cell }: { readonly cell: FoldedCell | undefined }) {
  if (!cell) return null;
  if (cell.allowed === 0) return cell.refused > 0 ? <Shape outcome="refused" /> : null;
  return (
    <>
      <Bars bars={cell.bars} isOwn={cell.own} />
      {cell.conditional && <i className={style.ring} />}
    </>
  );
}

/** Also for the legend. */
export function Bars({ bars, isOwn }: { readonly bars: readonly Bar[]; readonly isOwn: boolean }) {
  return (
    <span className={style.bars} data-inherited={isOwn ? undefined : ''}>
      {bars.map(({ level, has }) => (
        <i key={level} className={`${style[level]} ${style[has]}`} />
      ))}
    </span>
  );
}

export function Ring() {
  return <i className={style.ring} />;
}
