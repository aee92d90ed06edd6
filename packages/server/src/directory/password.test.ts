import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashPassword, spendTheTimeOfACheck, TooBusy, verifyPassword } from './password.ts';

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

const quickHash = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4';

describe('IDP-38: who is known does not wait behind those who are new, nor lack a place because of them', () => {
  const started = (outcomes: readonly PromiseSettledResult<unknown>[]) => {
    const isBusy = (outcome: PromiseSettledResult<unknown>) =>
      outcome.status === 'rejected' && outcome.reason instanceof TooBusy;
    return outcomes.filter((outcome) => !isBusy(outcome)).length;
  };

  test('they go first, each of three ways to ask', async () => {
    const done: string[] = [];
    const ask = (name: string, asked: Promise<unknown>) =>
      asked.then(
        () => done.push(name),
        () => done.push(`${name} refused`),
      );
    const flood = Array.from({ length: 110 }, () => ask('new', verifyPassword('guess', quickHash)));
    const known = [
      ask('known', verifyPassword('password', quickHash, 'u_1')),
      ask('known', spendTheTimeOfACheck('password', 'u_2')),
      ask('known', hashPassword('password', 'u_3')),
    ];
    await Promise.all([...flood, ...known]);
    assert.equal(done.filter((name) => name === 'known').length, 3);
    assert.equal(done.filter((name) => name === 'new refused').length, 8);
    assert.ok(
      done.filter((name) => name !== 'new refused').lastIndexOf('known') < 100,
      'before the last that came before them',
    );
  });

  test('nor do they keep who is new waiting: of four turns one is for those', async () => {
    const done: string[] = [];
    const ask = (name: string, asked: Promise<unknown>) => asked.then(() => done.push(name));
    const many = Array.from({ length: 80 }, (_, at) => ask('known', verifyPassword('guess', quickHash, `u_${at}`)));
    const few = Array.from({ length: 5 }, () => ask('new', verifyPassword('password', quickHash)));
    await Promise.all([...many, ...few]);
    const last = done.lastIndexOf('new');
    assert.ok(last < 40, `${last}`);
    assert.ok(last > 12, `and most turns are theirs: ${last}`);
  });

  test('one of them has five places, and all of them together a hundred', async () => {
    const busy = Array.from({ length: 2 }, () => verifyPassword('guess', quickHash));
    const one = Array.from({ length: 7 }, () => verifyPassword('guess', quickHash, 'u_1'));
    const others = Array.from({ length: 100 }, (_, at) => verifyPassword('guess', quickHash, `u_other_${at}`));
    const late = verifyPassword('guess', quickHash);
    const lines = [busy, one, others, [late]].map((asked) => Promise.allSettled(asked));
    assert.deepEqual((await Promise.all(lines)).map(started), [2, 5, 95, 1]);
  });
});

test('more passwords than can wait are turned away, and those in line are all answered', async () => {
  const outcomes = await Promise.allSettled(Array.from({ length: 150 }, () => verifyPassword('password', quickHash)));
  const answered = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value);
  const turnedAway = outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason instanceof TooBusy);
  assert.equal(answered.length, 102);
  assert.equal(turnedAway.length, 48);
  assert.equal(await verifyPassword('password', quickHash), true, 'and the line is open again');
});
