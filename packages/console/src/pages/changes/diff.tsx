import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { OutcomeMark, RiskMeter } from '../../parts/marks.tsx';
import { Section, Verdict } from '../../parts/section.tsx';
import { changesTexts as texts } from '../../texts/changes.ts';
import style from './changes.module.css';
import { type Diff, diffLines, toLines } from './model.ts';

const signs = { '+': '+', '-': '−', '~': '±' } as const;

/** As many as are drawn before anybody wants all: a change of every server says thousands of sentences. */
const few = 100;

/** What a draft does, in sentences: gains by risk, then losses, then conditions. */
export function WhatChanges({ diff: { summary, effects } }: { readonly diff: Diff }) {
  const [isWhole, setWhole] = useState(false);
  return (
    <Section title={texts.whatChanges} remark={effects.length > 0 && summary}>
      {effects.length === 0 && <Verdict>{summary}</Verdict>}
      <ul className={style.effects}>
        {(isWhole ? effects : effects.slice(0, few)).map(({ sign, words, risk, rules, subject, server, scopes }) => (
          <li key={[sign, subject, server, ...scopes, words].join(' ')} data-sign={sign}>
            <span className={style.sign} aria-hidden="true">
              {signs[sign]}
            </span>
            <div>
              <Verdict>{words}</Verdict>
              <p className="remark">{texts.alreadyOthers(rules.join(', '))}</p>
            </div>
            <RiskMeter risk={risk} />
          </li>
        ))}
      </ul>
      {!isWhole && effects.length > few && (
        <Button small onClick={() => setWhole(true)}>
          {texts.allSentences(effects.length)}
        </Button>
      )}
    </Section>
  );
}

/** What would go elsewhere: old and new place, one above the other. */
export function Elsewhere({ diff: { moved } }: { readonly diff: Diff }) {
  if (moved.length === 0) return null;
  return (
    <Section title={texts.moved} remark={texts.movedRemark}>
      <ul className={style.moved}>
        {moved.map(({ server, what, before, after, untold }) => (
          <li key={`${server} ${what}`}>
            <OutcomeMark outcome="look">{texts.movedWhat[what](server)}</OutcomeMark>
            <dl className="facts">
              <dt>{texts.movedBefore}</dt>
              <dd>{before === null ? <span className="quiet">{texts.movedNone}</span> : <code>{before}</code>}</dd>
              <dt>{texts.movedAfter}</dt>
              <dd>{after === null ? <span className="quiet">{texts.movedNone}</span> : <code>{after}</code>}</dd>
            </dl>
            {untold.length > 0 && <p className="remark">{texts.movedUntold(untold)}</p>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** The same as text, entry by entry, folded. */
export function Entries({ diff: { entries } }: { readonly diff: Diff }) {
  const [isWhole, setWhole] = useState(false);
  if (entries.length === 0) return null;
  return (
    <Section title={texts.entries}>
      {(isWhole ? entries : entries.slice(0, few)).map(({ section, id, before, after }) => {
        const change = before === null ? `, ${texts.added}` : after === null ? `, ${texts.removed}` : '';
        return (
          <details key={`${section} ${id}`} className={style.entry}>
            <summary>
              {texts.sections[section] ?? section} <code>{id}</code>
              {change}
            </summary>
            <Lines before={before} after={after} />
          </details>
        );
      })}
      {!isWhole && entries.length > few && (
        <Button small onClick={() => setWhole(true)}>
          {texts.allEntries(entries.length)}
        </Button>
      )}
    </Section>
  );
}

function Lines({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  const lines = diffLines(toLines(before), toLines(after));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
    <pre className={style.code} tabIndex={0}>
      {lines.map(({ sign, text }, at) => {
        const line = `${sign} ${text}\n`;
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing but their place
        if (sign === '+') return <ins key={at}>{line}</ins>;
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have nothing but their place
        return sign === '-' ? <del key={at}>{line}</del> : <span key={at}>{line}</span>;
      })}
    </pre>
  );
}
