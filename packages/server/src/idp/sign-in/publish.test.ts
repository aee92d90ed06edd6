import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { generatePrivateJwk } from '../../keys/signer.ts';
import { ask, redeem, signInAs } from './test-client.ts';
import { openTestWorld, TestBrowser, type TestWorld } from './test-world.ts';

const callback = 'http://localhost:51234/callback';

describe('what is published', () => {
  let world: TestWorld;
  before(async () => {
    world = await openTestWorld();
  });
  beforeEach(() => {
    world.notes.length = 0;
    world.failNotes = undefined;
  });
  after(() => world.close());

  const newBrowser = () => new TestBrowser(world.issuer);

  test('both metadata documents say the same, with what stands beside oidc-provider', async () => {
    const [openid, oauth] = await Promise.all(
      ['openid-configuration', 'oauth-authorization-server'].map(async (name) => {
        const response = await fetch(`${world.issuer}/.well-known/${name}`, {
          headers: { origin: 'https://a.example' },
        });
        assert.equal(response.headers.get('access-control-allow-origin'), null, 'no CORS');
        return (await response.json()) as Record<string, unknown>;
      }),
    );
    assert.deepEqual(openid, oauth);
    const expected = {
      issuer: world.issuer,
      jwks_uri: `${world.issuer}/jwks`,
      token_endpoint: `${world.issuer}/token`,
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:token-exchange'],
      identity_chaining_requested_token_types_supported: ['urn:ietf:params:oauth:token-type:id-jag'],
      authorization_details_types_supported: ['project_access'],
      token_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'private_key_jwt',
        'none',
        'tls_client_auth',
        'self_signed_tls_client_auth',
      ],
      token_endpoint_auth_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      id_token_signing_alg_values_supported: ['RS256'],
      subject_types_supported: ['public', 'pairwise'],
    };
    for (const [name, value] of Object.entries(expected)) assert.deepEqual(openid?.[name], value, name);
  });

  test('IDP-43: what receivers of security events look up, without endpoints that are not there', async () => {
    const response = await fetch(`${world.issuer}/.well-known/ssf-configuration`);
    assert.equal(response.headers.get('content-type')?.split(';')[0], 'application/json');
    assert.deepEqual(await response.json(), {
      spec_version: '1_0',
      issuer: world.issuer,
      jwks_uri: `${world.issuer}/jwks`,
      delivery_methods_supported: ['urn:ietf:rfc:8935'],
      default_subjects: 'ALL',
    });
  });

  test('is read with GET and HEAD alone', async () => {
    const style = /<link rel="stylesheet" href="([^"]+)">/.exec(await (await fetch(`${world.issuer}/nothing`)).text());
    const paths = ['/jwks', '/.well-known/ssf-configuration', style?.[1] ?? '/no-style'];
    for (const path of paths) {
      const statuses = ['GET', 'HEAD', 'POST', 'PUT'].map(async (method) => {
        const answer = await fetch(`${world.issuer}${path}`, { method });
        await answer.arrayBuffer();
        return answer.status;
      });
      assert.deepEqual(await Promise.all(statuses), [200, 200, 404, 404], path);
    }
  });

  test('the keys of both kinds of token, as a key set that may be kept for five minutes', async () => {
    const response = await fetch(`${world.issuer}/jwks`);
    assert.equal(response.headers.get('content-type'), 'application/jwk-set+json');
    assert.equal(response.headers.get('cache-control'), 'public, max-age=300');
    const { keys } = (await response.json()) as { keys: { alg: string }[] };
    assert.deepEqual(
      keys.map(({ alg }) => alg),
      ['RS256', 'ES256'],
    );
  });

  test('new keys are taken up without a restart', async () => {
    const added = generatePrivateJwk('RS256');
    world.idTokenKeys.unshift(added);
    world.signIn.rebuild();
    const asked = ask(world, 'claude-code', callback);
    const arrived = await signInAs(newBrowser(), asked);
    const { body } = await redeem(world, asked, arrived.url.searchParams.get('code') ?? '');
    const header = JSON.parse(Buffer.from(String(body.id_token).split('.')[0] ?? '', 'base64url').toString());
    assert.equal(header.kid, added.kid);
  });
});

test('RFC 9396 §10, RFC 8705 §2: without types of details, and where no certificates are looked for, neither is named', async () => {
  const world = await openTestWorld(undefined, undefined, undefined, () => ({
    detailTypes: () => [],
    certificateOf: undefined,
  }));
  try {
    const response = await fetch(`${world.issuer}/.well-known/oauth-authorization-server`);
    const metadata = (await response.json()) as Record<string, unknown>;
    assert.ok(!('authorization_details_types_supported' in metadata));
    assert.deepEqual(metadata.token_endpoint_auth_methods_supported, [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ]);
  } finally {
    await world.close();
  }
});

test('an https issuer behind a proxy: cookies are Secure and bound to this host, whatever headers say', async () => {
  const world = await openTestWorld(undefined, () => 'https://id.acme.example');
  try {
    const { url } = ask(world, 'portal', 'https://portal.example/cb');
    const response = await fetch(url.replace(world.issuer, `http://127.0.0.1:${world.port}`), {
      redirect: 'manual',
      headers: { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.example' },
    });
    assert.match(response.headers.get('location') ?? '', /^\/interaction\//);
    assert.equal(response.headers.get('strict-transport-security'), 'max-age=31536000');
    const cookies = response.headers.getSetCookie();
    assert.ok(cookies.some((cookie) => /^__Secure-credence_interaction=/.test(cookie)));
    for (const cookie of cookies) assert.match(cookie, /; secure; httponly|; samesite=lax; secure; httponly/i, cookie);

    const metadata = await fetch(`http://127.0.0.1:${world.port}/.well-known/openid-configuration`);
    assert.equal(
      ((await metadata.json()) as { token_endpoint: string }).token_endpoint,
      'https://id.acme.example/token',
    );
  } finally {
    await world.close();
  }
});
