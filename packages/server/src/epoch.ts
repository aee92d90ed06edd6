import { randomBytes } from 'node:crypto';
import { type AuditRecord, toRow } from './audit/record.ts';
import { eventId } from './call.ts';
import type { NewEpoch } from './store/epoch.ts';
import type { AuditRow, Store } from './store/store.ts';

/** Ends everything that was issued and begins a new epoch, by hand (T21, T22). */
export async function beginEpoch(store: Store, epoch: NewEpoch, nowMs: number): Promise<void> {
  await store.epoch.endAll(toNext(nowMs), toLines(epoch, nowMs));
}

/**
 * Begins the epoch that a restore has asked for: not at the restore but when the store is served, since what was issued in
 * between, by whatever still ran elsewhere, is not known here either. Resolves to what is to be said of it; a restart begins none.
 */
export async function beginRequestedEpoch(store: Store, nowMs: number): Promise<string | undefined> {
  const { begins } = await store.epoch.read();
  if (!begins) return undefined;
  const isOurs = await store.epoch.begin(toNext(nowMs), toLines(begins, nowMs));
  return isOurs ? wordsOf(begins) : undefined; // another node was first
}

function toNext(nowMs: number) {
  return { id: randomBytes(9).toString('base64url'), since: Math.floor(nowMs / 1000) };
}

/** Two lines: what happened, and that somebody should look at it. */
function toLines(epoch: NewEpoch, nowMs: number): AuditRow[] {
  const line = (kind: 'system' | 'alert', prefix: string, detail: string): AuditRow => {
    const record: AuditRecord = {
      v: 2,
      id: eventId(prefix),
      kind,
      domain: 'system',
      timeMs: nowMs,
      outcome: 'allowed',
      detail,
    };
    return toRow(record);
  };
  const words = wordsOf(epoch);
  return [
    line('system', 'o_', words),
    line('alert', 'a_', `${words}; what was changed in the gap is to be done again`),
  ];
}

function wordsOf({ reason, by, askedMs, knows, backupMs }: NewEpoch): string {
  const at = (milliseconds: number) => new Date(milliseconds).toISOString();
  return [
    `a new epoch began: ${reason}`,
    `by command as ${by} at ${at(askedMs)}`,
    ...(backupMs === undefined ? [] : [`backup of ${at(backupMs)}`]),
    ...(knows ? [`the gap begins after line ${knows.position} of the record, ${knows.id} of ${at(knows.timeMs)}`] : []),
  ].join('; ');
}
