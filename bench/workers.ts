import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Series, writeBodies } from './bodies.ts';
import { startContender } from './contender.ts';
import type { Fixture } from './fixture.ts';
import { measureOnce, median, type Plan, type Run } from './measure.ts';

/** One kind of request, answered by one process and by two workers. */
export interface WorkersResult {
  readonly series: Series;
  readonly one: Run;
  readonly two: Run;
  /** Of CPU time for a request, and of p99: two workers to one, round by round, of which the median. */
  readonly cpuRatio: number;
  readonly p99Ratio: number;
}

export const workersBars = { cpu: 1.15, p99: 2 } as const;

const kinds: readonly Series[] = [
  { grant: 'issue', method: 'client_secret_post', idTokens: 'new' },
  { grant: 'redeem', method: 'client_secret_post', idTokens: 'new' },
];
const bodiesPerSecond = 9000;
/** For each process: several share the requests, and each has all the code to compile. */
const warmUpSeconds = 6;

/** Starts Credence anew for each run, on the same home, once with one process and once with two workers. */
export async function measureWorkers(plan: Plan, fixture: Fixture): Promise<WorkersResult[]> {
  const results: WorkersResult[] = [];
  for (const series of kinds) {
    const runs: Record<1 | 2, Run[]> = { 1: [], 2: [] };
    for (let round = 0; round < plan.rounds; round += 1) {
      for (const workers of round % 2 === 0 ? ([1, 2] as const) : ([2, 1] as const)) {
        runs[workers].push(await measure(workers, series, plan, fixture));
      }
    }
    const ratio = (member: 'cpuMicros' | 'p99Micros') =>
      median(runs[2].map((run, at) => run[member] / (runs[1][at]?.[member] ?? Number.NaN)));
    const [one, two] = [middle(runs[1]), middle(runs[2])];
    results.push({ series, one, two, cpuRatio: ratio('cpuMicros'), p99Ratio: ratio('p99Micros') });
  }
  return results;
}

async function measure(workers: number, series: Series, plan: Plan, fixture: Fixture): Promise<Run> {
  const contender = await startContender('credence', join(fixture.dir, 'fixture.json'), { workers });
  const bodies = join(fixture.dir, 'bodies.txt');
  try {
    let run: Run | undefined;
    for (const seconds of [...Array<number>(workers).fill(warmUpSeconds), plan.seconds]) {
      await writeBodies(bodies, seconds * bodiesPerSecond, series, fixture);
      run = await measureOnce(contender, series, bodies, { ...plan, seconds });
      await rm(bodies);
    }
    if (!run) throw new Error('nothing was measured');
    return run;
  } finally {
    await contender.stop();
  }
}

function middle(runs: readonly Run[]): Run {
  const of = (member: keyof Run) => median(runs.map((run) => run[member]));
  return {
    requests: of('requests'),
    cpuMicros: of('cpuMicros'),
    perSecond: of('perSecond'),
    p50Micros: of('p50Micros'),
    p99Micros: of('p99Micros'),
  };
}
