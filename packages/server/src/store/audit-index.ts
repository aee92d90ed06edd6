import { setImmediate } from 'node:timers/promises';
import { type Compilable, type Kysely, PostgresAdapter, sql } from 'kysely';
import { addTally, createTally } from './audit-tally.ts';
import { createStretch, type TermRow } from './audit-terms.ts';
import type { Engine } from './engine.ts';
import { readLines } from './read-lines.ts';
import type { Schema } from './schema.ts';

/**
 * Lines that go into the index together, at least. More make it smaller and cheaper; up to so many are not in it yet and are read
 * one by one in a search, which takes milliseconds.
 */
export const stretchLength = 1024;
/** Where more than that wait, up to so many go in together, as long as they make few rows. */
export const longestStretch = 16_384;
/** Written in one transaction, for which others wait: up to twenty milliseconds. */
const enoughRows = 2048;
/** Lines gathered in one go: whoever waits for the store meanwhile waits for less than a millisecond. */
const atOnce = 256;
/** Times are kept to the minute, or the tables that find them would have a row for each second. */
const timeStepMs = 60_000;

/** Up to which line the record is in the index. */
export async function indexedTo(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectFrom('audit_readers')
    .select('position')
    .where('name', '=', 'search')
    .executeTakeFirstOrThrow();
  return row.position;
}

/** The line behind which the index says who did something, and with which token: what was there before it did, it does not. */
export async function doersFrom(db: Kysely<Schema>): Promise<number> {
  const row = await db
    .selectFrom('audit_readers')
    .select('position')
    .where('name', '=', 'doers')
    .executeTakeFirstOrThrow();
  return row.position;
}

/** The last line there is, 0 = none. */
export async function lastPosition(db: Kysely<Schema>): Promise<number> {
  const { last } = await db
    .selectFrom('audit')
    .select(({ fn }) => fn.max<number | null>('position').as('last'))
    .executeTakeFirstOrThrow();
  return last ?? 0;
}

/**
 * Puts the next stretch into the index, and into the numbers, once there are enough lines for one. Resolves to the number of
 * lines. Safe to run at any moment, in any number of processes at once: whoever is not first with a stretch changes
 * nothing.
 */
export async function indexFurther(engine: Engine): Promise<number> {
  const { db, write, recent } = engine;
  const from = await indexedTo(db);
  const waiting = (await lastPosition(db)) - from;
  if (waiting < stretchLength) return 0;
  const lines = await readLines(engine, from, from + Math.min(waiting, longestStretch));
  const first = lines[0];
  if (!first) return 0;
  const [stretch, tally] = [createStretch(), createTally()];
  let [personal, earliest, latest, last, count] = [0, Number.MAX_SAFE_INTEGER, 0, first, 0];
  for (const line of lines) {
    if (count >= stretchLength && stretch.rowCount() >= enoughRows) break;
    if (count % atOnce === 0) await setImmediate();
    last = line;
    count += 1;
    stretch.add(line.position, line);
    tally.add(line);
    if (line.person !== undefined) personal += 1;
    if (line.isPersonal) personal += 1;
    earliest = Math.min(earliest, line.timeMs);
    latest = Math.max(latest, line.timeMs);
  }
  const times = keepTimes(db, { earliest, latest, first: first.position, to: last.position });
  const terms = insertTerms(db, stretch.rows());
  const steps = [advance(db, from, last.position, personal), terms, ...times, ...addTally(db, tally.sums())];
  const [advanced] = await write({ steps, conditional: true });
  if (advanced !== 0) return count;
  recent?.drop(); // if it was not another process, then because somebody was erased meanwhile
  return 0;
}

/**
 * Moves the reader on, if nobody else has taken these lines meanwhile, and if they still speak of as many people, and as many of
 * them of anybody: whoever was erased in between is not to be found by the index again.
 */
