import { useEffect, useState, useSyncExternalStore } from 'react';
import { signedInNow } from '../data/api.ts';
import { Button } from '../parts/button.tsx';
import { Dialog } from '../parts/overlay.tsx';
import { sessionTexts } from '../texts/session.ts';
import { currentNeed, hear, markSignedIn, settleSignIn, signedInPath, signInUrl, watchNeed } from './sign-in.ts';

/** Asks for a sign-in when a call needs one, in a window beside the page: what was typed stays. */
export function SignInDialog() {
  const need = useSyncExternalStore(watchNeed, currentNeed);
  const [isOpened, setOpened] = useState(false);
  useEffect(() => hear('in', () => void goOn()), []);
  useEffect(() => {
    if (need === undefined) setOpened(false);
  }, [need]);
  if (need === undefined) return null;

  const isOld = need === 'old';
  return (
    <Dialog title={isOld ? sessionTexts.old : sessionTexts.ended} whileAway onClose={() => settleSignIn(false)}>
      <p className="quiet">{isOld ? sessionTexts.oldLead : sessionTexts.endedLead}</p>
      <p className="remark" role="status">
        {isOpened ? sessionTexts.waiting : ''}
      </p>
      <div className="row">
        <Button
          kind="first"
          data-autofocus
          onClick={() => {
            window.open(signInUrl(signedInPath, isOld), '_blank', 'popup,width=560,height=720');
            setOpened(true);
          }}
        >
          {sessionTexts.again}
        </Button>
        <Button onClick={() => settleSignIn(false)}>{sessionTexts.notNow}</Button>
      </div>
    </Dialog>
  );
}

/** Another window says that it is done. Any window of this origin can say so: the server is asked who is signed in now. */
async function goOn(): Promise<void> {
  // Where the server does not say, all stays as it is, and what was typed too: whoever was asked is asked still.
  const id = await signedInNow().catch(() => null);
  if (id === null) return;
  if (id !== undefined && markSignedIn(id)) settleSignIn(true);
  else location.reload();
}
