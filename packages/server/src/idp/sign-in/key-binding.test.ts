import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { mintJws } from '@credence/mcp/protocol';
import Provider from 'oidc-provider';
import { createDpopNonces } from '../../clients/dpop.ts';
import { slowRsa } from '../../keys/fixtures/slow-rsa.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk, toSigner } from '../../keys/signer.ts';
import { openSqliteStore } from '../../store/sqlite.ts';
import { bearerKey } from '../bearer-key.ts';
import { bindSignInsToKeys } from './key-binding.ts';
import { type Asked, ask, assertion, basic, claimsOf, signInAs, token } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';
const portal = 'https://portal.example/cb';

describe('T02, T04, IDP-31: a sign-in is bound to the key its code was traded with', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const own = generatePrivateJwk('ES256');
  const other = generatePrivateJwk('ES256');
  function proof(key: PrivateJwk, change: object = {}): Promise<string> {
    const { kid: _, ...jwk } = toPublicJwk(key);
    const claims = { htm: 'POST', htu: `${world.issuer}/token`, jti: randomUUID(), iat: Math.floor(Date.now() / 1000) };
    return mintJws({ typ: 'dpop+jwt', alg: key.alg, jwk }, { ...claims, ...change }, toSigner(key).sign);
  }
  const scope = { scope: 'openid offline_access', prompt: 'consent' };
  /** A code of the confidential client, or of the public one. */
  async function signIn(clientId: 'portal' | 'claude-code', more: Record<string, string> = {}) {
    const asked = ask(world, clientId, clientId === 'portal' ? portal : callback, { ...scope, ...more });
    const arrived = await signInAs(new TestBrowser(world.issuer), asked);
    return { asked, code: arrived.url.searchParams.get('code') ?? '' };
  }
  const client = (asked: Asked) => ({
    form: asked.clientId === 'portal' ? {} : { client_id: asked.clientId },
    headers: asked.clientId === 'portal' ? basic('portal', world.secret) : {},
  });
  async function trade({ asked, code }: { asked: Asked; code: string }, dpop?: string) {
    const { form, headers } = client(asked);
    return token(
      world,
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: asked.redirectUri,
        code_verifier: asked.verifier,
        ...form,
      },
      { ...headers, ...(dpop && { dpop }) },
    );
  }
  async function refresh(asked: Asked, refreshToken: unknown, dpop?: string) {
    const { form, headers } = client(asked);
    return token(
      world,
      { grant_type: 'refresh_token', refresh_token: String(refreshToken), ...form },
      { ...headers, ...(dpop && { dpop }) },
    );
  }
  const lastReason = () => world.notes.at(-1)?.reason;
  const jktOf = (idToken: unknown) => (claimsOf(idToken).cnf as { jkt?: string } | undefined)?.jkt;

  const keptOf = (value: unknown) =>
    world.store.artifacts.find('RefreshToken', bearerKey('RefreshToken', String(value)));

  for (const clientId of ['portal', 'claude-code'] as const) {
    describe(clientId === 'portal' ? 'of a confidential client' : 'of a public client', () => {
      test('ID Token, refresh token and what comes of it carry the key; without it, or with another, nothing more comes', async () => {
        const signedIn = await signIn(clientId);
        const first = await trade(signedIn, await proof(own));
        assert.equal(first.status, 200, JSON.stringify(first.body));
        const jkt = jktOf(first.body.id_token);
        assert.ok(jkt);
        assert.equal(world.notes.at(-1)?.facts.keyThumbprint, jkt);
        const kept = await keptOf(first.body.refresh_token);
        assert.equal(kept?.jkt, jkt);

        assert.equal((await refresh(signedIn.asked, first.body.refresh_token)).status, 400);
        assert.equal(lastReason(), 'refresh_token_not_accepted');
        assert.equal((await refresh(signedIn.asked, first.body.refresh_token, await proof(other))).status, 400);
        const second = await refresh(signedIn.asked, first.body.refresh_token, await proof(own));
        assert.equal(second.status, 200, JSON.stringify(second.body));
        assert.equal(jktOf(second.body.id_token), jkt);
        const next = await keptOf(second.body.refresh_token);
        assert.equal(next?.jkt, jkt);
      });

      test('a key shown later binds nothing: it may be the key of whoever has the refresh token now', async () => {
        const signedIn = await signIn(clientId);
        const first = await trade(signedIn);
        assert.equal(jktOf(first.body.id_token), undefined);
        const second = await refresh(signedIn.asked, first.body.refresh_token, await proof(other));
        assert.equal(second.status, 200, JSON.stringify(second.body));
        assert.equal(jktOf(second.body.id_token), undefined);
        const kept = await keptOf(second.body.refresh_token);
        assert.equal(kept?.jkt, undefined);
      });
    });
  }

  test('T21: a proof that may be from before the epoch is refused, one that is not is taken', async () => {
    const now = Math.floor(Date.now() / 1000);
    try {
      world.since = now - 59;
      assert.equal(
        (await trade(await signIn('portal'), await proof(own, { iat: now }))).body.error,
        'invalid_dpop_proof',
      );
      world.since = now - 61;
      assert.equal((await trade(await signIn('portal'), await proof(own, { iat: now }))).status, 200);
    } finally {
      world.since = 0;
    }
  });

  test('a code that was asked for with dpop_jkt is traded with that key only', async () => {
    const first = await trade(await signIn('portal'), await proof(own));
    const dpop_jkt = String(jktOf(first.body.id_token));
    assert.equal((await trade(await signIn('portal', { dpop_jkt }))).status, 400);
    assert.equal(lastReason(), 'code_not_accepted');
    assert.equal((await trade(await signIn('portal', { dpop_jkt }), await proof(other))).status, 400);
    assert.equal((await trade(await signIn('portal', { dpop_jkt }), await proof(own))).status, 200);
  });

  const bad: [name: string, change: object, reason: string][] = [
    ['for another endpoint', { htu: 'https://mcp.acme.example/token' }, 'sign_in_proof_refused'],
    ['for another method', { htm: 'GET' }, 'sign_in_proof_refused'],
    ['of more than 8 KiB', { padding: 'x'.repeat(7000) }, 'sign_in_proof_refused'],
    ['stale', { iat: Math.floor(Date.now() / 1000) - 900 }, 'sign_in_proof_refused'],
    ['that the exchange would no longer know', { iat: Math.floor(Date.now() / 1000) - 62 }, 'sign_in_proof_refused'],
    ['made ahead of now', { iat: Math.floor(Date.now() / 1000) + 90 }, 'sign_in_proof_refused'],
  ];
  test('B28 a proof that cannot be named is none at the userinfo endpoint, too', async () => {
    const traded = await trade(await signIn('portal'), await proof(own));
    const token = String(traded.body.access_token);
    const ath = createHash('sha256').update(token).digest('base64url');
    const shown = async (change: object) => {
      const dpop = await proof(own, { htm: 'GET', htu: `${world.issuer}/userinfo`, ath, ...change });
      const headers = { authorization: `DPoP ${token}`, dpop };
      return (await fetch(`${world.issuer}/userinfo`, { headers })).status;
    };
    assert.deepEqual([await shown({}), await shown({ padding: 'x'.repeat(7000) })], [200, 401]);
  });

  describe('T27: a proof whose key takes long to check with is not checked, good as it is', () => {
    const { jwk, sign } = slowRsa();
    const slow = (claims: Record<string, unknown>) => mintJws({ typ: 'dpop+jwt', alg: 'RS256', jwk }, claims, sign);
    const now = Math.floor(Date.now() / 1000);
    const claims = (method: string, path: string) => ({
      htm: method,
      htu: world.issuer + path,
      jti: randomUUID(),
      iat: now,
    });

    test('at the token endpoint', async () => {
      const answer = await trade(await signIn('portal'), await slow(claims('POST', '/token')));
      assert.deepEqual([answer.status, answer.body.error], [400, 'invalid_dpop_proof']);
      assert.equal(lastReason(), 'sign_in_proof_refused');
    });

    test('where authorization requests are pushed', async () => {
      const dpop = await slow(claims('POST', '/request'));
      const body = new URLSearchParams(ask(world, 'claude-code', callback).url.split('?')[1]);
      const answer = await fetch(`${world.issuer}/request`, { method: 'POST', headers: { dpop }, body });
      assert.deepEqual([answer.status, lastReason()], [400, 'sign_in_proof_refused']);
    });

    for (const method of ['GET', 'POST']) {
      test(`with ${method} at the userinfo endpoint, before anybody has looked at the token`, async () => {
        const ath = createHash('sha256').update('made-up').digest('base64url');
        const dpop = await slow({ ...claims(method, '/userinfo'), ath });
        const headers = { authorization: 'DPoP made-up', dpop };
        const answer = await fetch(`${world.issuer}/userinfo`, { method, headers });
        const { error } = (await answer.json()) as { error: string };
        assert.deepEqual([answer.status, error, lastReason()], [401, 'invalid_dpop_proof', 'sign_in_proof_refused']);
        assert.match(String(answer.headers.get('www-authenticate')), /^DPoP /);
      });
    }
  });

  for (const [name, change, reason] of bad) {
    test(`B28 a proof ${name}: invalid_dpop_proof`, async () => {
      const answer = await trade(await signIn('portal'), await proof(own, change));
      assert.deepEqual([answer.status, answer.body.error, lastReason()], [400, 'invalid_dpop_proof', reason]);
    });
  }

  test('a proof of a minute ago is good still', async () => {
    const [others, now] = [world, Math.floor(Date.now() / 1000)];
    world = await openTestWorld(undefined, undefined, undefined, () => ({ now: () => now }));
    try {
      assert.equal((await trade(await signIn('portal'), await proof(own, { iat: now - 60 }))).status, 200);
    } finally {
      await world.close();
      world = others;
    }
  });

  test('B28 a proof that was used before, at whichever grant: refused, and the record says so', async () => {
    const dpop = await proof(own);
    assert.equal((await trade(await signIn('portal'), dpop)).status, 200);
    const again = await trade(await signIn('portal'), dpop);
    assert.deepEqual(
      [again.status, again.body.error, lastReason()],
      [400, 'invalid_dpop_proof', 'dpop_proof_replayed'],
    );
    const id = JSON.stringify([`${world.issuer}/token`, await thumbprint(), jtiOf(dpop)]);
    const { won } = await world.store.commit({ marks: [{ kind: 'dpop_proof', id, until: 0 }], records: [] });
    assert.equal(won, false, 'in the space of the token exchange');
  });
  const thumbprint = async () => String(jktOf((await trade(await signIn('portal'), await proof(own))).body.id_token));
  for (const path of ['/TOKEN', '/token/', '/Token']) {
    test(`B28, T38: a used proof is not new at ${path}, which is no endpoint`, async () => {
      const dpop = await proof(own);
      assert.equal((await trade(await signIn('portal'), dpop)).status, 200);
      const { asked, code } = await signIn('portal');
      const { headers } = client(asked);
      const form = { grant_type: 'authorization_code', code, redirect_uri: portal, code_verifier: asked.verifier };
      const body = new URLSearchParams(form);
      const answer = await fetch(world.issuer + path, { method: 'POST', headers: { ...headers, dpop }, body });
      assert.equal(answer.status, 404);
    });
  }

  const jtiOf = (dpop: string) => claimsOf(dpop).jti;

  test('IDP-04 a proof beside a client assertion: each is used up for itself', async () => {
    const asked = ask(world, 'worker', callback);
    const code = (await signInAs(new TestBrowser(world.issuer), asked)).url.searchParams.get('code') ?? '';
    const form = { grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: asked.verifier };
    const jti = randomUUID();
    const answer = await token(world, { ...form, ...(await assertion(world)) }, { dpop: await proof(own, { jti }) });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const replayed = await assertion(world, { jti: 'twice' });
    for (const [status, reason] of [
      [200, undefined],
      [401, 'client_assertion_replayed'],
    ] as const) {
      const more = ask(world, 'worker', callback);
      const next = (await signInAs(new TestBrowser(world.issuer), more)).url.searchParams.get('code') ?? '';
      const fields = { ...form, code: next, code_verifier: more.verifier, ...replayed };
      assert.equal((await token(world, fields, { dpop: await proof(own) })).status, status);
      assert.equal(lastReason(), reason);
    }
  });
});

