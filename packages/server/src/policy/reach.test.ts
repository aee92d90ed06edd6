import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAccess } from './compile.ts';
import { parsePolicy } from './parse.ts';
import { exchanges, reachOf } from './reach.ts';

const ras = 'https://mcp.acme.example';
const parsed = parsePolicy(
  `
servers:
  tracker: { resource: ${ras}/tracker/mcp, ras: ${ras}, scopes: { read: {}, write: { risk: high }, admin: {} } }
  far: { resource: https://far.example/mcp, ras: https://far.example, scopes: { all: {} } }
clients:
  cli: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cli } }
  laptops: { redirect_uris: [http://localhost/cb], distributed: true, client_ids: { ${ras}: lt } }
  off: { redirect_uris: [http://localhost/cb], exchange: false, client_ids: { ${ras}: off } }
  inspector: { redirect_uris: [http://localhost/cb], public: true, client_ids: { ${ras}: in } }
  kiosk: { redirect_uris: [http://localhost/cb], public: true, exchange: true, client_ids: { ${ras}: ki } }
rules:
  - { id: eng, allow: [read, write], on: tracker, to: [group:eng] }
  - { id: far, allow: all, on: far, to: [group:eng] }
  - { id: two, require: { amr: [mfa], max_age: 60 }, for: [write], on: tracker }
  - { id: kiosks-read, deny: [write], on: tracker, to: [group:eng], through: [kiosk] }
`,
  'access',
);
assert.ok(parsed.ok, JSON.stringify(parsed));
const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });

test('what can be had after the best sign-in, by each client that may trade and is known at the server', () => {
  const reach = reachOf(index, { id: 'u', groups: ['eng'], roles: [] }, 1_800_000_000);
  assert.deepEqual(
    reach.map(({ client, server, scopes }) => [client.id, server.id, scopes]),
    [
      ['cli', 'tracker', ['read', 'write']],
      ['laptops', 'tracker', ['read', 'write']],
      ['kiosk', 'tracker', ['read']],
    ],
  );
});

test('nothing for who is in no group', () => {
  assert.deepEqual(reachOf(index, { id: 'u', groups: [], roles: [] }, 1_800_000_000), []);
});

test('after sign-ins of two kinds that have nothing to do with each other: what either of them opens', () => {
  const parsed = parsePolicy(
    `servers: { t: { resource: ${ras}/t/mcp, ras: ${ras}, scopes: { a: {}, b: {}, c: {}, d: {} } } }
clients: { cli: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cli } } }
rules:
  - { id: all, allow: [a, b, c], on: t, to: [everyone] }
  - { id: one, require: { acr: one }, for: [a], on: t }
  - { id: two, require: { acr: two }, for: [b], on: t }
sign_in: { acr: [one, two] }
`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
  const reach = reachOf(index, { id: 'u', groups: [], roles: [] }, 1_800_000_000);
  assert.deepEqual(
    reach.map(({ scopes }) => scopes),
    [['a', 'b', 'c']],
  );
});

test('after sign-ins here that no one person does at once: what each opens, and nothing that would take both', () => {
  const parsed = parsePolicy(
    `servers: { t: { resource: ${ras}/t/mcp, ras: ${ras}, scopes: { code: {}, key: {}, both: {}, free: {} } } }
clients: { cli: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cli } } }
rules:
  - { id: all, allow: all, on: t, to: [everyone] }
  - { id: code, require: { amr: [otp] }, for: [code, both], on: t }
  - { id: key, require: { amr: [pop] }, for: [key, both], on: t }
`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
  const reach = reachOf(index, { id: 'u', groups: [], roles: [] }, 1_800_000_000);
  assert.deepEqual(
    reach.map(({ scopes }) => scopes),
    [['code', 'key', 'free']],
  );
});

test('where no sign-in earns a word, what takes none', () => {
  const parsed = parsePolicy(
    `servers: { t: { resource: ${ras}/t/mcp, ras: ${ras}, scopes: { a: {} } } }
clients: { cli: { redirect_uris: [http://localhost/cb], client_ids: { ${ras}: cli } } }
rules: [{ id: all, allow: all, on: t, to: [everyone] }]
sign_in: { amr: [mfa] }
`,
    'access',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileAccess(parsed.document as Parameters<typeof compileAccess>[0], { version: 1, localRas: ras });
  assert.deepEqual(
    reachOf(index, { id: 'u', groups: [], roles: [] }, 1_800_000_000).map(({ scopes }) => scopes),
    [['a']],
  );
});

test('whether a client may trade is not known while its document is not, unless it may not anyway', () => {
  const metadata = 'https://client.example/metadata';
  const of = (about: object) => exchanges({ public: false, ...about } as Parameters<typeof exchanges>[0]);
  assert.deepEqual([of({ metadata }), of({ metadata, exchange: true })], [undefined, undefined]);
  assert.equal(of({ metadata, exchange: false }), false);
  assert.equal(of({ metadata, document: { mayExchange: true } }), true);
  assert.equal(of({ metadata, document: { mayExchange: false } }), false);
  assert.deepEqual([of({}), of({ public: true }), of({ public: true, exchange: true })], [true, false, true]);
  assert.equal(of({ exchange: false }), false);
});
