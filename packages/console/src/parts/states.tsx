import type { Problem } from '@credence/server/admin-client';
import { useEffect, useState } from 'react';
import { isNoMore, toProblem } from '../data/problem.ts';
import { partTexts, problemWords } from '../texts/parts.ts';
import { Button } from './button.tsx';
import { Shape } from './marks.tsx';
import { Verdict } from './section.tsx';
import style from './states.module.css';

/** Nothing there yet: what this is, what happens when there is one, and the first step. */
export function Empty({
  title,
  children,
  action,
}: {
  readonly title: string;
  readonly children?: React.ReactNode;
  readonly action?: React.ReactNode;
}) {
  return (
    <div className={style.state}>
      <Verdict>{title}</Verdict>
      {children && <p className={`quiet prose ${style.text}`}>{children}</p>}
      {action && <div className="row">{action}</div>}
    </div>
  );
}

/** The shape of what comes, after 200 ms: what is quicker than that does not flicker. */
export function Loading({ rows = 3, title = false }: { readonly rows?: number; readonly title?: boolean }) {
  const [isShown, show] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => show(true), 200);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div role="status" className={style.loading} data-loading="" data-shown={isShown || undefined}>
      <span className="only-read-aloud">{isShown ? partTexts.loading : ''}</span>
      {title && <div className={style.titleBar} />}
      {Array.from({ length: rows }, (_, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: bars have nothing else to tell them apart
        <div key={at} className={style.bars}>
          <span />
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}

/** What went wrong, what still holds, what to do, and what the record calls it. */
export function ErrorNote({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const problem = toProblem(error);
  const words = problemWords[problem.code ?? ''];
  return (
    <div role="alert" className={style.state}>
      <p className={style.error}>
        <Shape outcome="refused" /> {words?.title ?? problem.detail}
      </p>
      <p className="quiet prose">{words?.still ?? problem.help}</p>
      {problem.errors && (
        <ul className={style.errors}>
          {problem.errors.map(({ at, problem: what }) => (
            <li key={`${at} ${what}`}>
              <code>{at}</code> {what}
            </li>
          ))}
        </ul>
      )}
      <Foot problem={problem} onRetry={onRetry} />
    </div>
  );
}

function Foot({ problem, onRetry }: { readonly problem: Problem; readonly onRetry: (() => void) | undefined }) {
  if (!onRetry && problem.reference === undefined) return null;
  return (
    <div className="row">
      {onRetry && <Button onClick={onRetry}>{partTexts.tryAgain}</Button>}
      {problem.reference !== undefined && (
        <span className="quiet">
          {partTexts.reference} <code>{problem.reference}</code>
        </span>
      )}
    </div>
  );
}

/** What a query has: its skeleton, its problem, or what it read; both where that is gone by now, or not for this reader any more. */
export function Await<T>({
  query,
  rows,
  children,
}: {
  readonly query: {
    readonly data: T | undefined;
    readonly error: unknown;
    readonly refetch: () => unknown;
  };
  readonly rows?: number;
  readonly children: (data: T) => React.ReactNode;
}) {
  if (query.data !== undefined) {
    return (
      <>
        {isNoMore(query.error) && <ErrorNote error={query.error} onRetry={() => void query.refetch()} />}
        {children(query.data)}
      </>
    );
  }
  if (query.error) return <ErrorNote error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading {...(rows !== undefined && { rows })} />;
}
