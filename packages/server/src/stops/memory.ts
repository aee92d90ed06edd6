import type { Store } from '../store/store.ts';
import { type StopIndex, toStopIndex } from './judge.ts';

/** What is stopped, in memory, as new as whoever asks needs it. */
export interface Stops {
  current(): StopIndex;
  /**
   * Makes sure that nothing is missing that counted by this loss sequence; `undefined` when it is so already. A request
   * that notes the sequence first and is compared with it in its commit is judged by every stop there is (T19).
   */
  upTo(losses: number): Promise<void> | undefined;
  /** Follows what others do; for whoever compares nothing. */
  follow(): Promise<void>;
}

export async function openStops(store: Pick<Store, 'stops' | 'lossSequence'>, now: () => number): Promise<Stops> {
  let index: StopIndex = toStopIndex([]);
  let asOf = -1;
  let running: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    // The sequence first: what is read behind it is never older.
    const losses = await store.lossSequence();
    const stops = await store.stops.inForce(now());
    [index, asOf] = [toStopIndex(stops), losses];
  };
  const readAlone = (): Promise<void> => {
    running ??= read().finally(() => {
      running = undefined;
    });
    return running;
  };
  const upTo = (losses: number): Promise<void> | undefined => {
    if (losses <= asOf) return undefined;
    // One that runs already may have begun before the question: what it found is looked at, and if need be read again.
    return running ? running.then(() => upTo(losses)) : readAlone();
  };
  await read();
  return {
    current: () => index,
    upTo,
    follow: async () => {
      // Also one that has gone back: then it is another store.
      if ((await store.lossSequence()) !== asOf) await readAlone();
    },
  };
}
