import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { encodeBase64url, type JsonObject, type Jwk, mintJws, type Refusal } from '../protocol/index.ts';
import { type GuardOptions, guard, metadataPath, resourceMetadata } from './guard.ts';
import { requireScope } from './require-scope.ts';

const issuer = 'https://mcp.acme.example';
const resource = `${issuer}/tracker/mcp`;
const metadata = `resource_metadata="${issuer}/.well-known/oauth-protected-resource/tracker/mcp"`;
const now = 1_800_000_000;

const signing = newKey('k1');
const foreign = newKey('k1');
const device = newKey('');

function newKey(kid: string) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid && { kid }) } as unknown as Jwk };
}

const toSignature = (key: KeyObject) => (text: string) =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });

const claims = {
  iss: issuer,
  sub: 'a_1',
  aud: resource,
  client_id: 'claude-code',
  jti: 't1',
  iat: now,
  exp: now + 600,
  scope: 'issues:read issues:write',
};
const header = { typ: 'at+jwt', alg: 'ES256', kid: 'k1' };

const mint = (change: JsonObject = {}, headerChange: JsonObject = {}, key = signing.privateKey) =>
  mintJws({ ...header, ...headerChange }, { ...claims, ...change }, toSignature(key));

const thumbprint = createHash('sha256')
  .update(JSON.stringify({ crv: device.jwk.crv, kty: device.jwk.kty, x: device.jwk.x, y: device.jwk.y }))
  .digest('base64url');

let proofs = 0;
function mintProof(token: string, change: JsonObject = {}): Promise<string> {
  const proof = {
    htm: 'POST',
    htu: resource,
    iat: now,
    jti: `p${++proofs}`,
    ath: createHash('sha256').update(token).digest('base64url'),
    ...change,
  };
  const { crv, kty, x, y } = device.jwk;
  return mintJws({ typ: 'dpop+jwt', alg: 'ES256', jwk: { crv, kty, x, y } }, proof, toSignature(device.privateKey));
}

function world(change: Partial<GuardOptions> = {}) {
  const told: Refusal[] = [];
  const check = guard({
    resource,
    issuer,
    keys: [signing.jwk],
    scopes: ['issues:read'],
    now: () => now,
    onRefusal: (refusal) => {
      told.push(refusal);
      return undefined;
    },
    ...change,
  });
  const outcomeOf = async (authorization: string | undefined, url = resource, more: Record<string, string> = {}) => {
    const headers = { ...(authorization !== undefined && { authorization }), ...more };
    const caller = await check(new Request(url, { method: 'POST', headers }));
    return caller instanceof Response ? (told.pop() ?? 'not told') : 'accepted';
  };
  return { check, outcomeOf, told };
}

describe('MCS-02, RFC 6750 §2: the token is in the Authorization header, once, and nowhere else (B76)', () => {
  const table: [
    name: string,
    toHeader: (token: string) => string | undefined,
    query: (t: string) => string,
    outcome: string,
  ][] = [
    ['in the header', (token) => `Bearer ${token}`, () => '', 'accepted'],
    ['scheme in another case', (token) => `bEARER ${token}`, () => '', 'accepted'],
    ['nothing', () => undefined, () => '', 'token_missing'],
    ['in the query', () => undefined, (token) => `?access_token=${token}`, 'token_misplaced'],
    ['in header and query', (token) => `Bearer ${token}`, (token) => `?access_token=${token}`, 'token_misplaced'],
    ['in an escaped query', (token) => `Bearer ${token}`, (token) => `?a=b&access%5Ftoken=${token}`, 'token_misplaced'],
    ['twice', (token) => `Bearer ${token}, Bearer ${token}`, () => '', 'token_misplaced'],
    ['by Basic', (token) => `Basic ${token}`, () => '', 'token_misplaced'],
    ['an empty one', () => 'Bearer ', () => '', 'token_misplaced'],
  ];
  for (const [name, toHeader, query, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const token = await mint();
      assert.equal(await world().outcomeOf(toHeader(token), resource + query(token)), outcome);
    });
  }
});

