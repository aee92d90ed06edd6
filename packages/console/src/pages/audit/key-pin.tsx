import type { Jwk } from '@credence/server/record-verification';
import { useState } from 'react';
import { Button } from '../../parts/button.tsx';
import { Area } from '../../parts/field.tsx';
import { OutcomeMark } from '../../parts/marks.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { verifyTexts as texts } from '../../texts/audit.ts';
import style from './audit.module.css';
import { loadVerifier, useFingerprints } from './load-verifier.ts';
import type { Pinned } from './pinned.ts';
import { keepPinned } from './use-pinned.ts';

/** The key that checkpoints are verified with: named by the server until somebody has compared it, and then pinned. */
export function KeyPin({ named, pinned }: { readonly named: readonly Jwk[]; readonly pinned: Pinned | undefined }) {
  const keys = pinned?.keys ?? named;
  const fingerprints = useFingerprints(keys);
  const [isPasting, paste] = useState(false);
  const pin = (all: readonly Jwk[]) => {
    keepPinned({ keys: all, atMs: Date.now(), seen: [] });
    paste(false);
  };
  const isOther = pinned && !named.every(({ kid }) => pinned.keys.some((key) => key.kid === kid));
  return (
    <Section title={texts.key} remark={texts.keyIs}>
      <div className={style.form}>
        {keys.length === 0 ? (
          <Empty title={texts.keyNone} />
        ) : (
          <>
            <p className="row">
              <OutcomeMark outcome={pinned ? 'allowed' : 'waiting'}>
                {pinned ? texts.pinned : texts.notPinned}
              </OutcomeMark>
              {pinned && (
                <span className="remark">
                  <Time ms={pinned.atMs} />
                </span>
              )}
            </p>
            <ul className={style.keys}>
              {keys.map(({ kid = '', alg }, at) => (
                <li key={kid}>
                  <code>{fingerprints?.[at] ?? '…'}</code>
                  <span className="remark">
                    {kid} {alg}
                  </span>
                </li>
              ))}
            </ul>
            {isOther && <p className="quiet prose">{texts.changed}</p>}
            {!pinned && (
              <p className="quiet prose">
                {texts.notPinnedLead} <code className={style.command}>{texts.command}</code>
              </p>
            )}
          </>
        )}
        {isPasting ? (
          <Paste onPin={pin} />
        ) : (
          <div className="row">
            {!pinned && named.length > 0 && <Button onClick={() => pin(named)}>{texts.pin}</Button>}
            {pinned ? (
              <Button onClick={() => keepPinned(undefined)}>{texts.forget}</Button>
            ) : (
              <Button onClick={() => paste(true)}>{texts.paste}</Button>
            )}
          </div>
        )}
      </div>
    </Section>
  );
}

function Paste({ onPin }: { readonly onPin: (keys: readonly Jwk[]) => void }) {
  const [text, setText] = useState('');
  const [isBad, setBad] = useState(false);
  const submit = async () => {
    const { parsePins } = await loadVerifier();
    const keys = parsePins(text);
    setBad(keys === undefined);
    if (keys) onPin(keys);
  };
  return (
    <form
      className={`${style.form} ${style.wide}`}
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className={style.wide}>
        <Area
          label={texts.pasteLabel}
          hint={texts.pasteHint}
          problem={isBad ? texts.pasteBad : undefined}
          rows={4}
          spellCheck={false}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      <Button type="submit" disabled={text.trim() === ''}>
        {texts.pasteDo}
      </Button>
    </form>
  );
}
