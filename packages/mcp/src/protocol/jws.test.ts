import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeBase64url } from './base64url.ts';
import { chooseKey, hasType, type Jwk, parseJws } from './jws.ts';

const jws = (header: string, payload: string, signature = 'c2ln') =>
  `${encodeBase64url(header)}.${encodeBase64url(payload)}.${signature}`;
const good = jws('{"alg":"ES256"}', '{"iss":"a"}');

describe('RAS-03, KEY-06: compact serialization to the letter', () => {
  test('a compact JWS: taken apart', () => {
    assert.deepEqual(parseJws(good)?.claims, { iss: 'a' });
  });
  const refused: [name: string, text: string][] = [
    ['JSON serialization', JSON.stringify({ payload: 'a', signatures: [] })],
    ['two parts', good.split('.').slice(0, 2).join('.')],
    ['an empty signature', `${good.split('.').slice(0, 2).join('.')}.`],
    ['four parts', `${good}.YQ`],
    ['a blank in front', ` ${good}`],
    ['a line break at the end', `${good}\n`],
    ['padding', jws('{"alg":"ES256"}', '{"iss":"a"}', 'c2lnbg==')],
    ['duplicate aud', jws('{"alg":"ES256"}', '{"aud":"a","aud":"b"}')],
    ['a header that is an array', jws('[]', '{}')],
    ['a payload that is a string', jws('{"alg":"ES256"}', '"a"')],
    ['crit with an unknown name', jws('{"alg":"ES256","crit":["b64"],"b64":false}', '{}')],
    ['b64 without crit', jws('{"alg":"ES256","b64":false}', '{}')],
    ['b64 that changes nothing', jws('{"alg":"ES256","b64":true}', '{}')],
    ['an empty crit', jws('{"alg":"ES256","crit":[]}', '{}')],
    ['a byte order mark', jws('\uFEFF{"alg":"ES256"}', '{}')],
    ['invalid UTF-8', `${encodeBase64url(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))}.e30.c2ln`],
    ['over 16 KiB', jws('{"alg":"ES256"}', JSON.stringify({ a: 'x'.repeat(16_000) }))],
  ];
  for (const [name, text] of refused) {
    test(`${name}: refused`, () => assert.equal(parseJws(text), undefined));
  }
});

describe('headers seen lately are remembered', () => {
  const headerOf = (kid: string) => parseJws(jws(JSON.stringify({ alg: 'ES256', kid }), '{"iss":"a"}'))?.header;
  /** A header that is as long as said when it is encoded. */
  const kidFor = (length: number) => 'k'.repeat((length / 4) * 3 - '{"alg":"ES256","kid":""}'.length);

  test('the same header again is the same object, which nobody can change', () => {
    const header = headerOf('again');
    assert.deepEqual(header, { alg: 'ES256', kid: 'again' });
    assert.ok(Object.isFrozen(header));
    assert.equal(headerOf('again'), header);
  });

  test('one of 512 characters is remembered, a longer one is not', () => {
    assert.equal(headerOf(kidFor(512)), headerOf(kidFor(512)));
    const longer = headerOf(kidFor(516));
    assert.deepEqual(headerOf(kidFor(516)), longer);
    assert.notEqual(headerOf(kidFor(516)), longer);
  });

  test('with 256 in it the memory starts anew, and what it says stays right', () => {
    const first = headerOf('first');
    let others = 0;
    while (headerOf('first') === first && others < 300) headerOf(`before ${++others}`);
    assert.ok(others <= 256, 'memory is bounded');
    // It holds the last of those and `first` now.
    const second = headerOf('first');
    for (let n = 0; n < 254; n++) headerOf(`after ${n}`);
    assert.equal(headerOf('first'), second);
    headerOf('one too many');
    assert.notEqual(headerOf('first'), second);
    assert.deepEqual(headerOf('first'), second);
  });
});

