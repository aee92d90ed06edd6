import type { Store } from '../store/store.ts';
import { toRow } from './record.ts';

/** Whose traces are taken out of the record, and why. */
export interface Erasure {
  /** Id of the person, or of an account at the RAS. */
  readonly id: string;
  /** Whose subject that id is, where accounts were made for it. */
  readonly issuer: string;
  /** Other words that tell of them: an e-mail address, a name as an operator wrote it. */
  readonly also: readonly string[];
  readonly reason: string;
  /** Who does it. */
  readonly by: string;
}

export interface Erased {
  readonly lines: number;
  /** Lines of before version 2 that keep it. */
  readonly kept: number;
}

/** Positions looked through at once, and lines erased in one step. */
const window = 20_000;

/**
 * Erases whatever the record says of a person, in every line that speaks of them. The chains and the tree stay as they are: they
 * hold the salted hash of what was said. The line that tells of it names nobody. Safe to be broken off and run again.
 */
export async function erase(
  store: Pick<Store, 'audit' | 'auditSearch' | 'erasure' | 'commit'>,
  { id, issuer, also, reason, by }: Erasure,
  {
    recordId,
    nowMs,
    onProgress,
  }: { recordId: string; nowMs: number; onProgress?: (position: number, end: number) => void },
): Promise<Erased> {
  const accounts = await store.erasure.accountsOf(issuer, id);
  const ids = [id, ...accounts];
  const texts = [...ids, ...also].map((text) => JSON.stringify(text).slice(1, -1));
  const end = ((await store.audit.last(1))[0]?.position ?? 0) + 1;
  const toLine = (id: string, detail: string) =>
    toRow({ v: 2, id, kind: 'admin', domain: 'admin', timeMs: nowMs, outcome: 'allowed', detail });
  // Before the first is blanked: should it be broken off, it is known who began.
  await store.commit({
    marks: [],
    records: [toLine(`${recordId}-begun`, `erasing what is said of a person: ${reason}, ${by}`)],
  });
  await store.erasure.overwrite();
  let lines = 0;
  for (let from = 1; from < end; from += window) {
    const positions = await store.erasure.linesWith(texts, from, Math.min(end, from + window));
    if (positions.length > 0) await store.erasure.blank(positions, []);
    lines += positions.length;
    onProgress?.(Math.min(end, from + window) - 1, end - 1);
  }
  for (const each of ids) await store.auditSearch.forget(each);
  await store.erasure.forgetUses(ids);
  await store.erasure.forgetRequests(ids);
  const detail = `what ${lines} lines said of a person was erased: ${reason}, ${by}`;
  await store.commit({ marks: [], records: [toLine(recordId, detail)] });
  return { lines, kept: await store.erasure.countInBodies(texts) };
}
