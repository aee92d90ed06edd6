import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from './meter.ts';

const nanosecond = 1e-9;
const periodMs = 20;
const places = { p50: 50, p99: 99, max: 100 };

/**
 * What the machine gives to this process, and how late its event loop runs.
 * @param name - `primary`, or the number of a worker's place
 */
export function watchProcess(meter: Meter, name: string): { close(): void } {
  const delay = monitorEventLoopDelay({ resolution: periodMs });
  delay.enable();
  meter.read('credence_event_loop_delay_seconds', () => {
    // The timer itself is late by its own period: what is above that is delay.
    const late = Object.entries(places).map(([place, percent]) => {
      const nanoseconds = percent === 100 ? delay.max : delay.percentile(percent);
      return [[name, place], Math.max(0, nanoseconds * nanosecond - periodMs / 1000)] as const;
    });
    const isEmpty = delay.count === 0;
    delay.reset();
    return isEmpty ? [] : late;
  });
  meter.read('process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage();
    return [[[name], (user + system) / 1e6]];
  });
  meter.read('process_resident_memory_bytes', () => [[[name], process.memoryUsage.rss()]]);
  meter.read('process_heap_bytes', () => [[[name], process.memoryUsage().heapUsed]]);
  meter.read('process_open_fds', () => [[[name], readdirSync('/proc/self/fd').length]]);
  const startedAt = Date.now() / 1000 - process.uptime();
  meter.read('process_start_time_seconds', () => [[[name], startedAt]]);
  return { close: () => delay.disable() };
}
