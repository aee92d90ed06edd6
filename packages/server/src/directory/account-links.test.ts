import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashLinkToken, whyNotPassword } from './account-links.ts';

const erin = { email: 'erin.miller@acme.example', name: 'Erin Miller' };

describe('a new password', () => {
  const table: [name: string, password: string, outcome: string][] = [
    ['twelve characters', 'tulip-42-har', 'taken'],
    ['eleven characters', 'tulip-42-ha', 'longer'],
    ['nothing', '', 'longer'],
    ['spaces and other scripts', 'čtyři malá písmena', 'taken'],
    ['twelve code units that are six characters', '😀😁😂🤣😃😄', 'longer'],
    ['1,024 characters', 'ab12'.repeat(256), 'taken'],
    ['more', `${'ab12'.repeat(256)}x`, 'shorter'],
    ['the address', 'Erin.Miller@acme.example', 'harder'],
    ['the name and a year', 'Erin Miller2026', 'harder'],
    ['the part before the at sign, twice', 'erin.millererin.miller', 'harder'],
    ['the name and six more', 'Erin Miller-42-x1', 'taken'],
    ['the name and five more', 'Erin Miller-42-x', 'harder'],
    ['the name among other words', 'erin miller keeps nine tulips', 'taken'],
    ['three letters, again and again', 'abcabcabcabcabc', 'harder'],
  ];
  for (const [name, password, outcome] of table) {
    test(`${name}: ${outcome}`, () => {
      const wrong = whyNotPassword(password, erin);
      assert.match(wrong ?? 'taken', new RegExp(outcome));
    });
  }

  test('a short name is part of many words and says nothing', () => {
    assert.equal(whyNotPassword('anna-banana-cabana', { email: 'an@acme.example', name: 'An' }), undefined);
    assert.equal(whyNotPassword('adaadaada-42x', { email: 'a@acme.example', name: 'Ada' }), undefined);
    assert.notEqual(whyNotPassword('annaanna-42x', { email: 'a@acme.example', name: 'Anna' }), undefined);
  });
});

describe('the token of a link', () => {
  const token = 'a'.repeat(43);
  test('has one spelling', () => {
    assert.match(hashLinkToken(token) ?? '', /^[\w-]{43}$/);
    for (const other of ['', token.slice(1), `${token}a`, `${token.slice(1)}/`, `${token.slice(1)}=`]) {
      assert.equal(hashLinkToken(other), undefined, other);
    }
    assert.notEqual(hashLinkToken(`b${token.slice(1)}`), hashLinkToken(token));
  });
});
