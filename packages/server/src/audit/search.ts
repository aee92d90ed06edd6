import type { AuditFilter } from '../store/audit-search.ts';
import type { Store, StoredAuditRow } from '../store/store.ts';
import { type ReadRecord, readRecord } from './personal.ts';

/** Lines found, the newest first; `next` leads to those before them, and is absent when that was all. */
export interface FoundRows {
  readonly rows: readonly StoredAuditRow[];
  readonly next?: string;
}

/** The same as it is told: by `credence audit list --json`, and by the API. */
export interface RecordPage {
  readonly records: readonly ReadRecord[];
  readonly next?: string;
}

/**
 * Looks through the record, until it has found so many, or reached the end of what one search may cost: a page may be short, or
 * empty, and have a `next`.
 * @param page - `after`: a `next` of before, as {@link readCursor} read it
 */
export async function searchRecord(
  { auditSearch }: Pick<Store, 'auditSearch'>,
  filter: AuditFilter,
  page: { readonly limit: number; readonly after?: number | undefined },
): Promise<FoundRows> {
  const { rows, next } = await auditSearch.find(filter, { limit: page.limit, before: page.after });
  return { rows, ...(next !== undefined && { next: toCursor(next) }) };
}

export function toRecordPage({ rows, next }: FoundRows): RecordPage {
  const records = rows.map(readRecord);
  return { records, ...(next !== undefined && { next }) };
}

/** A place between two pages. What it says is nobody's business but ours. */
function toCursor(position: number): string {
  return Buffer.from(`${cursorVersion}${position}`).toString('base64url');
}

/** What {@link RecordPage.next} said; `undefined` when it is none. */
export function readCursor(text: string): number | undefined {
  const [, position] = /^p1:([1-9]\d{0,15})$/.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  const at = Number(position);
  return Number.isSafeInteger(at) && toCursor(at) === text ? at : undefined;
}

const cursorVersion = 'p1:';

/**
 * The ids by which a person is on the record: their own, and that of the account which the resource side keeps for them, where
 * both are in this store. An account of a pairwise subject stays apart, as it is meant to.
 */
export async function idsOnRecord(store: Pick<Store, 'accounts'>, personId: string, issuer: string): Promise<string[]> {
  const account = await store.accounts.find({ issuer, tenant: undefined, subject: personId });
  return account ? [personId, account.id] : [personId];
}
