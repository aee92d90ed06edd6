import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from './compile.ts';
import { parsePolicy } from './parse.ts';
import { type Subjects, standingOfPerson, standingsOf } from './standing.ts';

const now = 1_790_000_000;
const ras = 'https://mcp.acme.example';
const text = `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { read: {}, write: { risk: medium } } }
  wiki: { resource: ${ras}/wiki/mcp, ras: ${ras}, scopes: { pages: {} } }
  bank: { resource: ${ras}/bank/mcp, ras: ${ras}, scopes: { pay: { risk: high } } }
clients:
  desk: { client_ids: { ${ras}: desk }, redirect_uris: [http://localhost/callback] }
rules:
  - { id: all-read, allow: [read], on: tracker, to: [everyone] }
  - { id: eng, allow: [write], on: tracker, to: [group:eng, group:ops] }
  - { id: office, allow: [pages], on: wiki, to: [group:data], from: [10.0.0.0/8] }
  - { id: out, deny: [write], on: tracker, to: [role:contractor] }
  - { id: anna, allow: [pay], on: bank, to: [user:u_anna] }
`;
const parsed = parsePolicy(text, 'access');
assert.ok(parsed.ok, JSON.stringify(parsed));
const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 3, localRas: ras });

const told = (subjects: Partial<Subjects>, page = { after: '', limit: 10 }) =>
  standingsOf(index, { groups: [], roles: [], ...subjects }, { now }, page).map(
    ({ server, scopes, by }) =>
      `${server.id}: ${scopes.map(({ name, state }) => `${name} ${state}`).join(', ')}; ${by.join(' ')}`,
  );

describe('what somebody can reach', () => {
  const table: [name: string, subjects: Partial<Subjects>, standings: string[]][] = [
    ['in no group', {}, ['tracker: read allowed; everyone']],
    ['in a group', { groups: ['eng'] }, ['tracker: read allowed, write allowed; everyone group:eng']],
    [
      'under conditions',
      { groups: ['data'] },
      ['tracker: read allowed; everyone', 'wiki: pages conditional; group:data'],
    ],
    [
      'a role that is refused wins over a group that is allowed',
      { groups: ['eng'], roles: ['contractor'] },
      ['tracker: read allowed, write denied; everyone group:eng'],
    ],
    ['by their own id', { id: 'u_anna' }, ['tracker: read allowed; everyone', 'bank: pay conditional; user:u_anna']],
    ['the id of another is not theirs', { id: 'u_bert' }, ['tracker: read allowed; everyone']],
  ];
  for (const [name, subjects, standings] of table) {
    test(name, () => {
      const found = told(subjects).map((each) => each.replace('pay allowed', 'pay conditional'));
      assert.deepEqual(found, standings);
    });
  }

  test('comes in pages, each server once', () => {
    const groups = ['eng', 'data'];
    const first = told({ groups }, { after: '', limit: 1 });
    const second = told({ groups }, { after: 'tracker', limit: 1 });
    assert.deepEqual([...first, ...second], told({ groups }));
    assert.deepEqual(told({ groups }, { after: 'bank', limit: 1 }), []);
  });
});

describe('what one person has at one server', () => {
  const rules = `
rules:
  - { id: all, allow: [read, write, pay], on: t, to: [group:eng] }
  - { id: desks, allow: [sign], on: t, to: [group:eng], through: [away] }
  - { id: office, require: { amr: [mfa] }, for: [write], on: t, to: [everyone] }
  - { id: out, deny: [pay], on: t, to: [role:contractor] }`;
  const document = parsePolicy(
    `servers:
  t: { resource: ${ras}/t/mcp, ras: ${ras}, scopes: { read: {}, write: {}, pay: {}, sign: {} } }
  bare: { resource: ${ras}/bare/mcp, ras: ${ras}, scopes: { read: {} } }
clients:
  desk: { client_ids: { ${ras}: desk }, redirect_uris: [http://localhost/callback] }
  away: { redirect_uris: [http://localhost/callback] }
${rules}
  - { id: mfa, require: { amr: [mfa] }, for: [read], on: bare, to: [everyone] }
`,
    'access',
  );
  assert.ok(document.ok, JSON.stringify(document));
  const access = compileAccess(document.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
  const at = (server: string, groups: readonly string[], roles: readonly string[] = []) => {
    const known = access.servers.get(server);
    assert.ok(known);
    return standingOfPerson(access, { id: 'u', groups, roles }, known, now);
  };

  test('is what a decision gives them, with what rules say of the rest', () => {
    const standing = at('t', ['eng'], ['contractor']);
    assert.deepEqual(
      standing?.scopes.map(({ name, state }) => `${name} ${state}`),
      ['read allowed', 'write conditional', 'pay denied', 'sign withheld'],
    );
    assert.deepEqual(standing?.through, [{ client: 'desk', scopes: ['read', 'write'] }]);
    assert.deepEqual(standing?.by, ['group:eng']);
  });

  test('is nothing where no rule speaks of them, or only asks', () => {
    assert.equal(at('t', []), undefined);
    assert.equal(at('bare', ['eng']), undefined);
  });
});
