import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Problem } from '../problem.ts';
import { compileAccess, compileResource } from './compile.ts';
import { type DocumentKind, parsePolicy } from './parse.ts';
import { spellings } from './resource-uri.ts';
import { waysHere } from './sign-in-levels.ts';

const ras = 'https://mcp.acme.example';
const idp = 'https://id.acme.example';

function documentOf<Kind extends DocumentKind>(kind: Kind, text: string) {
  const parsed = parsePolicy(text, kind);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.document;
}

function accessOf(text: string, localRas: string | undefined = ras) {
  return compileAccess(documentOf('access', text), { version: 3, localRas });
}

function resourceOf(text: string, localIdp: string | undefined = idp) {
  return compileResource(documentOf('resource', text), { version: 4, issuer: ras, localIdp });
}

describe('the access index', () => {
  const index = accessOf(`
    servers:
      tracker: { local: tracker, scopes: { read: {}, purge: { risk: high } } }
      wiki: { name: The wiki, resource: https://wiki.example, ras: https://ras.wiki.example, scopes: { all: {} } }
    clients:
      app: { client_ids: { local: app-there, https://ras.wiki.example: app-1 } }
      page: { public: true }
      trusted-page: { public: true, exchange: true }
      idle: { exchange: false }
  `);

  test('a local server lives below the RAS of the program', () => {
    const tracker = index.servers.get('tracker');
    assert.equal(tracker?.resource, `${ras}/tracker/mcp`);
    assert.deepEqual(index.serversByAudience.get(ras)?.all, [tracker]);
    assert.deepEqual([...(index.serversByAudience.get(ras)?.byResource ?? [])], [[tracker?.resource, tracker]]);
    assert.deepEqual(tracker?.defaultScopes, ['read']);
  });

  test('a client has its own id at each RAS (IDP-25)', () => {
    const expected = [
      [ras, 'app-there'],
      ['https://ras.wiki.example', 'app-1'],
    ];
    assert.deepEqual([...(index.clients.get('app')?.clientIds ?? [])], expected);
  });

  test('a client without credentials may not exchange unless the document says so (IDP-03)', () => {
    const exchange = [...index.clients.values()].map((client) => [client.id, client.exchange]);
    assert.deepEqual(exchange, [
      ['app', true],
      ['page', false],
      ['trusted-page', true],
      ['idle', false],
    ]);
  });
});

describe('what a sign-in can earn', () => {
  const table: [name: string, text: string, ways: typeof waysHere, firstFactor: string][] = [
    ['without a word on it, what the sign-in here can do', 'rules: []', waysHere, 'code'],
    ['methods alone are named', 'sign_in: { amr: [pwd] }', [{ acr: undefined, amr: ['pwd'] }], 'code'],
    ['levels alone are named', 'sign_in: { acr: [gold] }', [{ acr: 'gold', amr: [] }], 'code'],
    ['nothing at all', 'sign_in: { acr: [], amr: [] }', [{ acr: undefined, amr: [] }], 'code'],
    ['only the first factor is spoken of', 'sign_in: { first_factor: password }', waysHere, 'password'],
  ];
  for (const [name, text, ways, firstFactor] of table) {
    test(name, () => {
      const { earnable, firstFactor: first } = accessOf(text);
      assert.deepEqual([earnable, first], [ways, firstFactor]);
    });
  }

  test('the best ways are those that rules tell apart, also rules that only report', () => {
    const servers = 'servers: { t: { local: t, scopes: { s: {} } } }';
    const rule = (amr: string, more = '') => `rules: [{ id: r, require: { amr: [${amr}] }, for: all, on: t${more} }]`;
    assert.deepEqual(accessOf(`${servers}\n${rule('mfa')}`).best, waysHere.slice(2));
    assert.deepEqual(accessOf(`${servers}\n${rule('otp', ', report_only: true')}`).best, waysHere.slice(1, 2));
  });
});

