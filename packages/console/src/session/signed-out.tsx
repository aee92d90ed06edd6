import { useEffect } from 'react';
import { buttonClass } from '../parts/button.tsx';
import { sessionTexts } from '../texts/session.ts';
import { Lead, PlainPage } from './plain-page.tsx';
import { announce, signInUrl } from './sign-in.ts';

/** Nobody is signed in here. Signing in leads back to this address. */
export function SignedOut() {
  return (
    <PlainPage title={sessionTexts.signedOut}>
      <Lead>{sessionTexts.signedOutLead}</Lead>
      <a className={buttonClass('first')} href={signInUrl(location.pathname + location.search)}>
        {sessionTexts.signIn}
      </a>
      <p className="remark">{sessionTexts.nobodyYet}</p>
    </PlainPage>
  );
}

/** After signing out on purpose. */
export function OutAgain() {
  return (
    <PlainPage title={sessionTexts.outAgain}>
      <Lead>{sessionTexts.outAgainLead}</Lead>
      <a className={buttonClass('first')} href={signInUrl('/')}>
        {sessionTexts.again}
      </a>
    </PlainPage>
  );
}

/** In the window that a sign-in was done in: the others are told, and it closes. */
export function SignedIn() {
  useEffect(() => {
    announce('in');
    window.close();
  }, []);
  return (
    <PlainPage title={sessionTexts.done}>
      <Lead>{sessionTexts.doneLead}</Lead>
    </PlainPage>
  );
}
