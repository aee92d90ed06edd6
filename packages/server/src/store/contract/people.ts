import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AuditRow, type Person, StoreConflict } from '../store.ts';
import { type Access, erin, fresh, row } from './fixtures.ts';

/** The directory. */
export function peopleContract(access: Access): void {
  describe('people', () => {
    test('a person comes back with exactly their groups and roles, by id and by e-mail in any case', async () => {
      const person = erin({ email: `Erin.${fresh('x')}@Acme.example`, groups: ['a', 'b'], roles: ['contractor'] });
      await access.store().people.save({ ...person, groups: ['b', 'a', 'b'] });
      assert.deepEqual(await access.store().people.find(person.id), person);
      assert.deepEqual(await access.store().people.findByEmail(person.email.toUpperCase()), person);
      const changed = { ...person, name: 'Erin B.', active: false, groups: ['c'], roles: [] };
      await access.store().people.save(changed);
      assert.deepEqual(await access.store().people.find(person.id), changed);
      assert.deepEqual(await access.store().people.findByEmail(person.email), changed);
      assert.equal(await access.store().people.find('nobody'), undefined);
      assert.equal(await access.store().people.findByEmail('nobody@acme.example'), undefined);
    });

    test('who is in what, page by page: of those who are active, or of all', async () => {
      const { people, population } = access.store();
      const [group, before] = [fresh('g'), await population.count()];
      const [on, off, other] = [
        erin({ groups: [group] }),
        erin({ groups: [group], active: false }),
        erin({ groups: [group] }),
      ];
      for (const person of [on, off, other]) await people.save(person);
      assert.equal(await population.count(), before + 2);
      const ids = (...some: Person[]) => some.map(({ id }) => id).toSorted();
      assert.deepEqual(await population.members('group', group, '', 10), ids(on, other));
      assert.deepEqual(await population.allMembers('group', group, '', 10), ids(on, off, other));
      assert.deepEqual(await population.allMembers('role', group, '', 10), []);
      const [first = '', ...rest] = ids(on, off, other);
      assert.deepEqual(await population.allMembers('group', group, '', 1), [first]);
      assert.deepEqual(await population.allMembers('group', group, first, 10), rest);
      const active = await population.active('', 100_000);
      assert.deepEqual(active, active.toSorted());
      assert.deepEqual(
        ids(on, off, other).filter((id) => active.includes(id)),
        ids(on, other),
      );
      assert.deepEqual(await population.active(active[0] ?? '', 1), active.slice(1, 2));
    });

    test('an e-mail address belongs to one person, whatever its case, and a refused save changes nothing', async () => {
      const [first, second] = [erin(), erin({ groups: ['a'] })];
      await access.store().people.save(first);
      await access.store().people.save(second);
      const thief = { ...second, email: first.email.toUpperCase(), groups: ['b'] };
      await assert.rejects(access.store().people.save(thief), StoreConflict);
      assert.deepEqual(await access.store().people.find(second.id), second);
    });

    test('a password stays when the person is saved again, and is set for known people only', async () => {
      const person = erin();
      await access.store().people.save(person);
      assert.equal(await access.store().people.passwordHash(person.id), undefined);
      await access.store().people.setPasswordHash(person.id, '$argon2id$...');
      await access.store().people.save({ ...person, name: 'Erin B.' });
      assert.equal(await access.store().people.passwordHash(person.id), '$argon2id$...');
      await assert.rejects(access.store().people.setPasswordHash('nobody', '$argon2id$...'), StoreConflict);
    });

    test('another password, and whoever is saved, in one step with the line that tells of it', async () => {
      const { people, artifacts, audit } = access.store();
      const [person, session] = [erin(), crypto.randomUUID()];
      const lines = Array.from({ length: 4 }, () => row());
      const [saved, taken, set, lost] = lines as [AuditRow, AuditRow, AuditRow, AuditRow];
      await people.save(person, [saved]);
      await assert.rejects(people.save({ ...person, source: 'scim:other' }, [taken]), StoreConflict);
      const begin = () => artifacts.upsert('Session', session, { uid: session, accountId: person.id }, 4_000_000_000);
      await begin();
      await people.setPasswordHash(person.id, '$argon2id$...');
      assert.ok(await artifacts.find('Session', session));
      await people.setPasswordHash(person.id, '$argon2id$2', { ends: true, records: [set] });
      assert.equal(await artifacts.find('Session', session), undefined);
      await assert.rejects(people.setPasswordHash('nobody', 'h', { ends: true, records: [lost] }), StoreConflict);
      const found = await Promise.all(lines.map(({ id }) => audit.find(id)));
      assert.deepEqual(
        found.map((line) => line !== undefined),
        [true, false, true, false],
      );
    });

    test('an id elsewhere is one person’s, can be changed and taken away, and is another at another server', async () => {
      const { people } = access.store();
      const [first, second] = [erin(), erin()];
      for (const person of [first, second]) await people.save(person);
      const [here, there, name] = ['https://ras.example', 'https://other.example', fresh('id')];
      await people.setIdAt(first.id, here, fresh('id'));
      await people.setIdAt(first.id, here, name);
      assert.equal(await people.idAt(first.id, here), name);
      assert.equal(await people.idAt(first.id, there), undefined);
      await assert.rejects(people.setIdAt(second.id, here, name), StoreConflict);
      await people.setIdAt(second.id, there, name);
      await people.setIdAt(first.id, here, undefined);
      assert.equal(await people.idAt(first.id, here), undefined);
      await people.setIdAt(second.id, here, name);
      assert.equal(await people.idAt(second.id, here), name);
    });

    test('list gives everybody once, in pages, whatever they are in', async () => {
      await access.store().people.save(erin({ groups: ['a', 'b', 'c'], roles: ['r'] }));
      const seen: Person[] = [];
      for (;;) {
        const page = await access.store().people.list(seen.at(-1)?.id ?? '', 2);
        assert.ok(page.length <= 2);
        if (page.length === 0) break;
        seen.push(...page);
      }
      assert.ok(seen.length >= 3);
      assert.equal(new Set(seen.map(({ id }) => id)).size, seen.length);
      for (const person of seen) assert.deepEqual(await access.store().people.find(person.id), person);
    });
  });
}
