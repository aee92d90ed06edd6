import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Group, GroupKind, Provisioned } from './directory.ts';
import type { Engine } from './engine.ts';
import { toGroup } from './groups.ts';
import { withEmails } from './provisioned.ts';

export type PersonField =
  | 'id'
  | 'externalId'
  | 'handle'
  | 'name'
  | 'active'
  | 'email'
  | 'group'
  | 'created'
  | 'modified';
export type GroupField = 'id' | 'externalId' | 'name' | 'member' | 'created' | 'modified';
export type SearchField = PersonField | GroupField;

/** What records have to meet. Values are as the columns hold them: `handle`, `name` and `email` in lower case. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly none: Condition }
  | { readonly field: SearchField; readonly is: 'present' }
  | { readonly field: SearchField; readonly is: Comparison; readonly value: string | number };

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

export interface Search {
  readonly where: Condition | undefined;
  /** Then by id; by id alone where it is left out. */
  readonly sortBy: SearchField | undefined;
  readonly descending: boolean;
  /** How many to leave out from the start. */
  readonly skip: number;
  readonly limit: number;
}

export interface Found<T> {
  /** How many meet the condition, on whatever page. */
  readonly total: number;
  readonly items: readonly T[];
}

/** Lists of one source, by condition, page by page. */
export interface SearchStore {
  people(source: string, search: Search): Promise<Found<Provisioned>>;
  groups(source: string, kind: GroupKind, search: Search): Promise<Found<Group>>;
}

/** Whether an index answers it; anything else reads every record of the source. */
export function isIndexed(condition: Condition): boolean {
  if ('all' in condition) return condition.all.some(isIndexed);
  if ('any' in condition) return condition.any.every(isIndexed);
  if ('none' in condition) return false;
  return condition.is === 'eq' && condition.field !== 'active' && condition.field !== 'created';
}

export function searchStore({ db }: Engine): SearchStore {
  return {
    people: async (source, search) => {
      const rows = db
        .selectFrom('provisioned')
        .where('provisioned.source', '=', source)
        .where(toSql(search.where, personColumns));
      const order = sql`${orderOf(search, personColumns)}`;
      const page = await rows
        .innerJoin('people', 'people.id', 'provisioned.person_id')
        .selectAll('provisioned')
        .select(['people.email', 'people.name'])
        .orderBy(order, search.descending ? 'desc' : 'asc')
        .$if(search.sortBy !== undefined && search.sortBy !== 'id', (page) => page.orderBy('provisioned.person_id'))
        .offset(search.skip)
        .limit(search.limit)
        .execute();
      const { total } = await rows.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
      return { total: Number(total), items: await withEmails(db, page) };
    },

    groups: async (source, kind, search) => {
      const rows = db
        .selectFrom('groups')
        .where('groups.source', '=', source)
        .where('groups.kind', '=', kind)
        .where(toSql(search.where, groupColumns));
      const page = await rows
        .selectAll('groups')
        .orderBy(sql`${orderOf(search, groupColumns)}`, search.descending ? 'desc' : 'asc')
        .$if(search.sortBy !== undefined && search.sortBy !== 'id', (page) => page.orderBy('groups.id'))
        .offset(search.skip)
        .limit(search.limit)
        .execute();
      const { total } = await rows.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
      return { total: Number(total), items: page.map(toGroup) };
    },
  };
}

/** The column of a field, or how a membership in a list is asked. */
type Columns = Readonly<Partial<Record<SearchField, RawBuilder<unknown> | ((value: unknown) => RawBuilder<SqlBool>)>>>;

const personColumns: Columns = {
  id: sql`provisioned.person_id`,
  externalId: sql`provisioned.external_id`,
  handle: sql`provisioned.handle`,
  name: sql`provisioned.name_folded`,
  active: sql`provisioned.wanted_active`,
  created: sql`provisioned.created_ms`,
  modified: sql`provisioned.modified_ms`,
  group: (id) =>
    sql`provisioned.person_id in (select person_id from memberships where kind = 'group' and of_id = ${id})`,
};

