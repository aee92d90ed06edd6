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

let lastTouch = Date.now();

/** When somebody last moved, typed or touched here. */
export function touchedMs(): number {
  return lastTouch;
}

/** Listens for the hands of whoever sits here. */
export function watchHands(target: EventTarget): void {
  for (const type of ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart']) {
    target.addEventListener(
      type,
      () => {
        lastTouch = Date.now();
      },
      { passive: true, capture: true },
    );
  }
}

/**
 * How often a page may ask for news by itself, in the shape that queries take: never while nobody is there. Asking counts as
 * use, and a screen that somebody has left must not keep their session alive.
 */
export function pollEvery(ms: number): () => number | false {
  return () => (Date.now() - lastTouch < 300_000 ? ms : false);
}
