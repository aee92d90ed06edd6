import { useState } from 'react';
import { useChange, useRead } from '../../data/api.ts';
import { Area } from '../../parts/field.tsx';
import { MayButton } from '../../parts/may.tsx';
import { tell } from '../../parts/notes.tsx';
import { Confirm } from '../../parts/overlay.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { serverTexts as texts } from '../../texts/servers.ts';

/** From so many people on the name has to be typed. */
const manyPeople = 50;
const touched = ['getServer', 'listServerUse', 'getClient', 'listClientUse', 'listStops'] as const;

/** Stops a server or client, after its consequence was read; or starts it again, where it is stopped by itself. */
export function StopButton({
  kind,
  id,
  name,
  stops,
  people,
}: {
  readonly kind: 'server' | 'client';
  readonly id: string;
  readonly name: string;
  readonly stops: readonly { readonly id: string }[];
  /** Whom it touches, as far as that is known. */
  readonly people?: number | undefined;
}) {
  const [isAsking, ask] = useState(false);
  const [reason, setReason] = useState('');
  const stop = useChange('stop', touched);
  const resume = useChange('resume', touched);
  const standing = stops[0];
  if (standing !== undefined) {
    return (
      <>
        <MayButton
          permission="resume"
          onClick={() =>
            resume.mutate(
              { params: { id: standing.id }, body: { reason: texts.startReason } },
              { onSuccess: () => tell(texts.started(name)) },
            )
          }
        >
          {texts.start}
        </MayButton>
        {resume.error && <ErrorNote error={resume.error} />}
      </>
    );
  }
  return (
    <>
      <MayButton permission="stop" kind="danger" onClick={() => ask(true)}>
        {texts.stop}
      </MayButton>
      {isAsking && (
        <Asked
          order={{ kind, target: id }}
          action={texts.stopAction(name)}
          people={people}
          onClose={() => ask(false)}
          onDo={() =>
            stop.mutate(
              { body: { kind, target: id, reason: reason.trim() || texts.stopAction(name) } },
              {
                onSuccess: () => {
                  ask(false);
                  tell(texts.stopped1(name));
                },
              },
            )
          }
        >
          <p>{texts.stopWords}</p>
          <Area label={texts.stopReason} value={reason} onChange={(event) => setReason(event.target.value)} />
          {stop.error && <ErrorNote error={stop.error} />}
        </Asked>
      )}
    </>
  );
}

/** The consequence in the words of the server, which counts anew. */
function Asked({
  order,
  people,
  ...rest
}: {
  readonly order: { readonly kind: 'server' | 'client'; readonly target: string };
  readonly people: number | undefined;
} & Omit<React.ComponentProps<typeof Confirm>, 'consequence' | 'typed'>) {
  const preview = useRead('previewStop', { body: { ...order, reason: 'preview' } });
  const plan = preview.data?.value;
  const touched = Math.max(people ?? 0, plan?.people ?? 0);
  return (
    <Confirm
      consequence={toSentence(plan?.words ?? rest.action)}
      typed={touched > manyPeople ? order.target : undefined}
      {...rest}
    />
  );
}

function toSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
