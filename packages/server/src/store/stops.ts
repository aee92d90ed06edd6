import { type Compilable, sql } from 'kysely';
import { later, position } from './cut-off-steps.ts';
import { resumePerson, stopAgents, switchOff, tellOfMembers } from './ending.ts';
import { countChange, type Engine } from './engine.ts';
import type { StopTable } from './schema.ts';
import type { Hit, Resumption, Stop, StopKind, StopStore } from './stop.ts';

/** How long a stop that is over is kept, so that whoever was away hears how it ended. */
const keptSeconds = 30 * 86_400;

export function stopStore({ db, write }: Engine): StopStore {
  const rows = () => db.selectFrom('stops').selectAll();
  return {
    add: async (stop, ends, records) => {
      const steps: Compilable[] = [
        countChange(db),
        db.insertInto('stops').values({ ...toColumns(stop), position: position(db) }),
        ...(ends.person === undefined ? [] : switchOff(db, ends.person, 'admin')),
        ...(ends.agents ? stopAgents(db, stop.id, ends.agents.client) : []),
        ...(ends.members ? tellOfMembers(db, stop.id, ends.members) : []),
      ];
      await write({ steps, records });
    },

    resume: async (id, resumption, records) => {
      const update = db.updateTable('stops').set(toEnd(resumption)).where('id', '=', id).where('lifted_at', 'is', null);
      const steps = [
        update,
        countChange(db),
        db
          .updateTable('stops')
          .set({ position: position(db) })
          .where('id', '=', id),
        ...resumePerson(db, id),
      ];
      const [resumed] = await write({ steps, conditional: true, records });
      return resumed === 1;
    },

    take: async (signal, stop, records) => {
      const mark = db
        .insertInto('marks')
        .values({ kind: 'security_event', id: signal.id, until: signal.until })
        .onConflict((conflict) => conflict.doNothing());
      const upsert = db
        .insertInto('stops')
        .values({ ...toColumns(stop), position: position(db) })
        .onConflict((conflict) =>
          // What is over stays over, whatever arrives late (SIG-02).
          conflict.column('id').doUpdateSet((eb) => ({
            lifted_at: sql<number | null>`coalesce(stops.lifted_at, excluded.lifted_at)`,
            lifted_by: sql<string | null>`coalesce(stops.lifted_by, excluded.lifted_by)`,
            grants_before: later(eb.ref('stops.grants_before'), eb.ref('excluded.grants_before')),
            tokens_before: later(eb.ref('stops.tokens_before'), eb.ref('excluded.tokens_before')),
            until: later(eb.ref('stops.until'), eb.ref('excluded.until')),
            position: eb.ref('excluded.position'),
          })),
        );
      const [taken] = await write({ steps: [mark, countChange(db), upsert], conditional: true, records });
      return taken === 1;
    },

    find: async (id) => {
      const row = await rows().where('id', '=', id).executeTakeFirst();
      return row && toStop(row);
    },

    ofPerson: async (personId) => {
      const query = rows().where('person_id', '=', personId);
      return (await query.orderBy('position').execute()).map(toStop);
    },

    inForce: async (now) => {
      const query = rows().where(({ or, eb }) => or([eb('lifted_at', 'is', null), eb('until', '>=', now)]));
      return (await query.orderBy('position').execute()).map(toStop);
    },

    changed: async (after, now, limit) => {
      const query = rows()
        .where('position', '>', after)
        .where(({ or, eb }) => or([eb('lifted_at', 'is', null), eb('until', '>=', now)]));
      return (await query.orderBy('position').limit(limit).execute()).map(toStop);
    },

    due: async (now, { people }) => {
      const query = rows().where('lifted_at', 'is', null).where('ends_at', '<=', now);
      return (await (people ? query : query.where('person_id', 'is', null)).execute()).map(toStop);
    },

    list: async ({ over, limit }) => {
      const query = over ? rows() : rows().where('lifted_at', 'is', null);
      return (await query.orderBy('at', 'desc').orderBy('id').limit(limit).execute()).map(toStop);
    },

    agents: async ({ client, servers, sinceMs }) => {
      if (servers?.length === 0) return 0;
      let query = db
        .selectFrom('agent_uses')
        .select(({ fn }) => fn.count<number>('person_id').distinct().as('people'))
        .where('last_ms', '>=', sinceMs);
      if (client !== undefined) query = query.where('client', '=', client);
      if (servers !== undefined) query = query.where('server', 'in', servers);
      return Number((await query.executeTakeFirst())?.people ?? 0);
    },

    hasAccount: async (id) =>
      (await db.selectFrom('accounts').select('id').where('id', '=', id).executeTakeFirst()) !== undefined,

    accounts: async (issuer) => {
      let query = db.selectFrom('accounts').select(({ fn }) => fn.countAll<number>().as('accounts'));
      if (issuer !== undefined) query = query.where('issuer', '=', issuer);
      return Number((await query.executeTakeFirst())?.accounts ?? 0);
    },

    purge: async (now) => {
      const old = db
        .deleteFrom('stops')
        .where('lifted_at', 'is not', null)
        .where('until', '<', now - keptSeconds);
      await write({ steps: [old] });
    },

    shelf: {
      readers: async () => {
        const all = await db.selectFrom('stop_readers').selectAll().orderBy('reader').execute();
        return new Map(all.map((row) => [row.reader, row.position]));
      },
      begin: async (reader) => {
        const insert = db.insertInto('stop_readers').values({ reader, position: 0 });
        await write({ steps: [insert.onConflict((conflict) => conflict.column('reader').doNothing())] });
        const row = await db
          .selectFrom('stop_readers')
          .select('position')
          .where('reader', '=', reader)
          .executeTakeFirst();
        return row?.position ?? 0;
      },
      after: async (after, limit) => {
        const query = rows().where('position', '>', after).where('origin', 'is', null);
        return (await query.orderBy('position').limit(limit).execute()).map(toStop);
      },
      advance: async (reader, to, records) => {
        const advance = db
          .updateTable('stop_readers')
          .set({ position: to })
          .where('reader', '=', reader)
          .where('position', '<', to);
        await write({ steps: [advance], records });
      },
      forget: async (reader) => {
        await write({ steps: [db.deleteFrom('stop_readers').where('reader', '=', reader)] });
      },
    },
  };
}

