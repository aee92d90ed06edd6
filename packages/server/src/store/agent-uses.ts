import { type Compilable, type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Engine } from './engine.ts';
import { readLines } from './read-lines.ts';
import type { RecentLine } from './recent-lines.ts';
import type { Schema } from './schema.ts';

/** When a client was first and last given an ID-JAG in a person's name, for one server. */
export interface AgentUse {
  readonly client: string;
  readonly server: string;
  /** Milliseconds since 1970. */
  readonly firstMs: number;
  /** To the minute. */
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

/** What of a line says who used what. */
type Line = Pick<RecentLine, 'kind' | 'timeMs' | 'person' | 'client' | 'server'>;

interface Use extends AgentUse {
  readonly person: string;
  /** Names the three of them. */
  readonly key: string;
}

/** Of agents that work all the time one use in a minute is written down: the rest would say the same. */
const nearMs = 60_000;
/** As many as are told apart from new ones without a look into the store. */
const maxTold = 50_000;

export function agentUseStore(engine: Engine): AgentUseStore {
  const { db, write, recent } = engine;
  /** Until when each use is known to the store, as this process wrote it. */
  const told = new Map<string, number>();
  const isNews = ({ key, lastMs }: Use) => lastMs - (told.get(key) ?? Number.NEGATIVE_INFINITY) >= nearMs;
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
      const lines = recent?.reaches(from) ? await readLines(engine, from, to) : await readUses(db, from, to);
      const uses = usesIn(lines).filter(isNews);
      const people = lines.filter(({ person }) => person !== undefined).length;
      const steps = uses.length === 0 ? [] : gather(db, uses);
      const [advanced] = await write({
        steps: [advance(db, { from, to, people, uses }), ...steps],
        conditional: true,
      });
      // If it was not another process, then somebody was erased meanwhile: what is at hand names them still.
      if (advanced === 0) {
        recent?.drop();
        return to - from;
      }
      if (told.size + uses.length > maxTold) told.clear();
      for (const { key, lastMs } of uses) told.set(key, lastMs);
      return to - from;
    },
  };
}

/** Of lines that are not at hand: only what is needed here. */
async function readUses(db: Kysely<Schema>, from: number, to: number): Promise<readonly Line[]> {
  const rows = await db
    .selectFrom('audit')
    .select(['kind', 'time_ms', 'person', 'client', 'server'])
    .where('position', '>', from)
    .where('position', '<=', to)
    .execute();
  return rows.map(({ kind, time_ms: timeMs, person, client, server }) => {
    return { kind, timeMs, person: person ?? undefined, client: client ?? undefined, server: server ?? undefined };
  });
}

/** Each person, client and server that met, once. */
function usesIn(lines: readonly Line[]): readonly Use[] {
  const uses = new Map<string, Use>();
  for (const { kind, timeMs, person, client, server } of lines) {
    if (kind !== 'issuance' || person === undefined || client === undefined || server === undefined) continue;
    const key = `${person.length} ${person}${client.length} ${client}${server}`;
    const known = uses.get(key);
    if (known && known.firstMs <= timeMs && timeMs <= known.lastMs) continue;
    const { firstMs = timeMs, lastMs = timeMs } = known ?? {};
    const times = { firstMs: Math.min(firstMs, timeMs), lastMs: Math.max(lastMs, timeMs) };
    uses.set(key, { person, client, server, key, ...times });
  }
  return [...uses.values()];
}

/**
 * Moves on and counts who met for the first time; what they tell is not there yet. Only if nobody else has read these lines
 * meanwhile, and if they still speak of as many people: whoever was erased in between is not to be known again.
 */
function advance(
  db: Kysely<Schema>,
  {
    from,
    to,
    people,
    uses,
  }: { readonly from: number; readonly to: number; readonly people: number; readonly uses: readonly Use[] },
): Compilable {
  const { rows, text } = toRows(db, uses);
  const fresh = sql`(SELECT count(*) FROM ${rows} WHERE NOT EXISTS (SELECT 1 FROM agent_uses
    WHERE person_id = ${text(0)} AND client = ${text(1)} AND server = ${text(2)}))`;
  const query = sql`UPDATE agent_uses_read SET position = ${to}, meetings = meetings + ${fresh} WHERE position = ${from}
    AND (SELECT count(person) FROM audit WHERE position > ${from} AND position <= ${to}) = ${people}`;
  return { compile: () => query.compile(db) };
}

function gather(db: Kysely<Schema>, uses: readonly Use[]): Compilable[] {
  const { rows, text, number } = toRows(db, uses);
  const later = (table: string) =>
    sql`last_ms = CASE WHEN excluded.last_ms > ${sql.ref(table)}.last_ms THEN excluded.last_ms ELSE ${sql.ref(table)}.last_ms END`;
  const intoUses = sql`INSERT INTO agent_uses (person_id, client, server, first_ms, last_ms)
    SELECT ${text(0)}, ${text(1)}, ${text(2)}, ${number(3)}, ${number(4)} FROM ${rows} WHERE true
    ON CONFLICT (person_id, client, server) DO UPDATE SET ${later('agent_uses')}`;
  const intoPeople = sql`INSERT INTO agent_people (person_id, last_ms)
    SELECT ${text(0)}, max(${number(4)}) FROM ${rows} WHERE EXISTS (SELECT 1 FROM people WHERE id = ${text(0)}) GROUP BY ${text(0)}
    ON CONFLICT (person_id) DO UPDATE SET ${later('agent_people')}`;
  return [intoUses, intoPeople].map((query) => ({ compile: () => query.compile(db) }));
}

/** All of them as one value: statements whose text is always the same. */
function toRows(db: Kysely<Schema>, uses: readonly Use[]) {
  const json = JSON.stringify(uses.map((use) => [use.person, use.client, use.server, use.firstMs, use.lastMs]));
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  const text = (at: number) => sql`value->>${sql.lit(at)}`;
  return {
    rows: isPostgres ? sql`json_array_elements(${json}::json)` : sql`json_each(${json})`,
    text,
    number: (at: number) => (isPostgres ? sql`(${text(at)})::bigint` : text(at)),
  };
}
