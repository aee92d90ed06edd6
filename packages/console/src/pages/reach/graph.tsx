import { useElementSize } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { Shape } from '../../parts/marks.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import style from './graph.module.css';
import { nextNode } from './graph-keys.ts';
import { toLayout } from './graph-layout.ts';
import { columns, type Graph as Model } from './graph-model.ts';

/** Narrower than this it scrolls. */
const leastWidth = 980;

/**
 * Paths from left to right through fixed columns. What is chosen is inked, with all paths through it. One stop of the Tab key:
 * arrows move, Enter chooses. The same stands in words below.
 */
export function Graph({
  graph,
  label,
  at,
  onChoose,
}: {
  readonly graph: Model;
  readonly label: string;
  /** Id of the node, or key of the path, that is inked. */
  readonly at: string;
  readonly onChoose: (at: string) => void;
}) {
  const { ref, width } = useElementSize();
  const box = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState('');
  const first = graph.nodes.some(({ column }) => column === 0) ? 0 : 1;
  const layout = toLayout(graph, Math.max(leastWidth, width), first);
  const inked = new Set(graph.nodes.find(({ id }) => id === at)?.paths ?? (at === '' ? [] : [at]));
  const isInked = (paths: readonly string[]) => paths.some((path) => inked.has(path));
  const tabStop = layout.nodes.find(({ id }) => id === focused)?.id ?? layout.nodes[0]?.id;
  return (
    <section className={style.scrolls} aria-label={texts.graph(label)} ref={ref}>
      <div className={style.graph} ref={box} style={{ width: Math.max(leastWidth, width), height: layout.height + 34 }}>
        <svg className={style.lines} aria-hidden="true" width="100%" height={layout.height}>
          {layout.lines.map(({ from, to, d, tone, paths }) => (
            <path key={`${from} ${to}`} d={d} className={`${style[tone]} ${isInked(paths) ? style.inked : ''}`} />
          ))}
        </svg>
        {layout.lines
          .filter(({ isBarred }) => isBarred)
          .map(({ to, end }) => (
            <span key={to} className={style.bar} style={{ left: end.x - 18, top: end.y + 27 }}>
              <Shape outcome="refused" />
            </span>
          ))}
        {columns.map((column, place) => {
          const own = layout.nodes.filter((node) => node.column === place);
          if (place < first) return null;
          return (
            <div key={column} className={style.column} style={{ left: layout.lefts[place] }}>
              <p className="remark">{texts.columns[place]}</p>
              {own.length > 0 && (
                <ul aria-label={texts.columns[place]}>
                  {own.map(({ id, kind, title, remark, tone, paths, top, width: wide, height }) => (
                    <li key={id} style={{ top, width: wide, height }}>
                      <button
                        type="button"
                        data-node={id}
                        data-kind={kind}
                        data-tone={tone}
                        data-inked={isInked(paths) || undefined}
                        aria-pressed={id === at}
                        tabIndex={id === tabStop ? 0 : -1}
                        title={remark === '' ? title : `${title}, ${remark}`}
                        onFocus={() => setFocused(id)}
                        onClick={() => onChoose(id === at ? '' : id)}
                        onKeyDown={(event) => {
                          const next = nextNode(layout.nodes, id, event.key);
                          if (next === undefined) return;
                          event.preventDefault();
                          for (const each of box.current?.querySelectorAll<HTMLElement>('[data-node]') ?? []) {
                            if (each.dataset.node === next) each.focus();
                          }
                        }}
                      >
                        {kind === 'stop' && <Shape outcome="refused" />}
                        <span>
                          <span className={style.title}>{title}</span>
                          {remark !== '' && <span className={style.remark}>{remark}</span>}
                        </span>
                      </button>
                    </li>
                  ))}
                </ul>
              )}
            </div>
          );
        })}
      </div>
    </section>
  );
}
