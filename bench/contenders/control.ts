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
  return { cpuMicros: user + system, peakRssBytes: process.resourceUsage().maxRSS * 1024 };
}
