import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import fc from 'fast-check';
import { toGroupChange } from './group.ts';
import { parseOperations } from './operations.ts';
import { patchResource } from './patch.ts';
import { userShape } from './user.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const group = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
const erin = {
  userName: 'erin@acme.example',
  name: { givenName: 'Erin', familyName: 'Example' },
  emails: [
    { value: 'work@x.example', type: 'work', primary: true },
    { value: 'home@x.example', type: 'home' },
  ],
  [enterprise]: { department: 'R&D' },
};

function patch(resource: object, ...operations: object[]) {
  const parsed = parseOperations({ Operations: operations });
  if (!parsed.ok) return parsed;
  const before = structuredClone(resource);
  const patched = patchResource({ ...resource }, parsed.value, { shape: userShape, id: 'u_1' });
  assert.deepEqual(resource, before, 'what was given stays as it was');
  return patched;
}

describe('RFC 7644 §3.5.2: a PATCH of a user', () => {
  const [work, home] = erin.emails;
  const other = { value: 'other@x.example', type: 'other' };
  const table: [name: string, operations: object[], change: object][] = [
    ['add to a single attribute', [{ op: 'add', path: 'title', value: 'Lead' }], { title: 'Lead' }],
    ['replace one that is not there', [{ op: 'replace', path: 'title', value: 'Lead' }], { title: 'Lead' }],
    ['null takes away', [{ op: 'replace', path: 'name.givenName', value: null }], { name: { familyName: 'Example' } }],
    ['so does empty text', [{ op: 'replace', path: 'name.givenName', value: '' }], { name: { familyName: 'Example' } }],
    ['remove a part', [{ op: 'remove', path: 'name.familyName' }], { name: { givenName: 'Erin' } }],
    [
      'remove the last part',
      [
        { op: 'remove', path: 'name.familyName' },
        { op: 'remove', path: 'name.givenName' },
      ],
      { name: undefined },
    ],
    [
      'remove whatever the value says',
      [
        { op: 'remove', path: 'title', value: 'x' },
        { op: 'remove', path: 'name.givenName', value: 'x' },
      ],
      { name: { familyName: 'Example' } },
    ],
    ['remove all of it', [{ op: 'remove', path: 'name' }], { name: undefined }],
    [
      'parts are merged',
      [{ op: 'replace', path: 'name', value: { givenName: 'E', shoe: 44 } }],
      { name: { givenName: 'E', familyName: 'Example' } },
    ],
    [
      'without path',
      [{ op: 'add', value: { TITLE: 'Lead', Name: { middleName: 'M' } } }],
      { title: 'Lead', name: { ...erin.name, middleName: 'M' } },
    ],
    ['a value joins the others', [{ op: 'add', path: 'emails', value: [other] }], { emails: [work, home, other] }],
    ['a lone value too', [{ op: 'add', path: 'emails', value: other }], { emails: [work, home, other] }],
    [
      'one that is there is merged',
      [{ op: 'add', path: 'emails', value: [{ ...home, display: 'H' }] }],
      { emails: [work, { ...home, display: 'H' }] },
    ],
    ['values are replaced', [{ op: 'replace', path: 'emails', value: [other] }], { emails: [other] }],
    ['all values are removed', [{ op: 'remove', path: 'emails' }], { emails: undefined }],
    ['those a filter finds', [{ op: 'remove', path: 'emails[type eq "HOME"]' }], { emails: [work] }],
    ['those a filter does not find stay', [{ op: 'remove', path: 'emails[type eq "fax"]' }], {}],
    [
      'those listed',
      [{ op: 'remove', path: 'emails', value: [{ value: 'HOME@x.example', type: 'home' }] }],
      { emails: [work] },
    ],
    [
      'a part of those found',
      [{ op: 'remove', path: 'emails[type eq "work"].primary' }],
      { emails: [{ value: work?.value, type: 'work' }, home] },
    ],
    [
      'a part of all',
      [{ op: 'replace', path: 'emails.display', value: 'D' }],
      {
        emails: [
          { ...work, display: 'D' },
          { ...home, display: 'D' },
        ],
      },
    ],
    [
      'an element found is merged',
      [{ op: 'replace', path: 'emails[type eq "home"]', value: { value: 'new@x.example' } }],
      { emails: [work, { value: 'new@x.example', type: 'home' }] },
    ],
    [
      'one is primary: the new one',
      [{ op: 'add', path: 'emails', value: [{ ...other, primary: true }] }],
      { emails: [{ ...work, primary: false }, home, { ...other, primary: true }] },
    ],
    [
      'one is primary: who is told not to be it takes it from nobody',
      [{ op: 'replace', path: 'emails[type eq "home"].primary', value: false }],
      { emails: [work, { ...home, primary: false }] },
    ],
    [
      'one is primary: the one that becomes it',
      [{ op: 'replace', path: 'emails[type eq "home"].primary', value: 'True' }],
      {
        emails: [
          { value: work?.value, type: 'work' },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'made of its filter',
      [{ op: 'add', path: 'emails[type eq "other" and display eq "D"].value', value: 'x@x.example' }],
      { emails: [work, home, { type: 'other', display: 'D', value: 'x@x.example' }] },
    ],
    [
      'a value of its filter by replace',
      [{ op: 'replace', path: 'emails[type eq "other"].value', value: 'x@x.example' }],
      { emails: [work, home, { type: 'other', value: 'x@x.example' }] },
    ],
    [
      'the extension by path',
      [{ op: 'add', path: `${enterprise}:costCenter`, value: 7 }],
      { [enterprise]: { department: 'R&D', costCenter: '7' } },
    ],
    [
      'the extension by its name',
      [{ op: 'replace', path: enterprise, value: { division: 'D' } }],
      { [enterprise]: { department: 'R&D', division: 'D' } },
    ],
    [
      'the extension without path',
      [{ op: 'replace', value: { [enterprise.toUpperCase()]: { division: 'D' } } }],
      { [enterprise]: { department: 'R&D', division: 'D' } },
    ],
    [
      'attributes under the name of their schema',
      [
        { op: 'replace', value: { [core.toUpperCase()]: { title: 'T', 'name.givenName': 'E' } } },
        { op: 'replace', path: core, value: { nickName: 'N', active: false } },
      ],
      { title: 'T', name: { givenName: 'E', familyName: 'Example' }, nickName: 'N', active: false },
    ],
    ['null for the extension', [{ op: 'replace', value: { [enterprise]: null } }], { [enterprise]: undefined }],
    ['the last of the extension', [{ op: 'remove', path: `${enterprise}:department` }], { [enterprise]: undefined }],
    ['all of the extension', [{ op: 'remove', path: enterprise }], { [enterprise]: undefined }],
    [
      'manager as text',
      [{ op: 'add', path: `${enterprise}:manager`, value: 'u_2' }],
      { [enterprise]: { department: 'R&D', manager: { value: 'u_2' } } },
    ],
    [
      'manager as a list',
      [{ op: 'add', path: `${enterprise}:manager`, value: [{ $ref: '../Users/u_2', value: 'u_2' }] }],
      { [enterprise]: { department: 'R&D', manager: { $ref: '../Users/u_2', value: 'u_2' } } },
    ],
    ['its own id repeated', [{ op: 'replace', value: { id: 'u_1', schemas: [], title: 'T' } }], { title: 'T' }],
    [
      'what is not kept',
      [
        { op: 'add', path: 'phoneNumbers[type eq "work"].value', value: '1' },
        { op: 'replace', path: 'password', value: 'x' },
      ],
      {},
    ],
    ['nothing added to many values, of which there are none', [{ op: 'add', path: 'roles' }], {}],
    ['an extension nobody knows', [{ op: 'add', path: 'urn:x:1.0:User:badge', value: '1' }], {}],
  ];
  for (const [name, operations, change] of table) {
    test(name, () => {
      const patched = patch(erin, ...operations);
      assert.ok(patched.ok, JSON.stringify(patched));
      assert.deepEqual(JSON.parse(JSON.stringify(patched.value)), JSON.parse(JSON.stringify({ ...erin, ...change })));
    });
  }

  const refusedTable: [name: string, operation: object, refusal: Refusal][] = [
    ['id', { op: 'add', path: 'id', value: 'u_2' }, 'scim_immutable'],
    ['another id without path', { op: 'add', value: { id: 'u_2' } }, 'scim_immutable'],
    ['schemas by path', { op: 'replace', path: 'schemas', value: [] }, 'scim_immutable'],
    ['meta without path', { op: 'replace', value: { meta: {} } }, 'scim_immutable'],
    ['groups', { op: 'replace', path: 'groups', value: [] }, 'scim_immutable'],
    ['the name of a manager', { op: 'add', path: `${enterprise}:manager.displayName`, value: 'x' }, 'scim_immutable'],
    ['userName removed', { op: 'remove', path: 'userName' }, 'scim_immutable'],
    ['userName set to nothing', { op: 'replace', path: 'userName', value: null }, 'scim_immutable'],
    ['no path', { op: 'add', path: 'emails[', value: 1 }, 'scim_path_invalid'],
    ['a part of the wrong kind', { op: 'add', path: 'name.givenName', value: {} }, 'scim_value_invalid'],
    [
      'values to remove of the wrong kind',
      { op: 'remove', path: 'emails', value: [{ value: {} }] },
      'scim_value_invalid',
    ],
    [
      'a value found, of the wrong kind',
      { op: 'replace', path: 'emails[type eq "work"].value', value: {} },
      'scim_value_invalid',
    ],
    [
      'made of half a filter',
      { op: 'add', path: 'emails[type eq "x" and value co "y"].value', value: 'x@x.example' },
      'scim_no_target',
    ],
    [
      'made of a filter of the wrong kind',
      { op: 'add', path: 'emails[type eq "x" and primary eq "perhaps"].value', value: 'x@x.example' },
      'scim_value_invalid',
    ],
    ['no such attribute', { op: 'add', path: 'shoe', value: 1 }, 'scim_path_invalid'],
    ['no such part', { op: 'add', path: 'name.shoe', value: 1 }, 'scim_path_invalid'],
    ['a filter on one value', { op: 'add', path: 'title[value eq "x"]', value: 1 }, 'scim_path_invalid'],
    ['an extension that is no object', { op: 'replace', value: { [enterprise]: 5 } }, 'scim_value_invalid'],
    ['its schema that is no object', { op: 'add', path: core, value: [true] }, 'scim_value_invalid'],
    [
      'a part of the extension that is wrong',
      { op: 'add', path: enterprise, value: { department: [] } },
      'scim_value_invalid',
    ],
    ['all of it removed', { op: 'remove', path: core }, 'scim_no_target'],
    ['all of it null', { op: 'replace', value: { [core]: null } }, 'scim_no_target'],
    ['remove without path', { op: 'remove', value: { title: 'x' } }, 'scim_no_target'],
    [
      'replace what is not found',
      { op: 'replace', path: 'emails[type eq "fax"]', value: { value: 'x@x.example' } },
      'scim_no_target',
    ],
    [
      'make of what is no equality',
      { op: 'add', path: 'emails[type ne "work" and value co "y"].value', value: 'x@x.example' },
      'scim_no_target',
    ],
    ['text without path', { op: 'add', value: 'x' }, 'scim_value_invalid'],
    ['an object for text', { op: 'add', path: 'title', value: {} }, 'scim_value_invalid'],
    ['text for a truth value', { op: 'add', path: 'active', value: 'yes' }, 'scim_value_invalid'],
    [
      '201 values',
      { op: 'add', path: 'roles', value: Array.from({ length: 201 }, (_, at) => ({ value: `${at}` })) },
      'scim_value_invalid',
    ],
  ];
  for (const [name, operation, refusal] of refusedTable) {
    test(`${name}: ${refusal}`, () => {
      const patched = patch(erin, { op: 'add', path: 'title', value: 'kept?' }, operation);
      assert.equal(patched.ok ? 'accepted' : patched.problem.refusal, refusal);
    });
  }

  test('values added one by one are bounded too', () => {
    const operations = Array.from({ length: 201 }, (_, at) => ({
      op: 'add',
      path: 'roles',
      value: [{ value: `r${at}` }],
    }));
    const patched = patch(erin, ...operations);
    assert.equal(patched.ok ? 'accepted' : patched.problem.refusal, 'scim_value_invalid');
  });
});

describe('a PATCH of a group', () => {
  const change = (...operations: object[]) => {
    const parsed = parseOperations({ Operations: operations });
    assert.ok(parsed.ok);
    const read = toGroupChange(parsed.value, 'g_1');
    if (!read.ok) return read.problem.refusal;
    const { name, externalId, members } = read.value;
    return { name, externalId, replace: members.replace, add: [...members.add], remove: [...members.remove] };
  };
  const ids = (...values: string[]) => values.map((value) => ({ value }));
  const nothing = { name: undefined, externalId: undefined, replace: false, add: [], remove: [] };
  const table: [name: string, operations: object[], expected: ReturnType<typeof change>][] = [
    ['members join', [{ op: 'add', path: 'members', value: ids('a', 'b', 'a') }], { ...nothing, add: ['a', 'b'] }],
    ['one alone', [{ op: 'add', path: 'members', value: { value: 'a' } }], { ...nothing, add: ['a'] }],
    ['as plain text', [{ op: 'add', path: 'members', value: ['a'] }], { ...nothing, add: ['a'] }],
    [
      'without path',
      [{ op: 'add', value: { members: ids('a'), displayName: 'N' } }],
      { ...nothing, add: ['a'], name: 'N' },
    ],
    ['leave by filter', [{ op: 'remove', path: 'members[value eq "a"]' }], { ...nothing, remove: ['a'] }],
    [
      'leave by a filter with or and type',
      [{ op: 'remove', path: 'members[(value eq "a" and type eq "User") or value eq "b"]' }],
      { ...nothing, remove: ['a', 'b'] },
    ],
    ['leave by value', [{ op: 'remove', path: 'members', value: ids('a') }], { ...nothing, remove: ['a'] }],
    ['all leave', [{ op: 'remove', path: 'members' }], { ...nothing, replace: true }],
    ['nobody leaves by an empty list', [{ op: 'remove', path: 'members', value: [] }], nothing],
    ['replace', [{ op: 'replace', path: 'members', value: ids('a') }], { ...nothing, replace: true, add: ['a'] }],
    ['replace by nobody', [{ op: 'replace', path: 'members', value: null }], { ...nothing, replace: true }],
    [
      'join and leave again',
      [
        { op: 'add', path: 'members', value: ids('a', 'b') },
        { op: 'remove', path: 'members[value eq "a"]' },
      ],
      { ...nothing, add: ['b'], remove: ['a'] },
    ],
    [
      'leave and join again',
      [
        { op: 'remove', path: 'members', value: ids('a') },
        { op: 'add', path: 'members', value: ids('a') },
      ],
      { ...nothing, add: ['a'] },
    ],
    [
      'the last replace counts',
      [
        { op: 'add', path: 'members', value: ids('a') },
        { op: 'replace', path: 'members', value: ids('b') },
      ],
      { ...nothing, replace: true, add: ['b'] },
    ],
    [
      'names',
      [
        { op: 'replace', path: 'displayName', value: 'N' },
        { op: 'add', path: 'externalId', value: 'E' },
      ],
      { ...nothing, name: 'N', externalId: 'E' },
    ],
    ['external id away', [{ op: 'remove', path: 'externalId' }], { ...nothing, externalId: null }],
    [
      'by the name of the schema',
      [{ op: 'replace', path: `${group}:displayName`, value: 'N' }],
      { ...nothing, name: 'N' },
    ],
    [
      'all of it under the name of the schema',
      [
        { op: 'replace', value: { [group.toUpperCase()]: { displayName: 'N' } } },
        { op: 'replace', path: group, value: { members: ids('b') } },
      ],
      { ...nothing, name: 'N', replace: true, add: ['b'] },
    ],
    ['the name of the schema with no object', [{ op: 'replace', path: group, value: null }], 'scim_value_invalid'],
    [
      'a name of the wrong kind under it',
      [{ op: 'add', value: { [group]: { displayName: {} } } }],
      'scim_value_invalid',
    ],
    ['all of it removed', [{ op: 'remove', path: group }], 'scim_no_target'],
    ['an extension nobody knows', [{ op: 'add', path: 'urn:x:1.0:Group:colour', value: 'red' }], nothing],
    [
      'its own id and schemas repeated',
      [{ op: 'replace', value: { id: 'g_1', Schemas: [], displayName: 'N' } }],
      { ...nothing, name: 'N' },
    ],
    ['another id without path', [{ op: 'replace', value: { id: 'g_2' } }], 'scim_immutable'],
    ['its own id as a name', [{ op: 'replace', value: { displayName: 'g_1' } }], { ...nothing, name: 'g_1' }],
    ['meta', [{ op: 'replace', path: 'meta', value: {} }], 'scim_immutable'],
    ['schemas by path', [{ op: 'replace', path: 'schemas', value: [] }], 'scim_immutable'],
    ['no path', [{ op: 'replace', path: 'a[', value: 'x' }], 'scim_path_invalid'],
    ['a name of the wrong kind', [{ op: 'replace', path: 'displayName', value: {} }], 'scim_value_invalid'],
    ['a filter by another part', [{ op: 'remove', path: 'members[display eq "a"]' }], 'scim_filter_invalid'],
    ['two ids that one has', [{ op: 'remove', path: 'members[value eq "a" and value eq "b"]' }], 'scim_filter_invalid'],
    ['another id', [{ op: 'replace', path: 'id', value: 'g_2' }], 'scim_immutable'],
    ['a name away', [{ op: 'replace', path: 'displayName', value: '' }], 'scim_immutable'],
    ['no such attribute', [{ op: 'add', path: 'colour', value: 'red' }], 'scim_path_invalid'],
    ['a part of a member', [{ op: 'replace', path: 'members[value eq "a"].display', value: 'x' }], 'scim_path_invalid'],
    ['a filter on the name', [{ op: 'replace', path: 'displayName[value eq "a"]', value: 'x' }], 'scim_path_invalid'],
    ['a member changed', [{ op: 'replace', path: 'members[value eq "a"]', value: ids('b') }], 'scim_no_target'],
    ['remove without path', [{ op: 'remove' }], 'scim_no_target'],
    ['a filter by anything else', [{ op: 'remove', path: 'members[display co "a"]' }], 'scim_filter_invalid'],
    ['a filter that says not', [{ op: 'remove', path: 'members[not (value eq "a")]' }], 'scim_filter_invalid'],
    ['a member without value', [{ op: 'add', path: 'members', value: [{}] }], 'scim_value_invalid'],
    ['a member that is a number', [{ op: 'add', path: 'members', value: [7] }], 'scim_value_invalid'],
    ['text without path', [{ op: 'add', value: 'x' }], 'scim_value_invalid'],
  ];
  for (const [name, operations, expected] of table) {
    test(name, () => assert.deepEqual(change(...operations), expected));
  }

  test('more than 10,000 members over several operations are too many', () => {
    const many = (prefix: string) => ({
      op: 'add',
      path: 'members',
      value: Array.from({ length: 6000 }, (_, at) => ({ value: `${prefix}${at}` })),
    });
    assert.equal(change(many('a'), many('b')), 'scim_too_many');
    const half = (prefix: string) => ({ ...many(prefix), value: many(prefix).value.slice(0, 5000) });
    assert.equal(typeof change(half('a'), half('b')), 'object', '10,000 are not');
  });
});

describe('the largest PATCH that is taken holds nobody up for long', () => {
  const emails = Array.from({ length: 199 }, (_, at) => ({ value: `a${at}@x` }));
  const filter = Array.from({ length: 60 }, () => 'value eq "z"').join(' or ');
  const table: [name: string, operation: object, times: number][] = [
    ['many values added many times', { op: 'add', path: 'emails', value: emails.map(({ value }) => value) }, 620],
    ['many values searched by long filters', { op: 'remove', path: `emails[${filter}]` }, 1000],
  ];
  for (const [name, operation, times] of table) {
    test(name, () => {
      const parsed = parseOperations({ Operations: Array.from({ length: times }, () => operation) });
      assert.ok(parsed.ok);
      const { user: before } = process.cpuUsage();
      assert.ok(patchResource({ ...erin, emails }, parsed.value, { shape: userShape, id: 'u_1' }).ok);
      const seconds = (process.cpuUsage().user - before) / 1e6;
      assert.ok(seconds < 1, `${seconds} s of CPU`);
    });
  }
});

describe('B91: whatever a PATCH says is carried out or refused', () => {
  const name = fc.constantFrom(
    ...[
      core,
      group,
      enterprise,
      'urn:x:1.0:User',
      'userName',
      'name',
      'givenName',
      'name.givenName',
      'active',
      'emails',
    ],
    ...[
      'emails[type eq "work"]',
      'emails.value',
      'emails[not (value pr)].value',
      'manager',
      `${enterprise}:manager`,
      'value',
    ],
    ...[
      'displayName',
      'externalId',
      'members',
      'members[value eq "a"]',
      'id',
      'schemas',
      'meta',
      '__proto__',
      'constructor',
      '',
    ],
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, false, 0, 7.5, '', 'a', 'True', 'id'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(name, tie('tree'), { maxKeys: 4 }),
    ),
  }));
  const operation = fc.record(
    { op: fc.constantFrom('add', 'Replace', 'remove'), path: name, value: tree },
    { requiredKeys: ['op'] },
  );
  const operations = fc.array(operation, { minLength: 1, maxLength: 4 });

  test('a user, again and again', () => {
    fc.assert(
      fc.property(fc.array(operations, { maxLength: 3 }), (patches) => {
        let user: object = erin;
        for (const each of patches) {
          const patched = patch(user, ...(JSON.parse(JSON.stringify(each)) as object[]));
          if (patched.ok) user = patched.value;
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a group', () => {
    fc.assert(
      fc.property(operations, (each) => {
        const parsed = parseOperations({ Operations: JSON.parse(JSON.stringify(each)) });
        if (parsed.ok) toGroupChange(parsed.value, 'g_1');
      }),
      { numRuns: 1000 },
    );
  });
});
