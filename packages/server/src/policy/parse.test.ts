import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkPolicyText } from './check-text.ts';
import { type DocumentKind, kindOfPolicy, parsePolicy } from './parse.ts';

const access = `servers:
  tracker: { resource: https://mcp.acme.example/tracker/mcp, ras: https://mcp.acme.example, scopes: { read: {}, write: {} } }
  files: { local: files, scopes: { files:read: {} } }
clients:
  claude-code: { client_ids: { https://mcp.acme.example: claude-code, local: cc } }
  vscode: { client_ids: { https://mcp.acme.example: vscode } }
rules:
  - { id: eng, allow: [read], on: tracker, to: [group:engineering], through: [claude-code] }
  - { id: fresh, require: { max_age: 3600 }, for: [write], on: tracker }
`;
const resource = `servers:
  tracker: { upstream: { stdio: [npx, tracker-mcp] }, scopes: { read: {}, write: { risk: high } }, tools: { "get_*": read } }
clients:
  claude-code: {}
trust:
  https://id.acme.example: { keys: discovery, accounts: create, clients: [claude-code] }
`;

/** Puts one text in place of another, and says what is found: `line:column path: message`. */
function problemsAfter(kind: DocumentKind, from: string, to: string): string[] {
  const text = kind === 'access' ? access : resource;
  assert.ok(text.includes(from), `the document does not hold ${from}`);
  const parsed = parsePolicy(text.replace(from, to), kind);
  return parsed.ok
    ? []
    : parsed.problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

test('both documents are clean as they stand', () => {
  assert.deepEqual(problemsAfter('access', 'eng', 'eng'), []);
  assert.deepEqual(problemsAfter('resource', 'npx', 'npx'), []);
});

describe('one mistake in a document is told with its line, column, path and what is allowed', () => {
  const table: [name: string, kind: DocumentKind, from: string, to: string, told: RegExp][] = [
    [
      'an unknown key',
      'access',
      'through:',
      'thru:',
      /^8:69 rules\[0\]\.thru: not known here; allowed: id, allow, deny/,
    ],
    [
      'an unknown section',
      'access',
      'rules:',
      'rulez:',
      /^7:1 rulez: not known here; allowed: servers, clients, audiences, networks, rules/,
    ],
    [
      'an unknown server',
      'access',
      'on: tracker,',
      'on: trackr,',
      /^8:35 rules\[0\]\.on: there is no server trackr .*tracker, files/,
    ],
    [
      'an unknown scope',
      'access',
      '[read]',
      '[reed]',
      /^8:24 rules\[0\]\.allow\[0\]: tracker has no scope reed; known: read, write/,
    ],
    [
      'an unknown scope of a require',
      'access',
      'for: [write]',
      'for: [wrote]',
      /rules\[1\]\.for\[0\]: tracker has no scope/,
    ],
    [
      'an unknown client',
      'access',
      'through: [claude-code]',
      'through: [claude]',
      /through\[0\]: there is no client claude /,
    ],
    [
      'a word that is no subject',
      'access',
      'group:engineering',
      'groups:engineering',
      /to\[0\]: must be everyone, group:ID/,
    ],
    ['a group with a space', 'access', 'group:engineering', '"group:all of us"', /to\[0\]: must be everyone/],
    [
      'a duplicate rule id',
      'access',
      'id: fresh',
      'id: eng',
      /^9:11 rules\[1\]\.id: rules\[0\] has the id eng already/,
    ],
    [
      'allow and deny at once',
      'access',
      'allow: [read]',
      'allow: [read], deny: all',
      /exactly one of allow, deny and require/,
    ],
    ['nobody named', 'access', ' to: [group:engineering],', '', /^8:5 rules\[0\]: must say to whom/],
    [
      'a require that requires nothing',
      'access',
      '{ max_age: 3600 }',
      '{}',
      /rules\[1\]\.require: must name acr, amr or max_age/,
    ],
    [
      'two clients with one id at a RAS (IDP-25)',
      'access',
      'example: vscode',
      'example: claude-code',
      /client claude-code has the id claude-code at https:.*IDP-25/,
    ],
    [
      'two entries for one resource',
      'access',
      'local: files',
      'resource: https://mcp.acme.example/tracker/mcp, ras: https://mcp.acme.example',
      /^3:3 servers\.files: is the same resource as servers\.tracker/,
    ],
    [
      'local and remote at once',
      'access',
      'local: files',
      'local: files, ras: https://mcp.acme.example',
      /^3:3 servers\.files: needs either resource and ras, or local/,
    ],
    [
      'a RAS with a trailing slash',
      'access',
      'ras: https://mcp.acme.example',
      'ras: https://mcp.acme.example/',
      /^2:67 servers\.tracker\.ras: must be https/,
    ],
    [
      'a RAS over http',
      'access',
      'ras: https',
      'ras: http',
      /servers\.tracker\.ras: must be https, or http on localhost/,
    ],
    [
      'a resource with a fragment',
      'access',
      '/tracker/mcp',
      '/tracker/mcp#x',
      /servers\.tracker\.resource: .*without fragment/,
    ],
    ['a server id with a slash', 'access', '  files:', '  a/b:', /^3:3 servers\["a\/b"\]: must be 1 to 64 letters/],
    [
      'a server without scopes',
      'access',
      '{ files:read: {} }',
      '{}',
      /servers\.files\.scopes: must name at least one scope/,
    ],
    ['a scope with a space', 'access', 'files:read: {}', '"files read": {}', /must be a scope token without spaces/],
    [
      'a default scope that is not there',
      'access',
      'local: files',
      'local: files, default_scopes: [x]',
      /default_scopes\[0\]: there is no scope x/,
    ],
    [
      'a secret in a key set (KEY-01)',
      'access',
      '  vscode: {',
      '  vscode: { jwks: { keys: [{ kty: OKP, crv: Ed25519, x: YQ, d: YQ }] },',
      /keys\[0\]: holds private parts \(d\)/,
    ],
    [
      'a symmetric key',
      'access',
      '  vscode: {',
      '  vscode: { jwks: { keys: [{ kty: oct, k: YQ }] },',
      /keys\[0\]: holds private parts \(k\)/,
    ],
    [
      'a public client with keys',
      'access',
      '  vscode: {',
      '  vscode: { public: true, jwks: { keys: [{ kty: OKP, crv: Ed25519, x: YQ }] },',
      /jwks: a public client has no keys/,
    ],
    [
      'a public client with a certificate',
      'access',
      '  vscode: {',
      '  vscode: { public: true, tls: { san_dns: a.example },',
      /drop public or tls: a public client has no credentials/,
    ],
    [
      'a client with keys and a certificate',
      'access',
      '  vscode: {',
      '  vscode: { tls: { san_dns: a.example }, jwks: { keys: [{ kty: OKP, crv: Ed25519, x: YQ }] },',
      /clients\.vscode: has jwks and tls: a client proves itself in one way/,
    ],
    [
      'the same at the RAS',
      'resource',
      'claude-code: {}',
      'claude-code: { tls: { san_dns: a.example }, jwks: { keys: [{ kty: OKP, crv: Ed25519, x: YQ }] } }',
      /clients\.claude-code: has jwks and tls: a client proves itself in one way/,
    ],
    [
      'a certificate by two names',
      'resource',
      'claude-code: {}',
      'claude-code: { tls: { san_dns: a.example, san_ip: 192.0.2.1 } }',
      /clients\.claude-code\.tls: must have exactly one of subject_dn, san_dns/,
    ],
    [
      'a certificate by no name',
      'resource',
      'claude-code: {}',
      'claude-code: { tls: { bound: true } }',
      /tls: must have exactly one of/,
    ],
    ...(
      [
        ['subject_dn', 'agent', /must be a distinguished name/],
        ['subject_dn', '"/CN=agent"', /must be a distinguished name/],
        ['san_dns', '"*.example"', /without a wildcard/],
        ['san_uri', 'agent', /must be an absolute URI/],
        ['san_ip', '192.0.2.300', /must be an IPv4 or IPv6 address/],
        ['san_email', 'agent', /must be an e-mail address/],
        ['self_signed', '[abc]', /must be the SHA-256/],
        ['self_signed', '[]', /must name at least one certificate/],
        ['bound', 'yes please', /bound: must be true or false/],
      ] as const
    ).map(([key, value, told]): [string, DocumentKind, string, string, RegExp] => [
      `tls.${key} ${value}`,
      'resource',
      'claude-code: {}',
      `claude-code: { tls: { ${key}: ${value} } }`,
      told,
    ]),
    [
      'a redirect to a script',
      'access',
      '  vscode: {',
      '  vscode: { redirect_uris: ["javascript:alert(1)"],',
      /redirect_uris\[0\]: must be https, http on localhost/,
    ],
    [
      'a logout address in clear http',
      'access',
      '  vscode: {',
      '  vscode: { backchannel_logout_uri: "http://app.example/logout",',
      /backchannel_logout_uri: must be https, or http on localhost/,
    ],
    [
      'a tool with an unknown scope',
      'resource',
      '"get_*": read',
      '"get_*": reed',
      /^2:\d+ servers\.tracker\.tools\["get_\*"\]: there is no scope reed/,
    ],
    [
      'bound tokens, by another word',
      'resource',
      'scopes: { read',
      'require_bound_tokens: dpop, scopes: { read',
      /servers\.tracker\.require_bound_tokens: must be true or false/,
    ],
    ['a pattern with two stars', 'resource', '"get_*"', '"*_*"', /must be the name of a tool, with at most one \*/],
    [
      'two upstreams',
      'resource',
      'stdio: [npx, tracker-mcp]',
      'stdio: [npx], http: http://localhost/mcp',
      /upstream: must be either \{ http: URL \}/,
    ],
    [
      'an environment for an HTTP upstream',
      'resource',
      'stdio: [npx, tracker-mcp]',
      'http: http://localhost/mcp, env: { A: b }',
      /upstream: env can go with stdio only/,
    ],
    [
      'a password in an upstream',
      'resource',
      'stdio: [npx, tracker-mcp]',
      'http: http://u:p@localhost/mcp',
      /upstream\.http: .*without user name, password/,
    ],
    [
      'an unknown placeholder',
      'resource',
      'tracker-mcp]',
      '"{home}"]',
      /upstream\.stdio\[1\]: knows the placeholders \{person\}/,
    ],
    [
      'an issuer that is none',
      'resource',
      'https://id.acme.example:',
      'id.acme.example:',
      /trust\["id\.acme\.example"\]: must be local, or an https issuer/,
    ],
    [
      'an issuer with a query',
      'resource',
      'https://id.acme.example:',
      '"https://id.acme.example?a":',
      /must be local, or an https issuer/,
    ],
    [
      'an issuer for an unknown client',
      'resource',
      'clients: [claude-code]',
      'clients: [vscode]',
      /clients\[0\]: there is no client vscode .*known: claude-code/,
    ],
    [
      'an issuer for no client',
      'resource',
      'clients: [claude-code]',
      'clients: []',
      /clients: must name at least one client/,
    ],
    [
      'ID-JAGs to be used twice',
      'resource',
      'accounts: create',
      'accounts: create, replay: allow',
      /replay: must be refuse or until_expiry/,
    ],
  ];
  for (const [name, kind, from, to, told] of table) {
    test(name, () => {
      const problems = problemsAfter(kind, from, to);
      assert.ok(problems.length > 0, 'nothing was found');
      assert.ok(
        problems.some((problem) => told.test(problem)),
        problems.join('\n'),
      );
    });
  }
});

describe('a rule on several servers', () => {
  const problemsOf = (rule: string) => {
    const parsed = parsePolicy(
      `servers:
  one: { local: one, scopes: { read: {}, write: {} }, authorization_details: { view: { scope: read } } }
  two: { local: two, scopes: { look: {} }, authorization_details: { view: { scope: look } } }
rules:
  - { id: a, to: [everyone], ${rule} }
`,
      'access',
    );
    return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
  };
  const view = (scope: string) => `rules[0].details[0]: goes with the scope ${scope}, which this rule does not allow`;
  const unknown = (path: string) => `${path}: there is no server three in this document; known: one, two`;
  const table: [name: string, rule: string, told: string[]][] = [
    ['may name a scope of one of them', 'on: [one, two], allow: [read, look]', []],
    [
      'not one that none has',
      'on: [one, two], allow: [fly]',
      ['rules[0].allow[0]: one, two has no scope fly; known: read, write, look'],
    ],
    ['lets a type through with its scope on one of them', 'on: [one, two], allow: [look], details: [view]', []],
    ['lets a type through with all scopes', 'on: [one, two], allow: all, details: [view]', []],
    ['not a type without its scope on any', 'on: [one, two], allow: [write], details: [view]', [view('read or look')]],
    [
      'one of which is not there: only that is told',
      'on: [three, one], allow: [fly], details: [fly]',
      [unknown('rules[0].on[0]')],
    ],
    ['none of which is there', 'on: three, allow: [read], details: [view]', [unknown('rules[0].on')]],
  ];
  for (const [name, rule, told] of table) test(name, () => assert.deepEqual(problemsOf(rule), told));
});

test('what a first factor takes is one of two words', () => {
  const parsed = parsePolicy('sign_in: { first_factor: nothing }', 'access');
  assert.deepEqual(!parsed.ok && parsed.problems.map(({ path, message }) => `${path}: ${message}`), [
    "sign_in.first_factor: must be 'code' or 'password'",
  ]);
});

test('all mistakes are found at once, in the order of the lines', () => {
  const text = access
    .replace('[read]', '[reed]')
    .replace('local: files', 'lokal: files')
    .replace('example: vscode', 'example: claude-code')
    .replace('id: fresh', 'id: eng');
  const parsed = parsePolicy(text, 'access');
  const lines = parsed.ok ? [] : parsed.problems.map(({ line }) => line);
  assert.deepEqual([...new Set(lines)], [3, 6, 8, 9]);
});

describe('which document it is shows from its words, or from the name of the file', () => {
  const table: [name: string, text: string, fileName: string, kind: DocumentKind | undefined][] = [
    ['rules', 'rules: []', 'x.yaml', 'access'],
    ['trust', 'trust: {}', 'x.yaml', 'resource'],
    ['a server with an upstream', 'servers: { a: { upstream: {} } }', 'x.yaml', 'resource'],
    ['a server with a RAS', 'servers: { a: { ras: x } }', 'x.yaml', 'access'],
    ['words win over the name', 'trust: {}', 'access.yaml', 'resource'],
    ['the name of an empty file', '', 'resource.yaml', 'resource'],
    ['nothing to go by', '', 'x.yaml', undefined],
  ];
  for (const [name, text, fileName, kind] of table) {
    test(`${name}: ${kind}`, () => assert.equal(kindOfPolicy(text, fileName), kind));
  }

  test('when it does not show, that is the problem told', () => {
    const { kind, problems } = checkPolicyText('servers: {}', 'x.yaml');
    assert.equal(kind, undefined);
    assert.match(problems[0]?.message ?? '', /access or a resource document/);
  });
});
