import { addPage, noSums, type ReplayPage, type Sums } from './replay-sums.ts';

/** A replay as far as it has come. */
export interface Running {
  readonly sums: Sums;
  readonly fromMs: number;
  readonly toMs: number;
  /** `held`: there is more, for whoever wants it. `other`: the draft has another text now. */
  readonly state: 'running' | 'held' | 'done' | 'other' | 'failed';
  readonly error?: unknown;
}

/** What a replay works with. */
export interface Ground {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the text that decides: of another one nothing is added up. */
  readonly digest: string;
  readonly read: (cursor: string | undefined) => Promise<ReplayPage>;
  /** Whether somebody is there: a page that was left asks for nothing. */
  readonly isSomebodyThere: () => boolean;
  readonly onChange: (running: Running) => void;
}

/** Pages that are read before anybody has asked for the rest: a second's work. */
export const unasked = 20;

/**
 * Decides again page by page, the newest decisions first. It holds after a second's work, until somebody wants the rest, and goes on then
 * for as long as they are there.
 */
export function startReplay({ fromMs, toMs, digest, read, isSomebodyThere, onChange }: Ground) {
  let running: Running = { sums: noSums, fromMs, toMs, state: 'running' };
  let cursor: string | undefined;
  let left = unasked;
  let isEnded = false;

  function become(change: Partial<Running>): void {
    running = { ...running, ...change };
    if (!isEnded) onChange(running);
  }

  async function work(): Promise<void> {
    try {
      while (!isEnded && running.state === 'running') {
        const page = await read(cursor);
        if (page.digest !== digest) return become({ state: 'other' });
        cursor = page.next ?? undefined;
        left -= 1;
        const isHeld = running.state !== 'running' || left <= 0 || !isSomebodyThere();
        become({
          sums: addPage(running.sums, page),
          state: page.next === null ? 'done' : isHeld ? 'held' : 'running',
        });
      }
    } catch (error) {
      become({ state: 'failed', error });
    }
  }

  onChange(running);
  void work();
  return {
    /** All the rest, from where it was held or has failed. */
    goOn(): void {
      if (running.state !== 'held' && running.state !== 'failed') return;
      left = Number.POSITIVE_INFINITY;
      become({ state: 'running', error: undefined });
      void work();
    },
    /** After the page that is being read. */
    hold(): void {
      left = 0;
    },
    /** Nobody looks at it any more. */
    end(): void {
      isEnded = true;
    },
  };
}
