import { setImmediate } from 'node:timers/promises';
import { indexedTo, lastPosition } from './audit-index.ts';
import { readSums } from './audit-sums.ts';
import { createTally, dayMs, hourMs, type Tally } from './audit-tally.ts';
import type { GroupKind } from './directory.ts';
import type { Engine } from './engine.ts';
import { chunksOf } from './groups.ts';
import { readSaid } from './recent-lines.ts';
import type { AuditDayTable } from './schema.ts';

/** Lines of one hour that have all of this in common. */
export interface HourCount {
  /** Milliseconds since 1970 at which the hour begins. */
  readonly hourMs: number;
  readonly kind: string;
  /** As on the record, and `narrowed`: allowed, and less than was asked for by name. */
  readonly outcome: string;
  /** '' where the line has none. */
  readonly reason: string;
  readonly lines: number;
}

/** What a client did at a server on one day, by the side that wrote it down. */
export interface DayUse {
  readonly server: string;
  readonly client: string;
  readonly dayMs: number;
  readonly issued: number;
  readonly redeemed: number;
  readonly called: number;
  readonly refused: number;
  readonly lastMs: number;
}

/** What was done in some days altogether. */
export type UseSum = Pick<DayUse, 'issued' | 'redeemed' | 'called' | 'refused' | 'lastMs'>;

/** Which days are looked for. `servers` and `clients` are ids as that side has them. */
export interface DayFilter {
  readonly side: 'idp' | 'ras';
  readonly fromMs: number;
  readonly servers?: readonly string[] | undefined;
  readonly clients?: readonly string[] | undefined;
}

/** The record in numbers, also what was just written; kept for 400 days. Nothing in it says who. */
export interface UseStore {
  hours(fromMs: number): Promise<readonly HourCount[]>;
  days(filter: DayFilter): Promise<readonly DayUse[]>;
  /** Sums since then, for each server or each client: ids as that side has them. */
  sums(which: {
    readonly side: 'idp' | 'ras';
    readonly by: 'server' | 'client';
    readonly fromMs: number;
  }): Promise<ReadonlyMap<string, UseSum>>;
  /** How many people had an ID-JAG issued for these servers since then, through one client or any: by client. */
  people(server: string, sinceMs: number): Promise<ReadonlyMap<string, number>>;
  /** The same through any client, each person counted once. */
  countPeople(server: string, sinceMs: number): Promise<number>;
  /** When each of these people last had one issued for this server, by person and client. */
  lastUses(
    server: string,
    people: readonly string[],
  ): Promise<readonly { readonly person: string; readonly client: string; readonly lastMs: number }[]>;
  /** Groups and roles with somebody in them now who had one issued for this server since then. */
  groupsAt(server: string, sinceMs: number): Promise<readonly { readonly kind: GroupKind; readonly id: string }[]>;
  /** Of these groups or roles those with somebody in them now who had one issued for any server since then. */
  groupsInUse(kind: GroupKind, ids: readonly string[], sinceMs: number): Promise<ReadonlySet<string>>;
  /** How many times a person, a client and a server met that had not met before, as far as anybody remembers. */
  meetings(): Promise<number>;
  /** How many of the people who are here had an ID-JAG issued since then. */
  activePeople(sinceMs: number): Promise<number>;
}

/** Lines not in the index yet that are added up for each question; more are behind, and `hours` says nothing of them yet. */
const longestTail = 2048;
const groupsAtOnce = 50;

