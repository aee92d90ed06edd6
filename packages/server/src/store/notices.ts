import type { EpochSeconds } from '@credence/mcp/protocol';
import type { Engine } from './engine.ts';
import type { Schema } from './schema.ts';

/** Something that was done to how a person signs in, by somebody else: they are told at their next sign-in (T30). */
export interface Notice {
  readonly id: string;
  readonly personId: string;
  readonly what: Schema['notices']['what'];
  /** Name of the factor that was removed; '' where nothing has one. */
  readonly about: string;
  readonly at: EpochSeconds;
}

export interface NoticeStore {
  /** MUST be durable before what it tells of is done: a notice of nothing is harmless, the other way is not. */
  add(notice: Notice): Promise<void>;
  /** What the person has not been told yet, oldest first. */
  of(personId: string): Promise<readonly Notice[]>;
  /** The person has seen these. */
  seen(personId: string, ids: readonly string[]): Promise<void>;
}

export function noticeStore({ db, write }: Engine): NoticeStore {
  return {
    add: async ({ id, personId, what, about, at }) => {
      await write({ steps: [db.insertInto('notices').values({ id, person_id: personId, what, about, at })] });
    },

    of: async (personId) => {
      const rows = await db
        .selectFrom('notices')
        .selectAll()
        .where('person_id', '=', personId)
        .orderBy('at')
        .orderBy('id')
        .execute();
      return rows.map(({ id, what, about, at }) => ({ id, personId, what, about, at }));
    },

    seen: async (personId, ids) => {
      if (ids.length === 0) return;
      await write({ steps: [db.deleteFrom('notices').where('person_id', '=', personId).where('id', 'in', ids)] });
    },
  };
}
