import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type EncryptionAlgorithm, joseType, parseJwe, type Refusal } from '@credence/mcp/protocol';
import { makeJwe } from '../packages/server/src/keys/fixtures/make-jwe.ts';
import { decryptJwe, encryptJwt, toDecryption } from '../packages/server/src/keys/jwe.ts';
import { type KeyRing, openKeyRing } from '../packages/server/src/keys/key-ring.ts';
import { generatePrivateJwk, toPublicJwk } from '../packages/server/src/keys/signer.ts';
import { openOtherRas } from './other-ras.ts';
import { claimsOf, idpIssuer, openWorld, rasIssuer, refused, type World } from './world.ts';

const headerOf = (token: unknown) =>
  JSON.parse(Buffer.from(String(token).split('.')[0] ?? '', 'base64url').toString()) as Record<string, unknown>;
const withEncryption = (encryption: string) => (text: string) =>
  text.replace('audiences:', `audiences:\n  ${rasIssuer}: { encryption: ${encryption} }`);

describe('IDP-37, EMA 7.4.3: "sign, then encrypt, cty JWT, key use enc of the RAS"', () => {
  async function opened(world: World, token: unknown) {
    const jwe = parseJwe(String(token));
    assert.ok(jwe);
    return String(await decryptJwe(jwe, [world.keys.encryption]));
  }

  test('to a key that the RAS publishes: a nested JWT that the client cannot read, and the RAS redeems', async () => {
    const rasKeys = () => [toPublicJwk(world.keys.accessToken), toPublicJwk(world.keys.encryption)];
    const world: World = await openWorld(undefined, { access: withEncryption('discovery'), rasKeys });
    const { status, body } = await world.exchange();
    assert.equal(status, 200);
    const { epk: _, ...header } = headerOf(body.access_token);
    assert.deepEqual(header, { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', kid: world.keys.encryption.kid });
    const inner = await opened(world, body.access_token);
    assert.equal(headerOf(inner).typ, joseType.idJag);
    assert.equal(claimsOf(inner).aud, rasIssuer);
    assert.equal(body.issued_token_type, 'urn:ietf:params:oauth:token-type:id-jag');
    const redeemed = await world.redeem({ assertion: String(body.access_token) });
    assert.equal(redeemed.status, 200);
    assert.equal(redeemed.record.encrypted, true);
    await refused(world, await world.redeem({ assertion: inner }), 'id_jag_replayed');
  });

  test('to a key in the access document', async () => {
    const key = generatePrivateJwk('RSA-OAEP-256');
    const world = await openWorld(undefined, {
      access: withEncryption(JSON.stringify({ keys: [toPublicJwk(key)] })),
    });
    const { body } = await world.exchange();
    assert.equal(headerOf(body.access_token).alg, 'RSA-OAEP-256');
  });

  const missing: [name: string, rasKeys: (world: World) => unknown[] | undefined, faults: number][] = [
    ['the RAS cannot be reached', () => undefined, 0],
    ['it has no key for encryption', (world) => [toPublicJwk(world.keys.accessToken)], 0],
    ['its key for encryption is broken', () => [{ kty: 'EC', crv: 'P-256', use: 'enc', x: 'AA', y: 'AA' }], 1],
  ];
  for (const [name, rasKeys, faults] of missing) {
    test(`${name}: ras_key_unavailable, and nothing goes out in the clear`, async () => {
      const world: World = await openWorld(undefined, {
        access: withEncryption('discovery'),
        rasKeys: () => rasKeys(world) as never,
      });
      const answer = await world.exchange();
      assert.equal(world.faults.splice(0).length, faults, 'what the operator is told');
      await refused(world, answer, 'ras_key_unavailable');
      assert.equal(answer.headers.get('retry-after'), '1');
    });
  }

  test('LOG-03: of one that could not be encrypted the decision is on the record, in any flood, and no ID-JAG', async () => {
    const world = await openWorld(undefined, {
      access: withEncryption('discovery'),
      rasKeys: () => undefined,
      provenLines: { burst: 0, perSecond: 0 },
    });
    const { record } = await world.exchange();
    assert.deepEqual([record.kind, record.outcome, record.reason], ['decision', 'refused', 'ras_key_unavailable']);
    assert.deepEqual([record.decision?.effect, record.inputs?.groups], ['allow', ['engineering']]);
    assert.deepEqual([record.idJag, record.scopesGranted], [undefined, undefined]);
  });
});

/** A RAS that trusts the IdP as `rule` says. */
async function withRule(rule: string, toDecrypt?: (world: World) => Promise<KeyRing>) {
  const world = await openWorld();
  const ring = await toDecrypt?.(world);
  const keys = JSON.stringify({ keys: [toPublicJwk(world.keys.idJag)] });
  const ras = openOtherRas(
    world,
    `
servers: { tracker: { scopes: { issues:read: {}, issues:write: {} } } }
clients: { cc-at-ras: {} }
trust: { "${idpIssuer}": { keys: ${keys}, accounts: create, clients: [cc-at-ras]${rule} } }`,
    undefined,
    ring && toDecryption(ring),
  );
  return { world, ras };
}

describe('RAS-45: "decrypt, then verify the inner JWS in full; unsigned content refused; if required, plain ones refused"', () => {
  const sealed = (world: World, content: string, header: object = {}) =>
    makeJwe(content, world.keys.encryption, { header: { kid: world.keys.encryption.kid, ...header } });

  test('a good one that somebody else encrypted is accepted; where it is not required, so is a plain one', async () => {
    const { world, ras } = await withRule('');
    assert.equal((await ras.redeem(sealed(world, await world.idJag()))).status, 200);
    assert.equal((await ras.redeem(await world.idJag())).status, 200);
  });

  test('where it is required a plain one is refused, whatever its signature, and its jti is not used up', async () => {
    const { world, ras } = await withRule(', require_encryption: true');
    const plain = await world.idJag();
    await refused(world, await ras.redeem(plain), 'id_jag_not_encrypted');
    assert.equal((await ras.redeem(sealed(world, plain))).status, 200);
  });

  const unsigned = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const inner: [name: string, content: (world: World) => Promise<string>, reason: Refusal][] = [
    ['B44 unsigned content', async () => JSON.stringify({ iss: idpIssuer }), 'id_jag_malformed'],
    [
      'B44 alg none',
      async (w) => `${unsigned({ alg: 'none', typ: joseType.idJag })}.${unsigned(claimsOf(await w.idJag()))}.`,
      'id_jag_malformed',
    ],
    ['a JWE in a JWE', async (w) => sealed(w, await w.idJag()), 'id_jag_malformed'],
    ['nothing', async () => '', 'id_jag_jwe_refused'],
    [
      'another key',
      (w) => w.idJag({}, {}, { ...generatePrivateJwk('ES256'), kid: w.keys.idJag.kid }),
      'id_jag_bad_signature',
    ],
    ['another audience', (w) => w.idJag({ aud: 'https://other.example' }), 'id_jag_wrong_audience'],
    ['expired', (w) => w.idJag({ iat: w.now() - 400, exp: w.now() - 100 }), 'id_jag_expired'],
    ['another type', (w) => w.idJag({}, { typ: 'JWT' }), 'id_jag_wrong_type'],
    ['another client', (w) => w.idJag({ client_id: 'vs-at-ras' }), 'id_jag_other_client'],
  ];
  for (const [name, content, reason] of inner) {
    test(`inside: ${name}: ${reason}`, async () => {
      const { world, ras } = await withRule('');
      await refused(world, await ras.redeem(sealed(world, await content(world))), reason);
    });
  }

  const outer: [name: string, jwe: (world: World, jag: string) => string, reason: Refusal][] = [
    ['B44 zip', (w, jag) => sealed(w, jag, { zip: 'DEF' }), 'id_jag_jwe_refused'],
    ['B44 PBES2', (w, jag) => sealed(w, jag, { alg: 'PBES2-HS256+A128KW', p2c: 1e9 }), 'id_jag_jwe_refused'],
    ['dir', (w, jag) => sealed(w, jag, { alg: 'dir' }), 'id_jag_jwe_refused'],
    ['crit', (w, jag) => sealed(w, jag, { crit: ['x'] }), 'id_jag_jwe_refused'],
    ['no cty', (w, jag) => sealed(w, jag, { cty: undefined }), 'id_jag_jwe_refused'],
    ['B43 padding', (w, jag) => `${sealed(w, jag)}=`, 'id_jag_jwe_refused'],
    ['larger than 16 KiB', (w) => sealed(w, 'x'.repeat(16_384)), 'id_jag_jwe_refused'],
    ['a kid of nobody', (w, jag) => sealed(w, jag, { kid: 'x' }), 'id_jag_not_decrypted'],
    [
      'an algorithm of another kind of key',
      (w, jag) => sealed(w, jag, { alg: 'RSA-OAEP-256' }),
      'id_jag_not_decrypted',
    ],
    [
      'encrypted to somebody else',
      (w, jag) => makeJwe(jag, generatePrivateJwk('ECDH-ES'), { header: { kid: w.keys.encryption.kid } }),
      'id_jag_not_decrypted',
    ],
    ['B43 four parts', (w, jag) => sealed(w, jag).split('.').slice(0, 4).join('.'), 'id_jag_malformed'],
    ['B43 six parts', (w, jag) => `${sealed(w, jag)}.x`, 'id_jag_malformed'],
  ];
  for (const [name, make, reason] of outer) {
    test(`outside: ${name}: ${reason}`, async () => {
      const { world, ras } = await withRule('');
      await refused(world, await ras.redeem(make(world, await world.idJag())), reason);
    });
  }
});

describe('KEY-08, KEY-01: the key for encryption', () => {
  test('is published for that and nothing else, and the metadata says what is accepted', async () => {
    const world = await openWorld();
    const { keys } = (await (await world.raw('ras', new Request(`${rasIssuer}/jwks`))).json()) as {
      keys: Record<string, unknown>[];
    };
    assert.deepEqual(
      keys.map(({ use, alg, d }) => [use, alg, d]),
      [
        ['sig', 'ES256', undefined],
        ['sig', 'ES256', undefined],
        ['enc', 'ECDH-ES', undefined],
      ],
    );
    const { ras } = await withRule('');
    const metadata = await ras.metadata();
    assert.deepEqual(metadata.id_jag_encryption_alg_values_supported, ['ECDH-ES']);
    assert.deepEqual(metadata.id_jag_encryption_enc_values_supported, ['A256GCM', 'A128GCM']);
    assert.ok(!('id_jag_encryption_required' in metadata));
  });

  test('the metadata says that ID-JAGs must be encrypted where none is accepted that is not', async () => {
    const { ras } = await withRule(', require_encryption: true');
    assert.equal((await ras.metadata()).id_jag_encryption_required, true);
    const { ras: ofTwo } = await withRule(
      `, require_encryption: true }, "https://other.example": { keys: discovery, accounts: create, clients: [cc-at-ras]`,
    );
    assert.ok(!('id_jag_encryption_required' in (await ofTwo.metadata())));
    const ofNobody = openOtherRas(await openWorld(), 'servers: {}\nclients: {}\ntrust: {}');
    assert.ok(!('id_jag_encryption_required' in (await ofNobody.metadata())));
  });
});

describe('KEY-03, RAS-45: "publish, wait >= cache time, sign, retire after last exp + skew", of the key for encryption', () => {
  const [waitSeconds, tokenSeconds] = [600, 1530];
  /** A RAS whose key for encryption is followed by one of another algorithm, as when `keys.idJagEncryption` is changed. */
  async function open(t: TestContext) {
    const keysDir = await mkdtemp(join(tmpdir(), 'credence-spec-'));
    t.after(() => rm(keysDir, { recursive: true }));
    let ring: KeyRing | undefined;
    const openAs = async ({ now }: World, algorithm: EncryptionAlgorithm) =>
      openKeyRing({
        keysDir,
        purpose: 'id_jag_encryption',
        algorithm,
        seal: undefined,
        now,
        waitSeconds,
        tokenSeconds,
        rotateAfterSeconds: 90 * 86_400,
        onRotated: async () => undefined,
      });
    const { world, ras } = await withRule('', async (its) => {
      await openAs(its, 'ECDH-ES');
      ring = await openAs(its, 'RSA-OAEP-256');
      return ring;
    });
    assert.ok(ring);
    const key = ring.current();
    const redeem = async () => ras.redeem(await encryptJwt(await world.idJag(), key, 'ECDH-ES'));
    const offered = async () => (await ras.metadata()).id_jag_encryption_alg_values_supported;
    return { world, redeem, offered };
  }

  test('while the new one waits the metadata says the algorithm of the one that is offered', async (t) => {
    const { world, redeem, offered } = await open(t);
    world.clock.ms += (waitSeconds - 1) * 1000;
    assert.deepEqual(await offered(), ['ECDH-ES']);
    assert.equal((await redeem()).status, 200);
    world.clock.ms += 1000;
    assert.deepEqual(await offered(), ['RSA-OAEP-256']);
  });

  test('what was encrypted to the one before is redeemed while that is leaving, and not after', async (t) => {
    const { world, redeem } = await open(t);
    world.clock.ms += (waitSeconds + tokenSeconds - 1) * 1000;
    assert.equal((await redeem()).status, 200);
    world.clock.ms += 1000;
    await refused(world, await redeem(), 'id_jag_not_decrypted');
  });
});
