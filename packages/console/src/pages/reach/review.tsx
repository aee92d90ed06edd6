import { useRef, useState } from 'react';
import { useThings } from '../../data/names.ts';
import { Button } from '../../parts/button.tsx';
import { saveFile } from '../../parts/csv.ts';
import { Dialog } from '../../parts/overlay.tsx';
import { ErrorNote } from '../../parts/states.tsx';
import { reachTexts as texts } from '../../texts/reach.ts';
import { inWords } from '../decisions/line.ts';
import style from './reach.module.css';
import { readReview } from './review-stream.ts';
import { toReview } from './server-people.tsx';
import type { Question } from './use-question.ts';

type Asked = Pick<Question, 'server' | 'client' | 'scope' | 'unused'>;

/** Everybody who reaches a server, as a table for an access review. */
export function ReviewButton({ asked }: { readonly asked: Asked }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button onClick={() => setOpen(true)}>{texts.review}</Button>
      {isOpen && <Review asked={asked} onClose={() => setOpen(false)} />}
    </>
  );
}

type State =
  | { readonly is: 'ready' | 'broken' }
  | { readonly is: 'running' | 'done'; readonly lines: number }
  | { readonly is: 'failed'; readonly error: unknown };

function Review({ asked, onClose }: { readonly asked: Asked; readonly onClose: () => void }) {
  const { serverNames, clientNames } = useThings();
  const [state, setState] = useState<State>({ is: 'ready' });
  const ending = useRef<AbortController>(undefined);
  const name = serverNames.get(asked.server) ?? asked.server;
  const stop = () => {
    ending.current?.abort();
    onClose();
  };
  const run = async () => {
    const own = new AbortController();
    ending.current = own;
    setState({ is: 'running', lines: 0 });
    try {
      const told = await readReview(asked.server, toReview(asked), {
        signal: own.signal,
        onLines: (lines) => setState({ is: 'running', lines }),
      });
      if (own.signal.aborted) return;
      if (told === undefined) return setState({ is: 'broken' });
      saveFile(texts.reviewName(asked.server), 'text/csv;charset=utf-8', told.text);
      setState({ is: 'done', lines: told.lines });
    } catch (error) {
      if (!own.signal.aborted) setState({ is: 'failed', error });
    }
  };
  const narrowed = [
    ...(asked.client === '' ? [] : [`${texts.through} ${clientNames.get(asked.client) ?? asked.client}`]),
    ...(asked.scope === '' ? [] : [`${texts.with} ${asked.scope}`]),
    ...(asked.unused ? [texts.unused.toLowerCase()] : []),
  ];
  return (
    <Dialog title={texts.reviewTitle(name)} onClose={stop}>
      <div className={style.review}>
        <p>{texts.reviewHolds}</p>
        <p className="quiet">{texts.reviewMeans}</p>
        {narrowed.length > 0 && <p>{texts.reviewNarrowed(inWords(narrowed))}</p>}
        <p role="status">
          {state.is === 'running' && texts.reviewLines(state.lines)}
          {state.is === 'done' && texts.reviewDone(state.lines)}
          {state.is === 'broken' && texts.reviewBroken}
        </p>
        {state.is === 'failed' && <ErrorNote error={state.error} />}
        <div className={style.buttons}>
          <Button onClick={stop}>{state.is === 'running' ? texts.reviewStop : texts.close}</Button>
          {state.is !== 'running' && state.is !== 'done' && (
            <Button kind="first" onClick={() => void run()}>
              {texts.reviewStart}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
