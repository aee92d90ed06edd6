import { outcomeWords, riskWords } from '../texts/parts.ts';
import style from './marks.module.css';

export type Outcome = keyof typeof outcomeWords;

const stroke = { fill: 'none', stroke: 'currentColor', strokeWidth: 1.6 };

const shapes: Readonly<Record<Outcome, React.ReactNode>> = {
  allowed: (
    <>
      <rect width="14" height="14" rx="2.5" fill="currentColor" />
      <path d="M3.4 7.3l2.5 2.5 4.8-5.4" fill="none" stroke="var(--surface)" strokeWidth="1.8" />
    </>
  ),
  narrowed: (
    <>
      <rect x=".8" y=".8" width="12.4" height="12.4" rx="2" {...stroke} />
      <path d="M1 7h12v4.5A1.7 1.7 0 0 1 11.5 13h-9A1.7 1.7 0 0 1 1 11.5z" fill="currentColor" />
    </>
  ),
  refused: <path d="M13 7A6 6 0 1 1 1 7a6 6 0 0 1 12 0zM2.9 11.1l8.2-8.2" {...stroke} strokeWidth={1.9} />,
  again: <path d="M13.1 7A6.1 6.1 0 1 1 .9 7a6.1 6.1 0 0 1 12.2 0zM7 3.4V7l2.5 1.7" {...stroke} />,
  draft: <rect x="1" y="1" width="12" height="12" rx="2" {...stroke} strokeDasharray="3 2.2" />,
  report: <circle cx="7" cy="7" r="6" {...stroke} strokeDasharray="2 2" />,
  waiting: <circle cx="7" cy="7" r="6" {...stroke} strokeDasharray="2 2" />,
  unknown: <circle cx="7" cy="7" r="6" {...stroke} strokeDasharray="2 2" />,
  stopped: <rect x="1.5" y="1.5" width="11" height="11" fill="currentColor" />,
  look: <path d="M7 1.2l6.2 11.3H.8zM7 5.2v3.3M7 10v1.3" {...stroke} strokeLinejoin="round" />,
};

/** A state by its shape, its word and its colour: any one of them is enough. */
export function OutcomeMark({ outcome, children }: { readonly outcome: Outcome; readonly children?: React.ReactNode }) {
  return (
    <span className={`${style.mark} ${style[outcome]}`}>
      <Shape outcome={outcome} />
      <span>{children ?? outcomeWords[outcome]}</span>
    </span>
  );
}

/** The shape alone, beside words that say the same. */
export function Shape({ outcome }: { readonly outcome: Outcome }) {
  return (
    <svg viewBox="0 0 14 14" className={`${style.shape} ${style[outcome]}`} aria-hidden="true">
      {shapes[outcome]}
    </svg>
  );
}

export type Risk = keyof typeof riskWords;

/** Three rising bars; only high risk is coloured. */
export function RiskMeter({ risk }: { readonly risk: Risk }) {
  const level = ['low', 'medium', 'high'].indexOf(risk);
  return (
    <span className={`${style.risk} ${risk === 'high' ? style.high : ''}`}>
      <svg viewBox="0 0 14 12" aria-hidden="true">
        {[4, 8, 12].map((height, at) => (
          <rect
            key={height}
            x={at * 5 + 0.5}
            y={12 - height + 0.5}
            width="3"
            height={height - 1}
            className={at <= level ? style.full : style.hollow}
          />
        ))}
      </svg>
      {riskWords[risk]}
    </span>
  );
}

/** Beside what changes while one looks at it. */
export function LiveDot({ children }: { readonly children: React.ReactNode }) {
  return <span className={style.live}>{children}</span>;
}
