import type { EpochSeconds } from '@credence/mcp/protocol';
import { type AuditRecord, type Facts, toRow } from '../../audit/record.ts';
import { eventId } from '../../call.ts';
import { grantingServers, restrictingServers } from '../../policy/grants.ts';
import { type Bulletin, bulletinSeconds } from '../../store/off.ts';
import { type Delivery, deliver, type Post } from './deliver.ts';
import type { Progress, Work } from './reader.ts';
import type { Receiver } from './receivers.ts';
import { type Signal, type SignalMaker, toSignal } from './signal.ts';
import { createWatch } from './watch.ts';

export interface TellingOptions extends SignalMaker {
  readonly post: Post;
  readonly bearer: string | undefined;
  readonly now: () => EpochSeconds;
  readonly nowMs: () => number;
  /** Where the RAS takes events just now. */
  readonly receiver: () => Receiver;
  /** Told how late each was that a RAS has taken. */
  readonly onTold?: ((lagSeconds: number) => void) | undefined;
  /** Whether it hears of stops without a SET: it is in this program. */
  readonly isHere?: boolean;
  /** Puts on the record what somebody should look at. */
  readonly alert: (facts: Facts) => Promise<void>;
}

/** People who are told of at the same time; of one person one after the other. */
const atATime = 8;
/** A SET that a RAS finds malformed is shown so often before it is left: it may be the clock, and that comes right. */
export const mostRefusals = 8;
/** Before `purge` takes it, so that it can be said that nobody was told. */
const givenUpSeconds = bulletinSeconds - 3600;

interface Attempt {
  readonly bulletin: Bulletin;
  readonly signal?: Signal;
  readonly delivery?: Delivery;
}

/** Tells one RAS what its bulletins say (IDP-43), page by page. */
export function createTelling(options: TellingOptions): Work<Bulletin> {
  const { now, receiver } = options;
  /** How often each was refused, by position. */
  const refusals = new Map<number, number>();
  const watch = createWatch(options.alert);

  return async (page) => {
    const { ras, endpoint } = receiver();
    const old = now() - givenUpSeconds;
    const heard = options.isHere ? page.filter(({ stopId }) => stopId === undefined) : page;
    const due = toDue(heard, (membership, joined) => {
      const concerned = joined ? restrictingServers : grantingServers;
      return concerned(options.policy(), membership).has(ras);
    });
    const [lost, fresh] = split(due, ({ event, at }) => event === 'session-revoked' && at < old);
    const attempts = await tellAll(fresh, ras, endpoint);

    const undone = attempts.filter(({ bulletin, delivery }) => !isDone(bulletin, delivery));
    const until = undone.length > 0 ? Math.min(...undone.map(({ bulletin }) => bulletin.position)) - 1 : lastOf(page);
    await watch(
      ras,
      attempts.flatMap(({ delivery }) => (delivery ? [delivery] : [])),
    );
    const records = [
      ...lost.map((bulletin) => toRecord(ras, { bulletin }, 'given up: older than any token')),
      ...attempts.filter(({ bulletin }) => bulletin.position <= until).map((attempt) => toRecord(ras, attempt)),
    ];
    for (const { position } of page) if (position <= until) refusals.delete(position);
    return { until, records: records.map(toRow), isStuck: undone.length > 0 } satisfies Progress;
  };

  /** Stops handing out what is still to be told as soon as something was not taken. */
  async function tellAll(due: readonly Bulletin[], ras: string, endpoint: string): Promise<readonly Attempt[]> {
    const people = [...Map.groupBy(due, ({ personId }) => personId).values()];
    const attempts: Attempt[] = [];
    let isGoingOn = true;
    const tellOne = async (bulletin: Bulletin): Promise<Attempt> => {
      if (!isGoingOn) return { bulletin };
      const signal = await toSignal(bulletin, ras, now(), options);
      const delivery = await deliver(endpoint, signal.set, options);
      if (delivery.outcome === 'accepted') options.onTold?.(options.nowMs() / 1000 - bulletin.at);
      if (isMalformed(delivery)) refusals.set(bulletin.position, (refusals.get(bulletin.position) ?? 0) + 1);
      if (!isDone(bulletin, delivery)) isGoingOn = false;
      return { bulletin, signal, delivery };
    };
    const worker = async () => {
      for (let mine = people.shift(); mine; mine = people.shift()) {
        for (const bulletin of mine) attempts.push(await tellOne(bulletin));
      }
    };
    await Promise.all(Array.from({ length: atATime }, worker));
    return attempts;
  }

  function isDone({ position }: Bulletin, delivery: Delivery | undefined): boolean {
    if (!delivery || delivery.outcome === 'accepted') return delivery !== undefined;
    // Any other refusal is about us and not about this one: it waits until somebody has mended that.
    return isMalformed(delivery) && (refusals.get(position) ?? 0) >= mostRefusals;
  }

  function toRecord(ras: string, { bulletin, signal, delivery }: Attempt, words?: string): AuditRecord {
    const refused = delivery?.outcome === 'refused' ? `refused: ${delivery.why}` : undefined;
    const detail = words ?? refused;
    return {
      v: 2,
      id: eventId('d_'),
      kind: 'revocation',
      domain: 'idp',
      timeMs: options.nowMs(),
      outcome: detail === undefined ? 'allowed' : 'refused',
      person: bulletin.personId,
      audience: ras,
      signal: { event: bulletin.event, id: signal?.id ?? '', at: bulletin.at },
      ...(detail !== undefined && { detail }),
    };
  }
}

export function isMalformed(delivery: Delivery): boolean {
  return delivery.outcome === 'refused' && delivery.why === 'invalid_request';
}

/** What concerns this RAS; of what is said of one person more than once only the last. */
function toDue(
  page: readonly Bulletin[],
  concernsHere: (membership: string, joined: boolean) => boolean,
): readonly Bulletin[] {
  const last = new Map<string, Bulletin>();
  for (const bulletin of page) {
    const { personId, event, membership, joined = false } = bulletin;
    if (membership === undefined || concernsHere(membership, joined)) last.set(`${event} ${personId}`, bulletin);
  }
  return [...last.values()].sort((a, b) => a.position - b.position);
}

function split<T>(items: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}

function lastOf(page: readonly Bulletin[]): number {
  return page.at(-1)?.position ?? 0;
}
