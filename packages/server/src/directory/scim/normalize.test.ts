import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseStrictObject } from '@credence/mcp/protocol';
import { parseGroup } from './group.ts';
import { parseOperations } from './operations.ts';
import { parseUser, resourceOf, rolesOf, toUserFields } from './user.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

describe('the body of a user', () => {
  const table: [name: string, body: object, resource: object | string][] = [
    ['names in any case', { USERNAME: 'a', displayname: 'A' }, { userName: 'a', displayName: 'A' }],
    [
      'what the server sets is left out',
      { userName: 'a', id: 'x', meta: {}, groups: [{ value: 'g' }], schemas: [] },
      { userName: 'a' },
    ],
    ['what nobody knows is left out', { userName: 'a', shoe: 44, phoneNumbers: [], password: 'p' }, { userName: 'a' }],
    [
      'null and empty text are nothing',
      { userName: 'a', title: null, nickName: '', name: { givenName: null } },
      { userName: 'a' },
    ],
    ['a number is text where text is wanted', { userName: 7 }, { userName: '7' }],
    ['an object is not', { userName: {} }, 'scim_value_invalid'],
    ['truth as text', { active: 'FALSE' }, { active: false }],
    ['no truth', { active: 0 }, 'scim_value_invalid'],
    ['one value of many', { emails: { value: 'a@b.c' } }, { emails: [{ value: 'a@b.c' }] }],
    ['values as text', { roles: ['x'] }, { roles: [{ value: 'x' }] }],
    ['an empty list is nothing', { emails: [] }, {}],
    ['empty values are nothing', { emails: [null, {}, { value: '' }] }, {}],
    ['a value with something wrong in it', { emails: [{ value: 'a@b.c' }, { value: {} }] }, 'scim_value_invalid'],
    ['a part with something wrong in it', { name: { givenName: [] } }, 'scim_value_invalid'],
    [
      'one primary value: the last',
      {
        emails: [
          { value: 'a', primary: true },
          { value: 'b', primary: 'True' },
        ],
      },
      {
        emails: [
          { value: 'a', primary: false },
          { value: 'b', primary: true },
        ],
      },
    ],
    [
      'the extension',
      { [enterprise.toLowerCase()]: { Department: 'D', shoe: 1 } },
      { [enterprise]: { department: 'D' } },
    ],
    ['an empty extension', { [enterprise]: { shoe: 1 } }, {}],
    ['nothing as the extension', { [enterprise]: null }, {}],
    ['no extension', { [enterprise]: 'D' }, {}],
    ['something wrong in the extension', { [enterprise]: { department: {} } }, 'scim_value_invalid'],
    ['a manager as a list of text', { [enterprise]: { manager: ['u'] } }, 'scim_value_invalid'],
    ['1,024 characters', { title: 'x'.repeat(1024) }, { title: 'x'.repeat(1024) }],
    ['1,025 characters', { title: 'x'.repeat(1025) }, 'scim_value_invalid'],
    [
      '200 values',
      { roles: Array.from({ length: 200 }, () => 'x') },
      { roles: Array.from({ length: 200 }, () => ({ value: 'x' })) },
    ],
    ['201 values', { roles: Array.from({ length: 201 }, () => 'x') }, 'scim_value_invalid'],
    ['a null character', { title: 'a\0' }, 'scim_value_invalid'],
    ['half a pair', { title: '\udc00' }, 'scim_value_invalid'],
    [
      'members of every object are none of its own',
      parseStrictObject('{"__proto__":{"active":true},"constructor":"x"}') ?? {},
      {},
    ],
  ];
  for (const [name, body, resource] of table) {
    test(name, () => {
      const read = parseUser({ ...body });
      assert.deepEqual(read.ok ? read.value : read.problem.refusal, resource);
    });
  }
});

