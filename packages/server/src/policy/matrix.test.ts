import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess } from './compile.ts';
import { decide } from './decide.ts';
import { cellOf, openCell, subjectsOf } from './matrix.ts';
import { parsePolicy } from './parse.ts';

const now = 1_790_000_000;
const ras = 'https://mcp.acme.example';
const text = `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { read: {}, write: { risk: medium }, admin: { risk: high } } }
  wiki: { resource: ${ras}/wiki/mcp, ras: ${ras}, scopes: { pages: {} } }
  vault: { resource: ${ras}/vault/mcp, ras: ${ras}, scopes: { keys: { risk: high }, names: {} } }
  empty: { resource: ${ras}/empty/mcp, ras: ${ras}, scopes: { all: {} } }
clients:
  desk: { client_ids: { ${ras}: desk }, redirect_uris: [http://localhost/callback] }
  laptop: { client_ids: { ${ras}: laptop }, redirect_uris: [http://localhost/callback], distributed: true }
  elsewhere: { redirect_uris: [http://localhost/callback] }
rules:
  - { id: all-read, allow: [read], on: tracker, to: [everyone] }
  - { id: eng, allow: [write, admin], on: tracker, to: [group:eng] }
  - { id: fresh, require: { max_age: 3600 }, for: [admin], on: tracker }
  - { id: desk-only, allow: [write], on: tracker, to: [group:data], through: [desk] }
  - { id: read-desk, allow: [read], on: tracker, to: [group:data], through: [desk] }
  - { id: vault, allow: all, on: vault, to: [group:eng] }
  - { id: office, allow: [pages], on: wiki, to: [group:data], from: [10.0.0.0/8] }
  - { id: was, allow: [pages], on: wiki, to: [group:past], until: 2020-01-01 }
  - { id: night, deny: [write], on: tracker, to: [group:eng], through: [laptop] }
  - { id: out, deny: all, on: [tracker, wiki], to: [role:contractor] }
`;
const parsed = parsePolicy(text, 'access');
assert.ok(parsed.ok, JSON.stringify(parsed));
const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 3, localRas: ras });

describe('a cell of the matrix', () => {
  type Row = [
    subject: string,
    server: string,
    client: string | undefined,
    allowed: string,
    conditional: string,
    denied: string,
  ];
  const table: Row[] = [
    ['everyone', 'tracker', undefined, 'read', '', ''],
    ['group:eng', 'tracker', undefined, 'read write admin', 'write admin', ''],
    ['group:eng', 'tracker', 'desk', 'read write admin', 'admin', ''],
    ['group:eng', 'tracker', 'laptop', 'read admin', 'admin', 'write'],
    ['group:data', 'tracker', undefined, 'read write', 'write', ''],
    ['group:data', 'tracker', 'desk', 'read write', '', ''],
    ['group:data', 'tracker', 'laptop', 'read', '', ''],
    ['group:data', 'wiki', undefined, 'pages', 'pages', ''],
    ['group:eng', 'vault', 'desk', 'keys names', '', ''],
    ['group:eng', 'vault', 'laptop', 'keys names', 'keys', ''],
    ['group:nobody', 'tracker', undefined, 'read', '', ''],
    ['role:contractor', 'tracker', undefined, '', '', 'read write admin'],
    ['role:contractor', 'wiki', undefined, '', '', 'pages'],
  ];
  for (const [subject, server, client, allowed, conditional, denied] of table) {
    test(`${subject} on ${server} through ${client ?? 'any client'}: ${allowed || 'nothing'}`, () => {
      const cell = cellOf(index, subject, server, { now, client });
      const words = [cell?.allowed, cell?.conditional, cell?.denied].map((scopes) => scopes?.join(' '));
      assert.deepEqual(words, [allowed, conditional, denied]);
    });
  }

  test('is blank where no rule speaks, whether the server, the client or the time is why', () => {
    for (const [subject, server, client] of [
      ['group:eng', 'wiki', undefined],
      ['group:past', 'wiki', undefined],
      ['group:eng', 'tracker', 'elsewhere'],
      ['group:eng', 'tracker', 'no-client'],
      ['group:eng', 'no-server', undefined],
      ['role:eng', 'wiki', undefined],
      ['group:eng', 'empty', undefined],
      ['everyone', 'empty', undefined],
    ] as const) {
      assert.equal(cellOf(index, subject, server, { now, client }), undefined, `${subject} ${server} ${client}`);
    }
    assert.equal(openCell(index, 'group:eng', 'wiki', { now }), undefined);
    const end = { now: Date.parse('2020-01-02T00:00:00Z') / 1000 };
    assert.equal(cellOf(index, 'group:past', 'wiki', end), undefined, 'the last day ends with its last second');
    const before = { now: Date.parse('2019-12-31T23:59:59Z') / 1000 };
    assert.deepEqual(cellOf(index, 'group:past', 'wiki', before)?.allowed, ['pages']);
  });

  test('says whether a rule names the subject, or it has what everybody has', () => {
    assert.equal(cellOf(index, 'group:nobody', 'tracker', { now })?.isOwn, false);
    assert.equal(cellOf(index, 'group:eng', 'tracker', { now })?.isOwn, true);
    assert.equal(cellOf(index, 'everyone', 'tracker', { now })?.isOwn, true);
  });

  test('opened, lists every rule that speaks, in the order of the document', () => {
    const opened = openCell(index, 'group:eng', 'tracker', { now });
    assert.deepEqual(
      opened?.rules.map(({ id }) => id),
      ['all-read', 'eng', 'fresh', 'night'],
    );
    assert.deepEqual(opened?.scopes.find(({ scope }) => scope === 'admin')?.rules, ['eng', 'fresh']);
  });

  test('never shows less than anybody would get who is in that group alone', () => {
    for (const subject of subjectsOf(index)) {
      const [kind = '', id = ''] = subject.split(':');
      const person = { id: 'u_1', groups: kind === 'group' ? [id] : [], roles: kind === 'role' ? [id] : [] };
      for (const server of index.servers.values()) {
        for (const client of ['desk', 'laptop']) {
          const scopes = [...server.scopes.keys()];
          const ask = { person, client, server: server.id, scopes, acr: undefined, amr: [], authTime: now, now };
          const granted = decide(index, { ...ask, keyBound: true, whenever: true }).scopes;
          const cell = cellOf(index, subject, server.id, { now, client });
          for (const scope of granted) assert.ok(cell?.allowed.includes(scope), `${subject} ${server.id} ${scope}`);
        }
      }
    }
  });

  test('subjects are those that rules speak of, each once', () => {
    const subjects = ['everyone', 'group:data', 'group:eng', 'group:past', 'role:contractor'];
    assert.deepEqual([...subjectsOf(index)].sort(), subjects);
  });
});
