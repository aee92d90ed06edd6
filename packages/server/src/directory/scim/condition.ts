import type { Condition, GroupField, PersonField, SearchField } from '../../store/search.ts';
import { type Source, toGroupId } from '../source.ts';
import type { AttributePath, Filter, Operator, Value } from './filter.ts';
import { cannot, done, type Outcome } from './problem.ts';
import { urn } from './schema.ts';

/** Attributes that a list of users can be filtered and sorted by. */
const userFields: Readonly<Record<string, PersonField>> = {
  id: 'id',
  externalid: 'externalId',
  username: 'handle',
  displayname: 'name',
  active: 'active',
  emails: 'email',
  'emails.value': 'email',
  groups: 'group',
  'groups.value': 'group',
  'meta.created': 'created',
  'meta.lastmodified': 'modified',
};

const groupFields: Readonly<Record<string, GroupField>> = {
  id: 'id',
  externalid: 'externalId',
  displayname: 'name',
  members: 'member',
  'members.value': 'member',
  'meta.created': 'created',
  'meta.lastmodified': 'modified',
};

/** What is searched: the fields there are, and whose they are. */
export interface Searched {
  readonly resource: 'User' | 'Group';
  readonly source: Source;
}

/**
 * A filter as the store searches by it. What is not kept in a column of its own is refused, so that no filter makes
 * anybody read a whole directory and judge it line by line.
 */
export function toCondition(filter: Filter, searched: Searched): Outcome<Condition> {
  switch (filter.kind) {
    case 'and':
    case 'or': {
      const parts = filter.of.map((each) => toCondition(each, searched));
      const failed = parts.find((part) => !part.ok);
      if (failed) return failed;
      const of = parts.flatMap((part) => (part.ok ? [part.value] : []));
      return done(filter.kind === 'and' ? { all: of } : { any: of });
    }
    case 'not': {
      const of = toCondition(filter.of, searched);
      return of.ok ? done({ none: of.value }) : of;
    }
    case 'present':
      return toComparison(filter.path, 'ne', null, searched);
    case 'compare':
      return toComparison(filter.path, filter.is, filter.value, searched);
    case 'has':
      return toCondition(within(filter.path, filter.filter), searched);
  }
}

/** The field a list is sorted by. */
export function toSortField(path: AttributePath, searched: Searched): Outcome<SearchField> {
  const field = findField(path, searched);
  const hasMany = field.ok && ['email', 'group', 'member'].includes(field.value);
  return hasMany ? cannot('scim_value_invalid', 'sortBy must name an attribute with one value') : field;
}

/**
 * `emails[type eq "work" and value eq "x"]` asks for the address; the kind of an address is not kept apart, and leaving
 * it out finds no more than the people who have that address.
 */
function within(path: AttributePath, filter: Filter): Filter {
  switch (filter.kind) {
    case 'and': {
      const of = filter.of.filter(
        (each) => !(each.kind === 'compare' && each.path.name === 'type' && each.is === 'eq'),
      );
      const [only] = of;
      return only && of.length === 1 ? within(path, only) : { kind: 'and', of: of.map((each) => within(path, each)) };
    }
    case 'or':
      return { kind: 'or', of: filter.of.map((each) => within(path, each)) };
    case 'compare':
    case 'present':
      return { ...filter, path: { ...path, sub: filter.path.name } };
    default:
      return filter;
  }
}

function findField({ urn: schema, name, sub }: AttributePath, { resource }: Searched): Outcome<SearchField> {
  const own = (resource === 'User' ? urn.user : urn.group).toLowerCase();
  const fields: Readonly<Record<string, SearchField>> = resource === 'User' ? userFields : groupFields;
  const key = sub === undefined ? name : `${name}.${sub}`;
  const field = (schema === undefined || schema === own) && Object.hasOwn(fields, key) ? fields[key] : undefined;
  if (field) return done(field);
  const allowed = [...new Set(Object.keys(fields))].join(', ');
  return cannot('scim_filter_invalid', `this attribute cannot be searched; what can be: ${allowed}`);
}

function toComparison(path: AttributePath, is: Operator, value: Value, searched: Searched): Outcome<Condition> {
  const found = findField(path, searched);
  if (!found.ok) return found;
  const field = found.value;
  const isEquality = is === 'eq' || is === 'ne';
  if ((field === 'group' || field === 'member') && (value === null || !isEquality)) {
    return cannot('scim_filter_invalid', 'membership is asked by eq or ne, with an id');
  }
  if (value === null) {
    if (is === 'eq') return done({ none: { field, is: 'present' } });
    return is === 'ne' ? done({ field, is: 'present' }) : cannot('scim_filter_invalid', 'null can be eq or ne only');
  }
  if (field === 'active') {
    const wanted = typeof value === 'string' ? { true: true, false: false }[value.toLowerCase()] : value;
    if (typeof wanted !== 'boolean' || !isEquality) return cannot('scim_filter_invalid', 'active is true or false');
    return done({ field, is, value: wanted ? 1 : 0 });
  }
  if (field === 'created' || field === 'modified') {
    const [whole, zone] = typeof value === 'string' ? (dateTime.exec(value) ?? []) : [];
    // Without a zone it is UTC, and not the time of whatever machine this runs on.
    const time = whole === undefined ? Number.NaN : Date.parse(zone === '' ? `${whole}Z` : whole);
    if (Number.isNaN(time) || is === 'co' || is === 'sw' || is === 'ew') {
      return cannot('scim_filter_invalid', 'a time is compared by eq ne gt ge lt le, with a date as RFC 3339 has it');
    }
    return done({ field, is, value: time });
  }
  if (typeof value !== 'string') return cannot('scim_filter_invalid', 'the value must be text');
  // The column has the name of the source before it, which is no part of the id that the client knows.
  if (field === 'id' && searched.resource === 'Group' && (is === 'co' || is === 'ew')) {
    return cannot('scim_filter_invalid', 'the id of a group is not asked by its parts');
  }
  return done({ field, is, value: toStored(field, value, searched) });
}

/** A date, perhaps with a time, and then perhaps with a zone. */
const dateTime = /^\d{4}-\d\d-\d\d(?:T[\d:.]+(Z|[+-]\d\d:\d\d|))?$/;

/** The value as the column holds it: folded where case plays no part, a group under its whole id. */
function toStored(field: SearchField, value: string, { resource, source }: Searched): string {
  if (field === 'handle' || field === 'name' || field === 'email') return value.toLowerCase();
  if (field === 'group' || (field === 'id' && resource === 'Group')) return toGroupId(source, value);
  return value;
}
