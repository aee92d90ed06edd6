/** What the clock of this process is held against. Milliseconds all. */
export interface ClockOptions {
  /** Since 1970, by the clock of this machine. */
  readonly wallMs: () => number;
  /** Only grows, whatever is done to that clock; may stand still while the machine sleeps. */
  readonly elapsedMs: () => number;
  /** As `elapsedMs`, sleep included; asked only when the two above have parted. */
  readonly uptimeMs: () => number;
  /** Since 1970 by the clock of the store; `undefined` where it has none of its own. Rejects while it cannot say. */
  readonly storeMs: () => Promise<number | undefined>;
  /** Whether it has: then nothing is believed before it was heard. */
  readonly hasStoreClock: boolean;
  /** The youngest line of the record, when there is no clock of the store; nothing can be older than it. */
  readonly latestMs: number | undefined;
  /** Further off than this nobody is answered: what checks of time allow, or five seconds where that is less. */
  readonly leewayMs: number;
  /** A clock without another to hold it against is believed after so long: what it could bring back to life has expired. */
  readonly settleMs: number;
  /** Makes it known, durably. Called again at the next look when it rejects. */
  readonly tell: (news: ClockNews) => Promise<void>;
}

export interface ClockNews {
  /** `off`: by more than anybody should be; `wrong`: and nobody is answered; `right`: again. */
  readonly state: 'right' | 'off' | 'wrong';
  readonly aheadMs: number;
  /** What time it is by the other clock. */
  readonly timeMs: number;
  readonly against: 'the clock of the database' | 'what this machine has counted since it was last right';
}

/** Whether this process knows what time it is. */
export interface Clock {
  /** False: whatever rests on the time must not be done. Costs next to nothing. */
  isRight(): boolean;
  /** Looks at the other clock; to be repeated. */
  look(): Promise<void>;
}

/** A difference that somebody should know of. */
const offMs = 5000;
/** The store's clock is asked through the network; an answer that took longer says nothing. */
const uselessAfterMs = 4000;

/**
 * A clock that is behind accepts what has expired; one that is ahead issues what lives too long, and forgets what was used
 * before it may. Nodes of one installation are held against the clock of their database. Where there is none, the clock is
 * held against itself: a machine counts on when its clock is set.
 */
export function createClock(options: ClockOptions): Clock {
  const { wallMs, elapsedMs, uptimeMs, storeMs, latestMs, settleMs, tell } = options;
  const leewayMs = Math.max(options.leewayMs, offMs);
  /** How far ahead the clock was at the last look, and where the counters then stood before it. */
  let aheadMs = Math.min(0, latestMs === undefined ? 0 : wallMs() - latestMs);
  /** The record says only what time it must be past: any time from there on is as good as if this process began at it. */
  let beganBehind = aheadMs < 0;
  let wallAtZero = wallMs() - elapsedMs();
  let wallAtStart = wallMs() - uptimeMs();
  let told: ClockNews['state'] = 'right';
  let isHeard = !options.hasStoreClock;
  /** Since when it stands where it stands. */
  let steady = { aheadMs, sinceMs: elapsedMs() };

  const aheadNow = () => {
    const moved = wallMs() - elapsedMs() - wallAtZero;
    if (Math.abs(moved) <= offMs) return aheadMs + moved;
    // Set, or asleep.
    const ahead = aheadMs + wallMs() - uptimeMs() - wallAtStart;
    if (beganBehind && ahead > 0) return believe(0);
    if (Math.abs(ahead - aheadMs) <= offMs) believe(ahead);
    return ahead;
  };
  const believe = (ahead: number) => {
    aheadMs = ahead;
    wallAtZero = wallMs() - elapsedMs();
    wallAtStart = wallMs() - uptimeMs();
    return ahead;
  };
  const stateOf = (ahead: number, unsureMs = 0): ClockNews['state'] => {
    const by = Math.abs(ahead) - unsureMs;
    return by > leewayMs ? 'wrong' : by > offMs ? 'off' : 'right';
  };

  async function say(ahead: number, state: ClockNews['state'], against: ClockNews['against']): Promise<void> {
    if (state === told) return;
    await tell({ state, aheadMs: ahead, timeMs: Math.round(wallMs() - ahead), against });
    told = state;
  }

  return {
    isRight: () => isHeard && Math.abs(aheadNow()) <= leewayMs,
    async look() {
      const from = elapsedMs();
      const answer = await storeMs();
      const tookMs = elapsedMs() - from;
      if (answer !== undefined) {
        if (tookMs > uselessAfterMs) return;
        const ahead = wallMs() - (answer + tookMs / 2);
        isHeard = true;
        // Within what the way there and back may have taken nothing is known.
        believe(Math.sign(ahead) * Math.max(0, Math.abs(ahead) - tookMs / 2));
        return say(ahead, stateOf(ahead, tookMs / 2), 'the clock of the database');
      }
      const ahead = aheadNow();
      const state = stateOf(ahead);
      beganBehind &&= state === 'wrong';
      if (Math.abs(ahead - steady.aheadMs) > offMs) steady = { aheadMs: ahead, sinceMs: elapsedMs() };
      await say(ahead, state, 'what this machine has counted since it was last right');
      if (state === 'off' || (state === 'wrong' && elapsedMs() - steady.sinceMs >= settleMs)) {
        believe(0);
        steady = { aheadMs: 0, sinceMs: elapsedMs() };
      }
    },
  };
}
