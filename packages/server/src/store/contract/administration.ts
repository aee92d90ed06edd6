import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AccountLink } from '../links.ts';
import { type Factor, StoreConflict } from '../store.ts';
import { type Access, erin, far, fresh, now, row } from './fixtures.ts';

/** Links to choose a password, administrators, notices, and what agents did. */
export function administrationContract(access: Access): void {
  const newPerson = async () => {
    const person = erin();
    await access.store().people.save(person);
    return person;
  };

  describe('links', () => {
    const links = () => access.store().links;
    const link = (personId: string, change: Partial<AccountLink> = {}): AccountLink => ({
      personId,
      purpose: 'invitation',
      createdAt: now,
      opensAt: now,
      expiresAt: now + 100,
      ...change,
    });
    const use = (made: AccountLink, hash: string, at = now, records = [row()]) =>
      links().use(made, hash, {
        passwordHash: `of ${hash}`,
        enrolment: { codeHash: `code ${hash}`, until: at + 900 },
        now: at,
        records,
      });

    test('a person has one: a new one is the end of the one before', async () => {
      const { id } = await newPerson();
      const [one, two] = [fresh('hash'), fresh('hash')];
      await links().make(link(id), one, []);
      await links().make(link(id, { purpose: 'reset', createdAt: now + 1 }), two, []);
      assert.equal(await links().find(one, now), undefined);
      const made = link(id, { purpose: 'reset', createdAt: now + 1 });
      assert.deepEqual(await links().find(two, now), made);
      assert.deepEqual(await links().of(id), made);
      assert.equal(await use(link(id), one), false);
      assert.equal(await access.store().people.passwordHash(id), undefined);
    });

    test('is good from when it opens until it ends, to the second', async () => {
      const { id } = await newPerson();
      const hash = fresh('hash');
      const made = link(id, { opensAt: now + 10, expiresAt: now + 20 });
      await links().make(made, hash, []);
      for (const [at, isGood] of [
        [now + 9, false],
        [now + 10, true],
        [now + 19, true],
        [now + 20, false],
      ] as const) {
        assert.equal((await links().find(hash, at)) !== undefined, isGood, `${at - now}`);
        if (!isGood) assert.equal(await use(made, hash, at), false);
      }
      assert.equal(await use(made, hash, now + 19), true);
    });

    test('T05: of eight that use it at once, by two ways in, exactly one does, with one line and one password', async () => {
      const { id } = await newPerson();
      const hash = fresh('hash');
      await links().make(link(id), hash, []);
      const other = await access.another();
      const lines = Array.from({ length: 8 }, () => row());
      const outcomes = await Promise.all(
        lines.map((line, at) =>
          (at % 2 ? other.links : links()).use(link(id), hash, {
            passwordHash: `try ${at}`,
            enrolment: { codeHash: `code ${at}`, until: far },
            now,
            records: [line],
          }),
        ),
      );
      const winner = outcomes.indexOf(true);
      assert.equal(outcomes.filter(Boolean).length, 1);
      assert.equal(await access.store().people.passwordHash(id), `try ${winner}`);
      assert.equal(await access.store().factors.hasEnrolmentCode(id, `code ${winner}`, now), true);
      const written = await Promise.all(lines.map((line) => access.store().audit.find(line.id)));
      assert.deepEqual(
        written.map((line) => line !== undefined),
        outcomes,
      );
    });

    test('using it ends what the person has here, and nobody else', async () => {
      const [{ id }, other] = [await newPerson(), await newPerson()];
      const hash = fresh('hash');
      const [mine, theirs] = [fresh('session'), fresh('session')];
      await access.store().artifacts.upsert('Session', mine, { accountId: id }, far);
      await access.store().artifacts.upsert('Session', theirs, { accountId: other.id }, far);
      await links().make(link(id), hash, []);
      const before = await access.store().changeSequence();
      await use(link(id), hash);
      assert.ok((await access.store().changeSequence()) > before);
      assert.equal(await access.store().artifacts.find('Session', mine), undefined);
      assert.ok(await access.store().artifacts.find('Session', theirs));
    });

    test('revoked, listed, and gone with its person or a month after its end', async () => {
      const [one, two] = [await newPerson(), await newPerson()];
      const hash = fresh('hash');
      const line = row();
      await links().make(link(one.id), hash, [line]);
      assert.ok(await access.store().audit.find(line.id));
      await links().make(link(two.id), fresh('hash'), []);
      const listed = (await links().list('', 10_000)).map(({ personId }) => personId);
      assert.ok(listed.includes(one.id) && listed.includes(two.id));
      assert.deepEqual(listed, [...listed].sort());
      assert.equal(await links().revoke(one.id, []), true);
      const unsaid = row();
      assert.equal(await links().revoke(one.id, [unsaid]), false);
      assert.equal(await access.store().audit.find(unsaid.id), undefined);
      assert.equal(await links().find(hash, now), undefined);
      await access.store().purge(now + 100 + 29 * 86_400);
      assert.ok(await links().of(two.id));
      await access.store().purge(now + 100 + 30 * 86_400);
      assert.equal(await links().of(two.id), undefined);
    });
  });

  describe('administrators', () => {
    const administrators = () => access.store().administrators;
    const factor = (personId: string): Factor => ({
      id: fresh('f'),
      personId,
      kind: 'totp',
      name: 'App',
      material: 'sealed',
      credentialId: undefined,
      isSynced: false,
      counter: 0,
      createdAt: now,
      lastUsedAt: undefined,
    });

    test('a role is granted, replaced and revoked; each with its line', async () => {
      const { id } = await newPerson();
      const [one, two] = [row(), row()];
      assert.equal(await administrators().roleOf(id), undefined);
      assert.equal(await administrators().grant({ personId: id, role: 'help-desk', grantedAt: now }, [one]), true);
      await administrators().grant({ personId: id, role: 'people', grantedAt: now + 1 }, []);
      assert.equal(await administrators().roleOf(id), 'people');
      const listed = (await administrators().list()).filter(({ personId }) => personId === id);
      assert.deepEqual(listed, [{ personId: id, role: 'people', grantedAt: now + 1 }]);
      assert.equal(await administrators().revoke(id, [two]), true);
      assert.equal(await administrators().revoke(id, [row({ id: 'never written' })]), false);
      assert.equal(await administrators().roleOf(id), undefined);
      assert.ok((await access.store().audit.find(one.id)) && (await access.store().audit.find(two.id)));
      assert.equal(await access.store().audit.find('never written'), undefined);
    });

    test('of two owners who take the role of each other at once one is left, and nobody gives a role with one that is gone', async () => {
      const other = await access.another();
      const [a, b, c] = [(await newPerson()).id, (await newPerson()).id, (await newPerson()).id];
      for (const id of [a, b]) await administrators().grant({ personId: id, role: 'owner', grantedAt: now }, []);
      const done = await Promise.all([administrators().revoke(a, [], b), other.administrators.revoke(b, [], a)]);
      assert.deepEqual(done.toSorted(), [false, true]);
      const [gone, left] = done[0] ? [a, b] : [b, a];
      const grant = { personId: c, role: 'owner', grantedAt: now } as const;
      assert.equal(await administrators().grant(grant, [], gone), false);
      assert.equal(await administrators().roleOf(c), undefined);
      assert.equal(await administrators().grant(grant, [], left), true);
      for (const id of [a, b, c]) await administrators().revoke(id, []);
    });

    test('T30: a role ends the link and the enrolment code of whoever gets it, in the same step, and nothing of anybody else', async () => {
      const [{ id }, other] = [await newPerson(), await newPerson()];
      const { links, factors } = access.store();
      const open = { purpose: 'reset', createdAt: now, opensAt: now, expiresAt: far } as const;
      const offer = async (personId: string) => {
        await links.make({ personId, ...open }, `link of ${personId}`, []);
        await factors.setEnrolmentCode(personId, 'code', far, []);
        await factors.setRecoveryCodes(personId, ['kept'], []);
      };
      const left = async (personId: string) => [
        (await links.of(personId)) !== undefined,
        await factors.hasEnrolmentCode(personId, 'code', now),
        await factors.recoveryCodesLeft(personId),
      ];
      for (const personId of [id, other.id]) await offer(personId);
      await administrators().grant({ personId: id, role: 'help-desk', grantedAt: now }, []);
      assert.deepEqual(await left(id), [false, false, 1]);
      assert.deepEqual(await left(other.id), [true, true, 1]);
      await offer(id);
      assert.deepEqual(await left(id), [true, true, 1], 'what is made for the role that they have now is good');
      assert.equal(await administrators().grant({ personId: id, role: 'owner', grantedAt: now }, [], 'nobody'), false);
      assert.deepEqual(await left(id), [true, true, 1], 'no role, and nothing ends');
      await administrators().grant({ personId: id, role: 'owner', grantedAt: now }, []);
      assert.deepEqual(await left(id), [false, false, 1], 'those of a lower role too');
      await administrators().revoke(id, []);
    });

    test('T31: saving a person, with whatever roles, makes no administrator', async () => {
      const person = erin({ roles: ['owner', 'scim-okta/owner'], groups: ['people'] });
      await access.store().people.save(person);
      assert.equal(await administrators().roleOf(person.id), undefined);
    });

    test('the break-glass account: one at most, an owner, replaced whole, removed whole', async () => {
      const [person, another] = [erin(), erin()];
      const secrets = (personId: string, at = now) => ({ passwordHash: 'h1', factor: factor(personId), now: at });
      assert.equal(await administrators().breakGlass(), undefined);
      assert.equal(await administrators().rotateBreakGlass(secrets('nobody'), [row({ id: 'unsaid 1' })]), false);
      assert.equal(await administrators().removeBreakGlass([row({ id: 'unsaid 2' })]), false);
      await administrators().createBreakGlass(person, secrets(person.id), []);
      const second = administrators().createBreakGlass(another, secrets(another.id), [row({ id: 'unsaid 3' })]);
      await assert.rejects(second, StoreConflict);
      assert.equal(await access.store().people.find(another.id), undefined, 'and nothing of it stays');
      assert.deepEqual(await administrators().breakGlass(), { personId: person.id, changedAt: now });
      assert.equal(await administrators().roleOf(person.id), 'owner');
      assert.equal(await administrators().revoke(person.id, [row({ id: 'unsaid 4' })]), false);
      const lower = { personId: person.id, role: 'auditor', grantedAt: now } as const;
      assert.equal(await administrators().grant(lower, [row({ id: 'unsaid 5' })]), false);
      assert.equal(await administrators().roleOf(person.id), 'owner');

      const session = fresh('session');
      await access.store().artifacts.upsert('Session', session, { accountId: person.id }, far);
      const [old] = await access.store().factors.of(person.id);
      assert.equal(
        await administrators().rotateBreakGlass({ ...secrets('anybody', now + 5), passwordHash: 'h2' }, []),
        true,
      );
      const [kept, ...more] = await access.store().factors.of(person.id);
      assert.ok(kept && kept.id !== old?.id && more.length === 0);
      assert.equal(await access.store().people.passwordHash(person.id), 'h2');
      assert.equal(await access.store().artifacts.find('Session', session), undefined);
      assert.equal((await administrators().breakGlass())?.changedAt, now + 5);

      await access.store().artifacts.upsert('Session', session, { accountId: person.id }, far);
      assert.equal(await administrators().removeBreakGlass([]), true);
      assert.equal(await access.store().people.find(person.id), undefined);
      assert.equal(await access.store().artifacts.find('Session', session), undefined);
      assert.equal(await administrators().roleOf(person.id), undefined);
      for (const at of [1, 2, 3, 4, 5]) assert.equal(await access.store().audit.find(`unsaid ${at}`), undefined);
    });
  });

  test('notices wait for their person, oldest first, until they were seen', async () => {
    const [{ id }, other] = [await newPerson(), await newPerson()];
    const { notices } = access.store();
    const notice = (at: number, personId = id) => ({
      id: fresh('n'),
      personId,
      what: 'factor_removed' as const,
      about: 'Phone',
      at,
    });
    const [late, early, theirs] = [notice(now + 2), notice(now + 1), notice(now, other.id)];
    for (const each of [late, early, theirs]) await notices.add(each);
    assert.deepEqual(await notices.of(id), [early, late]);
    await notices.seen(id, [early.id, theirs.id]);
    await notices.seen(id, []);
    assert.deepEqual(await notices.of(id), [late]);
    assert.deepEqual(await notices.of(other.id), [theirs], 'nobody sees for another');
  });

  test('what agents did: first and last, by client and server, each line once, also read by two at once', async () => {
    const { agentUses } = access.store();
    const other = (await access.another()).agentUses;
    const { id } = await newPerson();
    const line = (client: string, server: string | undefined, timeMs: number, kind = 'issuance') =>
      row({ kind, person: id, client, server, timeMs });
    while ((await agentUses.catchUp(1000)) > 0);
    const write = (...records: ReturnType<typeof row>[]) => access.store().commit({ marks: [], records });
    await write(line('a', 's', 2000), line('a', 's', 5000), line('a', 't', 3000), line('b', 's', 4000));
    await write(line('a', 's', 9000, 'refusal'), line('a', undefined, 9000), row({ client: 'a', server: 's' }));
    await Promise.all([agentUses.catchUp(3), other.catchUp(3)]);
    while ((await agentUses.catchUp(3)) > 0) await other.catchUp(2);
    assert.equal(await agentUses.catchUp(3), 0);
    assert.deepEqual(await agentUses.of(id), [
      { client: 'a', server: 's', firstMs: 2000, lastMs: 5000 },
      { client: 'a', server: 't', firstMs: 3000, lastMs: 3000 },
      { client: 'b', server: 's', firstMs: 4000, lastMs: 4000 },
    ]);
    const lastOfT = async () => {
      await agentUses.catchUp(100);
      const [, t] = await agentUses.of(id);
      return t;
    };
    await write(line('a', 't', 70_000));
    assert.deepEqual(await lastOfT(), { client: 'a', server: 't', firstMs: 3000, lastMs: 70_000 });
    await write(line('a', 't', 129_999));
    assert.equal((await lastOfT())?.lastMs, 70_000, 'told to the minute');
    await write(line('a', 't', 130_000));
    assert.equal((await lastOfT())?.lastMs, 130_000);
    await access.store().purge(130 + 400 * 86_400);
    assert.deepEqual(await agentUses.of(id), [], 'forgotten after four hundred days');
  });
}
