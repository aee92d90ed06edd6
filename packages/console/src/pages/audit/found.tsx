import { makeVisible } from '../../data/visible.ts';
import { Shape } from '../../parts/marks.tsx';
import { Name, places } from '../../parts/name.tsx';
import { Verdict } from '../../parts/section.tsx';
import { Time } from '../../parts/time.tsx';
import { verifyTexts as texts } from '../../texts/audit.ts';
import style from './audit.module.css';
import { openOf, provenOf } from './found-words.ts';
import type { Outcome } from './verifier.ts';

/** What verification has found, what that proves, and what it does not. */
export function Found({
  outcome,
  behind,
  wasPinned,
}: {
  readonly outcome: Outcome;
  readonly behind: number;
  readonly wasPinned: boolean;
}) {
  if (outcome.as === 'cancelled') return <p>{texts.cancelled}</p>;
  if (outcome.as === 'broke_off') {
    return (
      <Head shape="look" title={texts.brokeOff(outcome.line)}>
        <p className="quiet prose">{texts.brokeOffLead}</p>
      </Head>
    );
  }
  if (outcome.as === 'fault') {
    const { line, id, fault, words } = makeVisible(outcome.fault);
    return (
      <Head shape="refused" title={texts.fault(line)}>
        <dl className="facts">
          {id !== undefined && (
            <>
              <dt>{texts.faultRecord}</dt>
              <dd>
                <Name to={places.decision(id)}>
                  <code>{id}</code>
                </Name>
              </dd>
            </>
          )}
          <dt>{texts.faultWhat}</dt>
          <dd>
            {words} <code>{fault}</code>
          </dd>
        </dl>
        <p className={`quiet prose ${style.help}`}>
          {fault === 'checkpoint_forged' && behind > 0 && `${texts.faultKey} `}
          {texts.faultHelp}
        </p>
      </Head>
    );
  }
  const { findings } = outcome;
  return (
    <Head shape="allowed" title={texts.inOrder(findings.lines - findings.unsealed)}>
      <div className={style.found}>
        <section aria-label={texts.proven}>
          <h3>{texts.proven}</h3>
          <ul>
            {provenOf(findings, wasPinned).map((words) => (
              <li key={words}>{words}</li>
            ))}
            {findings.sealedAtMs !== undefined && (
              <li>
                {texts.provenSealed(findings.checkpoints)} <Time ms={findings.sealedAtMs} />.
              </li>
            )}
          </ul>
        </section>
        <section aria-label={texts.open}>
          <h3>{texts.open}</h3>
          <ul>
            {openOf(findings, { wasPinned, behind }).map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        </section>
      </div>
    </Head>
  );
}

function Head({
  shape,
  title,
  children,
}: {
  readonly shape: 'allowed' | 'refused' | 'look';
  readonly title: string;
  readonly children: React.ReactNode;
}) {
  return (
    <>
      <div className={style.verdict}>
        <Shape outcome={shape} />
        <Verdict>{title}</Verdict>
      </div>
      {children}
    </>
  );
}
