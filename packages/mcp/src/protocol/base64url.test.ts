import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url, encodeBase64url } from './base64url.ts';

describe('KEY-06: strict base64url', () => {
  for (const text of ['YQ==', 'YQ=', 'Y Q', 'YQ\n', 'Y+8', 'Y/8', 'A', 'AAAAA', 'é']) {
    test(`${JSON.stringify(text)}: refused`, () => assert.equal(decodeBase64url(text), undefined));
  }

  test('a second spelling of the same bytes (unused bits set): refused', () => {
    assert.deepEqual(decodeBase64url('YQ'), new Uint8Array([0x61]));
    assert.equal(decodeBase64url('YR'), undefined);
    assert.deepEqual(decodeBase64url('YWE'), new Uint8Array([0x61, 0x61]));
    assert.equal(decodeBase64url('YWF'), undefined);
  });

  test('any bytes survive, as Buffer would write them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64url(bytes);
        assert.equal(text, Buffer.from(bytes).toString('base64url'));
        assert.deepEqual(decodeBase64url(text), bytes);
      }),
    );
  });
});
