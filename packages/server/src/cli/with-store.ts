import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { type AuditRecord, type Facts, type RecordKind, toRow } from '../audit/record.ts';
import { eventId } from '../call.ts';
import { readHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { AuditRow, Store } from '../store/store.ts';

/** Opens the store of an existing home for one command, beside a server that may be running, and closes it again. */
export async function withStore<T>(homeDir: string, work: (store: Store) => Promise<T>): Promise<T> {
  const home = await readHome(homeDir);
  const store = await openSqliteStore(home.storeFile, { node: `cli-${randomBytes(6).toString('hex')}` });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Puts an act of the operator on the record, before it takes effect: what, and by which account of this machine. */
export async function recordAct(store: Store, kind: RecordKind, detail: string, facts: Facts = {}): Promise<void> {
  await store.commit({ marks: [], records: [toActRow(kind, detail, facts)] });
}

/** The line of an act, to be written in the same step as what it tells of. */
export function toActRow(kind: RecordKind, detail: string, facts: Facts = {}): AuditRow {
  const record: AuditRecord = {
    v: 1,
    id: eventId('o_'),
    kind,
    domain: 'admin',
    timeMs: Date.now(),
    outcome: 'allowed',
    ...facts,
    detail: `${detail}, by command as ${userInfo().username}`,
  };
  return toRow(record);
}
