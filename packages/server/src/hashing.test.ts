import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import * as node from './hashing.ts';
import * as browser from './hashing-in-browser.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('SHA-256, as Node has it and as a browser runs it', () => {
  // FIPS 180-4, and NIST's examples of it.
  const vectors: [text: string, digest: string][] = [
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
    ['a'.repeat(1_000_000), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0'],
  ];
  for (const [text, digest] of vectors) {
    test(`of ${text.length} letters`, () => {
      for (const { sha256 } of [node, browser]) assert.equal(hex(sha256(Buffer.from(text))), digest);
    });
  }

  test('the same of any bytes, at every length around a block', () => {
    for (let length = 0; length < 260; length += 1) {
      const data = Uint8Array.from({ length }, (_, at) => (at * 37 + length) % 256);
      assert.equal(hex(browser.sha256(data)), hex(node.sha256(data)), `${length}`);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), (data) => {
        assert.equal(hex(browser.sha256(data)), hex(node.sha256(data)));
      }),
    );
  });

  test('a part of a larger array is hashed as that part', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5).subarray(1, 4);
    assert.equal(hex(browser.sha256(data)), hex(node.sha256(Uint8Array.of(2, 3, 4))));
  });

  test('the same of any text, also of one that is no good UTF-16', () => {
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', 'a\udc00b', '\ufeff', 'Ž陳'));
    fc.assert(
      fc.property(texts, (text) => {
        assert.equal(browser.digestOf(text), node.digestOf(text));
        assert.equal(browser.utf8Length(text), node.utf8Length(text));
      }),
    );
  });
});
