import { sql } from 'kysely';
import type { Engine } from './engine.ts';

/** When a client was first and last given an ID-JAG in a person's name, for one server. */
export interface AgentUse {
  readonly client: string;
  readonly server: string;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What the record says of a person's agents, gathered after the answers: issuing pays nothing for it. */
export interface AgentUseStore {
  /** By client and server. As new as the last {@link catchUp}. */
  of(personId: string): Promise<readonly AgentUse[]>;
  /**
   * Reads at most `limit` further lines of the record; resolves to how many there were. Safe to run at any moment, in any
   * number of processes at once: each line counts once.
   */
  catchUp(limit: number): Promise<number>;
}

export function agentUseStore({ db, write }: Engine): AgentUseStore {
  return {
    of: async (personId) => {
      const rows = await db
        .selectFrom('agent_uses')
        .selectAll()
        .where('person_id', '=', personId)
        .orderBy('client')
        .orderBy('server')
        .execute();
      return rows.map(({ client, server, first_ms, last_ms }) => ({
        client,
        server,
        firstMs: first_ms,
        lastMs: last_ms,
      }));
    },

    catchUp: async (limit) => {
      const { position: from } = await db.selectFrom('agent_uses_read').select('position').executeTakeFirstOrThrow();
      const { last } = await db
        .selectFrom('audit')
        .select(({ fn }) => fn.max<number | null>('position').as('last'))
        .executeTakeFirstOrThrow();
      const to = Math.min(last ?? 0, from + limit);
      if (to <= from) return 0;
      const lines = db
        .selectFrom('audit')
        .select(['person as person_id', 'client', 'server'])
        .select(({ fn }) => [fn.min<number>('time_ms').as('first_ms'), fn.max<number>('time_ms').as('last_ms')])
        .where('position', '>', from)
        .where('position', '<=', to)
        .where('kind', '=', 'issuance')
        .where('person', 'is not', null)
        .where('client', 'is not', null)
        .where('server', 'is not', null)
        .groupBy(['person', 'client', 'server'])
        .$narrowType<{ person_id: string; client: string; server: string }>();
      const gather = db
        .insertInto('agent_uses')
        .columns(['person_id', 'client', 'server', 'first_ms', 'last_ms'])
        .expression(lines)
        .onConflict((conflict) =>
          conflict.columns(['person_id', 'client', 'server']).doUpdateSet({
            last_ms: sql<number>`CASE WHEN excluded.last_ms > agent_uses.last_ms THEN excluded.last_ms ELSE agent_uses.last_ms END`,
          }),
        );
      const fresh = db
        .selectFrom(lines.as('line'))
        .select(({ fn }) => fn.countAll<number>().as('meetings'))
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('agent_uses as known')
                .select('known.client')
                .whereRef('known.person_id', '=', 'line.person_id')
                .whereRef('known.client', '=', 'line.client')
                .whereRef('known.server', '=', 'line.server'),
            ),
          ),
        );
      const people = db
        .insertInto('agent_people')
        .columns(['person_id', 'last_ms'])
        .expression(
          db
            .selectFrom(lines.as('line'))
            .innerJoin('people', 'people.id', 'line.person_id')
            .select(({ fn }) => ['line.person_id', fn.max<number>('line.last_ms').as('last_ms')])
            .groupBy('line.person_id'),
        )
        .onConflict((conflict) =>
          conflict.column('person_id').doUpdateSet({
            last_ms: sql<number>`CASE WHEN excluded.last_ms > agent_people.last_ms THEN excluded.last_ms ELSE agent_people.last_ms END`,
          }),
        );
      // First, and only if nobody else has read these lines meanwhile; what they tell for the first time is not there yet.
      const advance = db
        .updateTable('agent_uses_read')
        .set(({ eb }) => ({ position: to, meetings: eb('meetings', '+', fresh) }))
        .where('position', '=', from);
      await write({ steps: [advance, gather, people], conditional: true });
      return to - from;
    },
  };
}
