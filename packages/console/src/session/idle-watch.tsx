import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { call } from '../data/api.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/overlay.tsx';
import { sessionTexts } from '../texts/session.ts';
import { beginAgain, type Idle, idleState, touchedMs, watchReturn } from './idle.ts';
import { hear, needSignIn } from './sign-in.ts';

/**
 * Asks a minute before the session ends, and takes what was read off the screen when it has, or was ended: whoever passes by an open screen
 * sees nothing of it. What was typed stays in its fields.
 */
export function IdleWatch() {
  const [state, setState] = useState<Idle>('busy');
  const asked = useRef(false);
  const queries = useQueryClient();
  useEffect(() => {
    const timer = setInterval(() => setState(idleState(touchedMs(), Date.now())), 5000);
    return () => clearInterval(timer);
  }, []);
  // Pages that ask for news by themselves have stopped while nobody was there.
  useEffect(
    () =>
      watchReturn(
        () =>
          void queries.refetchQueries({
            type: 'active',
            predicate: ({ observers }) => observers.some(({ options }) => options.refetchInterval !== undefined),
          }),
      ),
    [queries],
  );
  const takeAway = useCallback(() => {
    if (asked.current) return;
    asked.current = true;
    document.documentElement.dataset.away = '';
    void needSignIn('out').then((isDone) => {
      if (!isDone) return location.reload();
      asked.current = false;
      beginAgain(Date.now());
      delete document.documentElement.dataset.away;
      void queries.invalidateQueries();
    });
  }, [queries]);
  useEffect(() => {
    if (state === 'over') takeAway();
  }, [state, takeAway]);
  // Whoever signs out in one window means all of them.
  useEffect(() => hear('out', takeAway), [takeAway]);
  if (state !== 'warned') return null;
  const stay = () => {
    setState('busy');
    void call('getMe', {}).catch(() => undefined);
  };
  return (
    <Dialog title={sessionTexts.idle} onClose={stay}>
      <p className="quiet">{sessionTexts.idleLead}</p>
      <div className="row">
        <Button kind="first" data-autofocus onClick={stay}>
          {sessionTexts.stay}
        </Button>
      </div>
    </Dialog>
  );
}
