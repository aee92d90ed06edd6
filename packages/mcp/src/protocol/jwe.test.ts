import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { looksLikeJwe, parseJwe } from './jwe.ts';

const base = { alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT', kid: 'k' };
const encode = (value: string) => Buffer.from(value).toString('base64url');
const jweOf = (header: string, rest = '.AAAA.BBBB.CCCC.DDDD') => encode(header) + rest;

describe('KEY-08: which JWE is tried with a key at all', () => {
  const headers: [name: string, change: object, accepted: boolean][] = [
    ['as it should be', {}, true],
    ['RSA-OAEP-256', { alg: 'RSA-OAEP-256' }, true],
    ['A128GCM', { enc: 'A128GCM' }, true],
    ['cty in lower case', { cty: 'jwt' }, true],
    ['no kid', { kid: undefined }, true],
    ['B44 PBES2, whose iteration count is the sender’s', { alg: 'PBES2-HS256+A128KW', p2c: 2_147_483_647 }, false],
    ['RSA1_5', { alg: 'RSA1_5' }, false],
    ['RSA-OAEP with SHA-1', { alg: 'RSA-OAEP' }, false],
    ['dir', { alg: 'dir' }, false],
    ['A256KW', { alg: 'A256KW' }, false],
    ['ECDH-ES+A256KW', { alg: 'ECDH-ES+A256KW' }, false],
    ['none', { alg: 'none' }, false],
    ['no alg', { alg: undefined }, false],
    ['A256CBC-HS512', { enc: 'A256CBC-HS512' }, false],
    ['no enc', { enc: undefined }, false],
    ['B44 zip', { zip: 'DEF' }, false],
    ['zip that says nothing', { zip: null }, false],
    ['crit', { crit: ['exp'] }, false],
    ['no cty', { cty: undefined }, false],
    ['another cty', { cty: 'JSON' }, false],
    ['cty that is no text', { cty: ['JWT'] }, false],
    ['kid that is no text', { kid: 7 }, false],
  ];
  for (const [name, change, accepted] of headers) {
    test(`${name}: ${accepted ? 'tried' : 'refused'}`, () => {
      assert.equal(parseJwe(jweOf(JSON.stringify({ ...base, ...change }))) !== undefined, accepted);
    });
  }

  const good = JSON.stringify(base);
  const shapes: [name: string, compact: string, accepted: boolean][] = [
    ['with an encrypted key', jweOf(good), true],
    ['without one', jweOf(good, '..BBBB.CCCC.DDDD'), true],
    ['without an initialization vector', jweOf(good, '.AAAA..CCCC.DDDD'), false],
    ['without content', jweOf(good, '.AAAA.BBBB..DDDD'), false],
    ['without a tag', jweOf(good, '.AAAA.BBBB.CCCC.'), false],
    ['four parts', jweOf(good, '.AAAA.BBBB.CCCC'), false],
    ['six parts', jweOf(good, '.AAAA.BBBB.CCCC.DDDD.EEEE'), false],
    ['padding', jweOf(good, '.AAAA.BB==.CCCC.DDDD'), false],
    ['a blank', jweOf(good, '.AAAA.BBBB.CC C.DDDD'), false],
    ['an encrypted key that is no base64url', jweOf(good, '.AAA*.BBBB.CCCC.DDDD'), false],
    ['a header that is no JSON', jweOf('{'), false],
    ['a header with a member twice', jweOf(good.replace('{', '{"alg":"dir",')), false],
    ['a header that is not UTF-8', `${Buffer.from([0xff]).toString('base64url')}.AAAA.BBBB.CCCC.DDDD`, false],
    ['no header', '.AAAA.BBBB.CCCC.DDDD', false],
  ];
  for (const [name, compact, accepted] of shapes) {
    test(`${name}: ${accepted ? 'tried' : 'refused'}`, () => assert.equal(parseJwe(compact) !== undefined, accepted));
  }

  test('16 KiB are the most', () => {
    const rest = '.AAAA.BBBB.CCCC.';
    const fill = (length: number) => jweOf(good, rest + 'A'.repeat(length - encode(good).length - rest.length));
    // A length of 4n+1 is no base64url; these are chosen so that both are.
    const longest = [16_384, 16_383, 16_382].find((length) => parseJwe(fill(length)));
    assert.ok(longest);
    assert.equal(parseJwe(fill(longest), longest - 1), undefined);
    assert.ok(parseJwe(fill(longest), longest));
    assert.equal(parseJwe(fill(longest + 4)), undefined);
  });
});

test('five parts are a JWE, three a JWS, and anything else neither', () => {
  const answers = ['a.b.c.d.e', '....', 'a.b.c', '', 'a', 'a.b.c.d', 'a.b.c.d.e.f', '.'.repeat(1000)].map(looksLikeJwe);
  assert.deepEqual(answers, [true, true, false, false, false, false, false, false]);
});
