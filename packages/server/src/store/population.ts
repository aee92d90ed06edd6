import type { GroupKind } from './directory.ts';
import type { Engine } from './engine.ts';

/** How many people there are, and who of them is in what: to count whom a change concerns. */
export interface PopulationStore {
  /** People who are active. */
  count(): Promise<number>;
  /** Ids of active members of a group or role after `after` ('' = from the start), in order, at most `limit`. */
  members(kind: GroupKind, id: string, after: string, limit: number): Promise<readonly string[]>;
}

export function populationStore({ db }: Engine): PopulationStore {
  return {
    count: async () => {
      const query = db.selectFrom('people').select(({ fn }) => fn.countAll().as('active'));
      return Number((await query.where('active', '=', 1).executeTakeFirst())?.active ?? 0);
    },

    members: async (kind, id, after, limit) => {
      const rows = await db
        .selectFrom('memberships')
        .innerJoin('people', 'people.id', 'memberships.person_id')
        .select('memberships.person_id')
        .where('memberships.kind', '=', kind)
        .where('memberships.of_id', '=', id)
        .where('memberships.person_id', '>', after)
        .where('people.active', '=', 1)
        .orderBy('memberships.person_id')
        .limit(limit)
        .execute();
      return rows.map(({ person_id }) => person_id);
    },
  };
}
