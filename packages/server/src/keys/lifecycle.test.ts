import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { retire, rotate, signingKey, statesOf, type TimedKey, tokenSecondsOf } from './lifecycle.ts';
import type { PrivateJwk } from './signer.ts';

const jwk = (kid: string): PrivateJwk => ({ kid, alg: 'ES256', kty: 'EC' });
const now = 1_800_000_000;
const options = { now, waitSeconds: 600, tokenSeconds: 330 };
const first = rotate([], jwk('k1'), options);

describe('KEY-03: publish, wait, sign, retire after the last exp and skew', () => {
  const later = now + 10_000;
  const both = rotate(first, jwk('k2'), { ...options, now: later });
  const table: [name: string, keys: TimedKey[], at: number, states: string[]][] = [
    ['the first key signs at once', first, now, ['signing']],
    ['a second key is published and waits', both, later, ['signing', 'published']],
    ['it still waits a second before', both, later + 599, ['signing', 'published']],
    ['then it signs, and the first stays published', both, later + 600, ['retiring', 'signing']],
    ['until nothing it signed can be accepted', both, later + 600 + 329, ['retiring', 'signing']],
    ['then it is gone', both, later + 600 + 330, ['retired', 'signing']],
  ];
  for (const [name, keys, at, states] of table) {
    test(name, () => assert.deepEqual(statesOf(keys, at), states));
  }

  test('rotating again does not prolong the life of an older key', () => {
    const three = rotate(both, jwk('k3'), { ...options, now: later + 100 });
    assert.equal(three[0]?.retiresAt, later + 600 + 330);
  });

  test('a key that waits for longer than the next, as the wait was longer before, does not take its place later', () => {
    const slow = rotate(first, jwk('k2'), { ...options, now: later, waitSeconds: 3600 });
    const three = rotate(slow, jwk('k3'), { ...options, now: later + 10 });
    for (const at of [610, 3599, 3600, 3940, 100_000]) {
      assert.equal(signingKey(three, later + at)?.jwk.kid, 'k3', `${at}`);
    }
    assert.deepEqual(
      three.map(({ retiresAt }) => retiresAt),
      [later + 3930, later + 940, undefined],
    );
  });

  test('keys that are gone are dropped at the next rotation', () => {
    const next = rotate(both, jwk('k3'), { ...options, now: later + 5000 });
    assert.deepEqual(
      next.map((key) => key.jwk.kid),
      ['k2', 'k3'],
    );
  });
});

describe('retire: at once', () => {
  const both = rotate(first, jwk('k2'), { ...options, now: now + 1000 });
  test('the signing key: the waiting one takes over', () => {
    const rest = retire(both, 'k1', { ...options, now: now + 1001 });
    assert.deepEqual(
      rest?.map((key) => key.jwk.kid),
      ['k2'],
    );
    assert.equal(rest && signingKey(rest, now + 1001)?.jwk.kid, 'k2');
  });
  test('the newest key, while the one before it is leaving: that one stays after all', () => {
    const rest = retire(both, 'k2', { ...options, now: now + 1001 }) ?? [];
    assert.deepEqual(statesOf(rest, now + 1001), ['signing']);
    assert.deepEqual(statesOf(rest, now + 1_000_000), ['signing']);
  });
  test('KEY-03: the key that signs again until the next may stays published until the last token it signs has expired', () => {
    const two = rotate(first, jwk('k2'), { ...options, now: now + 1000 });
    const stolen = now + 1700; // k2 signs, k1 goes 230 s later
    const rest = retire(rotate(two, jwk('k3'), { ...options, now: stolen }), 'k2', { ...options, now: stolen }) ?? [];
    const next = stolen + 600;
    for (const [at, states] of [
      [stolen, ['signing', 'published']],
      [next - 1, ['signing', 'published']],
      [next, ['retiring', 'signing']],
      [next + 329, ['retiring', 'signing']],
      [next + 330, ['retired', 'signing']],
    ] as const) {
      assert.deepEqual(statesOf(rest, at), states, `${at - stolen}`);
    }
  });
  test('KEY-03: so does one that waits, and signs in the place of the one that waited behind it', () => {
    const at = (seconds: number) => ({ ...options, now: now + seconds });
    const four = ['k2', 'k3', 'k4'].reduce((keys, kid, n) => rotate(keys, jwk(kid), at(1000 + 200 * n)), first);
    const rest = retire(four, 'k3', at(1450)) ?? [];
    // k2 signs from 1600 until k4 does, at 2000.
    assert.equal(signingKey(rest, now + 1999)?.jwk.kid, 'k2');
    assert.deepEqual(statesOf(rest, now + 2329), ['retired', 'retiring', 'signing']);
    assert.deepEqual(statesOf(rest, now + 2330), ['retired', 'retired', 'signing']);
  });
  test('the only key that signs, while two wait: the newer signs, for good, and the other never does', () => {
    const three = ['k2', 'k3'].reduce((keys, kid, n) => rotate(keys, jwk(kid), { ...options, now: now + n }), first);
    const rest = retire(three, 'k1', { ...options, now: now + 2 }) ?? [];
    for (const at of [2, 600, 601, 930, 931, 100_000]) {
      assert.equal(signingKey(rest, now + at)?.jwk.kid, 'k3', `${at}`);
    }
    assert.deepEqual(statesOf(rest, now + 2), ['retiring', 'signing'], 'somebody may have encrypted to it');
  });
  test('a key that stays for longer anyhow loses nothing by it, and one that does not sign gains nothing', () => {
    const three = rotate(both, jwk('k3'), { ...options, now: now + 1100 });
    const times = (keys: readonly TimedKey[] | undefined) => keys?.map(({ retiresAt }) => retiresAt);
    assert.deepEqual(times(three), [now + 1930, now + 2030, undefined]);
    // k1 signs until k3 does, and k2 never will.
    assert.deepEqual(times(retire(three, 'k2', { ...options, now: now + 1101 })), [now + 2030, undefined]);
    const shorter = { now: now + 1601, tokenSeconds: 1 };
    assert.deepEqual(times(retire(three, 'k1', shorter)), [now + 2030, undefined]);
    const four = rotate(three, jwk('k4'), { ...options, now: now + 1701 });
    assert.deepEqual(times(retire(four, 'k3', { ...options, now: now + 1702 })), [now + 1930, now + 2631, undefined]);
  });
  test('with no key that signs, a new one signs at once', () => {
    const gone = first.map((key) => ({ ...key, retiresAt: now }));
    assert.equal(signingKey(rotate(gone, jwk('k9'), { ...options, now: now + 1 }), now + 1)?.jwk.kid, 'k9');
  });
  test('the only key, or one nobody knows: refused', () => {
    assert.equal(retire(first, 'k1', options), undefined);
    assert.equal(retire(both, 'k9', options), undefined);
  });
});

