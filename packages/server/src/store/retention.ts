import type { Engine } from './engine.ts';
import type { AuditRow } from './store.ts';

/** The tree over the record is kept for so many lines at a time (`audit/stored-tree.ts`): it is cut between them only. */
export const prunedAtOnce = 256;

/** What was taken from the beginning of the record, so far. */
export interface Pruning {
  /** Lines up to this position are gone, or about to go; what counts of them is the tree and its checkpoints. */
  readonly position: number;
  readonly timeMs: number;
  /** When the last of them was written. */
  readonly lastMs: number;
}

export interface RetentionStore {
  last(): Promise<Pruning | undefined>;
  /** Up to where the record is sealed by a checkpoint. */
  sealedTo(): Promise<number>;
  /** Up to where everybody has read it who reads it once, such as the index; `undefined` = nobody does. */
  readTo(): Promise<number | undefined>;
  /** The first line, of those up to a position, that was written at this time or later: where clocks were wrong, behind older ones. */
  firstSince(timeMs: number, upTo: number): Promise<number | undefined>;
  /**
   * Writes down, with records, that the record begins behind a position. Throws {@link StoreConflict} when it is no multiple of
   * {@link prunedAtOnce}, is not sealed, or is not behind what was written down before.
   */
  note(pruning: Pruning, records: readonly AuditRow[]): Promise<void>;
  /** Removes lines that were written down to go, oldest first, at most `limit`; resolves to how many those were. */
  remove(limit: number): Promise<number>;
}

export function retentionStore({ db, write }: Engine): RetentionStore {
  return {
    last: async () => {
      const row = await db
        .selectFrom('audit_prunings')
        .selectAll()
        .orderBy('position', 'desc')
        .limit(1)
        .executeTakeFirst();
      return row && { position: row.position, timeMs: row.time_ms, lastMs: row.last_ms };
    },

    sealedTo: async () => {
      const row = await db
        .selectFrom('audit_checkpoints')
        .select(({ fn }) => fn.max<number | null>('size').as('size'))
        .executeTakeFirst();
      return row?.size ?? 0;
    },

    readTo: async () => {
      const row = await db
        .selectFrom('audit_readers')
        .select(({ fn }) => fn.min<number | null>('position').as('position'))
        .where('name', 'not in', ['tally', 'doers']) // no readers: they say from where on the index tells more, and stay
        .executeTakeFirst();
      return row?.position ?? undefined;
    },

    firstSince: async (timeMs, upTo) => {
      const row = await db
        .selectFrom('audit')
        .select(({ fn }) => fn.min<number | null>('position').as('position'))
        .where('position', '<=', upTo)
        .where('time_ms', '>=', timeMs)
        .executeTakeFirst();
      return row?.position ?? undefined;
    },

    note: async ({ position, timeMs, lastMs }, records) => {
      const note = db.insertInto('audit_prunings').values({ position, time_ms: timeMs, last_ms: lastMs });
      await write({ steps: [note], records });
    },

    remove: async (limit) => {
      const gone = db.selectFrom('audit_prunings').select(({ fn }) => fn.max('position').as('position'));
      const oldest = db
        .selectFrom('audit')
        .select('position')
        .where('position', '<=', gone)
        .orderBy('position')
        .limit(limit);
      const [removed] = await write({ steps: [db.deleteFrom('audit').where('position', 'in', oldest)] });
      return removed ?? 0;
    },
  };
}
