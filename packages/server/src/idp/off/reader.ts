import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Shelf } from '../../store/stop.ts';
import type { AuditRow } from '../../store/store.ts';

/** How far a page of bulletins was dealt with. */
export interface Progress {
  /** Everything up to this position is done with, and `records` tell how. */
  readonly until: number;
  readonly records: readonly AuditRow[];
  /** What comes after it could not be done, and is tried again after a pause. */
  readonly isStuck: boolean;
}

/** Deals with bulletins, or stops, oldest first. Whatever it has done it may be asked to do again: it died before that was written down. */
export type Work<T> = (page: readonly T[]) => Promise<Progress>;

/** Works through the bulletins for one purpose, from a place of its own that a crash does not lose. */
export interface Reader {
  /** There may be something new. */
  wake(): void;
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
}

export interface ReaderOptions<T extends { readonly position: number }> {
  readonly name: string;
  readonly bulletins: Pick<Shelf<T>, 'after' | 'begin' | 'advance' | 'readers'>;
  readonly work: Work<T>;
  /** What a reader that is new starts with. */
  readonly since: () => EpochSeconds;
  readonly onFault: (fault: unknown) => void;
  /** 0 to 1, so that those who wait for the same thing do not come back at once. */
  readonly random?: () => number;
}

const pageSize = 200;
const firstPauseMs = 250;
const longestPauseMs = 60_000;
/** Something new is a reason to try at once what failed before, but not more often than this. */
const leastPauseMs = 1000;

export function createReader<T extends { readonly position: number }>(options: ReaderOptions<T>): Reader {
  const { name, bulletins, work, since, onFault, random = Math.random } = options;
  let position: number | undefined;
  let running: Promise<void> | undefined;
  let isAsked = false;
  let isStopped = false;
  let failures = 0;
  /** Ends the pause; there while one lasts. */
  let goOn: (() => void) | undefined;

  /** True when there may be more. */
  async function step(): Promise<boolean> {
    // Another node may have been faster.
    const place = (await bulletins.readers()).get(name) ?? (await bulletins.begin(name, since()));
    position = Math.max(position ?? 0, place);
    const page = await bulletins.after(position, pageSize);
    if (page.length === 0) return false;
    const { until, records, isStuck } = await work(page);
    if (until > position) {
      await bulletins.advance(name, until, records);
      position = until;
      failures = 0;
    }
    if (isStuck) await pause();
    return true;
  }

  async function run(): Promise<void> {
    try {
      while (isAsked && !isStopped) {
        isAsked = false;
        try {
          if (await step()) isAsked = true;
        } catch (fault) {
          onFault(fault);
          isAsked = true;
          await pause();
        }
      }
    } finally {
      running = undefined; // not a moment later: whoever asks from here on begins anew
    }
  }

  function pause(): Promise<void> {
    if (isStopped) return Promise.resolve();
    const full = Math.min(firstPauseMs * 2 ** failures, longestPauseMs);
    failures += 1;
    const milliseconds = full * (0.5 + random() / 2);
    const startedAt = performance.now();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        goOn = undefined;
        resolve();
      };
      let timer = setTimeout(end, milliseconds);
      timer.unref();
      goOn = () => {
        if (isStopped) return end();
        const left = startedAt + Math.min(leastPauseMs, milliseconds) - performance.now();
        clearTimeout(timer);
        timer = setTimeout(end, Math.max(0, left));
        timer.unref();
      };
    });
  }

  const wake = () => {
    isAsked = true;
    goOn?.();
    running ??= run();
  };

  return {
    wake,
    async stop() {
      isStopped = true;
      goOn?.();
      await running;
    },
  };
}
