import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Effect } from '../store.ts';
import { type Access, far, fresh, now, row, signal, subjectKey } from './fixtures.ts';

/** Who is cut off, and what was revoked. */
export function cutOffContract(access: Access): void {
  const takeAll = async (...effects: Partial<Effect>[]) => {
    for (const effect of effects) await access.store().cutOffs.take(signal(effect), []);
  };

  describe('cut-offs', () => {
    test('nothing was said of a subject: nothing is cut off', async () => {
      assert.equal(await access.store().cutOffs.find(subjectKey()), undefined);
      assert.equal(await access.store().cutOffs.isCutOff(fresh('nobody'), now), false);
    });

    test('B52: the longest names that are let in have an account, and can be cut off', async () => {
      // No letter as the one before it: a database that shortens what repeats itself is not to get round it.
      const letters = (count: number, from: number) =>
        Array.from({ length: count }, (_, n) => String.fromCodePoint(from + ((n * 7919 + n * n) % 4096))).join('');
      const tenant = letters(256, 0x4e00);
      const key = { issuer: `https://${'i'.repeat(500)}.example`, tenant, subject: `${letters(341, 0x5e00)}s` };
      const { id } = await access.store().accounts.findOrCreate(key, fresh('acc'));
      await takeAll({ key, disabledAt: now });
      assert.equal((await access.store().accounts.find(key))?.id, id);
      assert.equal((await access.store().cutOffs.find(key))?.blocked, true);
    });

    test('of eight that take one signal at once, by two ways in, one does, with its line', async () => {
      const other = await access.another();
      const one = signal({ disabledAt: now });
      const lines = Array.from({ length: 8 }, () => row());
      const taken = await Promise.all(
        lines.map((line, n) => (n % 2 ? other : access.store()).cutOffs.take(one, [line])),
      );
      assert.equal(taken.filter((won) => won).length, 1);
      const written = await Promise.all(lines.map(({ id }) => access.store().audit.find(id)));
      assert.deepEqual(
        written.map((line) => line !== undefined),
        taken,
      );
    });

    test('the same outcome in every order', async () => {
      const effects: Partial<Effect>[] = [
        { grantsBefore: 10, tokensBefore: 12 },
        { grantsBefore: 30, tokensBefore: 32, disabledAt: 30 },
        { enabledAt: 20 },
        { grantsBefore: 25, tokensBefore: 40 },
      ];
      for (const [first, ...rest] of effects.map((_, n) => [...effects.slice(n), ...effects.slice(0, n)])) {
        const key = subjectKey();
        await takeAll(...[first, ...rest].map((effect) => ({ key, ...effect })));
        const cutOff = { grantsBefore: 30, tokensBefore: 40, blocked: true };
        assert.deepEqual(await access.store().cutOffs.find(key), cutOff);
      }
    });

    test('blocked until it is enabled later, and not in the same second', async () => {
      const key = subjectKey();
      const isBlocked = async () => (await access.store().cutOffs.find(key))?.blocked;
      await takeAll({ key, disabledAt: now });
      assert.equal(await isBlocked(), true);
      await takeAll({ key, enabledAt: now });
      assert.equal(await isBlocked(), true);
      await takeAll({ key, enabledAt: now + 1 });
      assert.equal(await isBlocked(), false);
      await takeAll({ key, disabledAt: now - 5 });
      assert.equal(await isBlocked(), false);
    });

    test('an account shows it, and its tokens hold or not, seen by every way in', async () => {
      const other = await access.another();
      const key = subjectKey();
      const { id } = await access.store().accounts.findOrCreate(key, fresh('acc'));
      assert.equal((await other.accounts.find(key))?.cutOff, undefined);
      assert.deepEqual([await other.cutOffs.isCutOff(id, now), await other.cutOffs.isCutOff(id, 0)], [false, false]);
      await takeAll({ key, grantsBefore: now, tokensBefore: now + 3 });
      const cutOff = { grantsBefore: now, tokensBefore: now + 3, blocked: false };
      assert.deepEqual((await other.accounts.find(key))?.cutOff, cutOff);
      const holds = async (issuedAt: number) => !(await other.cutOffs.isCutOff(id, issuedAt));
      assert.deepEqual([await holds(now), await holds(now + 3), await holds(now + 4)], [false, false, true]);
      await takeAll({ key, disabledAt: now });
      assert.equal(await holds(far), false);
      await takeAll({ key, enabledAt: now + 1 });
      assert.deepEqual([await holds(now + 3), await holds(now + 4)], [false, true]);
      await access.store().accounts.setActive(id, false);
      assert.equal(await holds(far), false);
    });

    test('issuer, tenant and subject are exact', async () => {
      const key = subjectKey();
      await takeAll({ key, disabledAt: now });
      const others = [
        { ...key, issuer: 'https://b.example' },
        { ...key, tenant: 'acme' },
        { ...key, subject: key.subject.toUpperCase() },
      ];
      for (const other of others) {
        const { id, cutOff } = await access.store().accounts.findOrCreate(other, fresh('acc'));
        assert.equal(cutOff, undefined);
        assert.equal(await access.store().cutOffs.isCutOff(id, now), false);
      }
      assert.equal((await access.store().accounts.findOrCreate(key, fresh('acc'))).cutOff?.blocked, true);
    });

    test('whoever follows gets what changed since, with accounts only, and only while it matters', async () => {
      const { cutOffs, accounts } = access.store();
      const start = await access.store().changeSequence();
      const [one, two] = [subjectKey(), subjectKey()];
      await takeAll({ key: two, tokensBefore: now });
      assert.deepEqual(await cutOffs.people(start, now, 10), []);
      const accountOne = await accounts.findOrCreate(one, fresh('acc'));
      const accountTwo = await accounts.findOrCreate(two, fresh('acc'));
      await takeAll({ key: one, tokensBefore: now, until: now + 50 });
      const seen = await cutOffs.people(start, now, 10);
      assert.deepEqual(
        seen.map(({ account, tokensBefore, blocked, until }) => [account, tokensBefore, blocked, until]),
        [
          [accountTwo.id, now, false, now + 100],
          [accountOne.id, now, false, now + 50],
        ],
      );
      assert.equal((await cutOffs.people(start, now, 1)).length, 1);
      const last = seen.at(-1)?.position ?? 0;
      assert.equal(last, await access.store().changeSequence());
      assert.deepEqual(await cutOffs.people(last, now, 10), []);
      await takeAll({ key: two, disabledAt: now });
      assert.deepEqual(
        (await cutOffs.people(last, now, 10)).map(({ account, blocked }) => [account, blocked]),
        [[accountTwo.id, true]],
      );
      assert.equal((await cutOffs.people(start, now + 51, 10)).length, 1);
    });

    test('revoked tokens are told in their order, once, and only while they could live', async () => {
      const { cutOffs } = access.store();
      const start = await access.store().changeSequence();
      const token = (until: number) => ({ id: fresh('t'), resource: 'https://r.example', until });
      const [one, two] = [token(now + 10), token(now + 20)];
      for (const each of [one, two]) await cutOffs.revokeToken(each);
      const after = await access.store().changeSequence();
      await cutOffs.revokeToken(one);
      assert.equal(
        await access.store().changeSequence(),
        after,
        'and nobody has to read anything anew for what is known',
      );
      const told = await cutOffs.tokens(start, now, 10);
      assert.deepEqual(
        told.map(({ id, resource, until }) => ({ id, resource, until })),
        [one, two],
      );
      assert.deepEqual(await cutOffs.tokens(told[1]?.position ?? 0, now, 10), []);
      assert.equal((await cutOffs.tokens(start, now + 11, 10)).length, 1);
    });

    test('what concerns no token any more is purged; who was disabled stays, enabled again or not', async () => {
      const { cutOffs } = access.store();
      const [gone, off, back] = [subjectKey(), subjectKey(), subjectKey()];
      await takeAll({ key: gone, grantsBefore: now }, { key: off, disabledAt: now }, { key: back, enabledAt: now });
      await access.store().purge(now + 100);
      assert.ok(await cutOffs.find(gone));
      await access.store().purge(now + 101);
      assert.equal(await cutOffs.find(gone), undefined);
      assert.equal((await cutOffs.find(off))?.blocked, true);
      await takeAll({ key: back, disabledAt: now - 1 });
      assert.equal((await cutOffs.find(back))?.blocked, false);
    });
  });
}