describe('MCS-04, MCS-05: only an access token of this issuer for this server (B77, B78)', () => {
  const table: [name: string, token: () => Promise<string>, outcome: string][] = [
    ['as issued', () => mint(), 'accepted'],
    ['an ID-JAG', () => mint({}, { typ: 'oauth-id-jag+jwt' }), 'token_wrong_type'],
    ['an ID Token', () => mint({}, { typ: 'JWT' }), 'token_wrong_type'],
    ['for another server', () => mint({ aud: `${issuer}/files/mcp` }), 'token_wrong_audience'],
    ['for the RAS itself', () => mint({ aud: issuer }), 'token_wrong_audience'],
    ['expired', () => mint({ exp: now }), 'token_expired'],
    ['of another issuer', () => mint({ iss: 'https://id.acme.example' }), 'token_wrong_issuer'],
    ['signed by somebody else under our kid', () => mint({}, {}, foreign.privateKey), 'token_bad_signature'],
    ['an unknown kid', () => mint({}, { kid: 'k2' }), 'token_key_unknown'],
    ['alg of another kind of key', () => mint({}, { alg: 'RS256' }), 'token_key_unknown'],
    ['alg none', async () => (await mint({}, { alg: 'none' })).replace(/[^.]+$/, 'AA'), 'token_key_unknown'],
    ['a secret as the key', () => mint({}, { alg: 'HS256' }), 'token_key_unknown'],
    [
      'a key inside the token',
      () => mint({}, { kid: undefined, jwk: foreign.jwk }, foreign.privateKey),
      'token_bad_signature',
    ],
    ['not a JWS', async () => 'opaque-token', 'token_malformed'],
    ['a byte of the payload changed', async () => (await mint()).replace(/\.(.{20})./, '.$1x'), 'token_malformed'],
    ['a second spelling of the signature', async () => `${await mint()}=`, 'token_malformed'],
  ];
  for (const [name, toToken, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const { outcomeOf } = world();
      const token = await toToken();
      const first = await outcomeOf(`Bearer ${token}`);
      if (outcome === 'token_malformed') assert.match(first, /token_malformed|token_bad_signature/);
      else assert.equal(first, outcome);
      assert.equal(await outcomeOf(`Bearer ${token}`), first, 'the same at second sight');
    });
  }

  test('the caller is who the token says', async () => {
    const caller = await world().check(new Request(resource, { headers: { authorization: `Bearer ${await mint()}` } }));
    assert.ok(!(caller instanceof Response));
    assert.deepEqual(
      [caller.issuer, caller.subject, caller.clientId, caller.id, caller.scopes],
      [issuer, 'a_1', 'claude-code', 't1', ['issues:read', 'issues:write']],
    );
  });
});

describe('T14: what is remembered is one thing, that a signature was good under a key', () => {
  const bearer = async () => `Bearer ${await mint()}`;

  test('one signature check for many requests', async () => {
    let checks = 0;
    const { outcomeOf } = world({ verifySignature: () => Boolean(++checks) });
    const shown = await bearer();
    for (let n = 0; n < 5; n++) assert.equal(await outcomeOf(shown), 'accepted');
    assert.equal(checks, 1);
  });
  test('expiry is judged each time', async () => {
    let time = now;
    const { outcomeOf } = world({ now: () => time });
    const shown = await bearer();
    assert.equal(await outcomeOf(shown), 'accepted');
    time = now + 600;
    assert.equal(await outcomeOf(shown), 'token_expired');
  });
  test('revocation is asked each time', async () => {
    let isRevoked = false;
    const { outcomeOf } = world({ isRevoked: async () => isRevoked });
    const shown = await bearer();
    assert.equal(await outcomeOf(shown), 'accepted');
    isRevoked = true;
    assert.equal(await outcomeOf(shown), 'token_revoked');
  });
  test('B40: forgotten with the key', async () => {
    let keys: Jwk[] = [signing.jwk];
    const { outcomeOf } = world({ keys: async () => keys });
    const shown = await bearer();
    assert.equal(await outcomeOf(shown), 'accepted');
    keys = [foreign.jwk];
    assert.equal(await outcomeOf(shown), 'token_bad_signature');
    keys = [];
    assert.equal(await outcomeOf(shown), 'token_key_unknown');
  });
  test('a changed token is another token', async () => {
    const { outcomeOf } = world();
    const token = await mint();
    assert.equal(await outcomeOf(`Bearer ${token}`), 'accepted');
    const [head, , tail] = token.split('.');
    const wider = encodeBase64url(JSON.stringify({ ...claims, scope: 'all' }));
    assert.equal(await outcomeOf(`Bearer ${head}.${wider}.${tail}`), 'token_bad_signature');
  });
});

