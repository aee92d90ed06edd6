import { sql } from 'kysely';
import { countChange, type Engine } from './engine.ts';
import type { UpstreamLink, UpstreamSession, UpstreamStore } from './store.ts';

/** Identities at upstream providers that belong to people of other sources, and sessions over there. */
export function upstreamStore({ db, write }: Engine): UpstreamStore {
  return {
    findLink: async (issuer, subject) => {
      const row = await db
        .selectFrom('upstream_links')
        .selectAll()
        .where('issuer', '=', issuer)
        .where('subject', '=', subject)
        .executeTakeFirst();
      return row && toLink(row);
    },

    link: async ({ issuer, subject, upstream, personId, linkedAt }, records) => {
      const row = { issuer, subject, upstream, person_id: personId, linked_at: linkedAt };
      await write({ steps: [db.insertInto('upstream_links').values(row), countChange(db)], records });
    },

    linkFirst: async ({ issuer, subject, upstream, personId, linkedAt }, records) => {
      const others = db.selectFrom('upstream_links').select('subject').where('issuer', '=', issuer);
      // Asked in the statement itself: of two that link at once the second finds the first.
      const row = db
        .selectNoFrom([
          sql<string>`cast(${issuer} as text)`.as('issuer'),
          sql<string>`cast(${subject} as text)`.as('subject'),
          sql<string>`cast(${upstream} as text)`.as('upstream'),
          sql<string>`cast(${personId} as text)`.as('person_id'),
          sql<number>`cast(${linkedAt} as bigint)`.as('linked_at'),
        ])
        .where(({ not, exists }) => not(exists(others.where('person_id', '=', personId))));
      const columns = ['issuer', 'subject', 'upstream', 'person_id', 'linked_at'] as const;
      const insert = db.insertInto('upstream_links').columns(columns).expression(row);
      const [linked] = await write({ steps: [insert, countChange(db)], conditional: true, records });
      return linked === 1;
    },

    unlink: async (issuer, subject, records) => {
      const remove = db.deleteFrom('upstream_links').where('issuer', '=', issuer).where('subject', '=', subject);
      const [removed] = await write({ steps: [remove, countChange(db)], conditional: true, records });
      return removed === 1;
    },

    linksOf: async (personId) => {
      const rows = await db.selectFrom('upstream_links').selectAll().where('person_id', '=', personId).execute();
      return rows.map(toLink);
    },

    saveSession: async ({ sessionUid, idToken, sid = null, upstream, issuer, subject }, expiresAt) => {
      const columns = { upstream, issuer, subject, sid, id_token: idToken, expires_at: expiresAt };
      const upsert = db
        .insertInto('upstream_sessions')
        .values({ session_uid: sessionUid, ...columns })
        .onConflict((conflict) => conflict.column('session_uid').doUpdateSet(columns));
      await write({ steps: [upsert] });
    },

    findSession: async (sessionUid) => {
      const row = await db
        .selectFrom('upstream_sessions')
        .selectAll()
        .where('session_uid', '=', sessionUid)
        .executeTakeFirst();
      return row && toSession(row);
    },

    forgetSession: async (sessionUid) => {
      await write({ steps: [db.deleteFrom('upstream_sessions').where('session_uid', '=', sessionUid)] });
    },

    sessionsOn: async ({ issuer, subject, sid }) => {
      if (subject === undefined && sid === undefined) return [];
      let query = db.selectFrom('upstream_sessions').select('session_uid').where('issuer', '=', issuer);
      if (subject !== undefined) query = query.where('subject', '=', subject);
      // One of which no sid is known may be the one that is meant, where its subject is.
      if (sid !== undefined && subject === undefined) query = query.where('sid', '=', sid);
      else if (sid !== undefined) query = query.where(({ or, eb }) => or([eb('sid', '=', sid), eb('sid', 'is', null)]));
      return (await query.orderBy('session_uid').execute()).map((row) => row.session_uid);
    },
  };
}

function toLink(row: {
  issuer: string;
  subject: string;
  upstream: string;
  person_id: string;
  linked_at: number;
}): UpstreamLink {
  const { issuer, subject, upstream, person_id: personId, linked_at: linkedAt } = row;
  return { issuer, subject, upstream, personId, linkedAt };
}

function toSession(row: {
  session_uid: string;
  upstream: string;
  issuer: string;
  subject: string;
  sid: string | null;
  id_token: string;
}): UpstreamSession {
  const { session_uid: sessionUid, id_token: idToken, sid, upstream, issuer, subject } = row;
  return { sessionUid, upstream, issuer, subject, sid: sid ?? undefined, idToken };
}
