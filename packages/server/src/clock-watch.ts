import type { ServerResponse } from 'node:http';
import { uptime } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { wireCodes } from '@credence/mcp/protocol';
import type { Logger } from 'pino';
import type { AuditRecord } from './audit/record.ts';
import { eventId } from './call.ts';
import { type Clock, type ClockNews, createClock } from './clock.ts';
import type { Config } from './config.ts';
import { send } from './door.ts';
import { toFault } from './log.ts';
import type { Store } from './store/store.ts';

/** The clock of this process, looked at once; each change for the worse or the better is an alert on the record. */
export async function openClock({
  config,
  store,
  log,
  append,
}: {
  readonly config: Config;
  readonly store: Store;
  readonly log: Logger;
  readonly append: (records: readonly AuditRecord[]) => Promise<void>;
}): Promise<Clock> {
  // What is in the middle of several: a few may have been written while the clock was wrong, or by this process as it started.
  const latest = config.store ? [] : await store.audit.last(100);
  const clock = createClock({
    wallMs: () => Date.now(),
    elapsedMs: () => performance.now(),
    uptimeMs: () => uptime() * 1000,
    storeMs: () => store.clockMs(),
    hasStoreClock: config.store !== undefined,
    latestMs: latest.map(({ timeMs }) => timeMs).toSorted((a, b) => a - b)[Math.floor(latest.length / 2)],
    leewayMs: config.skewSeconds * 1000,
    settleMs: (config.ras.maxIdJagSeconds + 2 * config.skewSeconds) * 1000,
    async tell(news) {
      const detail = toWords(news);
      log.warn({ clock: news.state, aheadMs: Math.round(news.aheadMs) }, detail);
      const id = eventId('a_');
      await append([{ v: 2, id, kind: 'alert', domain: 'system', timeMs: news.timeMs, outcome: 'allowed', detail }]);
    },
  });
  const look = () =>
    clock.look().catch((fault: unknown) => log.error({ fault: toFault(fault) }, 'the clock could not be looked at'));
  await look();
  // Keys are made, published and retired by the time: a process that starts with a wrong one would make some, for all nodes.
  if (!clock.isRight()) log.warn('not started before the clock is known to be right');
  for (; !clock.isRight(); await look()) await wait(1000);
  return clock;
}

function toWords({ state, aheadMs, against }: ClockNews): string {
  if (state === 'right') return `the clock of this node agrees with ${against} again`;
  const seconds = Math.round(Math.abs(aheadMs) / 1000);
  const words = `the clock of this node is ${seconds} s ${aheadMs > 0 ? 'ahead of' : 'behind'} ${against}`;
  return state === 'wrong' ? `${words}: nobody is answered until it agrees` : words;
}

/** House-keeping that removes, or makes, what has its time: not by a clock that is wrong. */
export function whileRight({ isRight }: Clock, work: () => Promise<void>): () => Promise<void> {
  return async () => {
    if (isRight()) await work();
  };
}

/** What everybody is told by a process that does not know what time it is. */
export function answerWithoutTime(outgoing: ServerResponse): void {
  const { status, sentence } = wireCodes.temporarily_unavailable;
  const headers = { 'cache-control': 'no-store', 'retry-after': '1' };
  const body = JSON.stringify({ error: 'temporarily_unavailable', error_description: sentence });
  send(outgoing, { status, headers, body });
}
