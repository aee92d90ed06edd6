import type { WriteTurn } from '../store/group-commit.ts';
import type { RecentLine, RecentLines } from '../store/recent-lines.ts';
import { StoreUnavailable } from '../store/store.ts';
import { toLineText } from './line-text.ts';
import type { TurnMessage } from './messages.ts';

/** Somebody who wants to write. */
export interface Taker {
  /** It is their turn, until they say that they are done. */
  grant(): void;
  /** They have kept it for too long. They are to be ended: only then can somebody else have it. */
  expire(): void;
}

/** Hands out the right to write to one SQLite file, to one process at a time, first come, first served. */
export interface Turns {
  /** For the process that hands them out. */
  readonly own: WriteTurn;
  ask(taker: Taker): void;
  /**
   * @param lines - of the record, as they were written
   * @param again - it asks for the next turn at once
   */
  done(taker: Taker, lines?: readonly RecentLine[], again?: boolean): void;
  /** What a process had, or was waiting for, when it ended. SQLite has given back its lock by then. */
  gone(taker: Taker): void;
}

/** A transaction is written in milliseconds, and waits two seconds at most for a command beside the server. */
const keepMs = 10_000;

/** @param recent - where what others wrote stands, for the readers of this process */
export function createTurns(recent: Pick<RecentLines, 'add'>): Turns {
  const queue: Taker[] = [];
  let holder: Taker | undefined;
  let watch: NodeJS.Timeout | undefined;

  const next = () => {
    if (holder) return;
    const taker = queue.shift();
    if (!taker) return;
    holder = taker;
    watch = setTimeout(() => taker.expire(), keepMs).unref();
    taker.grant();
  };
  const ask: Turns['ask'] = (taker) => {
    queue.push(taker);
    next();
  };
  const done: Turns['done'] = (taker, lines = [], again = false) => {
    if (taker !== holder) return;
    recent.add(lines);
    clearTimeout(watch);
    holder = undefined;
    if (again) queue.push(taker);
    next();
  };
  return {
    ask,
    done,
    gone(taker) {
      for (let at = queue.indexOf(taker); at >= 0; at = queue.indexOf(taker)) queue.splice(at, 1);
      done(taker);
    },
    own: {
      take(work) {
        const taker: Taker = {
          grant() {
            try {
              work();
            } finally {
              done(taker);
            }
          },
          expire: () => undefined, // it is done when `grant` returns
        };
        setImmediate(() => ask(taker)); // the rest of this turn of the event loop still joins
      },
    },
  };
}

/** Whoever wrote so many lines at once has more to write before it is its turn again: asking for that by a word of its own would cost both. */
const busyLines = 8;

/** The turns of a process that another one hands them out to. */
export interface RemoteTurn extends WriteTurn {
  /** To be called when it may write. */
  granted(): void;
  /** Takes the lines that were written in it. They are told with the word that it is done: so they arrive in order, whoever wrote them. */
  readonly written: Pick<RecentLines, 'add'>;
}

/** @param tell - reaches the process that hands them out; throws when it is away, and then nothing is written */
export function createRemoteTurn(tell: (message: TurnMessage) => void): RemoteTurn {
  let waiting: (() => void) | undefined;
  let asked = false;
  let lines: readonly RecentLine[] = [];
  return {
    written: {
      add(more) {
        lines = more;
      },
    },
    // Asked for at once, not at the end of this turn of the event loop: it joins for as long as the answer takes.
    take(work) {
      try {
        if (!asked) tell({ turn: 'ask' });
      } catch (cause) {
        throw new StoreUnavailable('The process that says who may write is away.', { cause });
      }
      asked = true;
      waiting = work;
    },
    granted() {
      const work = waiting;
      waiting = undefined;
      asked = false;
      lines = [];
      work?.();
      const again = !asked && lines.length >= busyLines;
      asked ||= again;
      tell({ turn: 'done', lines: toLineText(lines), again });
    },
  };
}
