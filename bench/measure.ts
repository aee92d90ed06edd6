import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mayRepeat, type Series, writeBodies } from './bodies.ts';
import { checkAnswer } from './check-answer.ts';
import type { Contender, ContenderName } from './contender.ts';
import { type Fixture, issuers } from './fixture.ts';
import { runWrk } from './wrk.ts';

/** One run of load against one contender. */
export interface Run {
  readonly requests: number;
  /** CPU time of the server's process for one request, in microseconds. */
  readonly cpuMicros: number;
  readonly perSecond: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Of the first series of a grant: V8 goes on compiling a server for tens of thousands of requests, the longer the more code it has. */
export const firstWarmUpSeconds = 10;
const warmUpSeconds = 2;
/** About what the fastest answers on this kind of machine. A run that has used up its bodies ends early. */
const firstGuessPerSecond = 6000;
const margin = 1.3;

/**
 * Loads the contenders in turn, round by round, each time with the same bodies, in an order that changes: a neighbour that
 * takes the machine away for a while takes it from all of them. The first round only warms up.
 * @param isFirst - of its grant, so that nothing of that is compiled yet
 */
export async function measureSeries(
  series: Series,
  contenders: readonly Contender[],
  plan: Plan,
  fixture: Fixture,
  isFirst: boolean,
): Promise<Map<ContenderName, Run[]>> {
  for (const contender of contenders) await checkAnswer(contender, series, fixture);
  const runs = new Map<ContenderName, Run[]>(contenders.map(({ name }) => [name, []]));
  let fastest = firstGuessPerSecond;
  for (let round = 0; round <= plan.rounds; round += 1) {
    const seconds = round > 0 ? plan.seconds : isFirst ? firstWarmUpSeconds : Math.min(warmUpSeconds, plan.seconds);
    const bodies = join(fixture.dir, 'bodies.txt');
    await writeBodies(bodies, Math.ceil(fastest * margin * seconds), series, fixture);
    if (round === 0) fastest = 0;
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(turn + round) % contenders.length] as Contender;
      const run = await measureOnce(contender, series, bodies, { ...plan, seconds });
      fastest = Math.max(fastest, run.perSecond);
      if (round > 0) runs.get(contender.name)?.push(run);
    }
    await rm(bodies);
  }
  return runs;
}

/** Every request has to be granted: refusals are cheap, and would be counted as speed. */
export async function measureOnce(
  contender: Contender,
  series: Series,
  bodies: string,
  { connections, seconds }: Omit<Plan, 'rounds'>,
): Promise<Run> {
  const side = series.grant === 'issue' ? 'idp' : 'ras';
  const before = await contender.usage();
  const load = await runWrk({
    url: contender.url(side),
    host: new URL(issuers[side]).host,
    bodies,
    again: mayRepeat(series),
    connections,
    seconds,
  });
  const after = await contender.usage();
  if (load.refused + load.failed > 0 || load.requests === 0) {
    throw new Error(`${contender.name}: ${load.refused} refused, ${load.failed} failed of ${load.requests} requests`);
  }
  return {
    requests: load.requests,
    cpuMicros: (after.cpuMicros - before.cpuMicros) / load.requests,
    perSecond: load.requests / (load.micros / 1e6),
    p50Micros: load.p50,
    p99Micros: load.p99,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}
