import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64url, decodeOnTheWeb, encodeBase64url, encodeOnTheWeb } from './base64url.ts';

/** As `decodeBase64url` is where there is no Buffer. */
const decodeWithoutBuffer = (text: string) => {
  const bytes = decodeOnTheWeb(text);
  return bytes && encodeOnTheWeb(bytes) === text ? bytes : undefined;
};

for (const [where, decode] of [
  ['with Buffer', decodeBase64url],
  ['with what the web platform has', decodeWithoutBuffer],
] as const) {
  describe(`KEY-06: strict base64url, ${where}`, () => {
    for (const text of ['YQ==', 'YQ=', 'Y Q', 'YQ\n', 'Y+8', 'Y/8', 'A', 'AAAAA', 'é', 'YQ\u0151', '\u0159Q']) {
      test(`${JSON.stringify(text)}: refused`, () => assert.equal(decode(text), undefined));
    }

    test('a second spelling of the same bytes (unused bits set): refused', () => {
      for (const [good, bad, bytes] of [
        ['YQ', 'YR', [0x61]],
        ['YWE', 'YWF', [0x61, 0x61]],
      ] as const) {
        assert.deepEqual([...(decode(good) ?? [])], bytes);
        assert.equal(decode(bad), undefined);
      }
    });

    test('any text: refused, or the one spelling of its bytes', () => {
      fc.assert(
        fc.property(fc.string({ unit: fc.constantFrom(...'AQZaz09-_+/= \n.é') }), (text) => {
          const bytes = decode(text);
          assert.equal(bytes !== undefined, /^[A-Za-z0-9_-]*$/.test(text) && encodeOf(text) === text);
        }),
      );
    });
  });
}

/** The module as a runtime loads it that has no Buffer. */
async function importWithoutBuffer() {
  const buffer = Object.getOwnPropertyDescriptor(globalThis, 'Buffer') ?? {};
  Reflect.deleteProperty(globalThis, 'Buffer');
  try {
    const another: string = './base64url.ts?without-buffer';
    return (await import(another)) as typeof import('./base64url.ts');
  } finally {
    Object.defineProperty(globalThis, 'Buffer', buffer);
  }
}

/** What Buffer makes of text that may be anything, written again. */
function encodeOf(text: string): string {
  return Buffer.from(text, 'base64url').toString('base64url');
}

describe('encoding', () => {
  test('any bytes survive, and both ways write the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64url(bytes);
        assert.equal(text, encodeOnTheWeb(bytes));
        assert.deepEqual([...(decodeBase64url(text) ?? [])], [...bytes]);
        assert.deepEqual(decodeOnTheWeb(text), bytes);
      }),
    );
  });

  test('a string is encoded as UTF-8', () => {
    assert.equal(encodeBase64url('é𝄞'), encodeOnTheWeb(new TextEncoder().encode('é𝄞')));
  });

  test('where there is no Buffer, texts and bytes are written all the same', async () => {
    const web = await importWithoutBuffer();
    assert.equal(web.encodeBase64url('é𝄞'), encodeBase64url('é𝄞'));
    assert.equal(web.encodeBase64url(Uint8Array.of(0, 255, 62)), 'AP8-');
    assert.deepEqual(web.decodeBase64url('AP8-'), Uint8Array.of(0, 255, 62));
    assert.equal(web.decodeBase64url('YR'), undefined);
  });
});