describe('what is kept of a user', () => {
  const keep = (resource: Record<string, unknown>, active = true) => {
    const fields = toUserFields(resource, active);
    return fields.ok ? fields.value : fields.problem.refusal;
  };
  const mails = (...emails: object[]) => keep({ userName: 'u', emails });

  const addresses: [name: string, fields: ReturnType<typeof keep>, email: string][] = [
    [
      'the primary address',
      mails({ value: 'a@x' }, { value: 'b@x', type: 'work' }, { value: 'c@x', primary: true }),
      'c@x',
    ],
    ['else the one for work', mails({ value: 'a@x' }, { value: 'b@x', type: 'Work' }), 'b@x'],
    ['else the first', mails({ type: 'work' }, { value: 'a@x' }, { value: 'b@x' }), 'a@x'],
    ['else the userName', keep({ userName: 'U@x' }), 'U@x'],
  ];
  for (const [name, fields, email] of addresses) {
    test(name, () => assert.equal(typeof fields === 'object' && fields.email, email));
  }

  const names: [name: string, resource: object, shown: string][] = [
    ['displayName', { displayName: 'D', name: { formatted: 'F' } }, 'D'],
    ['else the whole name', { name: { formatted: 'F', givenName: 'G' } }, 'F'],
    ['else its parts', { name: { givenName: 'G', familyName: 'F' } }, 'G F'],
    ['else one of them', { name: { familyName: 'F' } }, 'F'],
    ['else the userName', { name: {} }, 'u@x'],
  ];
  for (const [name, resource, shown] of names) {
    test(`is shown as ${name}`, () => {
      const fields = keep({ userName: 'u@x', ...resource });
      assert.equal(typeof fields === 'object' && fields.name, shown);
    });
  }

  test('the userName is compared without case and kept as it is', () => {
    const fields = keep({ userName: 'U@x', externalId: 'E' });
    assert.ok(typeof fields === 'object');
    assert.deepEqual([fields.handle, fields.externalId, resourceOf(fields).userName], ['u@x', 'E', 'U@x']);
  });

  test('active is what is said, else what it was', () => {
    const activeOf = (resource: object, before: boolean) => {
      const fields = keep({ userName: 'u@x', ...resource }, before);
      return typeof fields === 'object' && [fields.wantedActive, resourceOf(fields).active];
    };
    assert.deepEqual(activeOf({}, true), [true, true]);
    assert.deepEqual(activeOf({}, false), [false, false]);
    assert.deepEqual(activeOf({ active: false }, true), [false, false]);
    assert.deepEqual(activeOf({ active: true }, false), [true, true]);
  });

  const refused: [name: string, resource: Record<string, unknown>][] = [
    ['no userName', { emails: [{ value: 'a@x' }] }],
    ['257 characters of userName', { userName: `${'x'.repeat(255)}@x` }],
    ['an invisible character', { userName: 'u\u200b@x' }],
    ['no address', { userName: 'u' }],
    ['two at signs', { userName: 'u', emails: [{ value: 'a@b@c' }] }],
    ['a space', { userName: 'u', emails: [{ value: 'a b@c' }] }],
    ['255 characters of address', { userName: 'u', emails: [{ value: `${'x'.repeat(253)}@x` }] }],
    ['an invisible character in the address', { userName: 'u', emails: [{ value: 'a\u202e@x' }] }],
    ['a second address that is none', { userName: 'u', emails: [{ value: 'a@x' }, { value: 'b' }] }],
  ];
  for (const [name, resource] of refused) {
    test(`${name}: refused`, () => assert.equal(keep(resource), 'scim_value_invalid'));
  }
  test('at the limits: 256 of userName, 254 of address', () => {
    assert.equal(typeof keep({ userName: 'x'.repeat(256), emails: [{ value: `${'x'.repeat(252)}@x` }] }), 'object');
  });

  test('roles by value, also one packed into JSON, and by what is shown', () => {
    const packed = '{"id":"7","value":"Auditor","displayName":"All"}';
    const values = ['plain', packed, '{"value":7}', '{broken'].map((value) => ({ value, display: 'D' }));
    assert.deepEqual(rolesOf({ roles: [...values, { display: 'none' }, { value: '{"value":""}' }] }), [
      { id: 'plain', name: 'D' },
      { id: 'Auditor', name: 'All' },
      { id: '{"value":7}', name: 'D' },
      { id: '{broken', name: 'D' },
    ]);
    assert.deepEqual(rolesOf({ roles: [{ value: 'x' }] }), [{ id: 'x', name: 'x' }]);
    assert.deepEqual(rolesOf({}), []);
  });
});

