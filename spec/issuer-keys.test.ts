import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Jwk } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { generatePrivateJwk, type PrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { idpIssuer, openWorld, refused } from './world.ts';

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
    [
      'a private key among them',
      { issuer: idpIssuer, jwks_uri: `${idpIssuer}/jwks` },
      { keys: [key('a'), { ...key('b'), d: 'd' }] },
      'the JWK Set holds a private or symmetric key',
    ],
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

describe('KEY-03: "only public parts, unique kids"', () => {
  for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']) {
    test(`an issuer that publishes ${member} of a key is not believed, whichever key signed`, async () => {
      const { world, published, redeem } = await withDiscovery();
      const other = toPublicJwk(generatePrivateJwk('ES256'));
      published.keys = [...published.keys, { ...other, [member]: 'x' }];
      await refused(world, await redeem(await world.idJag()), 'issuer_keys_unavailable');
    });
  }

  test('one that publishes its private key later: what was good stays so until it is stale, nothing new comes, and none comes back', async () => {
    const { world, published, redeem, later, signedBy } = await withDiscovery();
    const removed = generatePrivateJwk('ES256');
    published.keys = [...published.keys, toPublicJwk(removed)];
    assert.equal((await redeem(await signedBy(removed))).status, 200);
    published.keys = [toPublicJwk(world.keys.idJag)];
    later(300);
    assert.equal((await redeem(await world.idJag())).status, 200);

    const fresh = generatePrivateJwk('ES256');
    published.keys = [
      toPublicJwk(world.keys.idJag),
      toPublicJwk(removed),
      Object.assign(toPublicJwk(fresh), { d: fresh.d }),
    ];
    later(300);
    assert.equal((await redeem(await world.idJag())).status, 200);
    await refused(world, await redeem(await signedBy(fresh)), 'id_jag_key_unknown');
    await refused(world, await redeem(await signedBy(removed)), 'id_jag_key_unknown');
    later(600);
    await refused(world, await redeem(await world.idJag()), 'issuer_keys_unavailable');
    published.keys = [toPublicJwk(fresh)];
    later(30);
    assert.equal((await redeem(await signedBy(fresh))).status, 200);
  });

  const named = (kid: string, algorithm: 'ES256' | 'RS256') => ({ ...generatePrivateJwk(algorithm), kid });
  test('a kid of two keys verifies nothing, of whatever kind and order they are; the others do', async () => {
    for (const [one, other] of [
      [named('twice', 'ES256'), named('twice', 'RS256')],
      [named('twice', 'RS256'), named('twice', 'ES256')],
      [named('twice', 'ES256'), named('twice', 'ES256')],
    ] as const) {
      const { world, published, redeem, signedBy } = await withDiscovery();
      published.keys = [...published.keys, ...[one, other].map(toPublicJwk)];
      for (const key of [one, other]) await refused(world, await redeem(await signedBy(key)), 'id_jag_key_unknown');
      assert.equal((await redeem(await world.idJag())).status, 200);
    }
  });

  test('one key that is listed once for each algorithm is one key', async () => {
    const { published, redeem, signedBy } = await withDiscovery();
    const key = generatePrivateJwk('RS256');
    published.keys = ['PS256', 'RS256'].map((alg) => ({ ...toPublicJwk(key), alg }));
    assert.equal((await redeem(await signedBy(key))).status, 200);
  });

  test('keys written in the document: the same', async () => {
    const world = await openWorld();
    const keys = [world.keys.idJag, { ...generatePrivateJwk('RS256'), kid: world.keys.idJag.kid }].map(toPublicJwk);
    const { redeem } = openOtherRas(
      world,
      `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} } } }
clients: { cc-at-ras: {} }
trust: { "${idpIssuer}": { keys: ${JSON.stringify({ keys })}, accounts: create, clients: [cc-at-ras] } }`,
    );
    await refused(world, await redeem(await world.idJag()), 'id_jag_key_unknown');
  });
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

describe('RAS-06, RFC 8414 §2: an issuer whose name ends with a slash, which nothing forbids', () => {
  const slashed = 'https://acme.auth0.example/';
  const bare = slashed.slice(0, -1);

  async function openAt(named: string, trusted: readonly string[]) {
    const world = await openWorld();
    const entry = { keys: 'discovery', accounts: 'create', clients: ['cc-at-ras'] };
    const document = {
      servers: { tracker: { scopes: { 'issues:read': {}, 'issues:write': {} } } },
      clients: { 'cc-at-ras': {} },
      trust: Object.fromEntries(trusted.map((issuer) => [issuer, entry])),
    };
    const asked: string[] = [];
    const ras = openOtherRas(world, JSON.stringify(document), async (url) => {
      asked.push(url);
      if (url === `${bare}/keys`) return { keys: [toPublicJwk(world.keys.idJag)] };
      if (url !== `${bare}/.well-known/openid-configuration`) throw new Error('not found');
      return { issuer: named, jwks_uri: `${bare}/keys` };
    });
    return { world, asked, ras, redeem: async (iss: string) => ras.redeem(await world.idJag({ iss })) };
  }

  test('it is trusted by that name, and found where its metadata is, without a second slash', async () => {
    const { asked, redeem, ras } = await openAt(slashed, [slashed]);
    const { status, body, record } = await redeem(slashed);
    assert.deepEqual([status, record.issuer], [200, slashed]);
    assert.deepEqual(asked, [
      `${bare}/.well-known/oauth-authorization-server`,
      `${bare}/.well-known/openid-configuration`,
      `${bare}/keys`,
    ]);
    assert.equal((await ras.introspect(String(body.access_token))).body.active, true);
  });

  test('without the slash it is another, which nobody trusts; and the other way round', async () => {
    for (const [trusted, said] of [
      [slashed, bare],
      [bare, slashed],
    ] as const) {
      const { world, asked, redeem } = await openAt(said, [trusted]);
      await refused(world, await redeem(said), 'id_jag_issuer_untrusted');
      assert.deepEqual(asked, []);
    }
  });

  test('metadata that names the other one is not its own (RFC 8414 §3.3)', async () => {
    const { world, redeem } = await openAt(bare, [slashed]);
    await refused(world, await redeem(slashed), 'issuer_keys_unavailable');
  });

  test('both may be trusted: they are two, and the metadata says which of them there is', async () => {
    const { world, redeem } = await openAt(slashed, [bare, slashed]);
    assert.equal((await redeem(slashed)).status, 200);
    await refused(world, await redeem(bare), 'issuer_keys_unavailable');
  });
});
