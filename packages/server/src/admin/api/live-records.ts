import { z } from 'zod';
import { readRecord } from '../../audit/personal.ts';
import { idsOnRecord } from '../../audit/search.ts';
import { createMatcher } from '../../store/audit-search.ts';
import type { Store } from '../../store/store.ts';
import { heartbeat, pause, toEvent } from '../live.ts';
import { answer, type Route, refuse, route } from './route.ts';

/** How often the record is looked at, how often who is listening is looked at, and how long a silence may be. */
export const [pollMs, checkMs, silenceMs] = [500, 2000, 10_000];
/** Lines read in one go, and how many may be missed before they are skipped: whoever is so far behind searches. */
const [readLength, farBehind] = [100, 2000];

const text = z.string().min(1).max(300).optional();

/** What is written down, as it is written. */
export const liveRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/live',
    id: 'followRecords',
    summary:
      'New lines of the record as server-sent events: `record`; `skipped` where too many were missed; `over` when whoever listens may no more',
    permission: 'read:audit',
    stream: 'text/event-stream',
    query: z.strictObject({
      person: text,
      client: text,
      server: text,
      scope: text,
      kind: text,
      outcome: z.enum(['allowed', 'refused']).optional(),
      reason: text,
    }),
    handle: async ({ query, by, lastEventId, mayStill, nowMs: _ }, { store, installation, live, nowMs }) => {
      const { person, ...rest } = query;
      const lists = Object.fromEntries(
        Object.entries(rest).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value]]])),
      );
      const ids = person === undefined ? undefined : await idsOnRecord(store, person, installation.idp);
      const fits = createMatcher({ ...lists, ...(ids && { person: ids }) });
      const after = readPosition(lastEventId);
      if (lastEventId !== undefined && after === undefined) {
        return refuse('api_value_invalid', 'Last-Event-ID is none of ours.');
      }
      const stream = live.open(by.person.id, (signal) => follow({ store, fits, after, mayStill, nowMs, signal }));
      return stream ? answer(stream) : refuse('admin_too_fast', 'You have five live streams: close one.');
    },
  }),
];

interface Following {
  readonly store: Pick<Store, 'audit'>;
  readonly fits: ReturnType<typeof createMatcher>;
  /** The line after which to begin; `undefined` = with what is written from now on. */
  readonly after: number | undefined;
  /** Whether whoever listens may still do so: asked again and again, and no use of the session. */
  readonly mayStill: () => Promise<boolean>;
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

async function* follow({ store, fits, after, mayStill, nowMs, signal }: Following): AsyncGenerator<string> {
  // Of a store that was restored the last line may be before the one that was seen.
  let at = Math.min(after ?? Number.MAX_SAFE_INTEGER, await lastOf(store));
  let [checkedMs, saidMs] = [nowMs(), nowMs()];
  yield toEvent('ready', {}, String(at));
  while (!signal.aborted) {
    // Whichever way the clock was set, whoever may no more is found out.
    if (Math.abs(nowMs() - checkedMs) >= checkMs) {
      checkedMs = nowMs();
      if (!(await mayStill())) return yield toEvent('over', {});
    }
    const last = await lastOf(store);
    if (last - at > farBehind) {
      const skipped = last - readLength - at;
      at += skipped;
      yield toEvent('skipped', { lines: skipped }, String(at));
    }
    const rows = last === at ? [] : await store.audit.read(at, readLength);
    for (const row of rows) {
      at = row.position;
      if (!fits(row)) continue;
      saidMs = nowMs();
      yield toEvent('record', readRecord(row), String(at));
    }
    if (rows.length > 0) continue;
    if (Math.abs(nowMs() - saidMs) >= silenceMs) {
      saidMs = nowMs();
      yield heartbeat;
    }
    await pause(pollMs, signal);
  }
}

async function lastOf({ audit }: Pick<Store, 'audit'>): Promise<number> {
  return (await audit.last(1))[0]?.position ?? 0;
}

function readPosition(id: string | undefined): number | undefined {
  const position = Number(id);
  return id !== undefined && /^\d{1,15}$/.test(id) ? position : undefined;
}
