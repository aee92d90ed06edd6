import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Searched, toCondition, toSortField } from './condition.ts';
import { parseFilter, toAttributePath } from './filter.ts';

const users: Searched = { resource: 'User', source: 'scim:okta' };
const groups: Searched = { resource: 'Group', source: 'scim:okta' };
const core = 'urn:ietf:params:scim:schemas:core:2.0';

function read(filter: string, searched: Searched) {
  const parsed = parseFilter(filter);
  assert.ok(parsed.ok, filter);
  const condition = toCondition(parsed.value, searched);
  return condition.ok ? condition.value : condition.problem.refusal;
}

describe('PRV-01, RFC 7644 §3.4.2.2: a filter as the store searches by it', () => {
  const anna = { field: 'handle', is: 'eq', value: 'anna' };
  const work = { field: 'email', is: 'eq', value: 'a@x' };
  const named = { field: 'externalId', is: 'present' };
  const noon = Date.UTC(2027, 0, 15, 12);
  before(() => {
    process.env.TZ = 'Asia/Kolkata'; // a time is the same on every machine
  });
  const table: [filter: string, searched: Searched, condition: unknown][] = [
    ['userName eq "Anna"', users, anna],
    [`${core}:User:userName eq "anna"`, users, anna],
    [`${core}:Group:userName eq "anna"`, users, 'scim_filter_invalid'],
    [`${core}:Group:members eq "u_1"`, groups, { field: 'member', is: 'eq', value: 'u_1' }],
    ['userName eq "anna" and userName eq "anna"', users, { all: [anna, anna] }],
    ['userName eq "anna" or externalId pr', users, { any: [anna, named] }],
    ['userName eq "anna" and shoeSize eq "44"', users, 'scim_filter_invalid'],
    ['userName eq "anna" or shoeSize eq "44"', users, 'scim_filter_invalid'],
    ['not (userName eq "anna")', users, { none: anna }],
    ['not (shoeSize eq "44")', users, 'scim_filter_invalid'],
    ['shoeSize pr', users, 'scim_filter_invalid'],
    ['userName eq "anna"', groups, 'scim_filter_invalid'],
    ['members eq "u_1"', users, 'scim_filter_invalid'],
    ['constructor eq "x"', users, 'scim_filter_invalid'],
    // A part of several values
    ['emails[type eq "work" and value eq "A@x"]', users, work],
    ['emails[value eq "a@x"]', users, work],
    ['emails[value pr]', users, { field: 'email', is: 'present' }],
    [
      'emails[type eq "work" and value eq "a@x" and value ew "x"]',
      users,
      { all: [work, { field: 'email', is: 'ew', value: 'x' }] },
    ],
    ['emails[type ne "work" and value eq "a@x"]', users, 'scim_filter_invalid'],
    ['emails[type pr and value eq "a@x"]', users, 'scim_filter_invalid'],
    ['emails[value eq "a@x" or value eq "a@x"]', users, { any: [work, work] }],
    ['emails[type eq "work" or value eq "a@x"]', users, 'scim_filter_invalid'],
    // Nothing
    ['externalId eq null', users, { none: named }],
    ['externalId ne null', users, named],
    ['externalId gt null', users, 'scim_filter_invalid'],
    // What is true or false
    ['active eq true', users, { field: 'active', is: 'eq', value: 1 }],
    ['active ne "FALSE"', users, { field: 'active', is: 'ne', value: 0 }],
    ['active eq "perhaps"', users, 'scim_filter_invalid'],
    ['active eq 1', users, 'scim_filter_invalid'],
    ['active gt true', users, 'scim_filter_invalid'],
    // Times
    ['meta.created gt "2027-01-15T12:00:00Z"', users, { field: 'created', is: 'gt', value: noon }],
    ['meta.created gt "2027-01-15T12:00:00"', users, { field: 'created', is: 'gt', value: noon }],
    ['meta.created gt "2027-01-15T13:30:00.000+01:30"', users, { field: 'created', is: 'gt', value: noon }],
    ['meta.lastModified le "2027-01-15"', groups, { field: 'modified', is: 'le', value: Date.UTC(2027, 0, 15) }],
    ['meta.created eq "January 15, 2027"', users, 'scim_filter_invalid'],
    ['meta.created eq "2027-13-45"', users, 'scim_filter_invalid'],
    ['meta.created eq 1800000000', users, 'scim_filter_invalid'],
    ['meta.created co "2027-01-15"', users, 'scim_filter_invalid'],
    ['meta.created sw "2027-01-15"', users, 'scim_filter_invalid'],
    ['meta.created ew "2027-01-15"', users, 'scim_filter_invalid'],
    // Text, and who belongs to what
    ['externalId eq 7', users, 'scim_filter_invalid'],
    ['externalId eq true', users, 'scim_filter_invalid'],
    ['externalId gt "X"', users, { field: 'externalId', is: 'gt', value: 'X' }],
    ['displayName co "ENG"', groups, { field: 'name', is: 'co', value: 'eng' }],
    ['groups eq "g_1"', users, { field: 'group', is: 'eq', value: 'okta/g_1' }],
    ['groups ne "g_1"', users, { field: 'group', is: 'ne', value: 'okta/g_1' }],
    ['groups sw "g"', users, 'scim_filter_invalid'],
    ['members sw "u"', groups, 'scim_filter_invalid'],
    ['groups pr', users, 'scim_filter_invalid'],
    ['groups[value pr]', users, 'scim_filter_invalid'],
    ['members pr', groups, 'scim_filter_invalid'],
    ['members eq null', groups, 'scim_filter_invalid'],
    ['id co "1"', groups, 'scim_filter_invalid'],
    ['id ew "1"', groups, 'scim_filter_invalid'],
    ['id gt "g_1"', groups, { field: 'id', is: 'gt', value: 'okta/g_1' }],
    ['id eq "g_1"', groups, { field: 'id', is: 'eq', value: 'okta/g_1' }],
    ['id eq "u_1"', users, { field: 'id', is: 'eq', value: 'u_1' }],
  ];
  for (const [filter, searched, condition] of table) {
    test(`${filter} of a ${searched.resource}`, () => assert.deepEqual(read(filter, searched), condition));
  }

  test('a list is sorted by what has one value', () => {
    const sorted = (path: string, searched: Searched) => {
      const field = toSortField(toAttributePath(path), searched);
      return field.ok ? field.value : field.problem.refusal;
    };
    assert.deepEqual(
      ['userName', 'meta.created', 'emails', 'groups.value', 'shoeSize'].map((path) => sorted(path, users)),
      ['handle', 'created', 'scim_value_invalid', 'scim_value_invalid', 'scim_filter_invalid'],
    );
    assert.deepEqual(
      ['displayName', 'members', 'userName'].map((path) => sorted(path, groups)),
      ['name', 'scim_value_invalid', 'scim_filter_invalid'],
    );
  });
});
