import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { toDerSignature, toJoseSignature } from './ecdsa-der.ts';
import { generatePrivateJwk } from './signer.ts';

describe('ES256 signatures, from DER and to it', () => {
  const key = createPrivateKey({ key: generatePrivateJwk('ES256'), format: 'jwk' });
  const publicKey = createPublicKey(key);

  test('what OpenSSL signs in one form verifies in the other, short integers included', () => {
    // One in 128 has an integer shorter than 32 bytes, one in two a leading zero.
    for (let at = 0; at < 1500; at += 1) {
      const data = Buffer.from(String(at));
      const jose = toJoseSignature(sign('sha256', data, key));
      assert.equal(jose.length, 64);
      assert.ok(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, jose));
      const der = toDerSignature(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }));
      assert.ok(der && verify('sha256', data, publicKey, der));
    }
  });

  test('any 64 bytes keep their value, there and back: no signature has two spellings', () => {
    const edges = fc.constantFrom(0, 1, 0x7f, 0x80, 0xff);
    const bytes = fc.array(fc.oneof(edges, fc.nat(255)), { minLength: 64, maxLength: 64 });
    fc.assert(
      fc.property(bytes, (list) => {
        const signature = Uint8Array.from(list);
        assert.deepEqual([...toJoseSignature(toDerSignature(signature) as Uint8Array)], list);
      }),
    );
  });

  test('the encoding is canonical DER: minimal, positive integers', () => {
    const signature = new Uint8Array(64);
    signature[31] = 1;
    signature[32] = 0x80;
    const expected = [0x30, 38, 0x02, 1, 1, 0x02, 33, 0, 0x80, ...new Array(31).fill(0)];
    assert.deepEqual([...(toDerSignature(signature) ?? [])], expected);
  });

  test('zero is written as one byte, not as none', () => {
    const expected = [0x30, 6, 0x02, 1, 0, 0x02, 1, 0];
    assert.deepEqual([...(toDerSignature(new Uint8Array(64)) ?? [])], expected);
  });

  for (const length of [0, 63, 65, 128]) {
    test(`${length} bytes are no ES256 signature`, () => {
      assert.equal(toDerSignature(new Uint8Array(length)), undefined);
    });
  }
});
