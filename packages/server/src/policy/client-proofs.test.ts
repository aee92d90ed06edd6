import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compileAccess, compileResource } from './compile.ts';
import { type DocumentKind, parsePolicy } from './parse.ts';

const url = 'https://agent.example/client.json';
const workload = { issuer: 'https://ci.example', subject: 'repo:acme/agent', keys: 'discovery' };
const redirect = ['https://agent.example/callback'];

function problemsOf(kind: DocumentKind, clients: object): string[] {
  const parsed = parsePolicy(JSON.stringify({ clients }), kind);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('how a client proves itself is said once', () => {
  const table: [name: string, kind: DocumentKind, client: object, told: RegExp][] = [
    ['keys and metadata', 'access', { jwks_uri: `${url}/jwks`, metadata: url }, /jwks_uri and metadata: .*keep one/],
    ['workload and metadata', 'resource', { workload, metadata: url }, /metadata and workload: .*keep one/],
    ['public with a workload', 'access', { workload, public: true }, /drop public or workload/],
    ['public with metadata', 'access', { metadata: url, public: true }, /drop public or metadata/],
    ['public without metadata at the RAS', 'resource', { public: true }, /public: only a client that is known by its/],
    [
      'redirect URIs beside metadata',
      'access',
      { metadata: url, redirect_uris: redirect },
      /redirect_uris: stands in the/,
    ],
    [
      'the same after sign-out',
      'access',
      { metadata: url, post_logout_redirect_uris: redirect },
      /post_logout_.*drop it/,
    ],
    [
      'a jwks_uri in clear',
      'resource',
      { jwks_uri: 'http://agent.example/jwks' },
      /jwks_uri: must be an absolute https/,
    ],
    [
      'legacy_audience with a secret',
      'access',
      { legacy_audience: true },
      /legacy_audience: .*goes with jwks or jwks_uri/,
    ],
    [
      'legacy_audience with metadata',
      'resource',
      { metadata: url, legacy_audience: true },
      /legacy_audience: .*drop it/,
    ],
    ['legacy_audience as text', 'resource', { legacy_audience: 'yes' }, /legacy_audience: must be true or false/],
    ['distributed as text', 'access', { distributed: 'yes' }, /distributed: must be true or false/],
  ];
  for (const [name, kind, client, told] of table) {
    test(`${name}: refused`, () => {
      const problems = problemsOf(kind, { agent: client });
      assert.equal(problems.length, 1, problems.join('\n'));
      assert.match(problems[0] ?? '', told);
    });
  }

  for (const kind of ['access', 'resource'] as const) {
    test(`one metadata document is one client, in the ${kind} document`, () => {
      const problems = problemsOf(kind, { one: { metadata: url }, two: { metadata: url } });
      assert.deepEqual(problems, [
        'clients.two.metadata: client one has this metadata document already; it is one client',
      ]);
    });
  }
});

describe('what becomes of it', () => {
  const access = (client: object) => {
    const parsed = parsePolicy(JSON.stringify({ clients: { agent: client } }), 'access');
    assert.ok(parsed.ok, JSON.stringify(parsed));
    return compileAccess(parsed.document, { version: 1, localRas: undefined });
  };

  test('a client with metadata is called by its URL, and by nothing else', () => {
    const { clients, clientsByClientId } = access({ metadata: url });
    assert.deepEqual([...clients.keys()], ['agent']);
    assert.deepEqual([...clientsByClientId.keys()], [url]);
  });

  test('whether it has credentials stands in its document: until then it may be public, and exchange is open', () => {
    const client = access({ metadata: url }).clients.get('agent');
    assert.deepEqual([client?.public, client?.exchange, client?.distributed], [true, undefined, false]);
    assert.equal(access({ metadata: url, exchange: false }).clients.get('agent')?.exchange, false);
    assert.equal(access({ public: true }).clients.get('agent')?.exchange, false);
    assert.equal(access({}).clients.get('agent')?.exchange, true);
  });

  test('a workload token is good once, for us, with every algorithm there is, unless the entry says otherwise', () => {
    const compiled = access({ workload }).clients.get('agent')?.workload;
    assert.deepEqual([compiled?.audience, compiled?.reuse], [undefined, false]);
    assert.ok(compiled?.algorithms.includes('ES256'));
  });

  test('at the RAS too', () => {
    const parsed = parsePolicy(JSON.stringify({ clients: { agent: { metadata: url, public: true } } }), 'resource');
    assert.ok(parsed.ok);
    const index = compileResource(parsed.document, { version: 1, issuer: 'https://r.example', localIdp: undefined });
    assert.equal(index.clientsByClientId.get(url)?.public, true);
    assert.equal(index.clientsByClientId.get('agent'), undefined);
  });
});
