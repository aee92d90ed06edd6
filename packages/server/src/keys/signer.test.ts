import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Jwk, mintJws, type ParsedJws, parseJws, type SignatureAlgorithm } from '@credence/mcp/protocol';
import { generatePrivateJwk, toPublicJwk, toSigner } from './signer.ts';
import { verifySignature } from './verify-signature.ts';

async function signed(algorithm: SignatureAlgorithm): Promise<{ jws: ParsedJws; key: Jwk }> {
  const jwk = generatePrivateJwk(algorithm);
  const jws = parseJws(await mintJws({ alg: algorithm }, { a: 1 }, toSigner(jwk).sign));
  assert.ok(jws);
  return { jws, key: toPublicJwk(jwk) };
}

describe('KEY-02, KEY-03: signing and verifying', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const) {
    test(`${algorithm}: good under its key, bad under another, bad with a changed byte`, async () => {
      const { jws, key } = await signed(algorithm);
      assert.equal(verifySignature(jws, key, algorithm), true);
      assert.equal(verifySignature(jws, (await signed(algorithm)).key, algorithm), false);
      assert.equal(verifySignature({ ...jws, signingInput: `${jws.signingInput}x` }, key, algorithm), false);
      const changed = Uint8Array.from(jws.signature);
      changed[0] = (changed[0] ?? 0) ^ 1;
      assert.equal(verifySignature({ ...jws, signature: changed }, key, algorithm), false);
    });

    test(`${algorithm}: the public half has no private member`, () => {
      const published = toPublicJwk(generatePrivateJwk(algorithm));
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in published), member);
    });
  }

  test('B37: ECDSA r = s = 0, a truncated signature and the DER form are no signatures', async () => {
    const { jws, key } = await signed('ES256');
    const der = Uint8Array.from([
      0x30,
      0x44,
      0x02,
      0x20,
      ...jws.signature.slice(0, 32),
      0x02,
      0x20,
      ...jws.signature.slice(32),
    ]);
    for (const signature of [new Uint8Array(64), jws.signature.slice(0, 63), new Uint8Array(0), der]) {
      assert.equal(verifySignature({ ...jws, signature }, key, 'ES256'), false);
    }
  });

  test('an RSA key of 1024 bits vouches for nothing', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' as const };
    const jws = parseJws(await mintJws({ alg: 'RS256' }, {}, toSigner(jwk).sign));
    assert.ok(jws);
    assert.equal(verifySignature(jws, toPublicJwk(jwk), 'RS256'), false);
  });

  test('a key of another kind vouches for nothing', async () => {
    const { jws } = await signed('ES256');
    assert.equal(verifySignature(jws, (await signed('RS256')).key, 'ES256'), false);
    assert.equal(verifySignature(jws, { kty: 'EC', crv: 'P-256', x: '!', y: '!' }, 'ES256'), false);
  });
});
