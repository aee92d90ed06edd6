import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeBase64url, type Jwk, signatureAlgorithms } from '../protocol/index.ts';
import {
  claims,
  foreign,
  issuer,
  metadata,
  mint,
  mintProof,
  now,
  resource,
  signing,
  thumbprint,
  world,
} from './fixtures/world.ts';
import { type GuardedConnection, type GuardOptions, metadataPath, resourceMetadata } from './guard.ts';
import { requireScope } from './require-scope.ts';

describe('MCS-02, RFC 6750 §2: the token is in the Authorization header, once, and nowhere else (B76)', () => {
  const table: [
    name: string,
    toHeader: (token: string) => string | undefined,
    query: (t: string) => string,
    outcome: string,
  ][] = [
    ['in the header', (token) => `Bearer ${token}`, () => '', 'accepted'],
    ['scheme in another case', (token) => `bEARER ${token}`, () => '', 'accepted'],
    ['beside a query of another kind', (token) => `Bearer ${token}`, () => '?a=b', 'accepted'],
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

test('MCS-02: in a query without a path either', async () => {
  const { check, told } = world();
  const headers = new Headers({ authorization: `Bearer ${await mint()}` });
  const answer = await check({ method: 'POST', url: '?access_token=x', headers });
  assert.ok(answer instanceof Response);
  assert.deepEqual(told, ['token_misplaced']);
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
  test('of ten thousand tokens, the oldest is forgotten first', async () => {
    let checks = 0;
    const { outcomeOf } = world({ verifySignature: () => Boolean(++checks) });
    const shown = new Map<string, string>();
    const show = async (jti: string) => {
      const before = checks;
      const token = shown.get(jti) ?? (await mint({ jti }));
      shown.set(jti, token);
      assert.equal(await outcomeOf(`Bearer ${token}`), 'accepted');
      return checks - before;
    };
    assert.deepEqual([await show('0'), await show('1'), await show('0')], [1, 1, 0]);
    for (let at = 2; at < 10_000; at += 1) await show(`${at}`);
    assert.deepEqual([await show('0'), await show('10000'), await show('1'), await show('0')], [0, 1, 0, 1]);
  });
  test('a token that is over is forgotten when the next one comes', async () => {
    let [checks, time] = [0, now];
    const { outcomeOf } = world({ now: () => time, verifySignature: () => Boolean(++checks) });
    const [first, second] = [await bearer(), `Bearer ${await mint({ exp: now + 601 })}`];
    const third = `Bearer ${await mint({ jti: 't3', exp: now + 1200 })}`;
    for (const shown of [first, second]) assert.equal(await outcomeOf(shown), 'accepted');
    time = now + 600;
    assert.equal(await outcomeOf(third), 'accepted');
    time = now;
    assert.equal(checks, 3);
    assert.equal(await outcomeOf(second), 'accepted');
    assert.equal(checks, 3, 'one that is good is remembered');
    assert.equal(await outcomeOf(first), 'accepted');
    assert.equal(checks, 4);
  });
  test('who is cut off is asked each time, whether that is known at once or not; what is not known is not let in', async () => {
    for (const later of [false, true]) {
      let standing: 'holds' | 'revoked' | 'unknown' = 'holds';
      const standingOf = () => (later ? Promise.resolve(standing) : standing);
      const { outcomeOf, check } = world({ revocations: { standingOf } });
      const shown = await bearer();
      assert.equal(await outcomeOf(shown), 'accepted');
      standing = 'revoked';
      assert.equal(await outcomeOf(shown), 'token_revoked');
      standing = 'unknown';
      assert.equal(await outcomeOf(shown), 'revocations_unknown');
      const answer = await check(new Request(resource, { headers: { authorization: shown } }));
      assert.ok(answer instanceof Response);
      const told = ['retry-after', 'www-authenticate'].map((name) => answer.headers.get(name));
      assert.deepEqual([answer.status, ...told], [503, '1', null]);
    }
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
  test('seen again, a token costs little: 5 us is the budget, the bound here is for slow machines', async () => {
    const { check } = world();
    const request = new Request(resource, { headers: { authorization: await bearer() } });
    for (let n = 0; n < 2000; n++) await check(request);
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 5; round++) {
      const startedAt = performance.now();
      for (let n = 0; n < 1000; n++) await check(request);
      best = Math.min(best, performance.now() - startedAt); // ms for 1000 checks: us for one
    }
    assert.ok(best < 50, `${best} us`);
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
  test('where there are no basic scopes, none are named', async () => {
    const response = await world({ scopes: [] }).check(new Request(resource));
    assert.ok(response instanceof Response);
    assert.equal(response.headers.get('www-authenticate'), `Bearer ${metadata}`);
    assert.equal(response.headers.get('retry-after'), null);
  });
  test('says what the embedder says of it: a reference, and where its person reads why', async () => {
    const page = 'https://id.acme.example/refused/d_1';
    const table: [
      said: string | { reference: string; page: string | undefined } | undefined,
      description: RegExp,
      uri?: string,
    ][] = [
      [undefined, /^[^:]+\.$/],
      ['d_1', / Reference: d_1$/],
      [{ reference: 'd_1', page: undefined }, /^[^:]+\. Reference: d_1$/],
      [{ reference: 'd_1', page }, / See why, and what to do: .*d_1 Reference: d_1$/, page],
      // RFC 6750 §3: nothing that could end the quotes, or that a header cannot carry.
      ...['https://a.example/"', 'https://a.example/\n', 'https://a.example/é', 'https://a.example/\\', ''].map(
        (odd): [{ reference: string; page: string }, RegExp] => [
          { reference: 'd_1', page: odd },
          /^[^:]+\. Reference: d_1$/,
        ],
      ),
    ];
    for (const [said, description, uri] of table) {
      const headers = { authorization: 'Bearer x' };
      const response = await world({ onRefusal: () => said }).check(new Request(resource, { headers }));
      assert.ok(response instanceof Response);
      const body = (await response.json()) as Record<string, string>;
      assert.match(body.error_description ?? '', description);
      assert.equal(body.error_uri, uri);
      const told = /error_uri="([^"]*)"/.exec(response.headers.get('www-authenticate') ?? '');
      assert.equal(told?.[1], uri);
    }
  });
  test('a bad token: invalid_token', async () => {
    const response = await challengeOf('Bearer x');
    assert.equal(response.status, 401);
    assert.equal(
      response.headers.get('www-authenticate'),
      `Bearer error="invalid_token", ${metadata}, scope="issues:read"`,
    );
  });
  test('RFC 6750 §3: another scheme, or none of its token: 400, and where to get one', async () => {
    for (const authorization of ['Basic eDp5', 'Bearer ']) {
      const response = await challengeOf(authorization);
      const told = response.headers.get('www-authenticate');
      assert.deepEqual(
        [response.status, told],
        [400, `Bearer error="invalid_request", ${metadata}, scope="issues:read"`],
      );
    }
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

describe('MCS-12, RFC 8705 §3: a token bound to a certificate', () => {
  const thumbprint = 'c'.repeat(43);
  const bound = () => mint({ cnf: { 'x5t#S256': thumbprint } });
  const outcomeOf = async (token: string, connection?: GuardedConnection) => {
    const { check, told } = world();
    const caller = await check(new Request(resource, { headers: { authorization: `Bearer ${token}` } }), connection);
    return caller instanceof Response ? told.pop() : 'accepted';
  };
  const table: [name: string, connection: GuardedConnection | undefined, outcome: string][] = [
    ['over a connection with that one', { certificateThumbprint: () => thumbprint }, 'accepted'],
    ['with another one', { certificateThumbprint: () => 'd'.repeat(43) }, 'token_other_certificate'],
    ['with none', { certificateThumbprint: () => undefined }, 'token_other_certificate'],
    ['to a server that knows nothing of certificates', undefined, 'token_other_certificate'],
  ];
  for (const [name, connection, outcome] of table) {
    test(`${name}: ${outcome}`, async () => assert.equal(await outcomeOf(await bound(), connection), outcome));
  }
  test('an unbound token is nobody’s in particular, and the certificate is not looked at', async () => {
    const certificateThumbprint = () => assert.fail('looked at');
    assert.equal(await outcomeOf(await mint(), { certificateThumbprint }), 'accepted');
  });
  test('it is a Bearer token, and the challenge says so', async () => {
    const { check } = world();
    const headers = { authorization: `Bearer ${await bound()}` };
    const response = await check(new Request(resource, { headers }));
    assert.ok(response instanceof Response);
    assert.equal(response.status, 401);
    assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer error="invalid_token"/);
  });
  test('the metadata says that such tokens are taken, where they are', () => {
    const { tls_client_certificate_bound_access_tokens } = resourceMetadata({ resource, issuer, certificates: true });
    assert.equal(tls_client_certificate_bound_access_tokens, true);
  });
});

describe('RAS-30, RFC 9728 §2: a server that takes bound tokens only', () => {
  const certificateThumbprint = () => 'c'.repeat(43);
  const ask = async (shown: string | undefined, change: Partial<GuardOptions> = {}) => {
    const { check, told } = world({ requireBoundTokens: true, ...change });
    const headers: Record<string, string> = shown === undefined ? {} : { authorization: shown };
    const caller = await check(new Request(resource, { method: 'POST', headers }), { certificateThumbprint });
    if (!(caller instanceof Response)) return ['accepted'];
    return [told.pop(), caller.status, caller.headers.get('www-authenticate')?.split(' ')[0]];
  };
  const unbound: [name: string, scheme: string, certificates: boolean, challenge: string][] = [
    ['as Bearer', 'Bearer', false, 'DPoP'],
    ['as DPoP', 'DPoP', false, 'DPoP'],
    ['as Bearer, where certificates are looked for', 'Bearer', true, 'Bearer'],
  ];
  for (const [name, scheme, certificates, challenge] of unbound) {
    test(`an unbound one ${name}: token_not_bound`, async () => {
      const answer = await ask(`${scheme} ${await mint()}`, { certificates });
      assert.deepEqual(answer, ['token_not_bound', 401, challenge]);
    });
  }
  test('one bound to a certificate, or to a key with its proof: accepted', async () => {
    const shown = `Bearer ${await mint({ cnf: { 'x5t#S256': certificateThumbprint() } })}`;
    assert.deepEqual(await ask(shown, { certificates: true }), ['accepted']);
    const token = await mint({ cnf: { jkt: thumbprint } });
    const { outcomeOf } = world({ requireBoundTokens: true });
    assert.equal(await outcomeOf(`DPoP ${token}`, resource, { dpop: await mintProof(token) }), 'accepted');
  });
  test('RFC 9449 §7.1: who comes with nothing is told the scheme that leads in', async () => {
    assert.deepEqual(await ask(undefined), ['token_missing', 401, 'DPoP']);
    assert.deepEqual(await ask(undefined, { certificates: true }), ['token_missing', 401, 'Bearer']);
  });
  test('the metadata says that it has to be a key where it has to, and which algorithms', () => {
    const said = (certificates: boolean) => {
      const { dpop_bound_access_tokens_required, dpop_signing_alg_values_supported } = resourceMetadata({
        resource,
        issuer,
        certificates,
        requireBoundTokens: true,
      });
      return [dpop_bound_access_tokens_required, dpop_signing_alg_values_supported];
    };
    assert.deepEqual(said(false), [true, signatureAlgorithms]);
    assert.deepEqual(said(true), [undefined, signatureAlgorithms]);
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
