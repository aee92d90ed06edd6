import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { clientAssertionType, mintJws } from '@credence/mcp/protocol';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk, toSigner } from '../../keys/signer.ts';
import type { AccessClient } from '../../policy/model.ts';
import { type Asked, ask, claimsOf, signInAs, token } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const url = 'https://agent.example/client.json';
const platform = 'https://ci.example';
const callback = 'http://localhost:51234/callback';
const key = generatePrivateJwk('ES256');

describe('CIM-02, CIM-05, B75: clients of which something is fetched sign people in', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
    const base = {
      name: 'Agent',
      redirectUris: [],
      postLogoutRedirectUris: [],
      public: false,
      exchange: true,
      jwks: undefined,
      clientIds: new Map(),
    };
    const clients: AccessClient[] = [
      { ...base, id: 'agent', public: true, metadata: url },
      { ...base, id: 'remote', redirectUris: [callback], jwksUri: 'https://agent.example/jwks' },
      {
        ...base,
        id: 'runner',
        redirectUris: [callback],
        workload: {
          issuer: platform,
          subject: 'repo:acme/agent',
          audience: undefined,
          keys: [toPublicJwk(key)],
          algorithms: ['ES256'],
          reuse: false,
        },
      },
    ];
    for (const client of clients) world.clients.set(client.metadata ?? client.id, client);
  });
  beforeEach(() => {
    world.notes.length = 0;
  });
  after(() => world.close());

  const document = (change: object = {}) => ({
    client_id: url,
    token_endpoint_auth_method: 'none',
    redirect_uris: ['http://localhost/callback'],
    ...change,
  });
  const lastNote = () => world.notes.at(-1);
  const codeFor = async (asked: Asked) =>
    (await signInAs(new TestBrowser(world.issuer), asked)).url.searchParams.get('code') ?? '';
  const redeem = async (asked: Asked, code: string, more: Record<string, string>) =>
    token(world, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: asked.redirectUri,
      code_verifier: asked.verifier,
      ...more,
    });
  const signed = async (claims: object, signer: PrivateJwk = key) => {
    const now = Math.floor(Date.now() / 1000);
    return {
      client_assertion_type: clientAssertionType,
      client_assertion: await mintJws(
        { alg: 'ES256', kid: signer.kid },
        { aud: world.issuer, iat: now, exp: now + 60, jti: randomUUID(), ...claims },
        toSigner(signer).sign,
      ),
    };
  };

  test('a document that cannot be had: no page of the client, and the record says why', async () => {
    const visit = await new TestBrowser(world.issuer).get(ask(world, url, callback).url);
    assert.equal(visit.url.origin, world.issuer);
    assert.equal(lastNote()?.reason, 'client_metadata_unavailable');
  });

  test('a public client by its document: redirect URIs are those of the document, the record names the entry', async () => {
    const other = 'https://elsewhere.example/client.json';
    const entry = world.clients.get(url);
    assert.ok(entry);
    world.clients.set(other, { ...entry, metadata: other });
    world.web.set(other, document({ client_id: other }));
    const asked = ask(world, other, callback);
    const answer = await redeem(asked, await codeFor(asked), { client_id: other });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(claimsOf(answer.body.id_token).aud, other);
    assert.equal(lastNote()?.facts.client, 'agent');

    const foreign = await new TestBrowser(world.issuer).get(ask(world, other, 'https://evil.example/cb').url);
    assert.equal(foreign.url.origin, world.issuer);
    assert.equal(lastNote()?.reason, 'sign_in_request_refused');
  });

  test('a client with keys in its document is not let in by name', async () => {
    const other = 'https://keyed.example/client.json';
    const entry = world.clients.get(url);
    assert.ok(entry);
    world.clients.set(other, { ...entry, metadata: other });
    const keys = { token_endpoint_auth_method: undefined, jwks: { keys: [toPublicJwk(key)] } };
    world.web.set(other, document({ client_id: other, ...keys }));
    const asked = ask(world, other, callback);
    assert.equal((await redeem(asked, await codeFor(asked), { client_id: other })).status, 401);
    const again = ask(world, other, callback);
    const proof = await signed({ iss: other, sub: other });
    assert.equal((await redeem(again, await codeFor(again), proof)).status, 200);
  });

  test('IDP-02: keys behind a jwks_uri, and the reason when they cannot be had', async () => {
    const asked = ask(world, 'remote', callback);
    const as = { iss: 'remote', sub: 'remote' };
    const refused = await redeem(asked, await codeFor(asked), await signed(as));
    assert.equal(refused.status, 401);
    assert.equal(lastNote()?.reason, 'client_keys_unavailable');
  });

  test('IDP-02: keys behind a jwks_uri that are there', async () => {
    const entry = world.clients.get('remote');
    assert.ok(entry);
    world.clients.set('remote2', { ...entry, id: 'remote2', jwksUri: 'https://agent.example/jwks2' });
    world.web.set('https://agent.example/jwks2', { keys: [toPublicJwk(key)] });
    const asked = ask(world, 'remote2', callback);
    const as = { iss: 'remote2', sub: 'remote2' };
    assert.equal((await redeem(asked, await codeFor(asked), await signed(as))).status, 200);
    const again = ask(world, 'remote2', callback);
    const stranger = await signed(as, generatePrivateJwk('ES256'));
    assert.equal((await redeem(again, await codeFor(again), stranger)).status, 401);
  });

  describe('a token of the platform', () => {
    const own = { iss: platform, sub: 'repo:acme/agent' };
    const trade = async (more: Record<string, string>) => {
      const asked = ask(world, 'runner', callback);
      return redeem(asked, await codeFor(asked), { client_id: 'runner', ...more });
    };

    test('is its proof here too, once', async () => {
      const proof = await signed(own);
      const answer = await trade(proof);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const again = await trade(proof);
      assert.equal(again.status, 401);
      assert.equal(lastNote()?.reason, 'client_assertion_replayed');
    });

    test('of another subject: refused, with the reason on the record', async () => {
      assert.equal((await trade(await signed({ ...own, sub: 'repo:evil/agent' }))).status, 401);
      assert.equal(lastNote()?.reason, 'workload_token_other');
    });

    test('a secret in its place, or nothing at all: refused', async () => {
      assert.equal((await trade({ client_secret: 'x' })).status, 401);
      assert.equal((await trade({})).status, 401);
    });

    test('for a client that has another proof it is nothing', async () => {
      const asked = ask(world, 'worker', callback);
      const answer = await redeem(asked, await codeFor(asked), { client_id: 'worker', ...(await signed(own)) });
      assert.ok(answer.status >= 400);
    });
  });

  test('RAS-41: the metadata says that such clients are known here', async () => {
    const response = await fetch(`${world.issuer}/.well-known/oauth-authorization-server`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.equal(metadata.client_id_metadata_document_supported, true);
  });
});
