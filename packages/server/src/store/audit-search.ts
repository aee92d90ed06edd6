import { setImmediate } from 'node:timers/promises';
import { boundsOf, doersFrom, indexedTo, indexFurther, lastPosition, seekTerm } from './audit-index.ts';
import { toStoredRow } from './audit-log.ts';
import { eitherOf, meet, orAnyUpTo, type Places, placesOf, type Seek } from './audit-places.ts';
import { factsOf, type TermName, termOf } from './audit-terms.ts';
import type { Engine } from './engine.ts';
import { readSaid } from './recent-lines.ts';
import type { StoredAuditRow } from './store.ts';

/**
 * What is looked for. Each member narrows it; of a list one has to fit. Values are compared exactly. Empty = everything.
 */
export interface AuditFilter {
  /** Ids of people, accounts, or subjects of foreign issuers. */
  readonly person?: readonly string[] | undefined;
  readonly client?: readonly string[] | undefined;
  readonly server?: readonly string[] | undefined;
  /** Asked for or granted. */
  readonly scope?: readonly string[] | undefined;
  readonly kind?: readonly string[] | undefined;
  readonly outcome?: readonly string[] | undefined;
  readonly reason?: readonly string[] | undefined;
  readonly correlation?: readonly string[] | undefined;
  /** Ids of administrators; `cli:<user>` at the machine itself. */
  readonly by?: readonly string[] | undefined;
  /** Ids of tokens that programs did it with. */
  readonly credential?: readonly string[] | undefined;
  /** Milliseconds since 1970, this one included. */
  readonly fromMs?: number | undefined;
  /** Milliseconds since 1970, this one left out. */
  readonly toMs?: number | undefined;
}

/** Lines found, the newest first. */
export interface AuditPage {
  readonly rows: readonly StoredAuditRow[];
  /**
   * To be handed in as `before` for what follows; `undefined` = that was all. A page may be short of its limit, or empty, and
   * have one: so much was looked through in one go.
   */
  readonly next: number | undefined;
}

/** How much of the record is in the index. What is not yet is found all the same. */
export interface IndexProgress {
  readonly indexed: number;
  readonly last: number;
}

/** Searches the record by an index that is filled after the answer: whoever writes a line pays nothing for it. */
export interface AuditSearchStore {
  /**
   * Lines that the filter fits, the newest first, also those that were just written.
   * @param page - `before`: only what was written before this position; `limit`: at most so many, at least 1
   */
  find(filter: AuditFilter, page: { readonly before?: number | undefined; readonly limit: number }): Promise<AuditPage>;
  /**
   * Puts the next few hundred lines into the index, if there are so many; resolves to how many that were. Safe to run at any
   * moment, in any number of processes at once.
   */
  indexFurther(): Promise<number>;
  progress(): Promise<IndexProgress>;
  /** Takes a person out of the index; what was written of them is then found by other facts only. */
  forget(person: string): Promise<void>;
}

/**
 * What one call may cost, in units of about two microseconds: then the page ends, so that a search which finds little keeps
 * nobody waiting. After each turn whoever else works here comes first.
 */
const [maxWork, turn] = [100_000, 1000];
const [lineCost, rowCost, roundCost] = [8, 8, 1];
const readLength = 64;
/** Lines that a statement goes through, where it goes through lines: what of them is wanted by a column comes out of the store. */
const [windowLength, windowCost] = [512, 250];

