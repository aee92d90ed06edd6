import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { type Jwk, mintJws } from '../protocol/index.ts';
import { claims, world } from './fixtures/world.ts';

test('an RSA key that names no algorithm verifies by either: a token of nobody by the other one takes nothing from anybody', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...publicKey.export({ format: 'jwk' }), kid: 'k1' } as unknown as Jwk;
  const mint = (alg: 'RS256' | 'PS256', options: object) =>
    mintJws({ typ: 'at+jwt', alg, kid: 'k1' }, claims, (text) =>
      sign('sha256', Buffer.from(text), { key: privateKey, ...options }),
    );
  const tokens = { RS256: await mint('RS256', {}), PS256: await mint('PS256', { padding: 6, saltLength: 32 }) };
  for (const [first, second] of [
    ['PS256', 'RS256'],
    ['RS256', 'PS256'],
  ] as const) {
    const { outcomeOf } = world({ keys: [{ ...key }] });
    const ofNobody = tokens[first].replace(/[^.]+$/, 'AAAA');
    assert.equal(await outcomeOf(`Bearer ${ofNobody}`), 'token_bad_signature');
    assert.equal(await outcomeOf(`Bearer ${tokens[second]}`), 'accepted');
    assert.equal(await outcomeOf(`Bearer ${tokens[first]}`), 'accepted');
  }
});
