import assert from 'node:assert/strict';
import crypto, { createHash, createHmac, createPublicKey } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { describe, mock, test } from 'node:test';
import { type Jwk, joseType, mintJws, type Refusal } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { hashSecret } from '../packages/server/src/clients/authenticate.ts';
import { openInForce } from '../packages/server/src/in-force.ts';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { parsePolicy } from '../packages/server/src/policy/parse.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import { openOtherRas, signText } from './other-ras.ts';
import { idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

/** A RAS that fetches the keys of the IdP, and the JWK Set it finds there. */
async function withDiscovery() {
  const world = await openWorld();
  const published = { keys: [toPublicJwk(world.keys.idJag)] as Jwk[], isDown: false, fetches: 0 };
  const { redeem } = openOtherRas(
    world,
    `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} } } }
clients: { cc-at-ras: {} }
trust: { "${idpIssuer}": { keys: discovery, accounts: create, clients: [cc-at-ras] } }`,
    async (url) => {
      if (published.isDown) throw new Error('unreachable');
      if (!url.endsWith('/jwks')) return { issuer: idpIssuer, jwks_uri: `${idpIssuer}/jwks` };
      published.fetches += 1;
      return { keys: published.keys };
    },
  );
  const later = (seconds: number) => {
    world.clock.ms += seconds * 1000;
  };
  const signedBy = (key: PrivateJwk) => world.idJag({}, { kid: key.kid }, key);
  return { world, published, redeem, later, signedBy };
}

describe('KEY-04: "Unknown kid: one throttled refetch, then refuse"', () => {
  test('B38: a kid nobody has: refused after one fetch, however often it is tried', async () => {
    const { world, published, redeem, later } = await withDiscovery();
    assert.equal((await redeem(await world.idJag())).status, 200);
    later(30);
    for (let n = 0; n < 5; n++) {
      await refused(world, await redeem(await world.idJag({}, { kid: `guess-${n}` })), 'id_jag_key_unknown');
    }
    assert.equal(published.fetches, 2);
  });

  test('B39: a key rotated in is accepted after the refetch', async () => {
    const { world, published, redeem, later, signedBy } = await withDiscovery();
    assert.equal((await redeem(await world.idJag())).status, 200);
    const fresh = generatePrivateJwk('ES256');
    published.keys = [...published.keys, toPublicJwk(fresh)];
    later(30);
    assert.equal((await redeem(await signedBy(fresh))).status, 200);
  });

  test('B40: a removed key is honoured until the cache is renewed, and never after', async () => {
    const { world, published, redeem, later } = await withDiscovery();
    assert.equal((await redeem(await world.idJag())).status, 200);
    published.keys = [toPublicJwk(generatePrivateJwk('ES256'))];
    later(299);
    assert.equal((await redeem(await world.idJag())).status, 200);
    later(1);
    await refused(world, await redeem(await world.idJag()), 'id_jag_key_unknown');
  });

  test('B40: an issuer that cannot be reached does not prolong the life of a key, and brings no removed one back', async () => {
    const { world, published, redeem, later, signedBy } = await withDiscovery();
    const fresh = generatePrivateJwk('ES256');
    assert.equal((await redeem(await world.idJag())).status, 200);
    published.keys = [toPublicJwk(fresh)];
    later(300);
    assert.equal((await redeem(await signedBy(fresh))).status, 200);
    published.isDown = true;
    later(400);
    await refused(world, await redeem(await world.idJag()), 'id_jag_key_unknown');
    assert.equal((await redeem(await signedBy(fresh))).status, 200);
    later(500);
    await refused(world, await redeem(await signedBy(fresh)), 'issuer_keys_unavailable');
  });

  test('keys that were never had: temporarily_unavailable, and the ID-JAG is still good afterwards', async () => {
    const { world, published, redeem, later } = await withDiscovery();
    published.isDown = true;
    const assertion = await world.idJag();
    const answer = await redeem(assertion);
    await refused(world, answer, 'issuer_keys_unavailable');
    assert.equal(answer.headers.get('retry-after'), '1');
    published.isDown = false;
    later(30);
    assert.equal((await redeem(assertion)).status, 200);
  });
});

describe('KEY-03, KEY-04: what is fetched of an issuer, and when', () => {
  const trusted = { issuer: idpIssuer, keys: 'discovery' } as const;
  const key = (kid: string) => ({ kty: 'EC', crv: 'P-256', kid, x: 'x', y: 'y' });

  test('nothing anew for a kid that is known, however many keys there are', async () => {
    let now = 10_000;
    let fetches = 0;
    const getJson = async (url: string) => {
      fetches += 1;
      return url.endsWith('/jwks')
        ? { keys: [key('a'), key('b')] }
        : { issuer: idpIssuer, jwks_uri: `${idpIssuer}/jwks` };
    };
    const { keysOf } = createIssuerKeys({ getJson, now: () => now, onFault: () => undefined });
    await keysOf(trusted, { kid: 'a' });
    now += 30;
    for (const kid of ['a', 'b', undefined]) await keysOf(trusted, { kid });
    assert.equal(fetches, 2);
  });

  const faulty: [name: string, metadata: object, jwks: object, said: string][] = [
    ['no jwks_uri', { issuer: idpIssuer }, { keys: [] }, 'the metadata names no jwks_uri'],
    ['no keys in the JWK Set', { issuer: idpIssuer, jwks_uri: `${idpIssuer}/jwks` }, {}, 'the JWK Set has no keys'],
    ['another issuer', { issuer: 'https://x.example' }, { keys: [] }, 'the metadata names another issuer'],
  ];
  for (const [name, metadata, jwks, said] of faulty) {
    test(`${name}: no keys, and the operator is told so`, async () => {
      const faults: unknown[] = [];
      const { keysOf } = createIssuerKeys({
        getJson: async (url) => ({ ...(url?.includes('.well-known') ? metadata : jwks) }),
        now: () => 10_000,
        onFault: (_, fault) => faults.push((fault as Error).message),
      });
      assert.equal(await keysOf(trusted, { kid: 'a' }), undefined);
      assert.deepEqual(faults, [said]);
    });
  }
});

describe('KEY-05: "kid absent: accept only if exactly one key fits alg/use"', () => {
  test('one fits: accepted; two fit: refused', async () => {
    const { world, published, redeem, later } = await withDiscovery();
    assert.equal((await redeem(await world.idJag({}, { kid: undefined }))).status, 200);
    published.keys = [...published.keys, toPublicJwk(generatePrivateJwk('ES256'))];
    later(300);
    await refused(world, await redeem(await world.idJag({}, { kid: undefined })), 'id_jag_key_unknown');
  });
});

describe('RAS-05, KEY-02: algorithms that are never allowed', () => {
  const hs256 = (claims: object, typ: string, key: PrivateJwk) => {
    const pem = createPublicKey({ key: { ...toPublicJwk(key) }, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const sign = (input: string) => createHmac('sha256', pem).update(input).digest();
    return mintJws({ alg: 'HS256', kid: key.kid, typ }, { ...claims }, sign);
  };
  const payloadOf = (jws: string) => JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());

  test('B36: an ID-JAG under HS256, keyed with the public key', async () => {
    const world = await openWorld();
    const assertion = await hs256(payloadOf(await world.idJag()), joseType.idJag, world.keys.idJag);
    await refused(world, await world.redeem({ assertion }), 'id_jag_algorithm_refused');
  });

  test('B13: an ID Token under HS256, keyed with the RSA public key', async () => {
    const world = await openWorld();
    const subject_token = await hs256(payloadOf(await world.idToken()), 'JWT', world.keys.idToken);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_bad_signature');
  });

  test('B08: a client assertion under HS256, keyed with the public key', async () => {
    const world = await openWorld();
    const fields = await world.clientAssertion(idpIssuer);
    const client_assertion = await hs256(payloadOf(String(fields.client_assertion)), 'JWT', world.keys.client);
    await refused(world, await world.exchange({ ...fields, client_assertion }), 'client_assertion_invalid');
  });

  for (const alg of ['ES384', 'ES512', 'RS384', 'RS512', 'HS512', 'es256', 'ES256 ', 256, null]) {
    test(`B36: alg ${JSON.stringify(alg)}, not listed`, async () => {
      const world = await openWorld();
      await refused(
        world,
        await world.redeem({ assertion: await world.idJag({}, { alg }) }),
        'id_jag_algorithm_refused',
      );
    });
  }
});

describe('KEY-06, KEY-07: "Parse strictly", "claim types checked"', () => {
  const header = (world: World) => JSON.stringify({ typ: joseType.idJag, alg: 'ES256', kid: world.keys.idJag.kid });
  const payload = async (world: World) =>
    JSON.parse(Buffer.from((await world.idJag()).split('.')[1] ?? '', 'base64url').toString());
  const table: [name: string, text: (json: string) => string, reason: Refusal][] = [
    ['B43 aud twice', (json) => json.replace('{', '{"aud":"https://other.example",'), 'id_jag_malformed'],
    ['B43 aud twice, once escaped', (json) => json.replace('{', '{"\\u0061ud":"x",'), 'id_jag_malformed'],
    ['two objects', (json) => `${json}${json}`, 'id_jag_malformed'],
    ['an array', (json) => `[${json}]`, 'id_jag_malformed'],
    ['a trailing comma', (json) => json.replace(/}$/, ',}'), 'id_jag_malformed'],
    ['a byte order mark', (json) => `\ufeff${json}`, 'id_jag_malformed'],
    [
      'B02 nested 20 levels deep',
      (json) => json.replace('{', `{"a":${'['.repeat(20)}${']'.repeat(20)},`),
      'id_jag_malformed',
    ],
    ['B50 exp 1e309', (json) => json.replace(/"exp":\d+/, '"exp":1e309'), 'id_jag_time_malformed'],
    ['B50 exp a string', (json) => json.replace(/"exp":(\d+)/, '"exp":"$1"'), 'id_jag_time_malformed'],
    ['B50 exp negative', (json) => json.replace(/"exp":\d+/, '"exp":-1'), 'id_jag_time_malformed'],
    ['exp true', (json) => json.replace(/"exp":\d+/, '"exp":true'), 'id_jag_time_malformed'],
    ['iat null', (json) => json.replace(/"iat":\d+/, '"iat":null'), 'id_jag_time_malformed'],
    ['sub a number', (json) => json.replace(/"sub":"[^"]*"/, '"sub":7'), 'id_jag_subject_malformed'],
    ['jti a number', (json) => json.replace(/"jti":"[^"]*"/, '"jti":7'), 'id_jag_jti_malformed'],
    [
      '__proto__ in place of claims',
      (json) => json.replace(/"aud":"[^"]*"/, '"__proto__":{"aud":"x"}'),
      'id_jag_wrong_audience',
    ],
  ];
  for (const [name, change, reason] of table) {
    test(`${name}: ${reason}`, async () => {
      const world = await openWorld();
      const text = change(JSON.stringify(await payload(world)));
      const assertion = await signText(header(world), text, world.keys.idJag);
      await refused(world, await world.redeem({ assertion }), reason);
    });
  }

  test('the same text unchanged is redeemed', async () => {
    const world = await openWorld();
    const assertion = await signText(header(world), JSON.stringify(await payload(world)), world.keys.idJag);
    assert.equal((await world.redeem({ assertion })).status, 200);
  });

  test('B02: an ID Token nested too deep', async () => {
    const world = await openWorld();
    const text = JSON.stringify({ a: JSON.parse(`${'['.repeat(20)}${']'.repeat(20)}`) });
    const subject_token = await signText('{"alg":"RS256"}', text, world.keys.idToken);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_malformed');
  });
});

describe('KEY-09: "Constant-time compare for secrets; client secrets stored hashed, two live during rotation"', () => {
  test('a secret is compared with every live hash by timingSafeEqual, also for a client nobody knows', async () => {
    const world = await openWorld();
    const compare = mock.method(crypto, 'timingSafeEqual');
    syncBuiltinESMExports();
    try {
      for (const fields of [{}, { client_secret: 'wrong' }, { client_id: 'nobody' }]) {
        compare.mock.resetCalls();
        await world.redeem(fields);
        assert.equal(compare.mock.callCount(), 1);
        for (const bytes of compare.mock.calls[0]?.arguments ?? []) {
          assert.equal((bytes as Buffer).length, hashSecret('').length, 'hashes are compared, not secrets');
        }
      }
    } finally {
      compare.mock.restore();
      syncBuiltinESMExports();
    }
  });

  test('what is kept of a secret is its hash, two at a time, each side its own', async () => {
    const store = await openSqliteStore(':memory:', { node: 'spec' });
    const digestOf = (document: string) => createHash('sha256').update(document).digest('base64url');
    for (const secret of ['old', 'new']) {
      await store.credentials.add({ domain: 'ras', clientId: 'c', secretHash: hashSecret(secret), createdAt: 1 });
    }
    for (const kind of ['access', 'resource'] as const) {
      const parsed = parsePolicy('servers: {}', kind);
      assert.ok(parsed.ok);
      const document = JSON.stringify(parsed.document);
      await store.policies.append(
        { kind, version: 1, document, digest: digestOf(document), author: 'test', publishedAt: 1 },
        [],
      );
    }
    const inForce = await openInForce(store, { idp: idpIssuer, ras: rasIssuer });
    assert.deepEqual([...inForce.secretHashes('ras', 'c')].sort(), ['old', 'new'].map(hashSecret).sort());
    assert.deepEqual(inForce.secretHashes('idp', 'c'), []);
    await store.close();
  });
});

describe('KEY-10: "A validator asks for one token kind"', () => {
  const kinds: [name: string, token: (world: World) => Promise<string>][] = [
    ['an ID Token', (w) => w.idToken()],
    ['an ID Token addressed to the RAS', (w) => w.idToken({ aud: rasIssuer, client_id: 'cc-at-ras', jti: 'j' })],
    ['an ID-JAG', (w) => w.idJag()],
    ['an ID-JAG addressed to the client', (w) => w.idJag({ aud: 'claude-code', sid: 'sid-1' })],
    ['an access token', async (w) => String((await w.redeem()).body.access_token)],
    ['a client assertion', async (w) => String((await w.clientAssertion(idpIssuer)).client_assertion)],
    ['a DPoP proof', (w) => w.proof('idp')],
  ];
  const places: [
    name: string,
    takes: string[],
    ask: (world: World, token: string) => Promise<Record<string, unknown>>,
  ][] = [
    ['subject_token', ['an ID Token'], async (w, t) => (await w.exchange({ subject_token: t })).body],
    ['assertion', ['an ID-JAG'], async (w, t) => (await w.redeem({ assertion: t })).body],
    [
      'client_assertion at the IdP',
      [],
      async (w, t) => (await w.exchange({ ...(await w.clientAssertion(idpIssuer)), client_assertion: t })).body,
    ],
    [
      'client_assertion at the RAS',
      [],
      async (w, t) => (await w.redeem({ ...(await w.clientAssertion(rasIssuer)), client_assertion: t })).body,
    ],
  ];
  for (const [place, takes, ask] of places) {
    for (const [kind, token] of kinds) {
      const isTaken = takes.includes(kind);
      test(`${kind} as ${place}: ${isTaken ? 'taken' : 'refused'}`, async () => {
        const world = await openWorld();
        const body = await ask(world, await token(world));
        assert.equal(typeof body.access_token, isTaken ? 'string' : 'undefined');
        assert.deepEqual(world.faults, []);
      });
    }
  }

  test('an ID-JAG under the key of ID Tokens, and an ID Token under the key of ID-JAGs: refused (KEY-01)', async () => {
    const world = await openWorld();
    const assertion = await world.idJag({}, {}, world.keys.idToken);
    await refused(world, await world.redeem({ assertion }), 'id_jag_key_unknown');
    const subject_token = await world.idToken({}, {}, world.keys.idJag);
    await refused(world, await world.exchange({ subject_token }), 'subject_token_bad_signature');
  });
});
