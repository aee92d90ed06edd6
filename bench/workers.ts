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

/** The CPU time of two workers is judged beside what two processes that share nothing take (ADR 0057). */
export const workersBars = { cpu: 1.15, p99: 2 } as const;

export function costOfSharing({ cpuRatio, floorRatio }: Pick<WorkersResult, 'cpuRatio' | 'floorRatio'>): number {
  return cpuRatio / floorRatio;
}

const kinds: readonly Series[] = [
  { grant: 'issue', method: 'client_secret_post', idTokens: 'new' },
  { grant: 'redeem', method: 'client_secret_post', idTokens: 'new' },
];
const bodiesPerSecond = 9000;

/** One and two processes of each program, all warm; they are loaded in turn, the others idle. */
export async function measureWorkers(plan: Plan, fixture: Fixture): Promise<WorkersResult[]> {
  const opened: Contender[] = [];
  try {
    const pair = async (name: ContenderName): Promise<Pair> => {
      const [one, two] = [await startWorkers(name, 1, fixture), await startWorkers(name, 2, fixture)];
      opened.push(one, two);
      return { one, two };
    };
    const [credence, floor] = [await pair('credence'), await pair('floor')];
    const results: WorkersResult[] = [];
    for (const series of kinds) {
      const ours = { ...credence, runs: { one: [], two: [] } };
      const bare = { ...floor, runs: { one: [], two: [] } };
      for (const both of [ours, bare]) await warmUp(both, series, plan, fixture);
      for (let round = 0; round < plan.rounds; round += 1) {
        for (const both of [ours, bare]) await measurePair(both, series, plan, fixture, round % 2 === 0);
      }
      const [one, two] = [middle(ours.runs.one), middle(ours.runs.two)];
      const ratios = { cpuRatio: ratioOf(ours, 'cpuMicros'), p99Ratio: ratioOf(ours, 'p99Micros') };
      results.push({ series, one, two, ...ratios, floorRatio: ratioOf(bare, 'cpuMicros') });
    }
    return results;
  } finally {
    for (const contender of opened) await contender.stop();
  }
}

/** The same program as one process and as two workers. */
interface Pair {
  readonly one: Contender;
  readonly two: Contender;
}

interface MeasuredPair extends Pair {
  readonly runs: { readonly one: Run[]; readonly two: Run[] };
}

async function measurePair(both: MeasuredPair, series: Series, plan: Plan, fixture: Fixture, oneFirst: boolean) {
  for (const which of oneFirst ? (['one', 'two'] as const) : (['two', 'one'] as const)) {
    both.runs[which].push(await loadOnce(both[which], series, plan, fixture));
  }
}

/** Several processes share the requests, and each has all the code to compile. */
async function warmUp({ one, two }: Pair, series: Series, plan: Plan, fixture: Fixture): Promise<void> {
  await loadOnce(one, series, { ...plan, seconds: firstWarmUpSeconds }, fixture);
  await loadOnce(two, series, { ...plan, seconds: 2 * firstWarmUpSeconds }, fixture);
}

function ratioOf({ runs }: MeasuredPair, member: 'cpuMicros' | 'p99Micros'): number {
  return median(runs.two.map((run, at) => run[member] / (runs.one[at]?.[member] ?? Number.NaN)));
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

async function loadOnce(contender: Contender, series: Series, plan: Plan, fixture: Fixture): Promise<Run> {
  const bodies = join(fixture.dir, 'bodies.txt');
  await writeBodies(bodies, plan.seconds * bodiesPerSecond, series, fixture);
  const run = await measureOnce(contender, series, bodies, plan);
  await rm(bodies);
  return run;
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