function toColumns(stop: Omit<Stop, 'position'>) {
  const { id, kind, target, hits, personId = null, origin = null, reason, by, at, endsAt = null } = stop;
  const end = stop.resumed ? toEnd(stop.resumed) : noEnd;
  const names = { id, kind, target, hits: JSON.stringify(hits), person_id: personId, origin };
  return { ...names, reason, made_by: by, at, ends_at: endsAt, ...end };
}

const noEnd = { lifted_at: null, lifted_by: null, lift_reason: null, grants_before: 0, tokens_before: 0, until: 0 };

function toEnd({ at, by, reason, grantsBefore, tokensBefore, until }: Resumption) {
  const times = { grants_before: grantsBefore, tokens_before: tokensBefore, until };
  return { lifted_at: at, lifted_by: by, lift_reason: reason, ...times };
}

function toStop(row: StopTable): Stop {
  return {
    id: row.id,
    kind: row.kind as StopKind,
    target: row.target,
    hits: JSON.parse(row.hits) as Hit[],
    personId: row.person_id ?? undefined,
    origin: row.origin ?? undefined,
    reason: row.reason,
    by: row.made_by,
    at: row.at,
    endsAt: row.ends_at ?? undefined,
    resumed:
      row.lifted_at === null
        ? undefined
        : {
            at: row.lifted_at,
            by: row.lifted_by ?? '',
            reason: row.lift_reason ?? '',
            grantsBefore: row.grants_before,
            tokensBefore: row.tokens_before,
            until: row.until,
          },
    position: row.position,
  };
}
