import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  clientAssertionType,
  grantType,
  type Jwk,
  joseType,
  jwtDpopGrantType,
  mintJws,
  type Refusal,
} from '@credence/mcp/protocol';
import { ask, assertion, basic, redeem, signInAs, token } from '../packages/server/src/idp/sign-in/test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from '../packages/server/src/idp/sign-in/test-world.ts';
import { slowRsa } from '../packages/server/src/keys/fixtures/slow-rsa.ts';
import { generatePrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';

const callback = 'http://localhost:51234/callback';

describe('IDP-39: "codes single use", PKCE enforced at the token endpoint', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  after(() => world.close());

  async function newCode() {
    const asked = ask(world, 'claude-code', callback);
    const visit = await signInAs(new TestBrowser(world.issuer), asked);
    return { asked, code: String(visit.url.searchParams.get('code')) };
  }
  const expectRefusal = ({ status, body }: Awaited<ReturnType<typeof redeem>>, reason: Refusal) => {
    assert.deepEqual([status, body.error, world.notes.at(-1)?.reason], [400, 'invalid_grant', reason]);
    assert.ok(!('access_token' in body));
  };

  test('a code that nobody issued: code_not_accepted', async () => {
    expectRefusal(await redeem(world, ask(world, 'claude-code', callback), 'made-up'), 'code_not_accepted');
  });

  test('a code a second time: code_not_accepted', async () => {
    const { asked, code } = await newCode();
    assert.equal((await redeem(world, asked, code)).status, 200);
    expectRefusal(await redeem(world, asked, code), 'code_not_accepted');
  });

  for (const [seconds, outcome] of [
    [59, 200],
    [61, 400],
  ] as const) {
    test(`"<= 60 s": a code after ${seconds} s: ${outcome}`, async ({ mock }) => {
      mock.timers.enable({ apis: ['Date'], now: Date.now() });
      const { asked, code } = await newCode();
      mock.timers.tick(seconds * 1000);
      const answer = await redeem(world, asked, code);
      if (outcome === 200) assert.equal(answer.status, outcome);
      else expectRefusal(answer, 'code_not_accepted');
    });
  }

  for (const [name, more] of [
    ['another code_verifier', { code_verifier: 'v'.repeat(43) }],
    ['another redirect_uri', { redirect_uri: 'http://localhost:51235/callback' }],
  ] as const) {
    test(`${name}: code_not_accepted`, async () => {
      const { asked, code } = await newCode();
      expectRefusal(await redeem(world, asked, code, more), 'code_not_accepted');
    });
  }

  test('a refresh token that nobody issued: refresh_token_not_accepted', async () => {
    const fields = { grant_type: 'refresh_token', refresh_token: 'made-up', client_id: 'claude-code' };
    expectRefusal(await token(world, fields), 'refresh_token_not_accepted');
  });
});

