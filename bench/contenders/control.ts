import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import type { Fixture, Side } from '../fixture.ts';

/** What a contender tells about itself over IPC. */
export interface Usage {
  /** CPU time of the whole process so far, user and system, in microseconds. */
  readonly cpuMicros: number;
  readonly peakRssBytes: number;
}
export type Ports = Readonly<Record<Side, number>>;
export type Told = { readonly ready: Ports } | { readonly usage: Usage };
export type Asked = 'usage' | 'stop';

/** The fixture named on the command line. */
export function readFixture(): Fixture {
  return JSON.parse(readFileSync(String(process.argv[2]), 'utf8')) as Fixture;
}

/** Answers the bench until it says stop, or goes away. */
export function answerControl(ports: Ports, stop: () => Promise<void> | void): void {
  const end = async () => {
    await stop();
    process.exit(0); // The profile, where one is taken, is written on the way out.
  };
  process.on('message', (asked: Asked) => {
    if (asked === 'stop') return void end();
    tell({ usage: readUsage() });
  });
  process.on('disconnect', () => void end());
  tell({ ready: ports });
}

function tell(told: Told): void {
  process.send?.(told);
}

function readUsage(): Usage {
  const { user, system } = process.cpuUsage();
  const workers = Object.values(cluster.workers ?? {}).map((worker) => readUsageOf(worker?.process.pid));
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return workers.reduce(
    (sum, one) => ({
      cpuMicros: sum.cpuMicros + one.cpuMicros,
      peakRssBytes: sum.peakRssBytes + one.peakRssBytes,
    }),
    { cpuMicros: user + system, peakRssBytes },
  );
}

/** Of another process, as Linux tells it. @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function readUsageOf(pid: number | undefined): Usage {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const peak = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuMicros: ticks * microsPerTick, peakRssBytes: Number(peak) * 1024 };
}

/** A hundred ticks a second, on every Linux that Node runs on. */
const microsPerTick = 10_000;
