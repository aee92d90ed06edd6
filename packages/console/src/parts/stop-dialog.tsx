import { useState } from 'react';
import { useChange, useRead } from '../data/api.ts';
import type { OperationId } from '../data/problem.ts';
import { stopTexts as texts } from '../texts/stop.ts';
import { Field } from './field.tsx';
import { tell } from './notes.tsx';
import style from './overlay.module.css';
import { Confirm } from './overlay.tsx';
import { ErrorNote } from './states.tsx';

type Kind = 'person' | 'client' | 'server' | 'rule' | 'issuer' | 'everything';

/** From this many people on, the name has to be typed. */
const manyPeople = 50;

/** Stops somebody or something: what it would do in the words of the server, why, and the button. */
export function StopDialog({
  kind,
  target,
  name,
  touches = [],
  onClose,
}: {
  readonly kind: Kind;
  /** As `credence stop` takes it; nothing for everything. */
  readonly target: string;
  /** For people; what has to be typed where many are touched. */
  readonly name: string;
  /** Operations whose answers it may change. */
  readonly touches?: readonly OperationId[];
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const order = { kind, ...(target !== '' && { target }) };
  const preview = useRead('previewStop', { body: { ...order, reason: '-' } });
  const stop = useChange('stop', ['listStops', ...touches]);
  const plan = preview.data?.value;
  const run = async () => {
    if (!plan || reason.trim() === '' || stop.isPending) return;
    await stop.mutateAsync({ body: { ...order, reason: reason.trim() } });
    tell(texts.done(name));
    onClose();
  };
  return (
    <Confirm
      consequence={plan ? `This ${plan.words}.` : texts.title(name)}
      action={texts.do}
      typed={(plan?.people ?? 0) > manyPeople || kind === 'everything' ? name : undefined}
      onClose={onClose}
      onDo={() => void run().catch(() => undefined)}
    >
      <div className={style.reason}>
        <p>{texts.live}</p>
        <Field
          label={texts.reason}
          hint={texts.reasonHint}
          required
          maxLength={500}
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
        {preview.error !== null && <ErrorNote error={preview.error} />}
        {stop.error !== null && <ErrorNote error={stop.error} />}
      </div>
    </Confirm>
  );
}