describe('IDP-38, T27: "limit rate per user" holds for refresh tokens as well', () => {
  test('what one person may ask for is shared by both; what waits keeps its refresh token, and used ones are found out', async (t) => {
    const world = await openTestWorld();
    t.after(() => world.close());
    const asked = ask(world, 'claude-code', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const visit = await signInAs(new TestBrowser(world.issuer), asked);
    const first = await redeem(world, asked, String(visit.url.searchParams.get('code')));
    const refresh = (refresh_token: unknown) =>
      token(world, { grant_type: 'refresh_token', refresh_token: String(refresh_token), client_id: 'claude-code' });
    const second = await refresh(first.body.refresh_token);
    assert.equal(second.status, 200, JSON.stringify(second.body));

    world.isTooFast = true;
    const waiting = await refresh(second.body.refresh_token);
    assert.deepEqual([waiting.status, waiting.body.error], [503, 'temporarily_unavailable']);
    assert.equal(waiting.headers.get('retry-after'), '1');
    const { reason, facts } = world.notes.at(-1) ?? {};
    assert.deepEqual([reason, facts?.person], ['person_too_fast', world.paced.at(-1)]);
    assert.equal(world.paced.length, 2, 'a code has its own limits');

    world.isTooFast = false;
    const third = await refresh(second.body.refresh_token);
    assert.equal(third.status, 200, JSON.stringify(third.body));
    world.isTooFast = true;
    assert.equal((await refresh(second.body.refresh_token)).status, 400, 'used before, however fast');
    world.isTooFast = false;
    assert.equal((await refresh(third.body.refresh_token)).status, 400, 'and so all of its family is worth nothing');
  });
});

describe('IDP-05, B31, IDP-34: the token endpoint as programs meet it, with the sign-in behind the token exchange', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  after(() => world.close());

  const table: [name: string, fields: Record<string, string>, error: string, reason: Refusal][] = [
    ['IDP-05 no grant_type', {}, 'invalid_request', 'token_request_refused'],
    ['IDP-05 an empty one', { grant_type: '' }, 'invalid_request', 'token_request_refused'],
    ['B31 jwt-bearer', { grant_type: grantType.jwtBearer }, 'unsupported_grant_type', 'unknown_grant_type'],
    [
      'IDP-05 the URN of another token exchange',
      { grant_type: `${grantType.tokenExchange}2` },
      'unsupported_grant_type',
      'unknown_grant_type',
    ],
    ['a password', { grant_type: 'password' }, 'unsupported_grant_type', 'unknown_grant_type'],
    ['a client for itself', { grant_type: 'client_credentials' }, 'unsupported_grant_type', 'unknown_grant_type'],
  ];
  for (const [name, fields, error, reason] of table) {
    test(`${name}: ${error}`, async () => {
      const { status, body } = await token(world, fields, basic('portal', world.secret));
      assert.deepEqual([status, body.error, world.notes.at(-1)?.reason], [400, error, reason]);
      assert.ok(!('access_token' in body));
    });
  }

  test('its own ID-JAG is worth nothing here, by no name of the grant', async () => {
    const [key] = world.idTokenKeys;
    assert.ok(key);
    const now = Math.floor(Date.now() / 1000);
    const about = { iss: world.issuer, aud: world.issuer, sub: 'u_alice', client_id: 'portal', jti: 'j-1' };
    const header = { typ: joseType.idJag, alg: key.alg, kid: key.kid };
    const assertion = await mintJws(header, { ...about, iat: now, exp: now + 300 }, toSigner(key).sign);
    for (const grant_type of [grantType.jwtBearer, jwtDpopGrantType]) {
      const { status, body } = await token(world, { grant_type, assertion }, basic('portal', world.secret));
      assert.deepEqual([status, body.error], [400, 'unsupported_grant_type']);
    }
  });

  test('and its metadata offers no such grant', async () => {
    for (const path of ['oauth-authorization-server', 'openid-configuration']) {
      const answer = await fetch(`${world.issuer}/.well-known/${path}`);
      const { grant_types_supported } = (await answer.json()) as { grant_types_supported: string[] };
      assert.deepEqual(grant_types_supported.toSorted(), [
        'authorization_code',
        'refresh_token',
        grantType.tokenExchange,
      ]);
    }
  });
});

