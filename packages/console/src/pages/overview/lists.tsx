import { Link } from '@tanstack/react-router';
import type { Answer } from '../../data/problem.ts';
import { type Outcome, Shape } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Section } from '../../parts/section.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { toNumber } from '../../parts/time-words.ts';
import { overviewTexts as texts } from '../../texts/overview.ts';
import style from './overview.module.css';
import type { Waiting } from './waiting.ts';

type Figures = Answer<'getFigures'>;

/** What needs a person. */
export function WaitingList({
  waiting,
  isKnown,
  error,
}: {
  readonly waiting: readonly Waiting[];
  readonly isKnown: boolean;
  /** Why some of it could not be read. */
  readonly error: unknown;
}) {
  return (
    <Section title={texts.waiting}>
      {error !== null && <ErrorNote error={error} />}
      {waiting.length === 0 && isKnown && <p className="quiet">{texts.nothing}</p>}
      <ul className={style.list}>
        {waiting.map(({ key, words, remark, to, mark }) => (
          <li key={key}>
            <Shape outcome={mark} />
            <div>
              {to === undefined ? words : <Name to={to}>{words}</Name>}
              {remark !== undefined && <p className="remark">{remark}</p>}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Why people were refused, the most frequent first; each leads to those lines. */
export function Reasons({ reasons, since }: { readonly reasons: Figures['reasons']; readonly since: string }) {
  const all = reasons.reduce((sum, { lines }) => sum + lines, 0);
  const most = reasons[0]?.lines ?? 1;
  return (
    <Section title={texts.why} remark={all > 0 ? texts.whyRemark(toNumber(all)) : undefined}>
      {all === 0 && <p className="quiet">{texts.nobodyRefused}</p>}
      <ul className={style.reasons}>
        {reasons.slice(0, 8).map(({ reason, words, lines }) => (
          <li key={reason}>
            <Link to="/decisions" search={{ show: 'all', reason, since }} title={words}>
              {words}
            </Link>
            <span className={style.bar} aria-hidden="true">
              <span style={{ width: `${(100 * lines) / most}%` }} />
            </span>
            <span className="number">{toNumber(lines)}</span>
          </li>
        ))}
      </ul>
    </Section>
  );
}

const troubleMarks: Readonly<Record<string, Outcome>> = { stopped: 'stopped', refusals: 'refused', old_secret: 'look' };

/** Servers and clients that need a look. */
export function Trouble({ trouble }: { readonly trouble: Figures['trouble'] }) {
  return (
    <Section title={texts.troubleTitle}>
      {trouble.length === 0 && <p className="quiet">{texts.noTrouble}</p>}
      <ul className={style.list}>
        {trouble.map(({ kind, id, name, what, words }) => (
          <li key={`${kind} ${id} ${what}`}>
            <Shape outcome={troubleMarks[what] ?? 'look'} />
            <div>
              <Name to={kind === 'server' ? places.server(id) : places.client(id)}>{name}</Name> {words}
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}
