import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { securityEventNames, signatureAlgorithms } from '@credence/mcp/protocol';
import { compileResource } from './compile.ts';
import { parsePolicy } from './parse.ts';

const idp = 'https://id.acme.example';
const issuer = 'https://mcp.acme.example';

/** A resource document with this said of one issuer, and with that of another where it is given. */
const documentWith = (entry: string, other = '') =>
  `servers: { wiki: { scopes: { read: {}, write: {} } } }\nclients: { app: {}, bot: {} }\ntrust:\n  ${idp}: ${entry}\n${other && `  https://other.example: ${other}`}`;

function trustOf(entry: string) {
  const parsed = parsePolicy(documentWith(entry), 'resource');
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return compileResource(parsed.document, { version: 1, issuer, localIdp: undefined }).trust.get(idp);
}

function problemsOf(entry: string, other?: string): string[] {
  const parsed = parsePolicy(documentWith(entry, other), 'resource');
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('trust: an issuer, and its tenants', () => {
  test('an issuer without tenants is its only speaker', () => {
    const trust = trustOf('{ keys: discovery, accounts: create, clients: [app], aud_tenant: us }');
    assert.deepEqual(
      [...(trust ?? [])],
      [
        [
          undefined,
          {
            issuer: idp,
            tenant: undefined,
            keys: 'discovery',
            algorithms: signatureAlgorithms,
            accounts: { unknown: 'create', emailDomains: new Set(), emailVerified: 'claim', byAudSub: false },
            clients: ['app'],
            servers: undefined,
            allowsReuse: false,
            audTenant: 'us',
            requiresEncryption: false,
            acceptsScopeArray: false,
            dropsUnknownScopes: false,
            strictScopeMatch: false,
            signals: new Set(securityEventNames),
            accountErrorIsGrant: false,
          },
        ],
      ],
    );
  });

  test('of its security events all are taken, those that are named, or none', () => {
    const signals = (said: string) =>
      trustOf(`{ keys: discovery, accounts: create, clients: [app], signals: ${said} }`)?.get(undefined)?.signals;
    assert.deepEqual(signals('accept'), new Set(securityEventNames));
    assert.deepEqual(signals('[session-revoked]'), new Set(['session-revoked']));
    assert.equal(signals('refuse'), undefined);
  });

  test('servers that it may speak for, each with all of its scopes or with some; of a tenant its own', () => {
    const servers = (said: string) =>
      trustOf(`{ keys: discovery, accounts: create, clients: [app], servers: ${said} }`)?.get(undefined)?.servers;
    assert.deepEqual(servers('{ wiki: all }'), new Map([['wiki', 'all']]));
    assert.deepEqual(servers('{ wiki: [read] }'), new Map([['wiki', new Set(['read'])]]));
    const tenant = 'accounts: create, clients: [app]';
    const trust = trustOf(
      `{ keys: discovery, tenants: { a: { ${tenant}, servers: { wiki: all } }, b: { ${tenant} } } }`,
    );
    assert.deepEqual(
      [...(trust?.values() ?? [])].map((each) => each.servers),
      [new Map([['wiki', 'all']]), undefined],
    );
  });

  test('an issuer with tenants has one speaker each and none without, with the keys of the issuer or their own', () => {
    const trust = trustOf(
      `
      keys: discovery
      algorithms: [ES256]
      tenants:
        acme: { accounts: known, clients: [app], aud_tenant: us }
        globex: { accounts: create, clients: [bot], keys: { keys: [{ kty: OKP, crv: Ed25519, x: abc }] } }`.replaceAll(
        '\n      ',
        '\n    ',
      ),
    );
    assert.deepEqual([...(trust?.keys() ?? [])], ['acme', 'globex']);
    const [acme, globex] = [trust?.get('acme'), trust?.get('globex')];
    assert.deepEqual(
      [acme?.tenant, acme?.keys, acme?.algorithms, acme?.clients, acme?.audTenant],
      ['acme', 'discovery', ['ES256'], ['app'], 'us'],
    );
    assert.deepEqual(globex?.keys, [{ kty: 'OKP', crv: 'Ed25519', x: 'abc' }]);
    assert.deepEqual([globex?.clients, globex?.audTenant, globex?.accounts.unknown], [['bot'], undefined, 'create']);
  });

  test('accounts as a mapping: what is not said is refused', () => {
    const rule = (accounts: string) =>
      trustOf(`{ keys: discovery, clients: [app], accounts: ${accounts} }`)?.get(undefined)?.accounts;
    const nothing = { unknown: 'refuse', emailDomains: new Set(), emailVerified: 'claim', byAudSub: false };
    assert.deepEqual(rule('known'), nothing);
    assert.deepEqual(rule('{}'), nothing);
    assert.deepEqual(
      rule('{ unknown: create, email_domains: [acme.example], email_verified: issuer, aud_sub: true }'),
      {
        unknown: 'create',
        emailDomains: new Set(['acme.example']),
        emailVerified: 'issuer',
        byAudSub: true,
      },
    );
  });
});

describe('trust: every mistake is told where it is', () => {
  const good = 'accounts: create, clients: [app]';
  const table: [name: string, entry: string, told: RegExp][] = [
    ['no accounts', '{ keys: discovery, clients: [app] }', /\.accounts: must be create or known/],
    ['no clients', '{ keys: discovery, accounts: create }', /\.clients: must be a list of clients/],
    [
      'accounts of another word',
      '{ keys: discovery, clients: [app], accounts: all }',
      /accounts: must be create, known, or a/,
    ],
    [
      'clients beside tenants',
      `{ keys: discovery, clients: [app], tenants: { a: { ${good} } } }`,
      /\.clients: stands in each tenant/,
    ],
    [
      'aud_tenant beside tenants',
      `{ keys: discovery, aud_tenant: us, tenants: { a: { ${good} } } }`,
      /\.aud_tenant: stands in each tenant/,
    ],
    [
      'servers beside tenants',
      `{ keys: discovery, servers: { wiki: all }, tenants: { a: { ${good} } } }`,
      /\.servers: stands in each tenant/,
    ],
    ['no servers in servers', `{ keys: discovery, ${good}, servers: {} }`, /servers: must name at least one server/],
    [
      'servers as a list',
      `{ keys: discovery, ${good}, servers: [wiki] }`,
      /servers: must be a mapping of servers, such/,
    ],
    [
      'scopes of another word',
      `{ keys: discovery, ${good}, servers: { wiki: some } }`,
      /servers\.wiki: must be all, or a list of scopes/,
    ],
    ['no scopes', `{ keys: discovery, ${good}, servers: { wiki: [] } }`, /servers\.wiki: must name at least one scope/],
    [
      'an unknown server (RAS-19)',
      `{ keys: discovery, ${good}, servers: { wikki: all } }`,
      /id\.acme\.example"\]\.servers\.wikki: there is no server wikki in this document; known: wiki$/,
    ],
    [
      'an unknown scope (RAS-19)',
      `{ keys: discovery, ${good}, servers: { wiki: [read, raed] } }`,
      /servers\.wiki\[1\]: there is no scope raed in this document; known: read, write$/,
    ],
    [
      'a tenant for an unknown server',
      `{ keys: discovery, tenants: { a: { ${good}, servers: { no: [read] } } } }`,
      /tenants\.a\.servers\.no: there is no server no/,
    ],
    ['no tenants in tenants', `{ keys: discovery, tenants: {} }`, /tenants: must name at least one/],
    [
      'a tenant without accounts',
      '{ keys: discovery, tenants: { a: { clients: [app] } } }',
      /tenants\.a\.accounts: must be/,
    ],
    ['a tenant with a blank', `{ keys: discovery, tenants: { "a b": { ${good} } } }`, /must be 1 to 256 visible/],
    [
      'a tenant for an unknown client',
      '{ keys: discovery, tenants: { a: { accounts: create, clients: [no] } } }',
      /tenants\.a\.clients\[0\]: there is no client no/,
    ],
    [
      'a domain with an @',
      '{ keys: discovery, clients: [app], accounts: { email_domains: ["@acme.example"] } }',
      /must be a domain in lower case/,
    ],
    [
      'a domain in upper case',
      '{ keys: discovery, clients: [app], accounts: { email_domains: [Acme.example] } }',
      /must be a domain in lower case/,
    ],
    [
      'a domain of two tenants (RAS-24)',
      `{ keys: discovery, tenants: { a: { clients: [app], accounts: { email_domains: [x.example] } },
         b: { clients: [app], accounts: { email_domains: [x.example] } } } }`,
      /tenants\.b\.accounts\.email_domains\[0\]: x\.example belongs to trust\.https:\/\/id\.acme\.example\.tenants\.a already/,
    ],
  ];
  for (const [name, entry, told] of table) {
    test(name, () => {
      const problems = problemsOf(entry);
      assert.ok(
        problems.some((problem) => told.test(problem)),
        problems.join('\n') || 'nothing was found',
      );
    });
  }

  test('a domain of two issuers (RAS-24)', () => {
    const entry = '{ keys: discovery, clients: [app], accounts: { email_domains: [x.example] } }';
    assert.match(problemsOf(entry, entry).join('\n'), /belongs to trust\.https:\/\/id\.acme\.example already/);
  });
});
