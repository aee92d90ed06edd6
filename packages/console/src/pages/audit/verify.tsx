import { useEffect, useRef, useState } from 'react';
import { openStream } from '../../data/api.ts';
import type { Answer } from '../../data/problem.ts';
import { Button, Segmented } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { Section } from '../../parts/section.tsx';
import { Empty, ErrorNote } from '../../parts/states.tsx';
import { verifyTexts as texts } from '../../texts/audit.ts';
import style from './audit.module.css';
import { createBreath } from './breathe.ts';
import { Found } from './found.tsx';
import { KeyPin } from './key-pin.tsx';
import { loadVerifier } from './load-verifier.ts';
import { withSeen } from './pinned.ts';
import { type Span, toBehind } from './span.ts';
import { keepPinned, pinnedNow, usePinned } from './use-pinned.ts';
import type { Outcome } from './verifier.ts';

type State = Answer<'getRecordState'>;

/** How often the bar moves. */
const tellMs = 150;

interface Done {
  readonly outcome: Outcome;
  readonly behind: number;
  readonly wasPinned: boolean;
}

/** Reads a part of the record, or all of it, and verifies it here. */
export function Verify({ state, onLook }: { readonly state: State; readonly onLook: () => void }) {
  const pinned = usePinned();
  const keys = pinned?.keys ?? state.keys;
  const [newest, older] = (pinned?.seen ?? []).toReversed();
  const [span, setSpan] = useState<Span>('few');
  const [witness, setWitness] = useState<readonly string[]>([]);
  const [at, setAt] = useState<number>();
  const [done, setDone] = useState<Done>();
  const [error, setError] = useState<unknown>();
  const ending = useRef<AbortController>(undefined);
  useEffect(() => () => ending.current?.abort(), []);
  const behind = toBehind(span, state.last);
  const of = Math.max(0, state.last - Math.max(behind, state.first - 1));

  const run = async () => {
    const controller = new AbortController();
    ending.current = controller;
    const { signal } = controller;
    setDone(undefined);
    setError(undefined);
    setAt(0);
    try {
      const { verifyRecord } = await loadVerifier();
      let toldMs = performance.now();
      const outcome = await verifyRecord(await openStream(`/api/v1/record/lines?behind=${behind}`, signal), {
        keys,
        behind,
        atLeast: state.checkpoint?.size ?? 0,
        witnessed: [...witness, ...(pinned?.seen ?? []).map(({ statement }) => statement)],
        onLine: (line) => {
          if (performance.now() - toldMs < tellMs) return;
          toldMs = performance.now();
          setAt(line);
        },
        signal,
        breathe: createBreath(),
      });
      setDone({ outcome, behind, wasPinned: pinned !== undefined });
      if (pinned && outcome.as === 'in_order') {
        const { findings, seen } = outcome;
        const next = withSeen(pinnedNow(), { began: pinned, behind, startedAt: findings.startedAt, seen });
        if (next) keepPinned(next);
      }
    } catch (thrown) {
      if (signal.aborted) setDone({ outcome: { as: 'cancelled' }, behind, wasPinned: false });
      else setError(thrown);
    }
    setAt(undefined);
    onLook();
  };

  return (
    <div className={style.stack}>
      <p className="quiet prose">
        {texts.lead} <code className={style.command}>{texts.leadCommand}</code>.
      </p>
      <div className="columns even">
        <KeyPin named={state.keys} pinned={pinned} />
        <Section title={texts.lines}>
          <div className={style.form}>
            <Segmented
              label={texts.howMany}
              value={span}
              options={(Object.keys(texts.spans) as Span[]).map((value) => ({ value, label: texts.spans[value] }))}
              onChange={setSpan}
              disabled={at !== undefined}
            />
            <Field
              label={texts.witness}
              hint={texts.witnessHint}
              type="file"
              disabled={at !== undefined}
              onChange={({ target }) => void target.files?.[0]?.text().then((text) => setWitness(text.split('\n')))}
            />
            {newest && (
              <p className="quiet prose">
                {texts.seen(newest.number)} {older && texts.notCompared(older.number)}
              </p>
            )}
            {at === undefined ? (
              <Button kind="first" disabled={keys.length === 0 || of === 0} onClick={() => void run()}>
                {texts.start(of)}
              </Button>
            ) : (
              <div className={style.run}>
                <progress aria-label={texts.running(at, of)} max={of} value={Math.min(at, of)} />
                <span className="remark">{texts.running(at, of)}</span>
                <Button onClick={() => ending.current?.abort()}>{texts.cancel}</Button>
              </div>
            )}
          </div>
        </Section>
      </div>
      <Section title={texts.outcome}>
        <div role="status">
          {error !== undefined && <ErrorNote error={error} />}
          {error === undefined && done && <Found {...done} />}
          {error === undefined && !done && <Empty title={texts.waiting}>{texts.waitingLead}</Empty>}
        </div>
      </Section>
    </div>
  );
}
