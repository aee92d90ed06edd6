import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashOnceCode, newOnceCode } from './once-codes.ts';

test('a code is 25 random letters and digits in groups of five', () => {
  const codes = Array.from({ length: 200 }, newOnceCode);
  for (const code of codes) assert.match(code, /^[0-9a-hjkmnp-tv-z]{5}(?:-[0-9a-hjkmnp-tv-z]{5}){4}$/);
  assert.equal(new Set(codes).size, 200);
  assert.equal(new Set(codes.join('').replaceAll('-', '')).size, 32, 'every letter occurs');
});

describe('the hash of a code', () => {
  const code = '01abc-defgh-jkmnp-qrstv-wxyz2';
  const expected = hashOnceCode(code);
  const same = [
    '01abcdefghjkmnpqrstvwxyz2',
    ` ${code.toUpperCase()}\n`,
    'oiabc defgh jkmnp qrstv wxyz2',
    'OLabc-defgh-jkmnp-qrstv-wxyz2',
    code.padEnd(100),
  ];
  for (const typed of same)
    test(`is the same for ${JSON.stringify(typed)}`, () => assert.equal(hashOnceCode(typed), expected));
  const none = [
    '',
    '123456',
    code.slice(1),
    `${code}3`,
    code.replace('z', 'u'),
    ' '.repeat(101),
    code.replace('z', 'ß'),
    code.padEnd(101),
  ];
  for (const typed of none)
    test(`there is none for ${JSON.stringify(typed.slice(0, 40))}`, () => assert.equal(hashOnceCode(typed), undefined));
  test('is there for a code among blanks, as long as the whole is no longer than four codes', () => {
    assert.equal(hashOnceCode(code.padStart(100)), expected);
    assert.equal(hashOnceCode(code.padStart(101)), undefined);
  });
  test('is another for another code, and not the code', () => {
    assert.notEqual(hashOnceCode(code.replace('z', 'y')), expected);
    assert.match(String(expected), /^[\w-]{43}$/);
  });
});
