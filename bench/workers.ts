import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Series, writeBodies } from './bodies.ts';
import { type Contender, startContender } from './contender.ts';
import type { Fixture } from './fixture.ts';
import { firstWarmUpSeconds, measureOnce, median, type Plan, type Run } from './measure.ts';

/** One kind of request, answered by one process, by two workers, and by two processes that share nothing. */
export interface WorkersResult {
  readonly series: Series;
  readonly one: Run;
  /** Each worker is asked by as many connections as the one process. */
  readonly two: Beside;
  /** Both together are asked by as many. */
  readonly twoSharing: Beside;
  /** What two processes take on this machine when none has to wait for the other, each asked by as many. */
  readonly apart: Beside;
}

/** Ratios of CPU time for a request, and of p99, to one process: round by round, of which the median. */
interface Beside extends Run {
  readonly cpuRatio: number;
  readonly p99Ratio: number;
}

/** Servers that are loaded at once, each over so many connections. */
interface Group {
  readonly servers: readonly Contender[];
  readonly connections: number;
}

export const workersBars = { cpu: 1.15, p99: 2 } as const;

const kinds: readonly Series[] = [
  { grant: 'issue', method: 'client_secret_post', idTokens: 'new' },
  { grant: 'redeem', method: 'client_secret_post', idTokens: 'new' },
];
/** From round to round the ratios of several processes differ more than those of one. */
export const roundsOf = ({ rounds }: Plan): number => rounds + 2;
/**
 * Several processes share the requests, and each has all the code to compile: for just these, as what was compiled for others is slower
 * for a long time, and for whoever gets half of them for twice as long.
 */
const warmUpSeconds = 3 * firstWarmUpSeconds;
/** More than two workers answer: a run that has used them up ends early, and its end is no load. */
const bodiesPerSecond = 14_000;

/**
 * One process, two workers, and two processes apart; each server has a home of its own and is warm. They are loaded in turn with the same
 * bodies, the others idle.
 */
export async function measureWorkers(plan: Plan, fixture: Fixture): Promise<WorkersResult[]> {
  const started: Contender[] = [];
  const start = async (workers: number): Promise<Contender> => {
    const server = await startWorkers(workers, fixture, started.length);
    started.push(server);
    return server;
  };
  try {
    const [alone, full, sharing] = [await start(1), await start(2), await start(2)];
    const [left, right] = [await start(1), await start(1)];
    const groups: readonly Group[] = [
      { servers: [alone], connections: plan.connections },
      { servers: [full], connections: 2 * plan.connections },
      { servers: [sharing], connections: plan.connections },
      { servers: [left, right], connections: plan.connections },
    ];
    const results: WorkersResult[] = [];
    for (const series of kinds) {
      for (let seconds = 0; seconds < warmUpSeconds; seconds += plan.seconds) await load(groups, series, plan, fixture);
      const rounds: Run[][] = [];
      for (let round = 0; round < roundsOf(plan); round += 1)
        rounds.push(await load(groups, series, plan, fixture, round));
      const [first, ...others] = groups.map((_, at) => rounds.map((runs) => runs[at] as Run)) as [Run[], ...Run[][]];
      const [two, twoSharing, apart] = others.map((runs) => beside(runs, first)) as [Beside, Beside, Beside];
      results.push({ series, one: middle(first), two, twoSharing, apart });
    }
    return results;
  } finally {
    for (const server of started) await server.stop();
  }
}

function beside(runs: readonly Run[], one: readonly Run[]): Beside {
  const ratio = (member: 'cpuMicros' | 'p99Micros') =>
    median(runs.map((run, at) => run[member] / (one[at]?.[member] ?? Number.NaN)));
  return { ...middle(runs), cpuRatio: ratio('cpuMicros'), p99Ratio: ratio('p99Micros') };
}

/** Loads each group in turn, from another one on in each round; the runs are in the order of the groups. */
async function load(groups: readonly Group[], series: Series, plan: Plan, fixture: Fixture, round = 0): Promise<Run[]> {
  const bodies = join(fixture.dir, 'bodies.txt');
  await writeBodies(bodies, plan.seconds * bodiesPerSecond, series, fixture);
  const runs: Run[] = [];
  for (let turn = 0; turn < groups.length; turn += 1) {
    const at = (turn + round) % groups.length;
    runs[at] = await loadGroup(groups[at] as Group, series, bodies, plan.seconds);
  }
  await rm(bodies);
  return runs;
}

async function loadGroup(
  { servers, connections }: Group,
  series: Series,
  bodies: string,
  seconds: number,
): Promise<Run> {
  const runs = await Promise.all(
    servers.map((server) => measureOnce(server, series, bodies, { connections, seconds })),
  );
  const sum = (of: (run: Run) => number) => runs.reduce((total, run) => total + of(run), 0);
  const requests = sum((run) => run.requests);
  return {
    requests,
    cpuMicros: sum((run) => run.cpuMicros * run.requests) / requests,
    perSecond: sum((run) => run.perSecond),
    p50Micros: Math.max(...runs.map((run) => run.p50Micros)),
    p99Micros: Math.max(...runs.map((run) => run.p99Micros)),
  };
}

/** On a copy of the home, which nobody else has open. */
async function startWorkers(workers: number, fixture: Fixture, at: number): Promise<Contender> {
  const [home, file] = [`${fixture.home}-${at}`, join(fixture.dir, `fixture-${at}.json`)];
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
