import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientAssertionType, mintJws, type Refusal } from '@credence/mcp/protocol';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk, toSigner } from '../packages/server/src/keys/signer.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { type Fields, idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

// A client that proves itself by a token of the platform it runs on (RFC 7523 §2.2): no secret to ship.

const platform = 'https://kubernetes.default.svc';
const subject = 'system:serviceaccount:agents:triage';
const key = generatePrivateJwk('RS256');

/** The platform's metadata and keys; fetches are counted. */
function openPlatform() {
  const state = { keys: [toPublicJwk(key)], isDown: false, fetches: 0 };
  const getJson = async (url: string) => {
    if (state.isDown) throw new Error('unreachable');
    if (url === `${platform}/openid/v1/jwks`) {
      state.fetches += 1;
      return { keys: state.keys };
    }
    return { issuer: platform, jwks_uri: `${platform}/openid/v1/jwks` };
  };
  return { state, egress: { getJson, fetchJson: async (url: string) => ({ value: await getJson(url), headers: {} }) } };
}

async function open(change: object = {}) {
  const { state, egress } = openPlatform();
  const workload = JSON.stringify({ issuer: platform, subject, keys: 'discovery', ...change });
  const more = {
    access: `  triage: { workload: ${workload}, client_ids: { ${rasIssuer}: triage } }`,
    resource: `  triage: { workload: ${workload} }`,
    trusted: ['triage'],
    egress,
  };
  return { world: await openWorld(undefined, { more }), state };
}

const token = (world: World, aud: unknown, change: object = {}, header: object = {}, signer: PrivateJwk = key) =>
  mintJws(
    { alg: 'RS256', kid: signer.kid, ...header },
    {
      iss: platform,
      sub: subject,
      aud,
      iat: world.now(),
      exp: world.now() + 3600,
      jti: crypto.randomUUID(),
      ...change,
    },
    toSigner(signer).sign,
  );
const proof = (client_assertion: string, change: Fields = {}): Fields => ({
  client_id: 'triage',
  client_secret: undefined,
  client_assertion_type: clientAssertionType,
  client_assertion,
  ...change,
});
const exchange = async (world: World, client_assertion: string, change: Fields = {}) =>
  world.exchange({ subject_token: await world.idToken({ aud: 'triage' }), ...proof(client_assertion, change) });

test('T21: a token from before the epoch may have been used; one that came after it is taken', async () => {
  const { world } = await open();
  const before = await token(world, idpIssuer, { iat: world.now() + 30 });
  const after = await token(world, idpIssuer, { iat: world.now() + 31 });
  world.beginEpoch('second');
  world.clock.ms += 10_000;
  await refused(world, await exchange(world, before), 'client_assertion_before_epoch');
  assert.equal((await exchange(world, after)).status, 200);
});

