import type { Engine } from './engine.ts';
import type { Bulletin, BulletinStore } from './off.ts';

/** What `ending.ts` has left for the authorization servers, and how far each has come. */
export function bulletinStore({ db, write }: Engine): BulletinStore {
  const readers = async () => {
    const rows = await db.selectFrom('bulletin_readers').selectAll().orderBy('reader').execute();
    return new Map(rows.map(({ reader, position }) => [reader, position]));
  };
  return {
    readers,

    after: async (position, limit) => {
      const rows = db.selectFrom('bulletins').selectAll().where('position', '>', position);
      return (await rows.orderBy('position').limit(limit).execute()).map(toBulletin);
    },

    begin: async (reader, since) => {
      const last = await db
        .selectFrom('bulletins')
        .select(({ fn }) => fn.max('position').as('position'))
        .where('at', '<', since)
        .executeTakeFirst();
      const insert = db.insertInto('bulletin_readers').values({ reader, position: last?.position ?? 0 });
      await write({ steps: [insert.onConflict((conflict) => conflict.column('reader').doNothing())] });
      return (await readers()).get(reader) ?? 0;
    },

    advance: async (reader, position, records) => {
      const advance = db
        .updateTable('bulletin_readers')
        .set({ position })
        .where('reader', '=', reader)
        .where('position', '<', position);
      await write({ steps: [advance], records });
    },

    forget: async (reader) => {
      await write({ steps: [db.deleteFrom('bulletin_readers').where('reader', '=', reader)] });
    },
  };
}

function toBulletin(row: {
  position: number;
  person_id: string;
  event: Bulletin['event'];
  membership: string | null;
  joined: number;
  initiator: Bulletin['initiator'];
  at: number;
  stop_id: string | null;
}): Bulletin {
  const { position, person_id: personId, event, membership, initiator, at, stop_id: stopId } = row;
  const isJoin = row.joined === 1 && { joined: true as const };
  const why = { membership: membership ?? undefined, ...isJoin, ...(stopId !== null && { stopId }) };
  return { position, personId, event, ...why, initiator, at };
}