test('B08: whatever else is asked about is no proof of this request, and marks nothing', async () => {
  const store = await openSqliteStore(':memory:', { node: 'test' });
  const provider = new Provider('http://localhost', {
    features: { dPoP: { enabled: true } },
    clients: [
      {
        client_id: 'c',
        token_endpoint_auth_method: 'none',
        grant_types: ['ask'],
        redirect_uris: [],
        response_types: [],
      },
    ],
  });
  const at = Math.floor(Date.now() / 1000);
  bindSignInsToKeys(provider, { issuer: provider.issuer, now: () => at, since: () => 0, store });
  const replays = provider.ReplayDetection as unknown as { unique(issuer: string, jti: string): Promise<boolean> };
  provider.registerGrantType(
    'ask',
    async (context) => {
      context.body = { isNew: await replays.unique('c', String(context.oidc.params?.jti)) };
    },
    ['jti'],
  );
  const key = generatePrivateJwk('ES256');
  const { kid: _, ...jwk } = toPublicJwk(key);
  const dpop = await mintJws({ typ: 'dpop+jwt', alg: 'ES256', jwk }, { jti: 'of-proof', iat: at }, toSigner(key).sign);
  const server = createServer(provider.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const ask = async (jti: string) => {
    const { port } = server.address() as AddressInfo;
    const body = new URLSearchParams({ grant_type: 'ask', client_id: 'c', jti });
    const answer = await fetch(`http://127.0.0.1:${port}/token`, { method: 'POST', headers: { dpop }, body });
    return (await answer.json()) as Record<string, unknown>;
  };
  try {
    assert.equal((await ask('of-assertion')).error, 'invalid_dpop_proof');
    assert.equal((await ask('of-proof')).isNew, true, 'it was not used up by the other');
  } finally {
    server.close();
    await store.close();
  }
});

describe('B29: where nonces are demanded, the code grant demands those of the token exchange', () => {
  test('none: use_dpop_nonce; the one given there is good here, and the other way round', async () => {
    const nonces = createDpopNonces('a secret of this organisation');
    const world = await openTestWorld(undefined, undefined, nonces);
    const key = generatePrivateJwk('ES256');
    const { kid: _, ...jwk } = toPublicJwk(key);
    const now = Math.floor(Date.now() / 1000);
    const proof = (nonce?: string) =>
      mintJws(
        { typ: 'dpop+jwt', alg: 'ES256', jwk },
        { htm: 'POST', htu: `${world.issuer}/token`, jti: randomUUID(), iat: now, ...(nonce && { nonce }) },
        toSigner(key).sign,
      );
    const asked = ask(world, 'claude-code', callback);
    const code = (await signInAs(new TestBrowser(world.issuer), asked)).url.searchParams.get('code') ?? '';
    const form = {
      grant_type: 'authorization_code',
      client_id: 'claude-code',
      code,
      redirect_uri: callback,
      code_verifier: asked.verifier,
    };
    const challenged = await token(world, form, { dpop: await proof() });
    assert.deepEqual([challenged.status, challenged.body.error], [400, 'use_dpop_nonce']);
    assert.equal(world.notes.at(-1)?.reason, 'dpop_nonce_needed');
    assert.ok(nonces.accepts(String(challenged.headers.get('dpop-nonce')), now));
    assert.equal((await token(world, form, { dpop: await proof(nonces.current(now)) })).status, 200);
    await world.close();
  });
});
