export const sessionTexts = {
  signedOut: 'You are not signed in.',
  signedOutLead: 'Administrators sign in with their work account and a second factor.',
  signIn: 'Sign in',
  nobodyYet: 'Nobody administers yet? The first start of the server printed a link that makes the first administrator.',
  ended: 'Your session has ended.',
  endedLead:
    'After 15 minutes without use it ends by itself. Sign in again: this page stays as it is, and so does what you typed.',
  old: 'Confirm that it is you.',
  oldLead: 'This asks for a sign-in less than 15 minutes old. It opens beside this page; what you typed stays.',
  again: 'Sign in again',
  notNow: 'Not now',
  waiting: 'Waiting for the other window…',
  idle: 'Are you still there?',
  idleLead: 'In a minute your session ends, as nothing was used for 14 minutes.',
  stay: 'Stay signed in',
  signOut: 'Sign out',
  outAgain: 'You are signed out of the console.',
  outAgainLead:
    'Your sign-in at the identity provider still stands: on a shared computer end it too, or close the browser.',
  done: 'Signed in',
  doneLead: 'You can close this window and go on in the other.',
  noRole: 'You do not administer here any more.',
} as const;
