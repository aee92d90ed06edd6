import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashPassword, TooBusy, verifyPassword } from './password.ts';

describe('a password hash', () => {
  test('is an argon2id PHC string that says what it cost', async () => {
    const phc = await hashPassword('correct horse');
    assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  });

  test('differs each time: the salt is random', async () => {
    assert.notEqual(await hashPassword('correct horse'), await hashPassword('correct horse'));
  });

  const table: [name: string, typed: string, expected: boolean][] = [
    ['the same password', 'Grüße, naïve', true],
    ['the same password with its accents decomposed', 'Grüße, naïve'.normalize('NFD'), true],
    ['another password', 'Grüße, naive', false],
    ['nothing', '', false],
  ];
  for (const [name, typed, expected] of table) {
    test(`${name}: ${expected ? 'accepted' : 'refused'}`, async () => {
      assert.equal(await verifyPassword(typed, await hashPassword('Grüße, naïve')), expected);
    });
  }

  test('made by another program with other costs is understood (reference vector of phc-winner-argon2)', async () => {
    const phc = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
    assert.equal(await verifyPassword('password', phc), true);
    assert.equal(await verifyPassword('passwore', phc), false);
  });

  const broken = ['', 'plain', '$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'];
  for (const phc of broken) {
    test(`"${phc.slice(0, 12)}" in the store is a fault, never a match`, async () => {
      await assert.rejects(verifyPassword('password', phc), /not an argon2id PHC string/);
    });
  }
});

test('more passwords than can wait are turned away, and those in line are all answered', async () => {
  const phc = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';
  const outcomes = await Promise.allSettled(Array.from({ length: 150 }, () => verifyPassword('password', phc)));
  const answered = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value);
  const turnedAway = outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason instanceof TooBusy);
  assert.equal(answered.length, 102);
  assert.equal(turnedAway.length, 48);
  assert.equal(await verifyPassword('password', phc), true, 'and the line is open again');
});
