import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseJwe } from '@credence/mcp/protocol';
import { agreedKey, makeJwe } from './fixtures/make-jwe.ts';
import { chooseEncryptionKey, decryptJwe, encryptJwt } from './jwe.ts';
import { generatePrivateJwk, type KeptJwk, toPublicJwk, toSigner } from './signer.ts';

const bob: KeptJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: 'weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ',
  y: 'e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck',
  d: 'VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw',
  kid: 'bob',
  alg: 'ECDH-ES',
};
const aliceEphemeral = {
  kty: 'EC',
  crv: 'P-256',
  x: 'gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0',
  y: 'SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps',
  d: '0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo',
};

const open = async (compact: string, keys: readonly KeptJwk[]) => {
  const jwe = parseJwe(compact);
  return jwe && decryptJwe(jwe, keys);
};

describe('KEY-08, RFC 7518 appendix C: ECDH-ES', () => {
  test('the key agreed on is that of the example', () => {
    const key = agreedKey(aliceEphemeral, bob, { algorithm: 'A128GCM', bits: 128, apu: 'Alice', apv: 'Bob' });
    assert.equal(key.toString('base64url'), 'VqqN6vgjbSBcIijNcacQGg');
  });

  test('what somebody else encrypted with these keys opens, under both content encryptions', async () => {
    for (const enc of ['A256GCM', 'A128GCM'] as const) {
      const jwe = makeJwe('a.b.c', bob, { ephemeral: aliceEphemeral, enc, header: { kid: 'bob' } });
      assert.equal(await open(jwe, [bob]), 'a.b.c');
    }
  });
});

describe('KEY-08: what is encrypted opens with the key it was encrypted to, and with no other', () => {
  const kinds: [name: string, key: KeptJwk][] = [
    ['P-256', generatePrivateJwk('ECDH-ES')],
    ['RSA', generatePrivateJwk('RSA-OAEP-256')],
  ];
  for (const [name, key] of kinds) {
    test(name, async () => {
      const other = { ...generatePrivateJwk(key.alg), kid: key.kid };
      const chosen = chooseEncryptionKey([toPublicJwk(key)]);
      assert.ok(chosen);
      const jwe = await encryptJwt('a.b.c', chosen.key, chosen.algorithm);
      assert.equal(jwe.split('.').length, 5);
      assert.equal(await open(jwe, [key]), 'a.b.c');
      assert.equal(await open(jwe, [other]), undefined);
      assert.equal(await open(jwe, [{ ...key, kid: 'another' }]), undefined);
      assert.equal(await open(jwe, []), undefined);
    });
  }

  test('without a kid: the only key that fits, and none where two do', async () => {
    const [one, two] = [generatePrivateJwk('ECDH-ES'), generatePrivateJwk('ECDH-ES')];
    const rsa = generatePrivateJwk('RSA-OAEP-256');
    const jwe = makeJwe('a.b.c', one, {});
    assert.equal(await open(jwe, [one, rsa]), 'a.b.c');
    assert.equal(await open(jwe, [one, two]), undefined);
  });

  test('no changed byte opens', async () => {
    const parts = makeJwe('a.b.c', bob, {}).split('.');
    for (const at of [0, 2, 3, 4]) {
      const bytes = Buffer.from(parts[at] ?? '', 'base64url');
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      const changed = parts.map((part, index) => (index === at ? bytes.toString('base64url') : part)).join('.');
      assert.equal(await open(changed, [bob]), undefined, String(at));
    }
  });

  const ephemerals: [name: string, epk: object][] = [
    ['a point off the curve', { kty: 'EC', crv: 'P-256', x: aliceEphemeral.x, y: bob.x }],
    ['the point (0, 0)', { kty: 'EC', crv: 'P-256', x: 'A'.repeat(43), y: 'A'.repeat(43) }],
    ['another curve', { kty: 'EC', crv: 'P-384', x: aliceEphemeral.x, y: aliceEphemeral.y }],
    ['no point', {}],
  ];
  for (const [name, epk] of ephemerals) {
    test(`${name} as the ephemeral key: refused (invalid curve attack, RFC 8725 §3.4)`, async () => {
      const jwe = makeJwe('a.b.c', bob, { header: { epk } });
      assert.equal(await open(jwe, [bob]), undefined);
    });
  }

  test('content that is not UTF-8: refused', async () => {
    assert.equal(await open(makeJwe(Buffer.from([0xff, 0x2e, 0x2e]), bob, {}), [bob]), undefined);
  });

  test('KEY-01: a key for decrypting signs nothing', () => {
    for (const algorithm of ['ECDH-ES', 'RSA-OAEP-256'] as const) {
      const key = generatePrivateJwk(algorithm);
      assert.equal(toPublicJwk(key).use, 'enc');
      assert.throws(() => toSigner(key), /KEY-01/);
    }
  });
});

describe('the key to encrypt to', () => {
  const enc = { use: 'enc', kid: 'k' };
  const table: [name: string, key: object, algorithm: string | undefined][] = [
    ['P-256', { ...enc, kty: 'EC', crv: 'P-256' }, 'ECDH-ES'],
    ['X25519', { ...enc, kty: 'OKP', crv: 'X25519' }, 'ECDH-ES'],
    ['RSA', { ...enc, kty: 'RSA' }, 'RSA-OAEP-256'],
    ['the algorithm named', { ...enc, kty: 'RSA', alg: 'RSA-OAEP-256' }, 'RSA-OAEP-256'],
    ['another algorithm', { ...enc, kty: 'RSA', alg: 'RSA1_5' }, undefined],
    ['another curve', { ...enc, kty: 'EC', crv: 'P-384' }, undefined],
    ['P-256 under another kind', { ...enc, kty: 'OKP', crv: 'P-256' }, undefined],
    ['a curve for signatures', { ...enc, kty: 'OKP', crv: 'Ed25519' }, undefined],
    ['X25519 under another kind', { ...enc, kty: 'EC', crv: 'X25519' }, undefined],
    ['a key that signs', { kty: 'EC', crv: 'P-256', use: 'sig' }, undefined],
    ['a key that does not say', { kty: 'EC', crv: 'P-256' }, undefined],
  ];
  for (const [name, key, algorithm] of table) {
    test(`${name}: ${algorithm ?? 'not taken'}`, () => {
      const signing = { kty: 'EC', crv: 'P-256', use: 'sig' };
      const chosen = chooseEncryptionKey([signing, key as typeof signing]);
      assert.equal(chosen?.algorithm, algorithm);
    });
  }

  test('X25519: what is encrypted to such a key of somebody else has the shape of a nested JWT', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('x25519');
    const key = { ...privateKey.export({ format: 'jwk' }), kid: 'x', alg: 'ECDH-ES' } as KeptJwk;
    const jwe = await encryptJwt('a.b.c', { ...toPublicJwk(key) }, 'ECDH-ES');
    assert.equal(await open(jwe, [key]), 'a.b.c');
    const [head = ''] = jwe.split('.');
    const { epk, ...header } = JSON.parse(Buffer.from(head, 'base64url').toString());
    assert.deepEqual(header, { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', kid: 'x' });
    assert.equal(epk.crv, 'X25519');
  });
});