describe('the resource index', () => {
  const index = resourceOf(`
    servers:
      tracker:
        upstream: { stdio: [tracker-mcp, --for, "{person}"], env: { DATA: "{data}" } }
        scopes: { read: {}, write: {}, purge: { risk: high } }
        tools: { get_issue: write, "get_*": read, "get_*_secret": purge, "*": write, "*_raw": purge }
      closed: { scopes: { read: {} }, tools: { only: read } }
    clients: { app: {} }
    trust: { local: { keys: discovery, accounts: create, clients: [app] } }
  `);
  const tracker = index.servers.get('tracker');

  const table: [tool: string, scope: string | undefined, why: string][] = [
    ['get_issue', 'write', 'the exact name beats every pattern'],
    ['get_issues', 'read', 'the longer text before the star beats the shorter'],
    ['get_the_secret', 'purge', 'then the longer text after it'],
    ['get_raw', 'read', 'text before the star counts before text after it'],
    ['put_raw', 'purge', 'text after the star beats none'],
    ['delete', 'write', 'a star alone fits the rest'],
    ['get__secret', 'purge', 'a star may stand for nothing'],
    ['get_secret', 'read', 'text before and after the star may not overlap'],
  ];
  for (const [tool, scope, why] of table) {
    test(`${tool} needs ${scope}: ${why}`, () => assert.equal(tracker?.scopeOfTool(tool), scope));
  }

  test('a tool that is listed nowhere has no scope, also one named like a method of objects', () => {
    const closed = index.servers.get('closed');
    assert.deepEqual(
      ['only', 'other', 'constructor', '__proto__', ''].map((tool) => closed?.scopeOfTool(tool)),
      ['read', undefined, undefined, undefined, undefined],
    );
  });

  test('a stdio upstream has limits and an empty environment where the document is silent', () => {
    assert.deepEqual(tracker?.upstream, {
      kind: 'stdio',
      command: 'tracker-mcp',
      args: ['--for', '{person}'],
      env: { DATA: '{data}' },
      cwd: undefined,
      allow: [],
      maxSessions: 20,
      idleSeconds: 300,
    });
  });

  test('local is the identity provider of the program, found by its exact issuer only', () => {
    assert.deepEqual([...index.trust.keys()], [idp]);
    assert.equal(index.serversByResource.get(`${ras}/tracker/mcp`), tracker);
    assert.equal(index.serversByResource.get(`${ras}/tracker/mcp/`), undefined);
  });
});

test('a server is one of MCP when it stands before an upstream, or says what its tools need', () => {
  const scopes = 'scopes: { read: {} }';
  const { servers } = resourceOf(`
    servers:
      none: { ${scopes} }
      tools: { ${scopes}, tools: { get: read } }
      near: { ${scopes}, upstream: { stdio: [npx, mcp] } }
      far: { ${scopes}, upstream: { http: 'https://far.example/mcp' } }
  `);
  assert.deepEqual(
    [...servers.values()].map(({ id, isMcp, upstream }) => [id, isMcp, upstream?.kind]),
    [
      ['none', false, undefined],
      ['tools', true, undefined],
      ['near', true, 'stdio'],
      ['far', true, 'http'],
    ],
  );
});

test('a server takes tokens that are bound to nothing unless its entry says otherwise', () => {
  const { servers } = resourceOf(`
    servers:
      any: { scopes: { read: {} } }
      said: { scopes: { read: {} }, require_bound_tokens: false }
      bound: { scopes: { read: {} }, require_bound_tokens: true }
  `);
  const demands = [...servers.values()].map(({ requiresBoundTokens }) => requiresBoundTokens);
  assert.deepEqual(demands, [false, false, true]);
});

test('what would be if rules were in force that decide nothing yet is there only where there are such', () => {
  const rules = (more: string) => `
    servers: { tracker: { local: tracker, scopes: { read: {} } } }
    rules: [{ id: r, on: tracker, allow: [read], to: [everyone]${more} }]`;
  assert.equal(accessOf(rules('')).trial, undefined);
  const { rules: inForce, trial } = accessOf(rules(', report_only: true'));
  assert.notEqual(trial, undefined);
  assert.notDeepEqual(trial?.rules, inForce);
});

test('a second person is asked where the document requires it', () => {
  assert.equal(resourceOf('{ second_person: required }').secondPerson, true);
  assert.equal(resourceOf('{}').secondPerson, false);
  assert.equal(accessOf('{ second_person: required }').secondPerson, true);
  assert.equal(accessOf('{}').secondPerson, false);
});

