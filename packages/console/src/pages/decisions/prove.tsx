import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { call } from '../../data/api.ts';
import { makeVisible } from '../../data/visible.ts';
import { Button, buttonClass } from '../../parts/button.tsx';
import { saveFile } from '../../parts/csv.ts';
import { OutcomeMark } from '../../parts/marks.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { Time } from '../../parts/time.tsx';
import { proveTexts as texts } from '../../texts/audit.ts';
import { loadVerifier } from '../audit/load-verifier.ts';
import { usePinned } from '../audit/use-pinned.ts';
import style from './decision.module.css';
import { StorySection } from './story-section.tsx';

type Outcome =
  | {
      readonly as: 'proven';
      readonly checkpoint: number;
      readonly size: number;
      readonly timeMs: number;
      readonly steps: number;
    }
  | { readonly as: 'not'; readonly words: string }
  | { readonly as: 'waiting' };

interface Done {
  readonly outcome: Outcome;
  readonly proof: string;
  readonly wasPinned: boolean;
}

/** That a line is in the record as it was sealed, checked in the browser. */
export function Prove({ id }: { readonly id: string }) {
  const pinned = usePinned();
  const [done, setDone] = useState<Done>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);

  const run = async () => {
    setBusy(true);
    setError(undefined);
    try {
      const [{ value }, { checkProof }] = await Promise.all([call('proveRecord', { params: { id } }), loadVerifier()]);
      const wasPinned = pinned !== undefined;
      const keys = pinned?.keys ?? (await call('getRecordState', {})).value.keys;
      if (value.altered !== null) {
        setDone({ outcome: { as: 'not', words: `${texts.altered} ${value.altered}` }, proof: '', wasPinned });
      } else if (value.proof === null) setDone({ outcome: { as: 'waiting' }, proof: '', wasPinned });
      else {
        const proven = keys.length === 0 ? texts.noKey : await checkProof(value.proof, keys, id);
        const outcome: Outcome =
          typeof proven === 'string' ? { as: 'not', words: makeVisible(proven) } : { as: 'proven', ...proven };
        setDone({ outcome, proof: value.proof, wasPinned });
      }
    } catch (thrown) {
      setError(thrown);
    }
    setBusy(false);
  };

  return (
    <StorySection title={texts.title}>
      <p className="quiet">{texts.lead}</p>
      <div role="status" className={style.proof}>
        {error !== undefined && <ErrorNote error={error} />}
        {done && <Shown {...done} />}
      </div>
      <div className="row">
        <Button disabled={isBusy} onClick={() => void run()}>
          {done ? texts.again : texts.prove}
        </Button>
        {done && done.proof !== '' && (
          <Button onClick={() => saveFile(`proof-${id}.json`, 'application/json', `${done.proof}\n`)}>
            {texts.save}
          </Button>
        )}
        <Link to="/audit" search={{ part: 'verify' }} className={buttonClass()}>
          {texts.toAudit}
        </Link>
      </div>
    </StorySection>
  );
}

function Shown({ outcome, wasPinned }: Done) {
  if (outcome.as === 'waiting') return <OutcomeMark outcome="waiting">{texts.notSealed}</OutcomeMark>;
  if (outcome.as === 'not') {
    return (
      <OutcomeMark outcome="refused">
        {texts.not} {outcome.words}
      </OutcomeMark>
    );
  }
  const { checkpoint, size, timeMs, steps } = outcome;
  return (
    <>
      <OutcomeMark outcome="allowed">{texts.proven}</OutcomeMark>
      <p>
        {texts.provenHow(checkpoint, size, steps)} <Time ms={timeMs} />. {wasPinned ? texts.pinned : texts.notPinned}
      </p>
    </>
  );
}
