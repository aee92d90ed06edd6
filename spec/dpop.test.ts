import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Refusal } from '@credence/mcp/protocol';
import { callTool, http, openWorld as openGateway, serverOf } from '../packages/server/src/gateway/fixtures/world.ts';
import { generatePrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { claimsOf, openWorld, rasIssuer, refused, tracker, type World, wiki } from './world.ts';

describe('DPoP on both legs, RFC 9449', () => {
  test('IDP-31, RAS-29: bound at leg 1, proven at leg 2, and the access token is bound to the same key', async () => {
    const world = await openWorld();
    const issued = await world.exchange({}, { dpop: await world.proof('idp') });
    assert.equal(issued.status, 200);
    assert.equal(issued.body.token_type, 'N_A');
    const { jkt } = claimsOf(issued.body.access_token).cnf as { jkt: string };
    assert.equal(issued.record.keyThumbprint, jkt);

    const redeemed = await world.redeem(
      { assertion: String(issued.body.access_token) },
      { dpop: await world.proof('ras') },
    );
    assert.equal(redeemed.status, 200);
    assert.equal(redeemed.body.token_type, 'DPoP');
    assert.deepEqual(claimsOf(redeemed.body.access_token).cnf, { jkt });
  });

  test('RAS-30: a proof without cnf is checked and binds the access token', async () => {
    const world = await openWorld();
    const { body } = await world.redeem({}, { dpop: await world.proof('ras') });
    assert.equal(body.token_type, 'DPoP');
    assert.ok(claimsOf(body.access_token).cnf);
  });

  describe('RAS-30: a resource that demands binding, and none is shown', () => {
    const demanding = () =>
      openWorld(undefined, {
        resource: (text) => text.replace('tracker: {', 'tracker: { require_bound_tokens: true,'),
      });

    test('resource_needs_binding, and nothing is used up: with a proof the same ID-JAG is redeemed', async () => {
      const world = await demanding();
      const assertion = await world.idJag();
      const answer = await world.redeem({ assertion });
      await refused(world, answer, 'resource_needs_binding');
      assert.deepEqual([answer.body.error, answer.record.server], ['invalid_grant', 'tracker']);
      const { status, body } = await world.redeem({ assertion }, { dpop: await world.proof('ras') });
      assert.deepEqual([status, body.token_type], [200, 'DPoP']);
    });

    test('bound to a key at leg 1, or to a certificate: redeemed', async () => {
      const world = await demanding();
      const { body } = await world.exchange({}, { dpop: await world.proof('idp') });
      const bound = { assertion: String(body.access_token) };
      assert.equal((await world.redeem(bound, { dpop: await world.proof('ras') })).status, 200);

      const thumbprint = 'c'.repeat(43);
      const assertion = await world.idJag({ cnf: { 'x5t#S256': thumbprint } });
      world.connection.certificate = { thumbprint } as NonNullable<World['connection']['certificate']>;
      const redeemed = await world.redeem({ assertion });
      assert.deepEqual(claimsOf(redeemed.body.access_token).cnf, { 'x5t#S256': thumbprint });
    });

    test('a certificate that was shown, and that nothing is bound to, is no binding', async () => {
      const world = await demanding();
      world.connection.certificate = { thumbprint: 'c'.repeat(43) } as NonNullable<World['connection']['certificate']>;
      await refused(world, await world.redeem(), 'resource_needs_binding');
    });

    test('another server of the same document takes what is not bound', async () => {
      const world = await demanding();
      const assertion = await world.idJag({ resource: wiki, scope: 'pages:read' });
      assert.equal((await world.redeem({ assertion })).status, 200);
    });

    test('an unbound token that was issued before is refused by the gateway, whose metadata says what it takes', async (context) => {
      const world = await openWorld();
      const { body } = await world.redeem();
      const server = {
        ...serverOf('tracker', http('http://127.0.0.1:9/mcp'), { read: 'read' })(''),
        resource: tracker,
      };
      const gateway = await openGateway([() => server], {
        issuer: rasIssuer,
        keys: async () => [toPublicJwk(world.keys.accessToken)],
        now: world.now,
        nowMs: () => world.clock.ms,
      });
      context.after(() => gateway.close());
      const headers = { authorization: `Bearer ${body.access_token}` };
      const call = () => gateway.call('tracker', { body: callTool(1, 'read'), headers });
      assert.equal((await call()).status, 403, 'let in, with scopes that this gateway does not know');

      gateway.setServers([{ ...server, requiresBoundTokens: true }]);
      const refusal = await call();
      assert.equal(refusal.status, 401);
      assert.match(refusal.headers.get('www-authenticate') ?? '', /^DPoP error="invalid_token", resource_metadata="/);
      assert.deepEqual(gateway.strangers, ['token_not_bound']);
      const said = await fetch(`${gateway.origin}/.well-known/oauth-protected-resource/tracker/mcp`);
      assert.equal(((await said.json()) as Record<string, unknown>).dpop_bound_access_tokens_required, true);
    });
  });

  const atIdp: [name: string, proof: (world: World) => Promise<string>, reason: Refusal][] = [
    ['B28 two proofs', async (w) => `${await w.proof('idp')}, ${await w.proof('idp')}`, 'dpop_proof_malformed'],
    ['B28 a private jwk inside', (w) => w.proof('idp', {}, { jwk: w.keys.proof }), 'dpop_proof_malformed'],
    ['B28 htm GET', (w) => w.proof('idp', { htm: 'GET' }), 'dpop_proof_other_request'],
    ['B28 htu of the RAS', (w) => w.proof('ras'), 'dpop_proof_other_request'],
    ['B28 stale iat', (w) => w.proof('idp', { iat: w.now() - 61 }), 'dpop_proof_stale'],
    ['B28 symmetric alg', (w) => w.proof('idp', {}, { alg: 'HS256' }), 'dpop_proof_malformed'],
    ['signed by another key than it names', (w) => w.proof('idp', {}, { jwk: stranger }), 'dpop_proof_bad_signature'],
  ];
  const { d: _, kid: __, ...stranger } = generatePrivateJwk('ES256');
  for (const [name, proof, reason] of atIdp) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      await refused(world, await world.exchange({}, { dpop: await proof(world) }), reason);
    });
  }

  test('B28 reused proof jti, also when the first request was refused', async () => {
    const world = await openWorld();
    const dpop = await world.proof('idp');
    await refused(
      world,
      await world.exchange({ scope: 'issues:write', subject_token: await world.idToken({ auth_time: 1 }) }, { dpop }),
      'step_up_needed',
    );
    await refused(world, await world.exchange({}, { dpop }), 'dpop_proof_replayed');
  });

  test('RFC 7519 §2: an iat with a fraction is one, used once, and whoever comes at the same moment gets their token', async () => {
    const world = await openWorld();
    const dpop = await world.proof('idp', { iat: world.now() + 0.5 });
    const answers = await Promise.all([
      world.exchange(),
      world.exchange({}, { dpop }),
      world.exchange(),
      world.redeem(),
    ]);
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 200],
    );
    await refused(world, await world.exchange({}, { dpop }), 'dpop_proof_replayed');
  });

  test('B63: no proof, another key, a proof for the IdP, a proof used on leg 1', async () => {
    const world = await openWorld();
    const first = await world.proof('idp');
    const { body } = await world.exchange({}, { dpop: first });
    const assertion = String(body.access_token);
    await refused(world, await world.redeem({ assertion }), 'id_jag_proof_missing');
    const other = await world.proof('ras', {}, {}, generatePrivateJwk('ES256'));
    await refused(world, await world.redeem({ assertion }, { dpop: other }), 'id_jag_other_key');
    await refused(
      world,
      await world.redeem({ assertion }, { dpop: await world.proof('idp') }),
      'dpop_proof_other_request',
    );
    await refused(world, await world.redeem({ assertion }, { dpop: first }), 'dpop_proof_other_request');
    assert.equal(
      (await world.redeem({ assertion }, { dpop: await world.proof('ras') })).status,
      200,
      'nothing was used up',
    );
  });

  describe('a nonce is demanded', () => {
    test('B29: none or an old one: use_dpop_nonce with DPoP-Nonce', async () => {
      const world = await openWorld(undefined, { demandNonce: true });
      const none = await world.exchange({}, { dpop: await world.proof('idp') });
      await refused(world, none, 'dpop_nonce_needed');
      const nonce = String(none.headers.get('dpop-nonce'));
      assert.equal((await world.exchange({}, { dpop: await world.proof('idp', { nonce }) })).status, 200);
      world.clock.ms += 240_000;
      await refused(
        world,
        await world.exchange({}, { dpop: await world.proof('idp', { nonce }) }),
        'dpop_nonce_needed',
      );
    });

    test('B65: a nonce challenge, then the same ID-JAG: its jti was not used', async () => {
      const world = await openWorld(undefined, { demandNonce: true });
      const assertion = await world.idJag();
      const challenged = await world.redeem({ assertion }, { dpop: await world.proof('ras') });
      await refused(world, challenged, 'dpop_nonce_needed');
      const nonce = String(challenged.headers.get('dpop-nonce'));
      const { status } = await world.redeem({ assertion }, { dpop: await world.proof('ras', { nonce }) });
      assert.equal(status, 200);
    });
  });
});
