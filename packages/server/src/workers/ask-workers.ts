import { countedIn, mergeSnapshots, type Snapshot } from '../metrics/meter.ts';

/** What the workers have counted, for whoever reads the metrics of the whole installation. */
export interface WorkerCounts<Worker> {
  /** Asks all of them; of one that does not answer in time what it said last counts. */
  ask(workers: Iterable<Worker>): Promise<readonly Snapshot[]>;
  /** A worker has answered a question. */
  take(worker: Worker, question: number, snapshot: Snapshot): void;
  /** A worker has ended: what it had counted still counts, as far as it was told. */
  end(worker: Worker): void;
}

/** A scrape waits for ten seconds; a worker that takes a tenth of that has other troubles. */
const patienceMs = 1000;

/** @param put - puts a question to a worker, which may have no time to answer */
export function createWorkerCounts<Worker>(put: (worker: Worker, question: number) => void): WorkerCounts<Worker> {
  const latest = new Map<Worker, Snapshot>();
  const waiting = new Map<number, { readonly left: Set<Worker>; readonly done: () => void }>();
  let ended: Snapshot = {};
  let questions = 0;

  const answered = (worker: Worker, question: number) => {
    const asking = waiting.get(question);
    if (asking?.left.delete(worker) && asking.left.size === 0) asking.done();
  };

  return {
    async ask(workers) {
      const question = ++questions;
      const left = new Set(workers);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(question, { left, done: resolve });
      if (left.size === 0) resolve();
      const timer = setTimeout(resolve, patienceMs);
      for (const worker of left) put(worker, question);
      await promise;
      clearTimeout(timer);
      waiting.delete(question);
      return [ended, ...latest.values()];
    },
    take(worker, question, snapshot) {
      latest.set(worker, snapshot);
      answered(worker, question);
    },
    end(worker) {
      const last = latest.get(worker);
      latest.delete(worker);
      if (last) ended = mergeSnapshots([ended, countedIn(last)]);
      for (const question of waiting.keys()) answered(worker, question);
    },
  };
}
