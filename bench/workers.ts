import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Series, writeBodies } from './bodies.ts';
import { type Contender, startContender } from './contender.ts';
import type { Fixture } from './fixture.ts';
import { firstWarmUpSeconds, measureOnce, median, type Plan, type Run } from './measure.ts';

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

/** One process and two workers, each on a home of its own and warm; they are loaded in turn with the same bodies, the other idle. */
export async function measureWorkers(plan: Plan, fixture: Fixture): Promise<WorkersResult[]> {
  const both: Contender[] = [];
  try {
    for (const workers of [1, 2]) both.push(await startWorkers(workers, fixture));
    const results: WorkersResult[] = [];
    for (const series of kinds) {
      // Several processes share the requests, and each has all the code to compile.
      const warmUp = { ...series, idTokens: 'repeated' } as const;
      await load(both, warmUp, { ...plan, seconds: 2 * firstWarmUpSeconds }, fixture);
      await load(both, series, plan, fixture);
      const rounds: Run[][] = [];
      for (let round = 0; round < plan.rounds; round += 1) rounds.push(await load(both, series, plan, fixture, round));
      const [one, two] = [0, 1].map((at) => rounds.map((runs) => runs[at] as Run)) as [Run[], Run[]];
      const ratio = (member: 'cpuMicros' | 'p99Micros') =>
        median(two.map((run, at) => run[member] / (one[at]?.[member] ?? Number.NaN)));
      results.push({
        series,
        one: middle(one),
        two: middle(two),
        cpuRatio: ratio('cpuMicros'),
        p99Ratio: ratio('p99Micros'),
      });
    }
    return results;
  } finally {
    for (const contender of both) await contender.stop();
  }
}

/** Loads each in turn, from another one on in each round; the runs are in the order of the contenders. */
async function load(
  all: readonly Contender[],
  series: Series,
  plan: Plan,
  fixture: Fixture,
  round = 0,
): Promise<Run[]> {
  const bodies = join(fixture.dir, 'bodies.txt');
  await writeBodies(bodies, plan.seconds * bodiesPerSecond, series, fixture);
  const runs: Run[] = [];
  for (let turn = 0; turn < all.length; turn += 1) {
    const at = (turn + round) % all.length;
    runs[at] = await measureOnce(all[at] as Contender, series, bodies, plan);
  }
  await rm(bodies);
  return runs;
}

/** On a copy of the home, which nobody else has open. */
async function startWorkers(workers: number, fixture: Fixture): Promise<Contender> {
  const [home, file] = [`${fixture.home}-${workers}`, join(fixture.dir, `fixture-${workers}.json`)];
  await cp(fixture.home, home, { recursive: true });
  await writeFile(file, JSON.stringify({ ...fixture, home }));
  return startContender('credence', file, { workers });
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