describe('IDP-04, B08: "unique jti": a used client assertion proves nothing a second time, however it is written', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  /** A refresh token of the client with a key, and the assertion that its code was traded with. */
  async function signIn() {
    const used = await assertion(world);
    const asked = ask(world, 'worker', callback, { scope: 'openid offline_access', prompt: 'consent' });
    const visit = await signInAs(new TestBrowser(world.issuer), asked);
    const { status, body } = await redeem(world, asked, String(visit.url.searchParams.get('code')), used);
    assert.equal(status, 200, JSON.stringify(body));
    return { used, refreshToken: String(body.refresh_token) };
  }
  /** A proof over a key that nobody has seen. */
  const newProof = (path: string) => {
    const key = generatePrivateJwk('ES256');
    const { kid: _, ...jwk } = toPublicJwk(key);
    const claims = { htm: 'POST', htu: world.issuer + path, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) };
    return mintJws({ typ: 'dpop+jwt', alg: key.alg, jwk }, claims, toSigner(key).sign);
  };
  const post = async (path: string, fields: Record<string, string>) => {
    const headers = { dpop: await newProof(path) };
    const answer = await fetch(world.issuer + path, { method: 'POST', headers, body: new URLSearchParams(fields) });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const pushed = {
    client_id: 'worker',
    response_type: 'code',
    scope: 'openid',
    redirect_uri: callback,
    code_challenge_method: 'S256',
  };
  const places: [path: string, fields: (refreshToken: string) => Record<string, string>][] = [
    ['/token', (refresh_token) => ({ grant_type: 'refresh_token', refresh_token })],
    ['/request', () => ({ ...pushed, code_challenge: 'c'.repeat(43) })],
  ];

  /** The same bytes to a reader who does not look at the bits that are left over in the last character. */
  const withOtherBits = (jws: string) => {
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    return jws.slice(0, -1) + letters[letters.indexOf(jws.at(-1) ?? '') ^ 1];
  };
  const spellings: [name: string, respell: (jws: string) => string, reason: Refusal][] = [
    ['as it was', (jws) => jws, 'client_assertion_replayed'],
    ['with a blank after it', (jws) => `${jws} `, 'client_assertion_invalid'],
    ['padded', (jws) => `${jws}==`, 'client_assertion_invalid'],
    ['with other bits left over', withOtherBits, 'client_assertion_invalid'],
  ];
  for (const [path, fields] of places) {
    test(`a new one, beside a fresh proof at ${path}: accepted`, async () => {
      const { refreshToken } = await signIn();
      const { status, body } = await post(path, { ...fields(refreshToken), ...(await assertion(world)) });
      assert.ok(status === 200 || status === 201, JSON.stringify(body));
    });

    for (const [name, respell, reason] of spellings) {
      test(`${name}, beside a fresh proof at ${path}: ${reason}`, async () => {
        const { used, refreshToken } = await signIn();
        const client_assertion = respell(String(used.client_assertion));
        const { status, body } = await post(path, { ...fields(refreshToken), ...used, client_assertion });
        assert.deepEqual([status, body.error, world.notes.at(-1)?.reason], [401, 'invalid_client', reason]);
        assert.ok(!('access_token' in body) && !('request_uri' in body));
        const again = await post('/token', {
          grant_type: 'refresh_token',
          refresh_token: refreshToken,
          ...(await assertion(world)),
        });
        assert.equal(again.status, 200, 'the refresh token was not used up');
      });
    }
  }

  for (const [path, fields] of places) {
    test(`KEY-06: "duplicate members refused", in a client assertion at ${path} too`, async () => {
      const { refreshToken } = await signIn();
      const { kid, sign } = toSigner(world.clientKey);
      const claims = { iss: 'worker', sub: 'worker', aud: world.issuer, exp: Math.floor(Date.now() / 1000) + 60 };
      const twice = `{"jti":"one",${JSON.stringify({ ...claims, jti: randomUUID() }).slice(1)}`;
      const input = [JSON.stringify({ alg: 'ES256', kid }), twice]
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.');
      const client_assertion = `${input}.${Buffer.from(await sign(input)).toString('base64url')}`;
      const shown = { client_assertion_type: clientAssertionType, client_assertion };
      const { status, body } = await post(path, { ...fields(refreshToken), ...shown });
      const reason = world.notes.at(-1)?.reason;
      assert.deepEqual([status, body.error, reason], [401, 'invalid_client', 'client_assertion_invalid']);
    });
  }

  describe('IDP-04: "registered key and alg", by the same rules as at the token exchange', () => {
    const soon = () => Math.floor(Date.now() / 1000) + 60;
    const claims = () => ({ iss: 'worker', sub: 'worker', aud: world.issuer, exp: soon(), jti: randomUUID() });
    const slow = slowRsa();
    const own = () => toSigner(world.clientKey);
    const table: [name: string, keys: () => readonly Jwk[], jws: () => Promise<string>][] = [
      [
        'T27: a key whose signatures take long to check vouches for nothing',
        () => [slow.jwk],
        () => mintJws({ alg: 'RS256', kid: 'slow' }, claims(), slow.sign),
      ],
      [
        'KEY-05: "kid absent: accept only if exactly one key fits"',
        () => [toPublicJwk(world.clientKey), toPublicJwk(generatePrivateJwk('ES256'))],
        () => mintJws({ alg: 'ES256' }, claims(), own().sign),
      ],
      [
        'made ahead of now',
        () => [toPublicJwk(world.clientKey)],
        () => mintJws({ alg: 'ES256' }, { ...claims(), iat: soon() + 60, exp: soon() + 120 }, own().sign),
      ],
    ];
    for (const [path, fields] of places) {
      for (const [name, keys, jws] of table) {
        test(`${name}, at ${path}`, async () => {
          const { refreshToken } = await signIn();
          const worker = world.clients.get('worker');
          assert.ok(worker);
          world.clients.set('worker', { ...worker, jwks: keys() });
          const shown = { client_assertion_type: clientAssertionType, client_assertion: await jws() };
          const { status, body } = await post(path, { ...fields(refreshToken), ...shown });
          world.clients.set('worker', worker);
          const reason = world.notes.at(-1)?.reason;
          assert.deepEqual([status, body.error, reason], [401, 'invalid_client', 'client_assertion_invalid']);
        });
      }
    }
  });
});