export function auditSearchStore(engine: Engine): AuditSearchStore {
  const { db, write } = engine;
  const lines = () => db.selectFrom('audit').selectAll().orderBy('position', 'desc');

  return {
    async find(filter, { before, limit }) {
      const fits = createMatcher(filter);
      const effort = createEffort();
      const rows: StoredAuditRow[] = [];
      let at = before === undefined ? Number.MAX_SAFE_INTEGER : before - 1;

      const isFull = () => rows.length >= limit;
      const take = async (found: readonly Parameters<typeof toStoredRow>[0][]) => {
        for (const one of found) {
          const row = toStoredRow(one);
          if (!isFull() && fits(row)) rows.push(row);
        }
        await effort.spend(found.length * lineCost);
      };
      const page = () => ({ rows, next: isFull() ? rows.at(-1)?.position : at + 1 });
      /** Reads line by line; resolves to false when there was more than one call looks at. */
      const walk = async (low: number): Promise<boolean> => {
        while (at >= low) {
          if (isFull() || effort.isSpent()) return false;
          const begin = Math.max(low, at - windowLength + 1);
          const found = await narrowed(lines(), filter)
            .where('position', '>=', begin)
            .where('position', '<=', at)
            .limit(readLength)
            .execute();
          await take(found);
          await effort.spend(windowCost);
          at = found.length < readLength ? begin - 1 : (found.at(-1)?.position ?? begin) - 1;
        }
        return !isFull();
      };

      // What is not in the index yet. Asked for first: what is put there meanwhile is read here.
      const indexed = await indexedTo(db);
      at = Math.min(at, await lastPosition(db));
      if (!(await walk(indexed + 1))) return page();
      const bounds = await boundsOf(db, indexed, filter);
      if (!bounds) return { rows, next: undefined };
      at = Math.min(at, bounds.high);
      const seek = (term: string): Seek => {
        return async (from, count) => {
          const found = await seekTerm(db, term, from, count);
          await effort.spend((found.length + 1) * rowCost);
          return found;
        };
      };
      const all = toPlaces(filter, seek, namesDoers(filter) ? await doersFrom(db) : 0);
      if (all.length === 0) return (await walk(bounds.low)) ? { rows, next: undefined } : page();

      let isOver = false;
      while (!isOver) {
        const found: number[] = [];
        const wanted = Math.min(readLength, limit - rows.length);
        while (found.length < wanted && !effort.isSpent()) {
          const round = await meet(all, at);
          await effort.spend(roundCost);
          if (!round || round.place < bounds.low) {
            isOver = true;
            break;
          }
          if (round.isMeeting) found.push(round.place);
          at = round.isMeeting ? round.place - 1 : round.place;
        }
        if (found.length > 0) await take(await lines().where('position', 'in', padded(found)).execute());
        if (isFull() || (!isOver && effort.isSpent())) return page();
      }
      return { rows, next: undefined };
    },

    indexFurther: () => indexFurther(engine),

    progress: async () => ({ indexed: await indexedTo(db), last: await lastPosition(db) }),

    forget: async (person) => {
      const terms = [termOf('person', person), termOf('by', person)];
      await write({ steps: [db.deleteFrom('audit_terms').where('term', 'in', terms)] });
    },
  };
}

const termNames = [
  'person',
  'client',
  'server',
  'scope',
  'kind',
  'outcome',
  'reason',
  'correlation',
  'by',
  'credential',
] as const satisfies readonly TermName[];

/** Only lines of which the columns fit; what stands within the text is compared here. */
function narrowed<Query extends { where(column: Column, is: 'in', values: readonly string[]): Query }>(
  query: Query,
  filter: AuditFilter,
): Query {
  const columns: readonly Column[] = ['person', 'client', 'server', 'kind'];
  return columns.reduce((narrow, column) => {
    const values = filter[column];
    // An empty list is no list to a database; nothing fits it, as the matcher knows.
    return values === undefined || values.length === 0 ? narrow : narrow.where(column, 'in', values);
  }, query);
}

type Column = 'person' | 'client' | 'server' | 'kind';

/**
 * Where each member of the filter comes up; those that say nothing are left out.
 * @param doersAfter - up to this line the index does not say who did it: each of them may fit
 */
function toPlaces(filter: AuditFilter, seek: (term: string) => Seek, doersAfter: number): Places[] {
  return termNames.flatMap((name) => {
    const values = filter[name];
    if (values === undefined) return [];
    const places = eitherOf(values.map((value) => placesOf(seek(termOf(name, value)))));
    return [isDoer(name) ? orAnyUpTo(doersAfter, places) : places];
  });
}

function isDoer(name: TermName): boolean {
  return name === 'by' || name === 'credential';
}

function namesDoers({ by, credential }: AuditFilter): boolean {
  return by !== undefined || credential !== undefined;
}

/** Says of a line itself whether it is what is looked for, whatever led there. */
export function createMatcher(filter: AuditFilter): (line: StoredAuditRow) => boolean {
  const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter;
  const wanted = termNames.flatMap((name) => (filter[name] === undefined ? [] : [[name, filter[name]] as const]));
  return (line) => {
    if (line.timeMs < fromMs || line.timeMs >= toMs) return false;
    const facts = factsOf({ ...line, said: readSaid(line) });
    return wanted.every(([name, values]) => facts.some((fact) => fact[0] === name && values.includes(fact[1])));
  };
}

function createEffort(): { spend(work: number): Promise<void>; isSpent(): boolean } {
  let [left, untilTurn] = [maxWork, turn];
  return {
    async spend(work) {
      left -= work;
      untilTurn -= work;
      if (untilTurn > 0) return;
      untilTurn = turn;
      await setImmediate();
    },
    isSpent: () => left <= 0,
  };
}

/** A list of one of few lengths, so that few different statements are prepared; who is named twice is found once. */
function padded(places: readonly number[]): number[] {
  const length = 2 ** Math.ceil(Math.log2(places.length));
  return Array.from({ length }, (_, at) => places[Math.min(at, places.length - 1)] as number);
}