describe('the body of a group', () => {
  const read = (body: object, most?: number) => {
    const parsed = parseGroup({ ...body }, most);
    return parsed.ok ? parsed.value : parsed.problem.refusal;
  };
  const ids = (length: number) => Array.from({ length }, (_, at) => ({ value: `u${at}` }));

  test('members by id, each once, whatever the case of the names', () => {
    const members = [{ VALUE: 'a' }, { value: 'a' }, 'b', { value: 'c', type: 'User' }];
    assert.deepEqual(read({ DisplayName: 'N', EXTERNALID: 'E', Members: members }), {
      name: 'N',
      externalId: 'E',
      members: ['a', 'b', 'c'],
    });
    assert.deepEqual(read({ displayName: 'N' }), { name: 'N', externalId: undefined, members: [] });
    for (const none of [{}, { displayName: '' }, { displayName: null }]) assert.equal(read(none), 'scim_value_invalid');
  });

  test('what cannot be a member, and how many there may be', () => {
    for (const member of [7, '', null, {}, { value: '' }, { value: 'x'.repeat(201) }, { value: 'g', type: 'GROUP' }]) {
      assert.equal(read({ displayName: 'N', members: [member] }), 'scim_value_invalid', JSON.stringify(member));
    }
    assert.equal(typeof read({ displayName: 'N', members: [{ value: 'x'.repeat(200) }] }), 'object');
    assert.equal(typeof read({ displayName: 'N', members: ids(10_000) }), 'object');
    assert.equal(read({ displayName: 'N', members: ids(10_001) }), 'scim_too_many');
    assert.equal(typeof read({ displayName: 'N', members: ids(10_001) }, 20_000), 'object');
    const unreadable = parseGroup({ displayName: {} });
    assert.equal(!unreadable.ok && unreadable.problem.detail, 'displayName must be text');
    assert.equal(read({ displayName: 'N', externalId: {} }), 'scim_value_invalid');
  });
});

describe('the operations of a PATCH', () => {
  const read = (body: object) => {
    const parsed = parseOperations({ ...body });
    return parsed.ok ? parsed.value : parsed.problem.refusal;
  };
  const table: [name: string, body: object, outcome: ReturnType<typeof read>][] = [
    ['in any case', { operations: [{ OP: 'Add', Path: 'a', Value: 1 }] }, [{ op: 'add', path: 'a', value: 1 }]],
    [
      'the exact name before another',
      { operations: 'x', Operations: [{ op: 'add', OP: 'x', path: null }] },
      [{ op: 'add', path: undefined, value: undefined }],
    ],
    [
      'an empty path is none',
      { Operations: [{ op: 'add', path: '' }] },
      [{ op: 'add', path: undefined, value: undefined }],
    ],
    ['none', {}, 'scim_body_malformed'],
    ['an empty list', { Operations: [] }, 'scim_body_malformed'],
    ['no list', { Operations: { op: 'add' } }, 'scim_body_malformed'],
    ['no object', { Operations: ['add'] }, 'scim_body_malformed'],
    ['nothing among them', { Operations: [null] }, 'scim_body_malformed'],
    ['no operation', { Operations: [{ op: 'move' }] }, 'scim_body_malformed'],
    ['a path that is no text', { Operations: [{ op: 'add', path: 7 }] }, 'scim_path_invalid'],
    ['1,001', { Operations: Array(1001).fill({ op: 'add' }) }, 'scim_too_many'],
  ];
  for (const [name, body, outcome] of table) test(name, () => assert.deepEqual(read(body), outcome));
  test('1,000', () => assert.equal(read({ Operations: Array(1000).fill({ op: 'add' }) }).length, 1000));
});
