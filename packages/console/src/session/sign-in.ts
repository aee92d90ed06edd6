// Signing in (again) without leaving the page: in a window of its own, so that nothing that was typed is lost. That window
// ends at `signedInPath`, which tells the others by a channel that only pages of this origin hear.

export type Need = 'out' | 'old';

/** Where the console tells its other windows that the sign-in is done. */
export const signedInPath = '/signed-in';
const channelName = 'credence-session';

interface Waiting {
  readonly need: Need;
  readonly settle: (isDone: boolean) => void;
}

const listeners = new Set<() => void>();
const signIns = new Set<() => void>();
let waiting: readonly Waiting[] = [];
/** Whom the page was drawn for: what it has read and what was typed is theirs. */
let drawnFor: string | undefined;

/** Resolves to whether the person has signed in: then the call can be made again. Until then a dialog asks. */
export function needSignIn(need: Need): Promise<boolean> {
  // Nobody was signed in yet: there is nothing to lose, and a page of its own says so.
  if (need === 'out' && drawnFor === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    waiting = [...waiting, { need, settle: resolve }];
    tell();
  });
}

/**
 * From now on a missing session is one that has ended.
 * @returns whether it is the person of before: for anybody else the page has to be loaded anew
 */
export function markSignedIn(id: string): boolean {
  drawnFor ??= id;
  return drawnFor === id;
}

/** What is being waited for, if anything is: the stronger of several. */
export function currentNeed(): Need | undefined {
  if (waiting.length === 0) return undefined;
  return waiting.some(({ need }) => need === 'out') ? 'out' : 'old';
}

/** The dialog was answered: by a sign-in, or not. */
export function settleSignIn(isDone: boolean): void {
  const settled = waiting;
  waiting = [];
  for (const { settle } of settled) settle(isDone);
  tell();
  if (isDone) for (const onSignIn of signIns) onSignIn();
}

/** Calls `onSignIn` whenever somebody has signed in again; the function it returns ends that. */
export function watchSignIn(onSignIn: () => void): () => void {
  signIns.add(onSignIn);
  return () => signIns.delete(onSignIn);
}

/** Calls `onChange` whenever {@link currentNeed} may have changed; the function it returns ends that. */
export function watchNeed(onChange: () => void): () => void {
  listeners.add(onChange);
  return () => listeners.delete(onChange);
}

function tell(): void {
  for (const listener of listeners) listener();
}

/** What a window tells all others: that somebody has signed in there, or out. */
export type News = 'in' | 'out';

let channel: BroadcastChannel | undefined;

/** One for the window: what it says itself it does not hear. */
function openChannel(): BroadcastChannel {
  channel ??= new BroadcastChannel(channelName);
  return channel;
}

export function announce(news: News): void {
  openChannel().postMessage(news);
}

/** Calls `onNews` when another window tells that; the function it returns ends that. */
export function hear(news: News, onNews: () => void): () => void {
  const listener = ({ data }: MessageEvent) => {
    if (data === news) onNews();
  };
  const open = openChannel();
  open.addEventListener('message', listener);
  return () => open.removeEventListener('message', listener);
}

/** Address of the sign-in: it leads back to `to`. */
export function signInUrl(to: string, fresh = false): string {
  return `/sign-in?to=${encodeURIComponent(to)}${fresh ? '&fresh=1' : ''}`;
}
