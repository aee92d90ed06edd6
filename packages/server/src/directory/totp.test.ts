import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findTotpStep, newTotpSecret, toBase32, totpCode, totpUri } from './totp.ts';

const secret = Buffer.from('12345678901234567890');

describe('RFC 6238, appendix B: the codes of the standard, to six digits', () => {
  const table: [seconds: number, code: string][] = [
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ];
  for (const [seconds, code] of table) {
    test(`${seconds}: ${code}`, () => {
      const step = Math.floor(seconds / 30);
      assert.equal(totpCode(secret, step), code);
      assert.equal(findTotpStep(secret, code, seconds), step);
    });
  }
});

describe('a code counts', () => {
  const now = 1_800_000_000;
  const step = now / 30;
  const table: [name: string, code: string, found: number | undefined][] = [
    ['in its own step', totpCode(secret, step), step],
    ['a step late', totpCode(secret, step - 1), step - 1],
    ['a step early', totpCode(secret, step + 1), step + 1],
    ['not two steps late', totpCode(secret, step - 2), undefined],
    ['not two steps early', totpCode(secret, step + 2), undefined],
    ['not of another secret', totpCode(Buffer.from('another secret of ours'), step), undefined],
    ['not with a digit too many', `${totpCode(secret, step)}0`, undefined],
    ['not when it is empty', '', undefined],
  ];
  for (const [name, code, found] of table) test(name, () => assert.equal(findTotpStep(secret, code, now), found));
});

test('a secret is 160 random bits, and is written as apps read it (RFC 4648 §10)', () => {
  assert.equal(newTotpSecret().length, 20);
  assert.notDeepEqual(newTotpSecret(), newTotpSecret());
  assert.equal(toBase32(Buffer.from('fooba')), 'MZXW6YTB');
  assert.equal(
    totpUri(secret, { organisation: 'Acme & Söhne', email: 'a:b@acme.example' }),
    'otpauth://totp/Acme%20%26%20S%C3%B6hne:a%3Ab%40acme.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne',
  );
});