describe('IDP-01, IDP-02, RAS-01: a token of the platform authenticates the client whose entry names it', () => {
  test('on both legs, each token once', async () => {
    const { world, state } = await open();
    const issued = await exchange(world, await token(world, [idpIssuer]));
    assert.equal(issued.status, 200);
    assert.equal(issued.record.client, 'triage');
    const idJag = String(issued.body.access_token);
    const redeemed = await world.redeem({ assertion: idJag, ...proof(await token(world, [rasIssuer])) });
    assert.equal(redeemed.status, 200);
    assert.equal(state.fetches, 2, 'once at each side');
  });

  type Case = [name: string, make: (world: World) => Promise<string>, reason: Refusal];
  const minus = (world: World, seconds: number) => world.now() - seconds;
  const table: Case[] = [
    ['another subject', (w) => token(w, idpIssuer, { sub: `${subject}2` }), 'workload_token_other'],
    ['another issuer', (w) => token(w, idpIssuer, { iss: `${platform}/` }), 'workload_token_other'],
    ['for the other side', (w) => token(w, rasIssuer), 'workload_token_other'],
    ['for the token endpoint', (w) => token(w, `${idpIssuer}/token`), 'workload_token_other'],
    ['for others too', (w) => token(w, [idpIssuer, 'https://other.example']), 'workload_token_other'],
    ['for nobody', (w) => token(w, undefined), 'workload_token_other'],
    ['expired', (w) => token(w, idpIssuer, { exp: minus(w, 30) }), 'workload_token_stale'],
    ['without exp', (w) => token(w, idpIssuer, { exp: undefined }), 'workload_token_stale'],
    ['without iat', (w) => token(w, idpIssuer, { iat: undefined }), 'workload_token_stale'],
    ['from the future', (w) => token(w, idpIssuer, { iat: minus(w, -31) }), 'workload_token_stale'],
    ['not yet begun', (w) => token(w, idpIssuer, { nbf: minus(w, -31) }), 'workload_token_stale'],
    ['nbf that is text', (w) => token(w, idpIssuer, { nbf: '0' }), 'workload_token_stale'],
    ['good for longer than a day', (w) => token(w, idpIssuer, { exp: minus(w, -86_401) }), 'workload_token_stale'],
    ['without jti', (w) => token(w, idpIssuer, { jti: undefined }), 'workload_token_without_id'],
    ['with an empty jti', (w) => token(w, idpIssuer, { jti: '' }), 'workload_token_without_id'],
    [
      'signed by somebody else under the same kid',
      (w) => token(w, idpIssuer, {}, {}, { ...generatePrivateJwk('RS256'), kid: key.kid }),
      'workload_token_bad_signature',
    ],
    ['with a kid nobody has', (w) => token(w, idpIssuer, {}, { kid: 'x' }), 'workload_token_bad_signature'],
    ['HS256', (w) => token(w, idpIssuer, {}, { alg: 'HS256' }), 'workload_token_bad_signature'],
    ['no token at all', async () => 'a.b.c', 'client_assertion_invalid'],
  ];
  for (const [name, make, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const { world } = await open();
      await refused(world, await exchange(world, await make(world)), reason);
    });
  }

  const within: [name: string, change: (world: World) => object][] = [
    ['that lives for a day', (w) => ({ exp: w.now() + 86_400 })],
    ['that expired less than the skew ago', (w) => ({ iat: w.now() - 100, exp: w.now() - 29 })],
    ['from as far ahead as the skew', (w) => ({ iat: w.now() + 30, nbf: w.now() + 30 })],
    ['with a jti of 256 characters', () => ({ jti: 'j'.repeat(256) })],
  ];
  for (const [name, change] of within) {
    test(`a token ${name}: accepted`, async () => {
      const { world } = await open();
      assert.equal((await exchange(world, await token(world, idpIssuer, change(world)))).status, 200);
    });
  }

  test('it is marked as used until it can no longer be accepted', async () => {
    const { world } = await open();
    const once = await token(world, idpIssuer, { exp: world.now() + 60 });
    assert.equal((await exchange(world, once)).status, 200);
    world.clock.ms += 89_000;
    await world.store.purge(world.now());
    await refused(world, await exchange(world, once), 'client_assertion_replayed');
  });

  test('an algorithm that the entry does not list', async () => {
    const { world } = await open({ algorithms: ['ES256'] });
    await refused(world, await exchange(world, await token(world, idpIssuer)), 'workload_token_bad_signature');
  });

  test('an audience that the entry names, and then no other', async () => {
    const { world } = await open({ audience: 'api://credence' });
    assert.equal((await exchange(world, await token(world, 'api://credence'))).status, 200);
    await refused(world, await exchange(world, await token(world, idpIssuer)), 'workload_token_other');
  });

  test('keys written in the entry are not fetched', async () => {
    const { world, state } = await open({ keys: { keys: [toPublicJwk(key)] } });
    assert.equal((await exchange(world, await token(world, idpIssuer))).status, 200);
    assert.equal(state.fetches, 0);
  });

  test('keys that cannot be had: invalid_client', async () => {
    const { world, state } = await open();
    state.isDown = true;
    await refused(world, await exchange(world, await token(world, idpIssuer)), 'client_keys_unavailable');
  });
});