describe('at the edges', () => {
  const key = (kid: string, publishedAt: number, more: Partial<TimedKey> = {}): TimedKey => ({
    jwk: jwk(kid),
    publishedAt,
    signsFrom: now,
    ...more,
  });

  test('of two that may sign from the same second the one published later does, and the other is leaving', () => {
    assert.deepEqual(statesOf([key('k1', now - 2), key('k2', now - 1)], now), ['retiring', 'signing']);
  });

  test('of two published in the same second the later one signs: the other has its time to go', () => {
    const two = rotate(rotate(first, jwk('k2'), options), jwk('k3'), options);
    assert.deepEqual(statesOf(two, now + 600), ['retiring', 'retiring', 'signing']);
  });

  test('in the second in which it retires a key is gone: it signs no more, and is kept by nothing', () => {
    const gone = key('k1', now - 9, { signsFrom: now - 9, retiresAt: now });
    assert.equal(signingKey([gone], now), undefined);
    const kept = rotate([gone], jwk('k2'), options);
    assert.deepEqual(
      kept.map((each) => each.jwk.kid),
      ['k2'],
    );
    assert.equal(retire([gone, key('k2', now - 1)], 'k2', options), undefined);
  });

  test('of two published in the same second the later in the list stays', () => {
    const leaving = { retiresAt: now + 10 };
    const rest = retire([key('k1', now, leaving), key('k2', now, leaving), key('k3', now + 1)], 'k3', options) ?? [];
    assert.deepEqual(
      rest.map(({ retiresAt }) => retiresAt),
      [now + 10, undefined],
    );
  });
});

test('KEY-03: a key stays for as long as what it signed may be shown, and what was encrypted to it', () => {
  const idp = { idTokenSeconds: 3600, idJagSeconds: 300, sessionSeconds: 43_200 };
  const ras = { accessTokenSeconds: 600, maxIdJagSeconds: 310 };
  const config = { idp, ras, skewSeconds: 30 } as Parameters<typeof tokenSecondsOf>[1];
  const of = (purpose: Parameters<typeof tokenSecondsOf>[0]) => tokenSecondsOf(purpose, config);
  assert.deepEqual([of('id_jag'), of('access_token')], [330, 630]);
  assert.equal(of('id_token'), 43_230, 'IDP-41: an expired one is shown when somebody signs out');
  assert.equal(tokenSecondsOf('id_token', { ...config, idp: { ...config.idp, sessionSeconds: 300 } }), 3630);
  assert.equal(of('id_jag_encryption'), 310 + 900 + 30, 'issuers keep a copy of our keys for a quarter of an hour');
});
