import assert from 'node:assert/strict';
import { generatePrimeSync, hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { type Jwk, mintJws, type ParsedJws, parseJws, type SignatureAlgorithm } from '@credence/mcp/protocol';
import { generatePrivateJwk, toPublicJwk, toSigner } from './signer.ts';
import { verifySignature } from './verify-signature.ts';

async function signed(algorithm: SignatureAlgorithm): Promise<{ jws: ParsedJws; key: Jwk }> {
  const jwk = generatePrivateJwk(algorithm);
  const jws = parseJws(await mintJws({ alg: algorithm }, { a: 1 }, toSigner(jwk).sign));
  assert.ok(jws);
  return { jws, key: toPublicJwk(jwk) };
}

describe('KEY-02, KEY-03: signing and verifying', () => {
  for (const algorithm of ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'] as const) {
    test(`${algorithm}: good under its key, bad under another, bad with a changed byte`, async () => {
      const { jws, key } = await signed(algorithm);
      assert.equal(verifySignature(jws, key, algorithm), true);
      assert.equal(verifySignature(jws, (await signed(algorithm)).key, algorithm), false);
      assert.equal(verifySignature({ ...jws, signingInput: `${jws.signingInput}x` }, key, algorithm), false);
      const changed = Uint8Array.from(jws.signature);
      changed[0] = (changed[0] ?? 0) ^ 1;
      assert.equal(verifySignature({ ...jws, signature: changed }, key, algorithm), false);
    });

    test(`${algorithm}: the public half has no private member`, () => {
      const published = toPublicJwk(generatePrivateJwk(algorithm));
      for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.ok(!(member in published), member);
    });
  }

  test('B37: ECDSA r = s = 0, a truncated signature and the DER form are no signatures', async () => {
    const { jws, key } = await signed('ES256');
    const der = Uint8Array.from([
      0x30,
      0x44,
      0x02,
      0x20,
      ...jws.signature.slice(0, 32),
      0x02,
      0x20,
      ...jws.signature.slice(32),
    ]);
    for (const signature of [new Uint8Array(64), jws.signature.slice(0, 63), new Uint8Array(0), der]) {
      assert.equal(verifySignature({ ...jws, signature }, key, 'ES256'), false);
    }
  });

  test('an RSA key of 1024 bits vouches for nothing', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' as const };
    const jws = parseJws(await mintJws({ alg: 'RS256' }, {}, toSigner(jwk).sign));
    assert.ok(jws);
    assert.equal(verifySignature(jws, toPublicJwk(jwk), 'RS256'), false);
  });

  test('T27: an RSA key whose signatures take long to check vouches for nothing', () => {
    const table: [name: string, bits: number, exponent: bigint, isGood: boolean][] = [
      ['as long as it may be', 8192, 65_537n, true],
      ['longer', 8193, 65_537n, false],
      ['an exponent of 32 bits', 2048, 2n ** 32n - 1n, true],
      ['a longer one', 2048, 2n ** 32n + 1n, false],
    ];
    for (const [name, bits, exponent, isGood] of table) {
      const { jws, key } = signedByPrimes(bits, exponent);
      assert.equal(verifySignature(jws, key, 'RS256'), isGood, name);
    }
  });

  test('a key of another kind vouches for nothing', async () => {
    const { jws } = await signed('ES256');
    assert.equal(verifySignature(jws, (await signed('RS256')).key, 'ES256'), false);
    assert.equal(verifySignature(jws, { kty: 'EC', crv: 'P-256', x: '!', y: '!' }, 'ES256'), false);
  });
});

/** A good RS256 signature under a modulus of many primes: a long one of two takes minutes to make. */
function signedByPrimes(bits: number, exponent: bigint): { jws: ParsedJws; key: Jwk } {
  const primes = primesOf(bits, exponent);
  const modulus = primes.reduce((product, prime) => product * prime);
  const toBase64url = (value: bigint, bytes: number) =>
    Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex').toString('base64url');
  const bytes = Math.ceil(bits / 8);
  const input = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.e30`;
  // EMSA-PKCS1-v1_5 (RFC 8017 §9.2).
  const digest = `003031300d060960864801650304020105000420${hash('sha256', input)}`;
  const message = BigInt(`0x0001${digest.padStart(2 * (bytes - 2), 'f')}`);
  let signature = 0n;
  for (const prime of primes) {
    const others = modulus / prime;
    const part = power(message, inverse(exponent, prime - 1n), prime);
    signature = (signature + part * others * inverse(others, prime)) % modulus;
  }
  const jws = parseJws(`${input}.${toBase64url(signature, bytes)}`);
  assert.ok(jws);
  const even = exponent.toString(16).length + (exponent.toString(16).length % 2);
  return { jws, key: { kty: 'RSA', n: toBase64url(modulus, bytes), e: toBase64url(exponent, even / 2) } };
}

/** Primes whose product is exactly so long. */
function primesOf(bits: number, exponent: bigint): bigint[] {
  const primes: bigint[] = [];
  let product = 1n;
  for (let tries = 0; product === 1n || lengthOf(product) < bits; tries += 1) {
    const left = product === 1n ? bits : bits - lengthOf(product);
    const prime = generatePrimeSync(left > 384 ? 256 : left + (tries % 2), { bigint: true });
    if (lengthOf(product * prime) > bits || gcd(prime - 1n, exponent) !== 1n) continue;
    if (left <= 384 && lengthOf(product * prime) < bits) continue;
    product *= prime;
    primes.push(prime);
  }
  return primes;
}

function lengthOf(value: bigint): number {
  return value.toString(2).length;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [value % modulus, modulus, 1n, 0n];
  while (b > 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  assert.equal(a, 1n);
  return ((x % modulus) + modulus) % modulus;
}