describe('MCS-11, RFC 9449 §7: a token bound to a key (B79)', () => {
  const bound = () => mint({ cnf: { jkt: thumbprint } });
  const table: [name: string, scheme: string, change: JsonObject | undefined, outcome: string][] = [
    ['with its proof', 'DPoP', {}, 'accepted'],
    ['as Bearer', 'Bearer', {}, 'token_wrong_scheme'],
    ['without a proof', 'DPoP', undefined, 'token_proof_missing'],
    ['with a proof for another token', 'DPoP', { ath: 'x' }, 'token_proof_invalid'],
    ['with a proof for another path', 'DPoP', { htu: `${issuer}/files/mcp` }, 'token_proof_invalid'],
    ['with a proof for another method', 'DPoP', { htm: 'GET' }, 'token_proof_invalid'],
    ['with an old proof', 'DPoP', { iat: now - 61 }, 'token_proof_invalid'],
  ];
  for (const [name, scheme, change, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      const token = await bound();
      const more = change ? { dpop: await mintProof(token, change) } : undefined;
      assert.equal(await world().outcomeOf(`${scheme} ${token}`, resource, more), outcome);
    });
  }
  test('a proof is good once', async () => {
    const { outcomeOf } = world();
    const token = await bound();
    const dpop = await mintProof(token);
    assert.equal(await outcomeOf(`DPoP ${token}`, resource, { dpop }), 'accepted');
    assert.equal(await outcomeOf(`DPoP ${token}`, resource, { dpop }), 'token_proof_invalid');
  });
  test('an unbound token as DPoP', async () => {
    const token = await mint();
    assert.equal(
      await world().outcomeOf(`DPoP ${token}`, resource, { dpop: await mintProof(token) }),
      'token_wrong_scheme',
    );
  });
});

describe('MCS-03, MCS-08: the challenge', () => {
  const challengeOf = async (authorization?: string) => {
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const response = await world().check(new Request(resource, { headers }));
    assert.ok(response instanceof Response);
    return response;
  };
  test('no token: where to get one, no error code', async () => {
    const response = await challengeOf();
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('www-authenticate'), `Bearer ${metadata}, scope="issues:read"`);
  });
  test('a bad token: invalid_token', async () => {
    const response = await challengeOf('Bearer x');
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer error="invalid_token", ${metadata}, scope="issues:read"`,
    );
  });
  test('nothing of a token comes back', async () => {
    const token = await mint({ exp: now });
    const response = await challengeOf(`Bearer ${token}`);
    const text = (await response.text()) + JSON.stringify([...response.headers]);
    for (const part of token.split('.')) assert.ok(!text.includes(part));
  });
  test('a scope that is missing: 403 with what the token has and what it takes', async () => {
    const caller = await world().check(new Request(resource, { headers: { authorization: `Bearer ${await mint()}` } }));
    assert.ok(!(caller instanceof Response));
    assert.equal(requireScope(caller, 'issues:read'), undefined);
    const response = requireScope(caller, 'issues:admin');
    assert.equal(response?.status, 403);
    assert.equal(
      response?.headers.get('www-authenticate'),
      `Bearer error="insufficient_scope", ${metadata}, scope="issues:read issues:write issues:admin"`,
    );
  });
});

describe('MCS-01: the metadata', () => {
  test('document and path', () => {
    assert.deepEqual(resourceMetadata({ resource, issuer, scopes: ['issues:read'], name: 'Tracker' }), {
      resource,
      authorization_servers: [issuer],
      scopes_supported: ['issues:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'Tracker',
    });
    assert.equal(metadataPath(resource), '/.well-known/oauth-protected-resource/tracker/mcp');
  });
});

describe('keys by discovery, as an own server uses them', () => {
  let server: Server;
  let origin: string;
  let answer: (path: string) => { status?: number; location?: string; body: unknown };
  before(async () => {
    server = createServer((incoming, outgoing) => {
      const { status = 200, location, body } = answer(incoming.url ?? '');
      outgoing.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) });
      outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const good = (path: string) =>
    path === '/jwks' ? { body: { keys: [signing.jwk] } } : { body: { issuer: origin, jwks_uri: `${origin}/jwks` } };
  const table: [name: string, answer: (path: string) => ReturnType<typeof good>, outcome: string][] = [
    ['metadata and keys', good, 'accepted'],
    ['metadata of another issuer', () => ({ body: { issuer, jwks_uri: `${origin}/jwks` } }), 'issuer_keys_unavailable'],
    [
      'keys behind a redirect',
      (path) => (path === '/jwks' ? { status: 302, location: '/other', body: {} } : good(path)),
      'issuer_keys_unavailable',
    ],
    [
      'keys in clear text elsewhere',
      () => ({ body: { issuer: origin, jwks_uri: 'http://keys.example/jwks' } }),
      'issuer_keys_unavailable',
    ],
    [
      'keys without end',
      (path) => (path === '/jwks' ? { body: ' '.repeat(300 * 1024) } : good(path)),
      'issuer_keys_unavailable',
    ],
    ['nothing', () => ({ status: 500, body: {} }), 'issuer_keys_unavailable'],
  ] as [string, typeof good, string][];
  for (const [name, how, outcome] of table) {
    test(`${name}: ${outcome}`, async () => {
      answer = how;
      const own = `${origin}/tracker/mcp`;
      const { outcomeOf } = world({ issuer: origin, resource: own, keys: 'discovery' });
      assert.equal(await outcomeOf(`Bearer ${await mint({ iss: origin, aud: own })}`, own), outcome);
    });
  }
});
