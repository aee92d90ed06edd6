/** The server ends a session that nobody has used for so long (`session-times.ts`). */
const idleSeconds = 900;
/** How long before that a person who may still be there is asked. */
const warnSeconds = 60;

export type Idle = 'busy' | 'warned' | 'over';

/** What a page that was last touched then should do now. */
export function idleState(touched: number, now: number): Idle {
  const idle = (now - touched) / 1000;
  if (idle >= idleSeconds) return 'over';
  return idle >= idleSeconds - warnSeconds ? 'warned' : 'busy';
}

/** After how long without a hand a page asks for nothing by itself. */
const quietSeconds = 60;

let lastTouch = Date.now();
const returns = new Set<() => void>();

/** When somebody last moved, typed or touched here. */
export function touchedMs(): number {
  return lastTouch;
}

/** Listens for the hands of whoever sits here. */
export function watchHands(target: EventTarget): void {
  for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
    target.addEventListener(type, () => touch(Date.now()), { passive: true, capture: true });
  }
}

/** A hand at this moment. Once the session is over none brings it back, as a page that slept would be: only {@link beginAgain}. */
export function touch(now: number): void {
  if (idleState(lastTouch, now) === 'over') return;
  const isReturn = !isSomebodyThere(now);
  lastTouch = now;
  if (isReturn) for (const onReturn of returns) onReturn();
}

/** Somebody has signed in again. */
export function beginAgain(now: number): void {
  lastTouch = now;
}

export function isSomebodyThere(now: number): boolean {
  return now - lastTouch < quietSeconds * 1000;
}

/** Calls `onReturn` at the first hand after nobody was there; the function it returns ends that. */
export function watchReturn(onReturn: () => void): () => void {
  returns.add(onReturn);
  return () => returns.delete(onReturn);
}

/**
 * How often a page may ask for news by itself, in the shape that queries take: never while nobody is there. Asking counts as
 * use at the server, and a screen that somebody has left must not keep their session alive longer than the page says.
 */
export function pollEvery(ms: number): () => number | false {
  return () => (isSomebodyThere(Date.now()) ? ms : false);
}
