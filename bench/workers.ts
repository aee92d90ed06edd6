import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Series, writeBodies } from './bodies.ts';
import { type Contender, type ContenderName, startContender } from './contender.ts';
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
  /** Of CPU time for a request: two processes of the floor, which share nothing, to one. What the machine takes for itself. */
  readonly floorRatio: number;
}

/** The CPU time of two workers is judged beside what two processes that share nothing take (ADR 0059). */
export const workersBars = { cpu: 1.15, p99: 2 } as const;

export function costOfSharing({ cpuRatio, floorRatio }: Pick<WorkersResult, 'cpuRatio' | 'floorRatio'>): number {
  return cpuRatio / floorRatio;
}

const kinds: readonly Series[] = [
  { grant: 'issue', method: 'client_secret_post', idTokens: 'new' },
  { grant: 'redeem', method: 'client_secret_post', idTokens: 'new' },
];
const bodiesPerSecond = 9000;

/** One and two processes of each program, all warm; they are loaded in turn with the same bodies, the others idle. */
export async function measureWorkers(plan: Plan, fixture: Fixture): Promise<WorkersResult[]> {
  const all: Contender[] = [];
  try {
    for (const name of ['credence', 'floor'] as const) {
      for (const workers of [1, 2]) all.push(await startWorkers(name, workers, fixture));
    }
    const results: WorkersResult[] = [];
    for (const series of kinds) {
      // Several processes share the requests, and each has all the code to compile.
      const warmUp = { ...series, idTokens: 'repeated' } as const;
      await load(all, warmUp, { ...plan, seconds: 2 * firstWarmUpSeconds }, fixture);
      await load(all, series, plan, fixture);
      const rounds: Run[][] = [];
      for (let round = 0; round < plan.rounds; round += 1) rounds.push(await load(all, series, plan, fixture, round));
      const runsOf = (at: number) => rounds.map((runs) => runs[at] as Run);
      const [one, two, floorOne, floorTwo] = [runsOf(0), runsOf(1), runsOf(2), runsOf(3)];
      results.push({
        series,
        one: middle(one),
        two: middle(two),
        cpuRatio: ratioOf(one, two, 'cpuMicros'),
        p99Ratio: ratioOf(one, two, 'p99Micros'),
        floorRatio: ratioOf(floorOne, floorTwo, 'cpuMicros'),
      });
    }
    return results;
  } finally {
    for (const contender of all) await contender.stop();
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

function ratioOf(one: readonly Run[], two: readonly Run[], member: 'cpuMicros' | 'p99Micros'): number {
  return median(two.map((run, at) => run[member] / (one[at]?.[member] ?? Number.NaN)));
}

/** On a copy of the home, which nobody else has open. */
async function startWorkers(name: ContenderName, workers: number, fixture: Fixture): Promise<Contender> {
  const [home, file] = [`${fixture.home}-${workers}`, join(fixture.dir, `fixture-${workers}.json`)];
  if (name === 'credence') {
    await cp(fixture.home, home, { recursive: true });
    await writeFile(file, JSON.stringify({ ...fixture, home }));
  }
  return startContender(name, file, { workers });
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