function advance(db: Kysely<Schema>, from: number, to: number, personal: number): Compilable {
  return db
    .updateTable('audit_readers')
    .set({ position: to })
    .where('name', '=', 'search')
    .where('position', '=', from)
    .where(({ eb, selectFrom }) =>
      eb(
        selectFrom('audit')
          .select(sql<number>`count(person) + count(personal)`.as('personal'))
          .where('position', '>', from)
          .where('position', '<=', to),
        '=',
        personal,
      ),
    );
}

/** All rows as one value: a statement whose text is always the same is prepared once. In order, so that pages are visited once. */
function insertTerms(db: Kysely<Schema>, rows: readonly TermRow[]): Compilable {
  const sorted = rows.toSorted((a, b) => (a.term < b.term ? -1 : 1));
  const values = JSON.stringify(sorted.map(({ term, position, others }) => [term, position, others]));
  return inPostgres(db)
    ? step(
        db,
        sql`INSERT INTO audit_terms (term, position, others)
            SELECT value->>0, (value->>1)::bigint, value->>2 FROM json_array_elements(${values}::json)`,
      )
    : step(
        db,
        sql`INSERT INTO audit_terms (term, position, others)
            SELECT value->>0, value->>1, value->>2 FROM json_each(${values})`,
      );
}

function inPostgres(db: Kysely<Schema>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

function step(db: Kysely<Schema>, query: ReturnType<typeof sql>): Compilable {
  return { compile: () => query.compile(db) };
}

/** The times of a stretch of the record, and where it begins and ends. */
interface Times {
  readonly earliest: number;
  readonly latest: number;
  readonly first: number;
  readonly to: number;
}

/**
 * `audit_late` has a row for each line before which no line was as late, a minute apart: what is later than a time begins no
 * sooner than there. `audit_early` has a row for each line behind which no line is as early: what is earlier ends there. However
 * the clocks of nodes differ or jump, both are true; rows that are no more are taken away as lines arrive.
 */
function keepTimes(db: Kysely<Schema>, { earliest, latest, first, to }: Times): Compilable[] {
  const whereNone = (table: 'audit_late' | 'audit_early', ms: number, position: number) =>
    db
      .insertInto(table)
      .columns(['ms', 'position'])
      .expression(
        db
          .selectNoFrom([
            sql<number>`cast(${ms} as bigint)`.as('ms'),
            sql<number>`cast(${position} as bigint)`.as('position'),
          ])
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom(table)
                  .select('ms')
                  .where('ms', '>', ms - timeStepMs),
              ),
            ),
          ),
      );
  return [
    whereNone('audit_late', latest, first),
    db.deleteFrom('audit_early').where('ms', '>=', earliest),
    db
      .updateTable('audit_early')
      .set({ position: to })
      .where('ms', '>', earliest - timeStepMs),
    whereNone('audit_early', earliest, to),
  ];
}

/** Of the lines in the index, the first and the last that can be of this time; `undefined` = none can. */
export async function boundsOf(
  db: Kysely<Schema>,
  indexed: number,
  { fromMs, toMs }: { readonly fromMs?: number | undefined; readonly toMs?: number | undefined },
): Promise<{ readonly low: number; readonly high: number } | undefined> {
  let [low, high] = [1, indexed];
  if (fromMs !== undefined) {
    const late = await db
      .selectFrom('audit_late')
      .select('position')
      .where('ms', '>=', fromMs - timeStepMs)
      .orderBy('ms')
      .limit(1)
      .executeTakeFirst();
    if (!late) return undefined;
    low = late.position;
  }
  if (toMs !== undefined) {
    const early = await db
      .selectFrom('audit_early')
      .select('position')
      .where('ms', '<', toMs)
      .orderBy('ms', 'desc')
      .limit(1)
      .executeTakeFirst();
    if (!early) return undefined;
    high = Math.min(high, early.position);
  }
  return { low, high };
}

/** Rows of a term that begin at this place or before it, the last ones first. The one statement that all searches are made of. */
export async function seekTerm(db: Kysely<Schema>, term: string, at: number, limit: number) {
  return db
    .selectFrom('audit_terms')
    .select(['position', 'others'])
    .where('term', '=', term)
    .where('position', '<=', at)
    .orderBy('position', 'desc')
    .limit(limit)
    .execute();
}
