import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { z } from 'zod';
import { encryptionJwks, jwks } from './document-keys.ts';

/** What is said of a value; `undefined` = it is let in. */
function saidOf(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

const ec = { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ' };
const okp = { kty: 'OKP', crv: 'Ed25519', x: 'eA' };
const rsa = { kty: 'RSA', n: 'n'.repeat(342), e: 'AQAB' };
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

describe('a key set', () => {
  const keys: [name: string, key: unknown, said: string | undefined][] = [
    ['P-256', ec, undefined],
    ['Ed25519', okp, undefined],
    ['RSA of 2048 bits', rsa, undefined],
    ['all that may be said of one', { ...ec, alg: 'ES256', use: 'sig', kid: 'k1' }, undefined],
    ['the newer name of EdDSA', { ...okp, alg: 'Ed25519' }, undefined],
    ['certificates and times: they mean nothing here', { ...ec, x5c: ['a'], key_ops: ['verify'], exp: 1 }, undefined],
    ['no mapping', 'key', 'must be a JSON Web Key'],
    ['nothing', null, 'must be a JSON Web Key'],
    ['a list', [ec], 'must be a JSON Web Key'],
    ['a kind that is none', { ...ec, kty: 'oct' }, 'kty must be EC, OKP or RSA'],
    ['a kind named like what every object has', { ...ec, kty: 'constructor' }, 'kty must be EC, OKP or RSA'],
    ['a kind that is no text', { ...ec, kty: ['EC'] }, 'kty must be EC, OKP or RSA'],
    ['another curve', { ...ec, crv: 'P-384' }, 'crv of an EC key must be P-256'],
    ['another curve of the other kind', { ...okp, crv: 'X25519' }, 'crv of an OKP key must be Ed25519'],
    ['a member too few', { ...ec, y: undefined }, 'y must be base64url text'],
    ['members that are no base64url', { ...ec, x: 'a+b', y: '' }, 'x, y must be base64url text'],
    ['RSA of fewer bits', { ...rsa, n: 'n'.repeat(341) }, 'an RSA key must have 2048 bits or more'],
    ['an algorithm of another kind', { ...ec, alg: 'RS256' }, 'alg must be ES256'],
    ['an algorithm that is no text', { ...ec, alg: { toString: 1 } }, 'alg must be ES256'],
    ['members that are no text', { ...rsa, n: { toString: 1 }, e: ['AQAB'] }, 'n, e must be base64url text'],
    ['an algorithm that is none', { ...rsa, alg: 'none' }, 'alg must be RS256 or PS256'],
    ['a key that is encrypted to', { ...ec, use: 'enc' }, 'use must be sig'],
    ['an empty name', { ...ec, kid: '' }, 'kid must be text'],
    ['a name that is no text', { ...ec, kid: 1 }, 'kid must be text'],
  ];
  for (const [name, key, said] of keys) {
    test(`that signs, with ${name}: ${said ?? 'let in'}`, () => assert.equal(saidOf(jwks, { keys: [key] }), said));
  }

  const enc = { use: 'enc' };
  const toEncrypt: [name: string, key: unknown, said: string | undefined][] = [
    ['P-256', { ...ec, ...enc }, undefined],
    ['X25519', { ...okp, crv: 'X25519', ...enc }, undefined],
    ['RSA of 2048 bits', { ...rsa, ...enc }, undefined],
    ['its algorithm', { ...ec, ...enc, alg: 'ECDH-ES' }, undefined],
    ['no mapping', 'key', 'must be a JSON Web Key'],
    ['nothing', null, 'must be a JSON Web Key'],
    ['a list', [ec], 'must be a JSON Web Key'],
    ['a key that signs', { ...ec, use: 'sig' }, 'use must be enc: a key that signs is not to be encrypted to'],
    ['a key that does not say', ec, 'use must be enc: a key that signs is not to be encrypted to'],
    ['a curve that signs', { ...okp, ...enc }, 'must be a key of the kind EC P-256, OKP X25519, RSA'],
    [
      'a curve that is no text',
      { ...ec, ...enc, crv: { toString: 1 } },
      'must be a key of the kind EC P-256, OKP X25519, RSA',
    ],
    ['what every object has', { kty: 'constructor', ...enc }, 'must be a key of the kind EC P-256, OKP X25519, RSA'],
    ['a member too few', { ...ec, ...enc, x: undefined }, 'x must be base64url text'],
    ['RSA of fewer bits', { ...rsa, ...enc, n: 'n'.repeat(341) }, 'an RSA key must have 2048 bits or more'],
    ['another algorithm', { ...rsa, ...enc, alg: 'RSA1_5' }, 'alg must be RSA-OAEP-256'],
    ['an algorithm of another kind', { ...ec, ...enc, alg: 'RSA-OAEP-256' }, 'alg must be ECDH-ES'],
  ];
  for (const [name, key, said] of toEncrypt) {
    test(`to encrypt to, with ${name}: ${said ?? 'let in'}`, () =>
      assert.equal(saidOf(encryptionJwks, { keys: [key] }), said));
  }

  for (const member of privateMembers) {
    test(`with the private part ${member} is refused, and says that the pair is to be replaced (KEY-01)`, () => {
      const said = `holds private parts (${member}): replace this key pair, list the public key`;
      assert.equal(saidOf(jwks, { keys: [{ ...ec, [member]: '' }] }), said);
      assert.equal(saidOf(encryptionJwks, { keys: [{ ...ec, use: 'enc', [member]: '' }] }), said);
    });
  }

  for (const [schema, key] of [
    [jwks, ec],
    [encryptionJwks, { ...ec, ...enc }],
  ] as const) {
    test(`holds a list of at least one, and nothing beside it, ${schema === jwks ? 'to verify' : 'to encrypt'}`, () => {
      assert.equal(saidOf(schema, { keys: [] }), 'must hold at least one key');
      assert.equal(saidOf(schema, { keys: ec }), 'must be a list of JSON Web Keys');
      assert.equal(saidOf(schema, {}), 'must be a list of JSON Web Keys');
      for (const value of [null, 'keys', [ec]]) assert.equal(saidOf(schema, value), 'must be a mapping with: keys');
      assert.equal(saidOf(schema, { keys: [key], more: 1 }), 'not known here; allowed: keys');
    });
  }
});
