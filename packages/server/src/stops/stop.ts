import { type EpochSeconds, isName } from '@credence/mcp/protocol';
import type { AuditRecord, Facts, RecordKind } from '../audit/record.ts';
import { toRow } from '../audit/record.ts';
import { eventId } from '../call.ts';
import { Problem } from '../problem.ts';
import { type Resumption, type Stop, untilOf } from '../store/stop.ts';
import type { AuditRow, Store } from '../store/store.ts';
import { planStop, type StopOrder, type StopPlace, type StopPlan } from './plan.ts';
import { revokeTokens } from './received.ts';

/** Who orders it, and how that is put on the record. */
export interface By {
  readonly name: string;
  readonly toRow: (kind: RecordKind, detail: string, facts: Facts) => AuditRow;
}

/** What an order would do, before it is done. */
export function previewStop(place: StopPlace, order: StopOrder): Promise<StopPlan> {
  return planStop(place, order);
}

/** Stops it. When this resolves it is durable: nothing is issued past it, and whoever holds something of it hears within a second. */
export async function stop(place: StopPlace, order: StopOrder, by: By): Promise<Stop> {
  const { store, now } = place;
  const plan = await planStop(place, order);
  const endsAt = earlier(order.endsAt, plan.endsAt);
  const { kind, reason } = order;
  const { hits, personId } = plan;
  // A person is their id: an address has no place on the record (LOG-01).
  const target = personId ?? order.target;
  const made = { id: eventId('st_'), kind, target, hits, personId, reason, by: by.name, at: now, endsAt };
  const detail = `${nameOf(made)}: before going on, after stopped ${toEnd(endsAt)}; reason: ${reason}`;
  const facts = factsOf(made, personId);
  const lines = [
    by.toRow('admin', detail, facts),
    ...(kind === 'everything' ? [by.toRow('alert', 'all agents are stopped', {})] : []),
  ];
  await store.stops.add(made, plan.ends, lines);
  // What was under way when it was made is refused in its commit; what had come of it before is found now.
  if (plan.session !== undefined) await store.sessions.end(plan.session, []);
  if (kind === 'token') await revokeTokens((await planStop(place, order)).tokens ?? [], store);
  return { ...made, position: 0 };
}

/** Lets it go on. What was issued before stays dead: people sign in again, clients trade anew. */
export async function resumeStop(
  { store, now }: Pick<StopPlace, 'store' | 'now'>,
  order: { readonly id: string; readonly reason: string },
  by: By,
): Promise<Stop> {
  if (!isName(order.reason, 500)) {
    throw new Problem(
      'To resume needs a reason.',
      'Say in up to 500 characters, on one line, why: it goes on the record.',
    );
  }
  const found = await store.stops.find(order.id);
  if (!found) throw new Problem(`There is no stop ${order.id}.`, 'See: credence stops');
  if (found.kind === 'token' || found.kind === 'session') {
    throw new Problem(`A ${found.kind} that was stopped does not come back.`, 'A new one is issued as policy allows.');
  }
  const resumption = toResumption(now, by.name, order.reason);
  const detail = `${nameOf(found)}: before stopped ${toEnd(found.endsAt)}, after going on; reason: ${order.reason}`;
  const facts = factsOf(found, found.personId);
  if (found.resumed || !(await store.stops.resume(found.id, resumption, [by.toRow('admin', detail, facts)]))) {
    throw new Problem(`The stop ${order.id} is over already.`, 'See: credence stops --all');
  }
  return { ...found, resumed: resumption };
}

/** The newest first. */
export function listStops({ store }: Pick<StopPlace, 'store'>, over: boolean): Promise<readonly Stop[]> {
  return store.stops.list({ over, limit: 1000 });
}

/** Ends the stops whose time is over. Several nodes may do so at once: each stop ends once. */
export async function resumeDue(store: Store, nowMs: number, which: { readonly people: boolean }): Promise<void> {
  const now = Math.floor(nowMs / 1000);
  for (const due of await store.stops.due(now, which)) {
    const record: AuditRecord = {
      v: 2,
      id: eventId('o_'),
      kind: 'admin',
      domain: 'system',
      timeMs: nowMs,
      outcome: 'allowed',
      ...factsOf(due, due.personId),
      detail: `${nameOf(due)}: before stopped ${toEnd(due.endsAt)}, after going on; reason: its time is over`,
    };
    await store.stops.resume(due.id, toResumption(now, 'its end', 'its time is over'), [toRow(record)]);
  }
}

function toResumption(at: EpochSeconds, by: string, reason: string): Resumption {
  return { at, by, reason, grantsBefore: at, tokensBefore: at, until: untilOf(at) };
}

function nameOf({ id, kind, target }: Pick<Stop, 'id' | 'kind' | 'target'>): string {
  return `stop ${id} of ${kind === 'everything' ? 'everything' : `${kind} ${target}`}`;
}

/** What the record can be searched by. */
function factsOf({ kind, target }: Pick<Stop, 'kind' | 'target'>, person: string | undefined): Facts {
  if (kind === 'person') return { person: person ?? target };
  if (kind === 'client') return { client: target };
  if (kind === 'server') return { server: target };
  if (kind === 'issuer') return { issuer: target };
  if (kind === 'session') return { session: target };
  return {};
}

function toEnd(endsAt: EpochSeconds | undefined): string {
  return endsAt === undefined ? 'until it is resumed' : `until ${new Date(endsAt * 1000).toISOString()}`;
}

function earlier(one: EpochSeconds | undefined, other: EpochSeconds | undefined): EpochSeconds | undefined {
  return one === undefined ? other : Math.min(one, other ?? one);
}