describe('RAS-04: typ "ASCII case-insensitive; application/ prefix accepted"', () => {
  const table: [typ: unknown, accepted: boolean][] = [
    ['oauth-id-jag+jwt', true],
    ['OAuth-ID-JAG+JWT', true],
    ['application/oauth-id-jag+jwt', true],
    ['oauth-id-jag', false],
    ['at+jwt', false],
    ['JWT', false],
    ['application/application/oauth-id-jag+jwt', false],
    [undefined, false],
    [['oauth-id-jag+jwt'], false],
  ];
  for (const [typ, accepted] of table) {
    test(`${JSON.stringify(typ)}: ${accepted}`, () => assert.equal(hasType({ typ }, 'oauth-id-jag+jwt'), accepted));
  }
});

describe('RAS-05, KEY-05: choosing the key', () => {
  const ec: Jwk = { kty: 'EC', crv: 'P-256', kid: 'ec', alg: 'ES256', x: 'x', y: 'y' };
  const rsa: Jwk = { kty: 'RSA', kid: 'rsa', n: 'n', e: 'AQAB' };
  const enc: Jwk = { ...ec, kid: 'enc', use: 'enc' };
  const table: [name: string, header: object, keys: Jwk[], outcome: string][] = [
    ['by kid', { alg: 'ES256', kid: 'ec' }, [ec, rsa], 'ec'],
    ['without kid, one fits', { alg: 'ES256' }, [ec, rsa, enc], 'ec'],
    ['without kid, two fit', { alg: 'ES256' }, [ec, { ...ec, kid: 'ec2' }], 'unknown_key'],
    ['two keys of one kid', { alg: 'ES256', kid: 'ec' }, [ec, { ...ec }], 'unknown_key'],
    ['one key that is listed for two uses', { alg: 'ES256', kid: 'ec' }, [{ ...ec, use: 'enc' }, ec], 'ec'],
    ...(['kty', 'crv', 'x', 'y', 'n', 'e'] as const).map((member): [string, object, Jwk[], string] => [
      `KEY-03: a kid of two keys, one of which would not fit, that differ in ${member}`,
      { alg: 'ES256', kid: 'ec' },
      [ec, { ...ec, use: 'enc', [member]: 'other' }],
      'unknown_key',
    ]),
    ['without kid, beside a key for another use', { alg: 'ES256' }, [ec, { ...enc, x: 'other' }], 'ec'],
    ['an encryption key', { alg: 'ES256', kid: 'enc' }, [enc], 'unknown_key'],
    ['RS256 token, EC key', { alg: 'RS256', kid: 'ec' }, [ec], 'unknown_key'],
    ['PS256 token, key for RS256 only', { alg: 'PS256', kid: 'rsa' }, [{ ...rsa, alg: 'RS256' }], 'unknown_key'],
    ['EdDSA and Ed25519 are one', { alg: 'EdDSA' }, [{ kty: 'OKP', crv: 'Ed25519', alg: 'Ed25519', kid: 'o' }], 'o'],
    ['none', { alg: 'none', kid: 'ec' }, [ec], 'algorithm'],
    ['nOnE', { alg: 'nOnE', kid: 'ec' }, [ec], 'algorithm'],
    ['HS256', { alg: 'HS256', kid: 'rsa' }, [rsa], 'algorithm'],
    ['no alg', { kid: 'ec' }, [ec], 'algorithm'],
    ['a number as kid', { alg: 'ES256', kid: 7 }, [ec], 'unknown_key'],
    ['a kid of a megabyte', { alg: 'ES256', kid: 'k'.repeat(1 << 20) }, [ec], 'unknown_key'],
    ['a path as kid', { alg: 'ES256', kid: '../../etc/passwd' }, [ec], 'unknown_key'],
  ];
  for (const [name, header, keys, outcome] of table) {
    test(`${name}: ${outcome}`, () => {
      const choice = chooseKey({ ...header }, keys);
      assert.equal(choice.ok ? choice.key.kid : choice.why, outcome);
    });
  }
});
