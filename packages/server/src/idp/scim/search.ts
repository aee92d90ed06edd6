import { type Searched, toCondition, toSortField } from '../../directory/scim/condition.ts';
import { limits } from '../../directory/scim/discovery.ts';
import { parseFilter, toAttributePath } from '../../directory/scim/filter.ts';
import { cannot, done, type Outcome } from '../../directory/scim/problem.ts';
import { isIndexed, type Search } from '../../store/search.ts';
import type { Scim, ScimCall } from './call.ts';

/** What a list asks for, and the number its page starts with. */
export interface Query {
  readonly search: Search;
  readonly startIndex: number;
}

/** Reads filter, sorting and page of a list, from the query or the body of a `.search`. */
export function parseQuery(call: ScimCall, searched: Searched, scim: Scim): Outcome<Query> {
  const isSearch = call.path.at(-1) === '.search';
  const asked = (name: string): unknown => (isSearch ? call.body?.[name] : call.query.get(name)) ?? undefined;

  const startIndex = toNumber(asked('startIndex'), 1, 1, 10_000_000);
  const count = toNumber(asked('count'), limits.pageUnlessSaid, 0, limits.page);
  if (startIndex === undefined || count === undefined) {
    return cannot('scim_value_invalid', 'startIndex and count must be whole numbers');
  }
  const where = toWhere(asked('filter'), searched);
  if (!where.ok) return where;
  const sortBy = asked('sortBy');
  const field = typeof sortBy === 'string' ? toSortField(toAttributePath(sortBy), searched) : done(undefined);
  if (!field.ok) return field;

  if (where.value && !isIndexed(where.value) && !scim.mayScan(call.credential)) {
    return cannot('scim_too_fast', 'searches of this kind read every record; ask by eq, or more slowly');
  }
  const order = asked('sortOrder');
  const descending = typeof order === 'string' && order.toLowerCase() === 'descending';
  const search = { where: where.value, sortBy: field.value, descending, skip: startIndex - 1, limit: count };
  return done({ search, startIndex });
}

function toWhere(filter: unknown, searched: Searched): Outcome<Search['where']> {
  if (filter === undefined) return done(undefined);
  if (typeof filter !== 'string') return cannot('scim_filter_invalid', 'the filter must be text');
  const parsed = parseFilter(filter);
  return parsed.ok ? toCondition(parsed.value, searched) : parsed;
}

/** What is too small or too large is brought to the nearest that is not (RFC 7644 §3.4.2.4). */
function toNumber(asked: unknown, unlessSaid: number, min: number, max: number): number | undefined {
  if (asked === undefined) return unlessSaid;
  const isNumber = typeof asked === 'string' || typeof asked === 'number';
  if (!isNumber || !/^-?\d{1,15}$/.test(String(asked))) return undefined;
  return Math.min(max, Math.max(min, Number(asked)));
}
