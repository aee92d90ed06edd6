import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openProvisioning, userBody } from './scim.ts';

const urn = 'urn:ietf:params:scim:schemas';
const names = [
  ...[`${urn}:core:2.0:User`, `${urn}:core:2.0:Group`, `${urn}:extension:enterprise:2.0:User`, 'schemas', 'Schemas'],
  ...[
    'id',
    'externalId',
    'meta',
    'userName',
    'name',
    'givenName',
    'name.givenName',
    'active',
    'emails',
    'value',
    'type',
  ],
  ...['emails[type eq "work"]', 'emails[type eq "work"].value', 'roles', 'groups', 'primary', 'manager', 'displayName'],
  ...['members', 'members[value eq "a"]', 'Operations', 'op', 'path', 'method', 'bulkId', 'data', 'failOnErrors'],
  ...[
    'filter',
    'attributes',
    'startIndex',
    'count',
    'sortBy',
    'sortOrder',
    '__proto__',
    'constructor',
    'toString',
    'password',
    '',
  ],
];
const words = [
  ...[null, true, false, 0, -1, 7.5, 1e300, '', 'a', 'True', '\u0000', '\ud800', 'erin@acme.example', 'x'.repeat(3000)],
  ...['add', 'Replace', 'remove', 'POST', 'PATCH', 'DELETE', '/Users', '/Users/bulkId:a', 'bulkId:a', ...names],
  ...['userName eq "a"', 'not (a pr)', 'emails[type eq "work" and value co "x"]', '(((', 'a.b.c[d', 'urn:x:y'],
];
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(...words),
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 5 }),
  ),
}));
const operation = fc.record(
  { op: fc.constantFrom('add', 'replace', 'remove'), path: fc.constantFrom(...names), value: tree },
  { requiredKeys: ['op'] },
);
/** What a client would send, beside what none would. */
const fitting = fc.constantFrom(
  { op: 'replace', path: 'name', value: { givenName: 'Erin' } },
  { op: 'add', path: 'emails[type eq "other"].value', value: 'other@acme.example' },
  { op: 'replace', value: { active: 'False', 'name.familyName': 'E' } },
  { op: 'add', path: `${urn}:extension:enterprise:2.0:User`, value: { department: 'R&D' } },
  { op: 'remove', path: `${urn}:extension:enterprise:2.0:User:department` },
  { op: 'replace', path: 'externalId', value: 'e' },
);
const bulk = fc.record({
  method: fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
  path: fc.constantFrom('/Users', '/Groups', '/Users/ID', '/Groups/ID', '/Users/bulkId:a', '/'),
  bulkId: fc.constantFrom('a', 'b'),
  data: tree,
});
const body = fc.oneof(
  tree,
  fc.record({ Operations: fc.array(fc.oneof(operation, fitting, fitting), { minLength: 1, maxLength: 3 }) }),
  fc.record({ Operations: fc.array(fc.oneof(operation, fitting), { minLength: 1, maxLength: 2 }) }),
  fc.record({ Operations: fc.array(bulk, { maxLength: 3 }) }),
  fc.dictionary(fc.constantFrom(...names), tree).map((change) => userBody('new', change)),
);

test('B91: "whatever is sent to any path of SCIM": an answer in its own terms, never a fault', async () => {
  const { okta, world } = await openProvisioning();
  const user = (await okta('POST', '/Users', userBody('erin'))).body;
  const group = (await okta('POST', '/Groups', { displayName: 'Eng', members: [{ value: user.id }] })).body;
  const doors = [
    ...['POST /Users', 'POST /Groups', 'POST /Bulk', 'POST /Users/.search', 'POST /Groups/.search'],
    ...['PUT', 'PATCH', 'PATCH', 'PATCH'].flatMap((method) => [
      `${method} /Users/${user.id}`,
      `${method} /Groups/${group.id}`,
    ]),
  ];
  const call = fc.tuple(
    fc.constantFrom(...doors).map((door) => door.split(' ') as [string, string]),
    body,
    fc.constantFrom(...words).map((word) => `?filter=${encodeURIComponent(String(word).toWellFormed())}`),
  );
  await fc.assert(
    fc.asyncProperty(call, async ([[method, path], sent, query]) => {
      world.clock.ms += 10_000; // it is a patient one: nobody keeps it waiting
      const text = JSON.stringify(sent).replaceAll('/ID"', `/${user.id}"`);
      const answer = await okta(method, path, text);
      const said = JSON.stringify(answer.body);
      assert.ok(answer.status < 500, `${answer.status} ${said}`);
      if (answer.status >= 400) assert.deepEqual(answer.body.schemas, ['urn:ietf:params:scim:api:messages:2.0:Error']);
      if (path === '/Bulk' && answer.status === 200) assert.doesNotMatch(said, /"status":"5/);
      const found = await okta('GET', `/Users${query}`);
      assert.ok(found.status < 500);
    }),
    { numRuns: 1500 },
  );
  assert.deepEqual(world.faults, []);
});