describe('a document that contradicts the program it runs in is the operator’s to mend', () => {
  const trust = (issuer: string) => `{ clients: { a: {} }, trust: { ${issuer} } }`;
  const entry = '{ keys: discovery, accounts: known, clients: [a] }';
  const server = (target: string) => `{ ${target}, scopes: { read: {} } }`;
  const elsewhere = server('resource: https://b.example/mcp, ras: https://ras.example');
  const table: [name: string, compile: () => unknown, told: RegExp][] = [
    ['a RAS that trusts itself (IDP-34)', () => resourceOf(trust(`${ras}: ${entry}`)), /IDP-34/],
    ['a RAS that trusts itself by a slash more (IDP-34)', () => resourceOf(trust(`"${ras}/": ${entry}`)), /IDP-34/],
    ['a RAS that is its own local IdP (IDP-34)', () => resourceOf(trust(`local: ${entry}`), ras), /IDP-34/],
    ['an issuer trusted twice', () => resourceOf(trust(`${idp}: ${entry}, local: ${entry}`)), /twice/],
    [
      'a local server beside the same one by URL',
      () => accessOf(`{ servers: { a: ${server('local: a')}, b: ${server(`resource: ${ras}/a/mcp, ras: ${ras}`)} } }`),
      /same resource/,
    ],
    [
      'two clients with one id, once as local (IDP-25)',
      () => accessOf(`{ clients: { a: { client_ids: { local: x } }, b: { client_ids: { ${ras}: x } } } }`),
      /IDP-25/,
    ],
    [
      'an audience that is the RAS of no server',
      () => accessOf(`{ servers: { a: ${elsewhere} }, audiences: { local: {} } }`),
      /RAS of no server/,
    ],
    [
      'an audience named twice, once as local',
      () =>
        accessOf(
          `{ servers: { a: ${server('local: a')}, b: ${server(`resource: ${ras}/b/mcp, ras: ${ras}`)} }, audiences: { local: {}, ${ras}: {} } }`,
        ),
      /named twice/,
    ],
    [
      'an alias that is the RAS of another server, meant as local',
      () =>
        accessOf(
          `{ servers: { a: ${server('local: a')}, b: ${elsewhere} }, audiences: { https://ras.example: { aliases: [${ras}] } } }`,
        ),
      /alias .* is taken/,
    ],
    [
      'a client with two ids at one RAS',
      () => accessOf(`{ clients: { a: { client_ids: { local: x, ${ras}: y } } } }`),
      /twice/,
    ],
  ];
  for (const [name, compile, told] of table) {
    test(name, () => assert.throws(compile, (error) => error instanceof Problem && told.test(error.message)));
  }

  test('subjects_of: one RAS, with ids of its own for people, and a client on one host that is no agent of theirs (IDP-26)', () => {
    const wiki = (client: string, audience = '{ subject: pairwise }') =>
      accessOf(`{
        servers: { b: ${elsewhere} }, audiences: { https://ras.example: ${audience} }, clients: { wiki: { ${client} } }
      }`).clients.get('wiki');
    const of = 'subjects_of: https://ras.example';
    const made = wiki(`${of}, redirect_uris: ["https://a.example/one", "https://a.example/two"]`);
    assert.deepEqual([made?.subjectsOf?.ras, made?.exchange], ['https://ras.example', false]);
    assert.equal(wiki(`${of}, exchange: false, redirect_uris: ["https://a.example/"]`)?.exchange, false);
    assert.ok(wiki(`${of}, metadata: "https://a.example/client"`)?.subjectsOf, 'where they are, its document says');
    assert.equal(wiki('name: Wiki')?.subjectsOf, undefined);
    const refusedAs = (told: RegExp, ...how: Parameters<typeof wiki>) =>
      assert.throws(
        () => wiki(...how),
        (error) => error instanceof Problem && told.test(error.message),
      );
    refusedAs(/calls people what everybody does/, of, '{}');
    refusedAs(/calls people what everybody does/, 'subjects_of: https://other.example');
    refusedAs(/gets no ID-JAGs/, `${of}, exchange: true`);
    refusedAs(/not on one host/, of);
    refusedAs(/not on one host/, `${of}, redirect_uris: ["https://a.example/", "https://b.example/"]`);
    refusedAs(/local calls people what everybody does/, 'subjects_of: local');
  });

  test('local where there is nothing local', () => {
    const access = documentOf('access', `{ servers: { a: ${server('local: a')} } }`);
    assert.throws(() => compileAccess(access, { version: 1, localRas: undefined }), Problem);
    const resource = documentOf('resource', trust(`local: ${entry}`));
    assert.throws(() => compileResource(resource, { version: 1, issuer: ras, localIdp: undefined }), Problem);
  });
});

test('B60, A4: resources are equal to the letter, but for the slash after a bare origin', () => {
  assert.deepEqual(spellings('https://wiki.example'), ['https://wiki.example', 'https://wiki.example/']);
  assert.deepEqual(spellings('https://wiki.example/'), ['https://wiki.example/', 'https://wiki.example']);
  assert.deepEqual(spellings('https://wiki.example/mcp'), ['https://wiki.example/mcp']);
});
