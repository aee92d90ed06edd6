import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { toKeyLines, toSpan } from './key-words.ts';
import type { TimedKey } from './lifecycle.ts';
import type { PrivateJwk } from './signer.ts';

const now = 1_800_000_000;
const key = (kid: string, signsFrom: number, retiresAt?: number): TimedKey => ({
  jwk: { kid, alg: 'ES256' } as PrivateJwk,
  publishedAt: signsFrom - 600,
  signsFrom,
  ...(retiresAt !== undefined && { retiresAt }),
});

describe('a key in words', () => {
  const table: [name: string, keys: TimedKey[], words: string[]][] = [
    ['the only one', [key('a', now - 7200)], ['signing for 2 hours']],
    [
      'its successor waits',
      [key('a', now - 86_400, now + 930), key('b', now + 600)],
      ['signing for 1 day, published for 15 minutes more', 'published, signs in 10 minutes'],
    ],
    [
      'its successor signs',
      [key('a', now - 90_000, now + 61), key('b', now - 5)],
      ['signs no more, published for 1 minute more', 'signing for 5 seconds'],
    ],
    ['gone', [key('a', now - 90_000, now - 1), key('b', now)], ['retired 1 second ago', 'signing for 0 seconds']],
  ];
  for (const [name, keys, words] of table) {
    test(name, () =>
      assert.deepEqual(
        toKeyLines(keys, now).map((line) => line.words),
        words,
      ),
    );
  }

  test('with its times as numbers, for programs', () => {
    assert.deepEqual(toKeyLines([key('a', now, now + 60), key('b', now - 60)], now)[0], {
      kid: 'a',
      algorithm: 'ES256',
      state: 'signing',
      words: 'signing for 0 seconds, published for 1 minute more',
      publishedAt: now - 600,
      signsFrom: now,
      retiresAt: now + 60,
    });
  });

  for (const [seconds, words] of [
    [0, '0 seconds'],
    [59, '59 seconds'],
    [3599, '59 minutes'],
    [172_800, '2 days'],
    [-3, '0 seconds'],
  ] as const) {
    test(`${seconds} s: ${words}`, () => assert.equal(toSpan(seconds), words));
  }
});
