import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createClasses, grantedTo, personOf, tellingSubjects } from './audience.ts';
import { compileAccess } from './compile.ts';
import { parsePolicy } from './parse.ts';

const ras = 'https://mcp.acme.example';
const parsed = parsePolicy(
  `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { read: {}, write: {}, admin: { risk: high } } }
clients:
  desk: { client_ids: { ${ras}: desk }, redirect_uris: [http://localhost/callback] }
  laptop: { client_ids: { ${ras}: laptop }, redirect_uris: [http://localhost/callback] }
  shown: { client_ids: { ${ras}: shown }, redirect_uris: [http://localhost/callback], public: true }
  elsewhere: { redirect_uris: [http://localhost/callback] }
rules:
  - { id: all, allow: [read], on: tracker, to: [everyone] }
  - { id: eng, allow: [write], on: tracker, to: [group:eng], through: [desk] }
  - { id: mfa, require: { amr: [mfa] }, for: [write], on: tracker }
  - { id: lead, allow: [admin], on: tracker, to: [role:lead, user:u_7] }
  - { id: out, deny: all, on: tracker, to: [role:contractor] }
`,
  'access',
);
assert.ok(parsed.ok, JSON.stringify(parsed));
const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
const server = index.servers.get('tracker');
assert.ok(server);

/** Drawn by a rule, so that every mixture comes up. */
const people = Array.from({ length: 64 }, (_, at) => ({
  id: `u_${at}`,
  groups: [...(at & 1 ? ['eng'] : []), ...(at & 2 ? ['other'] : [])],
  roles: [...(at & 4 ? ['lead'] : []), ...(at & 8 ? ['contractor'] : [])],
}));
const now = 1_790_000_000;

describe('people who are alike at a server', () => {
  test('get what each of them gets, and are as many', () => {
    const classes = createClasses();
    for (const subject of tellingSubjects(index, 'tracker')) {
      for (const { id, groups, roles } of people) {
        const all = [...groups.map((group) => `group:${group}`), ...roles.map((role) => `role:${role}`), `user:${id}`];
        if (all.includes(subject)) classes.add(id, subject);
      }
    }
    const alike = classes.all(people.length);
    assert.equal(
      alike.reduce((sum, { size }) => sum + size, 0),
      people.length,
    );
    const tell = (granted: ReturnType<typeof grantedTo>) => JSON.stringify(granted);
    const count = (words: readonly string[]) =>
      Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, some]) => [word, some.length]));
    const expected = count(people.map((person) => tell(grantedTo(index, { person, server, now }))));
    const byClass = alike.flatMap(({ subjects, size }) =>
      Array<string>(size).fill(tell(grantedTo(index, { person: personOf(subjects), server, now }))),
    );
    assert.deepEqual(count(byClass), expected);
  });

  test('only what rules there speak of tells them apart', () => {
    assert.deepEqual(tellingSubjects(index, 'tracker'), ['group:eng', 'role:lead', 'user:u_7', 'role:contractor']);
    assert.deepEqual(tellingSubjects(index, 'nothing'), []);
  });

  test('come to a server through clients that may exchange and have an id there', () => {
    const granted = grantedTo(index, { person: personOf(['group:eng']), server, now });
    assert.deepEqual(granted, [
      { client: 'desk', scopes: ['read', 'write'] },
      { client: 'laptop', scopes: ['read'] },
    ]);
    assert.deepEqual(grantedTo(index, { person: personOf(['role:contractor']), server, now }), []);
  });

  test('nobody is left when all are in some subject', () => {
    const classes = createClasses();
    classes.add('u_1', 'group:eng');
    assert.deepEqual(classes.all(1), [{ subjects: ['group:eng'], size: 1 }]);
    assert.deepEqual(classes.all(3), [
      { subjects: ['group:eng'], size: 1 },
      { subjects: [], size: 2 },
    ]);
  });
});
