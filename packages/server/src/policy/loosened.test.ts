import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileAccess, compileResource } from './compile.ts';
import { loosenedBy, loosenedClients } from './loosened.ts';
import { parsePolicy } from './parse.ts';

test('every switch that loosens is named, with its issuer and tenant, and nothing else is', () => {
  const parsed = parsePolicy(
    `
clients: { app: {} }
servers:
  tracker: { scopes: { read: {} }, tools: { "*": read } }
  files: { scopes: { read: {} }, upstream: { http: "http://127.0.0.1:9/mcp" } }
  reports: { scopes: { read: {} } }
  billing: { scopes: { read: {} } }
trust:
  https://strict.example: { keys: discovery, accounts: create, clients: [app], strict_scope_match: true, replay: refuse, signals: accept }
  https://old.example:
    { keys: discovery, accounts: create, clients: [app], scope_array: accept, unknown_scopes: drop, replay: until_expiry }
  https://near.example: { keys: discovery, accounts: create, clients: [app], servers: { billing: all, files: all }, replay: until_expiry }
  https://deaf.example: { keys: discovery, accounts: create, clients: [app], signals: refuse }
  https://half.example: { keys: discovery, accounts: create, clients: [app], signals: [session-revoked, account-enabled] }
  https://most.example:
    { keys: discovery, accounts: create, clients: [app], signals: [session-revoked, token-claims-change, account-disabled] }
  https://many.example:
    keys: discovery
    tenants:
      acme: { clients: [app], accounts: { email_domains: [acme.example], email_verified: issuer } }
      globex: { clients: [app], accounts: { email_domains: [globex.example] } }
      hooli: { clients: [app], accounts: { email_verified: issuer } }`,
    'resource',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileResource(parsed.document, { version: 1, issuer: 'https://ras.example', localIdp: undefined });
  assert.deepEqual(loosenedBy(index), [
    'https://old.example: scope_array: accept',
    'https://old.example: unknown_scopes: drop',
    'https://old.example: replay: until_expiry, for reports, billing',
    'https://near.example: replay: until_expiry, for billing',
    'https://deaf.example: signals: refuse',
    'https://half.example: signals without token-claims-change, account-disabled',
    'https://many.example (acme): email_verified: issuer',
  ]);
});

test('a switch that reaches no server says so', () => {
  const parsed = parsePolicy(
    `
clients: { app: {} }
servers: { tracker: { scopes: { read: {} }, tools: { "*": read } } }
trust: { https://old.example: { keys: discovery, accounts: create, clients: [app], replay: until_expiry } }`,
    'resource',
  );
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const index = compileResource(parsed.document, { version: 1, issuer: 'https://ras.example', localIdp: undefined });
  assert.deepEqual(loosenedBy(index), ['https://old.example: replay: until_expiry, for no server here']);
});

test('a client whose assertions may name the token endpoint, or be shown again, is named, in both documents', () => {
  const clients = `
clients:
  runner: { workload: { issuer: https://ci.example, subject: agent, keys: discovery, reuse: true } }
  once: { workload: { issuer: https://ci.example, subject: other, keys: discovery, reuse: false } }
  older: { jwks_uri: https://agent.example/jwks, legacy_audience: true }
  strict: { jwks_uri: https://agent.example/other, legacy_audience: false }
  other: {}`;
  const access = parsePolicy(clients, 'access');
  const resource = parsePolicy(clients, 'resource');
  assert.ok(access.ok && resource.ok, JSON.stringify([access, resource]));
  const there = { version: 1, issuer: 'https://ras.example', localIdp: undefined };
  const expected = ['client runner: workload.reuse', 'client older: legacy_audience'];
  assert.deepEqual(loosenedBy(compileResource(resource.document, there)), expected);
  const here = compileAccess(access.document, { version: 1, localRas: undefined });
  assert.deepEqual(loosenedClients(here), expected);
});