export function useStore({ db }: Engine): UseStore {
  const readTail = createTail(db);

  return {
    hours: async (fromMs) => {
      const from = Math.floor(fromMs / hourMs);
      const { hours: tail } = await readTail();
      const rows = await db.selectFrom('audit_hours').selectAll().where('hour', '>=', from).orderBy('hour').execute();
      const late = tail.filter(({ hour }) => hour >= from);
      return [...rows, ...late].map(({ hour, ...rest }) => ({ hourMs: hour * hourMs, ...rest }));
    },

    days: async ({ side, fromMs, servers, clients }) => {
      const from = Math.floor(fromMs / dayMs);
      const { days: tail } = await readTail();
      const found: AuditDayTable[] = [];
      const [column, ids] = servers ? (['server', servers] as const) : (['client', clients ?? []] as const);
      for (const some of servers || clients ? chunksOf(ids) : [undefined]) {
        let query = db.selectFrom('audit_days').selectAll().where('side', '=', side).where('day', '>=', from);
        if (some) query = query.where(column, 'in', some);
        found.push(...(await query.execute()));
      }
      const isMeant = (row: AuditDayTable) =>
        row.side === side && row.day >= from && (!(servers ?? clients) || ids.includes(row[column]));
      return [...found, ...tail.filter(isMeant)].map(toDayUse);
    },

    sums: async ({ side, by, fromMs }) => {
      const { days: tail } = await readTail();
      return readSums(db, { side, about: by, fromDay: Math.floor(fromMs / dayMs) }, tail);
    },

    people: async (server, sinceMs) => {
      const rows = await db
        .selectFrom('agent_uses')
        .select(['client', ({ fn }) => fn.countAll<number>().as('people')])
        .where('server', '=', server)
        .where('last_ms', '>=', sinceMs)
        .groupBy('client')
        .execute();
      return new Map(rows.map(({ client, people }) => [client, Number(people)]));
    },

    countPeople: async (server, sinceMs) => {
      const { people } = await db
        .selectFrom('agent_uses')
        .select(({ fn }) => fn.count<number>('person_id').distinct().as('people'))
        .where('server', '=', server)
        .where('last_ms', '>=', sinceMs)
        .executeTakeFirstOrThrow();
      return Number(people);
    },

    lastUses: async (server, people) => {
      const found = [];
      for (const some of chunksOf(people)) {
        const rows = await db
          .selectFrom('agent_uses')
          .select(['person_id as person', 'client', 'last_ms as lastMs'])
          .where('person_id', 'in', some)
          .where('server', '=', server)
          .execute();
        found.push(...rows);
      }
      return found;
    },

    groupsAt: async (server, sinceMs) => {
      const rows = await db
        .selectFrom('agent_uses')
        .innerJoin('memberships', 'memberships.person_id', 'agent_uses.person_id')
        .select(['memberships.kind', 'memberships.of_id as id'])
        .distinct()
        .where('agent_uses.server', '=', server)
        .where('agent_uses.last_ms', '>=', sinceMs)
        .execute();
      return rows;
    },

    groupsInUse: async (kind, ids, sinceMs) => {
      const found = new Set<string>();
      for (let from = 0; from < ids.length; from += groupsAtOnce) {
        // Each looks at its members until it has found one: of most groups that is the first.
        const rows = await db
          .selectFrom('groups')
          .select('groups.id')
          .where('groups.kind', '=', kind)
          .where('groups.id', 'in', ids.slice(from, from + groupsAtOnce))
          .where(({ exists, selectFrom }) =>
            exists(
              selectFrom('memberships')
                .innerJoin('agent_uses', 'agent_uses.person_id', 'memberships.person_id')
                .select('memberships.person_id')
                .whereRef('memberships.kind', '=', 'groups.kind')
                .whereRef('memberships.of_id', '=', 'groups.id')
                .where('agent_uses.last_ms', '>=', sinceMs),
            ),
          )
          .execute();
        for (const { id } of rows) found.add(id);
        await setImmediate();
      }
      return found;
    },

    meetings: async () => {
      const { meetings } = await db.selectFrom('agent_uses_read').select('meetings').executeTakeFirstOrThrow();
      return meetings;
    },

    activePeople: async (sinceMs) => {
      const { people } = await db
        .selectFrom('agent_people')
        .select(({ fn }) => fn.countAll<number>().as('people'))
        .where('last_ms', '>=', sinceMs)
        .executeTakeFirstOrThrow();
      return Number(people);
    },
  };
}

function toDayUse({ side: _, day, last_ms, ...rest }: AuditDayTable): DayUse {
  return { ...rest, dayMs: day * dayMs, lastMs: last_ms };
}

/**
 * What is not in the index yet, added up: each line once, however often it is asked for. Asked for before the tables: what goes there
 * meanwhile would otherwise be missed, and this way counts twice at worst for a moment.
 */
function createTail(db: Engine['db']): () => Promise<Tally> {
  let known = { from: -1, to: -1, tally: createTally() };
  let reading: Promise<unknown> = Promise.resolve();
  const readOn = async () => {
    const from = await indexedTo(db);
    if (from !== known.from) known = { from, to: from, tally: createTally() };
    const to = Math.min(await lastPosition(db), from + longestTail);
    if (to > known.to) {
      const lines = await db
        .selectFrom('audit')
        .select(['kind', 'time_ms', 'body', 'client', 'server'])
        .where('position', '>', known.to)
        .where('position', '<=', to)
        .execute();
      for (const { kind, time_ms, body, client, server } of lines) {
        const keys = { client: client ?? undefined, server: server ?? undefined };
        known.tally.add({ kind, timeMs: time_ms, said: readSaid({ body }), ...keys });
      }
      known.to = to;
    }
    return known.tally.sums();
  };
  // One after the other, so that no line is added twice.
  return () => {
    const read = reading.then(readOn, readOn);
    reading = read;
    return read;
  };
}