const groupColumns: Columns = {
  id: sql`groups.id`,
  externalId: sql`groups.external_id`,
  name: sql`groups.name_folded`,
  created: sql`groups.created_ms`,
  modified: sql`groups.modified_ms`,
  member: (id) =>
    sql`groups.id in (select of_id from memberships where memberships.kind = groups.kind and person_id = ${id})`,
};

function orderOf({ sortBy = 'id' }: Search, columns: Columns): RawBuilder<unknown> {
  const column = columns[sortBy];
  if (column === undefined || typeof column === 'function') throw new Error(`nothing is sorted by ${sortBy}`);
  return column;
}

function toSql(condition: Condition | undefined, columns: Columns): Expression<SqlBool> {
  if (condition === undefined) return sql<SqlBool>`1 = 1`;
  if ('all' in condition) return joined(condition.all, columns, sql` and `);
  if ('any' in condition) return joined(condition.any, columns, sql` or `);
  // Not `not`: of what is not there nothing is true, and so its opposite has to be.
  if ('none' in condition) return sql<SqlBool>`case when ${toSql(condition.none, columns)} then 0 else 1 end = 1`;
  if (condition.field === 'email') return emailSql(condition);
  const column = columns[condition.field];
  if (column === undefined) throw new Error(`nothing is searched by ${condition.field}`);
  if (typeof column === 'function') return listSql(condition, column);
  return condition.is === 'present' ? sql<SqlBool>`${column} is not null` : compareSql(column, condition);
}

function joined(conditions: readonly Condition[], columns: Columns, word: RawBuilder<unknown>): Expression<SqlBool> {
  const parts = conditions.map((each) => sql`(${toSql(each, columns)})`);
  return sql<SqlBool>`(${sql.join(parts, word)})`;
}

type Term = Extract<Condition, { readonly field: SearchField }>;

function listSql(term: Term, has: (value: unknown) => RawBuilder<SqlBool>): Expression<SqlBool> {
  if (term.is === 'eq') return has(term.value);
  if (term.is === 'ne') return sql<SqlBool>`not (${has(term.value)})`;
  throw new Error(`membership is not asked by ${term.is}`);
}

/** Any address of the person. Each has one at least, so that being present is being there. */
function emailSql(term: Term): Expression<SqlBool> {
  if (term.is === 'present') return sql<SqlBool>`1 = 1`;
  const isNot = term.is === 'ne';
  const inner = compareSql(sql`email_folded`, isNot ? { ...term, is: 'eq' } : term);
  const found = sql`provisioned.person_id in (select person_id from provisioned_emails where ${inner})`;
  return isNot ? sql<SqlBool>`not (${found})` : sql<SqlBool>`${found}`;
}

/**
 * A comparison that means the same in every database: no LIKE, whose case and escapes differ. What is not there is not
 * equal. An equality stands alone, or the planner overlooks the index.
 */
function compareSql(
  column: RawBuilder<unknown>,
  { is, value }: { readonly is: Comparison; readonly value: string | number },
): Expression<SqlBool> {
  const text = sql`cast(${value} as text)`;
  switch (is) {
    case 'eq':
      return sql<SqlBool>`(${column} = ${value})`;
    case 'ne':
      return sql<SqlBool>`(${column} is null or ${column} <> ${value})`;
    case 'co':
      return sql<SqlBool>`(replace(${column}, ${text}, '') <> ${column})`;
    case 'sw':
      return sql<SqlBool>`(substr(${column}, 1, length(${text})) = ${text})`;
    case 'ew':
      return sql<SqlBool>`(length(${column}) >= length(${text})
        and substr(${column}, length(${column}) - length(${text}) + 1) = ${text})`;
    case 'gt':
      return sql<SqlBool>`(${column} > ${value})`;
    case 'ge':
      return sql<SqlBool>`(${column} >= ${value})`;
    case 'lt':
      return sql<SqlBool>`(${column} < ${value})`;
    case 'le':
      return sql<SqlBool>`(${column} <= ${value})`;
  }
}
