import type { GroupKind } from './directory.ts';
import type { Engine } from './engine.ts';

/** How many people there are, and who of them is in what: to count whom a change concerns. */
export interface PopulationStore {
  /** People who are active. */
  count(): Promise<number>;
  /** Ids of active people after `after` ('' = from the start), in order, at most `limit`. */
  active(after: string, limit: number): Promise<readonly string[]>;
  /** The same of the members of a group or role. */
  members(kind: GroupKind, id: string, after: string, limit: number): Promise<readonly string[]>;
  /** The same with those who are off: eight times as fast, for whoever has read who is active. */
  allMembers(kind: GroupKind, id: string, after: string, limit: number): Promise<readonly string[]>;
}

export function populationStore({ db }: Engine): PopulationStore {
  return {
    count: async () => {
      const query = db.selectFrom('people').select(({ fn }) => fn.countAll().as('active'));
      return Number((await query.where('active', '=', 1).executeTakeFirst())?.active ?? 0);
    },

    active: async (after, limit) => {
      const query = db.selectFrom('people').select('id').where('active', '=', 1).where('id', '>', after);
      return (await query.orderBy('id').limit(limit).execute()).map(({ id }) => id);
    },

    allMembers: async (kind, id, after, limit) => {
      const rows = await db
        .selectFrom('memberships')
        .select('person_id')
        .where('kind', '=', kind)
        .where('of_id', '=', id)
        .where('person_id', '>', after)
        .orderBy('person_id')
        .limit(limit)
        .execute();
      return rows.map(({ person_id }) => person_id);
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
