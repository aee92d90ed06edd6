import type { AuditRecord } from '../audit/record.ts';
import { toRow } from '../audit/record.ts';
import { emptyChain, nextLine } from '../store/chain.ts';
import type { Store } from '../store/store.ts';
import type { Line } from './destination.ts';

/** A record that nobody else wrote, by number. For tests. */
export function numbered(number: number, change: Partial<AuditRecord> = {}): AuditRecord {
  const base = { v: 2, id: `d_${number}`, kind: 'issuance', domain: 'idp', outcome: 'allowed' } as const;
  return { ...base, timeMs: Date.now(), ...change };
}

export async function append(store: Store, ...records: readonly AuditRecord[]): Promise<void> {
  await store.commit({ marks: [], records: records.map(toRow) });
}

/** Lines as an exporter hands them to a destination. */
export function linesOf(count: number, change: Partial<AuditRecord> = {}): Line[] {
  return Array.from({ length: count }, (_, at) => {
    const record = numbered(at + 1, change);
    const row = { ...nextLine('node-1', { ...emptyChain('node-1'), seq: at }, toRow(record)), position: at + 1 };
    return { row, text: JSON.stringify({ id: record.id, n: at + 1 }) };
  });
}

/** Asks again until it is so; fails when it never is. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, patienceMs = 15_000): Promise<void> {
  const end = Date.now() + patienceMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