describe('KEY-03: "only public parts, unique kids"', () => {
  test('a platform that publishes a private key is not believed', async () => {
    const { world, state } = await open();
    state.keys = [Object.assign(toPublicJwk(key), { d: key.d })];
    await refused(world, await exchange(world, await token(world, idpIssuer)), 'client_keys_unavailable');
  });

  test('a kid of two keys verifies nothing', async () => {
    const { world, state } = await open();
    state.keys = [key, { ...generatePrivateJwk('ES256'), kid: key.kid }].map(toPublicJwk);
    await refused(world, await exchange(world, await token(world, idpIssuer)), 'workload_token_bad_signature');
  });
});

describe('IDP-04: single use', () => {
  test('a token that was used: refused, unless the entry says that the platform hands it out again', async () => {
    const { world } = await open();
    const once = await token(world, idpIssuer);
    const first = await exchange(world, once);
    assert.deepEqual([first.status, first.record.clientLoosened], [200, undefined]);
    await refused(world, await exchange(world, once), 'client_assertion_replayed');

    const { world: other } = await open({ reuse: true });
    const again = await token(other, idpIssuer, { jti: undefined });
    for (let n = 0; n < 2; n += 1) {
      const { status, record } = await exchange(other, again);
      assert.deepEqual([status, record.clientLoosened], [200, ['workload.reuse']]);
    }
    const idJag = { assertion: await other.idJag({ client_id: 'triage' }) };
    const { status, record } = await other.redeem({ ...idJag, ...proof(await token(other, rasIssuer)) });
    assert.deepEqual([status, record.clientLoosened], [200, ['workload.reuse']]);
    other.clock.ms += 3_630_000;
    await refused(other, await exchange(other, again), 'workload_token_stale');
  });
});

describe('HTP-02: which client it is about', () => {
  test('the request names the client; sub is a name of the platform', async () => {
    const { world } = await open();
    const made = await token(world, idpIssuer);
    await refused(world, await exchange(world, made, { client_id: undefined }), 'client_unknown');
    await refused(world, await exchange(world, made, { client_id: 'keyed' }), 'client_ids_differ');
    await refused(world, await exchange(world, made, { client_id: 'claude-code' }), 'client_ids_differ');
    await refused(world, await exchange(world, made, { client_id: 'nobody' }), 'client_ids_differ');
  });

  test('a secret, also a live one, is nothing here', async () => {
    const { world } = await open();
    const bySecret = { client_id: 'triage', client_secret: 'triage-secret' };
    await refused(world, await world.exchange(bySecret), 'client_method_not_allowed');
    await refused(
      world,
      await world.exchange({ client_id: 'triage', client_secret: undefined }),
      'client_not_authenticated',
    );
  });
});

describe('the entry', () => {
  const table: [name: string, client: object, at: string][] = [
    ['two ways at once', { workload: { issuer: platform, subject, keys: 'discovery' }, jwks_uri: `${platform}/x` }, ''],
    ['an issuer without https', { workload: { issuer: 'http://k8s', subject, keys: 'discovery' } }, '.workload.issuer'],
    [
      'a pattern is no subject',
      { workload: { issuer: platform, subject: 'a b', keys: 'discovery' } },
      '.workload.subject',
    ],
    ['no subject', { workload: { issuer: platform, keys: 'discovery' } }, '.workload.subject'],
    ['no keys', { workload: { issuer: platform, subject } }, '.workload.keys'],
    [
      'HS256',
      { workload: { issuer: platform, subject, keys: 'discovery', algorithms: ['HS256'] } },
      '.workload.algorithms',
    ],
  ];
  for (const [name, client, at] of table) {
    test(`${name}: refused in both documents`, () => {
      for (const kind of ['access', 'resource'] as const) {
        const parsed = parsePolicy(JSON.stringify({ clients: { triage: client } }), kind);
        assert.ok(!parsed.ok && parsed.problems.some(({ path }) => path.startsWith(`clients.triage${at}`)), kind);
      }
    });
  }
});
