import { sql } from 'kysely';
import type { ImportStore, ScimToken, ScimTokenStore } from './directory.ts';
import type { Engine } from './engine.ts';

/** Hashed tokens of SCIM clients. */
export function scimTokenStore({ db, write }: Engine): ScimTokenStore {
  return {
    findByHash: async (tokenHash) => {
      const row = await db.selectFrom('scim_tokens').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst();
      return row && toToken(row);
    },

    all: async () => {
      const rows = db.selectFrom('scim_tokens').selectAll().orderBy('source').orderBy('created_at').orderBy('id');
      return (await rows.execute()).map(toToken);
    },

    add: async ({ id, source, tokenHash, createdAt }, max, records) => {
      const live = db
        .selectFrom('scim_tokens')
        .select(({ fn }) => fn.countAll<number>().as('live'))
        .where('source', '=', source);
      // Counted in the statement itself: two that add at once cannot both be the second.
      const row = db
        .selectNoFrom([
          sql<string>`cast(${id} as text)`.as('id'),
          sql<string>`cast(${source} as text)`.as('source'),
          sql<string>`cast(${tokenHash} as text)`.as('token_hash'),
          sql<number>`cast(${createdAt} as bigint)`.as('created_at'),
        ])
        .where(live, '<', max);
      const insert = db.insertInto('scim_tokens').columns(['id', 'source', 'token_hash', 'created_at']).expression(row);
      const [added] = await write({ steps: [insert], conditional: true, records });
      return added === 1;
    },

    used: async (id, now) => {
      await write({ steps: [db.updateTable('scim_tokens').set({ last_used_at: now }).where('id', '=', id)] });
    },

    remove: async (id, records) => {
      const [removed] = await write({
        steps: [db.deleteFrom('scim_tokens').where('id', '=', id)],
        conditional: true,
        records,
      });
      return removed === 1;
    },
  };
}

function toToken(row: {
  id: string;
  source: string;
  token_hash: string;
  created_at: number;
  last_used_at: number | null;
}): ScimToken {
  return {
    id: row.id,
    source: row.source,
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}

export function importStore({ db, write }: Engine): ImportStore {
  return {
    position: async (source, digest) => {
      const row = await db
        .selectFrom('imports')
        .select('position')
        .where('source', '=', source)
        .where('digest', '=', digest)
        .executeTakeFirst();
      return row?.position ?? 0;
    },

    keepPosition: async (source, digest, position) => {
      const insert = db.insertInto('imports').values({ source, digest, position });
      await write({
        steps: [insert.onConflict((conflict) => conflict.columns(['source', 'digest']).doUpdateSet({ position }))],
      });
    },

    finish: async (source, digest) => {
      await write({ steps: [db.deleteFrom('imports').where('source', '=', source).where('digest', '=', digest)] });
    },
  };
}
