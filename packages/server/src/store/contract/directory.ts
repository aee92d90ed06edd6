import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Group, Provisioned } from '../directory.ts';
import { StoreConflict } from '../store.ts';
import { type Access, erin, far, fresh, row } from './fixtures.ts';

/** Sources, groups and people who are provisioned. */
export function directoryContract(access: Access): void {
  const directory = () => access.store().directory;
  const find = (id: string) => access.store().people.find(id);
  const newSource = async () => {
    const source = `scim:${fresh('source')}`;
    await directory().claimSource(source);
    return source;
  };
  const toPerson = (source: string, change: Partial<Provisioned> = {}): Provisioned => {
    const id = change.id ?? fresh('u');
    const email = `${id}@acme.example`;
    const state = { externalId: undefined, wantedActive: true, blocked: false, attributes: '{}', version: 1 };
    const times = { createdMs: 5, modifiedMs: 5 };
    return { id, source, handle: id, email, emails: [email], name: 'Erin', ...state, ...times, ...change };
  };
  const addPerson = async (source: string, change: Partial<Provisioned> = {}, groups?: string[]) => {
    const person = toPerson(source, change);
    await directory().provisioned.create(person, groups ? { groups } : {}, []);
    return person;
  };
  const toGroup = (source: string, change: Partial<Group> = {}): Group => {
    const id = `${source.slice(source.indexOf(':') + 1)}/${fresh('g')}`;
    const times = { createdMs: 5, modifiedMs: 5 };
    return { kind: 'group', id, source, name: 'Engineering', externalId: undefined, version: 1, ...times, ...change };
  };
  const addGroup = async (source: string, members: string[] = [], change: Partial<Group> = {}) => {
    const group = toGroup(source, change);
    await directory().groups.create(group, members, []);
    return group;
  };
  const none = { add: [], remove: [] };

  describe('sources', () => {
    test('a name belongs to the first source that takes it, for good', async () => {
      const name = fresh('okta');
      await directory().claimSource(`scim:${name}`);
      await directory().claimSource(`scim:${name}`);
      await assert.rejects(directory().claimSource(`upstream:${name}`), StoreConflict);
      await assert.rejects(directory().claimSource('scim:local'), StoreConflict);
      assert.ok((await directory().sources()).includes(`scim:${name}`));
      assert.ok(!(await directory().sources()).includes(`upstream:${name}`));
    });

    test('nobody writes records of a source that was never claimed', async () => {
      await assert.rejects(addPerson('scim:unclaimed'), StoreConflict);
      await assert.rejects(addGroup('scim:unclaimed'), StoreConflict);
    });
  });

  describe('groups', () => {
    test('come back as they were made, by id and in a list, and an id is taken once', async () => {
      const source = await newSource();
      const group = await addGroup(source, [], { externalId: 'e1', name: 'Überflieger' });
      assert.deepEqual(await directory().groups.find('group', group.id), group);
      assert.equal(await directory().groups.find('role', group.id), undefined);
      await assert.rejects(directory().groups.create(group, [], []), StoreConflict);
      const before = await directory().groups.list('group', '', 1000);
      assert.ok(before.some(({ id }) => id === group.id));
      assert.deepEqual(
        before.map(({ id }) => id),
        [...before.map(({ id }) => id)].sort(),
      );
      assert.deepEqual(await directory().groups.list('group', before.at(-1)?.id ?? '', 10), []);
    });

    test('know how many are in each; of one that nobody is in, nothing is said', async () => {
      const source = await newSource();
      const [one, two] = [await addPerson(source), await addPerson(source)];
      const full = await addGroup(source, [one.id, two.id]);
      const half = await addGroup(source, [two.id]);
      const empty = await addGroup(source);
      const sizes = await directory().groups.sizes('group', [full.id, half.id, empty.id, 'no/such']);
      assert.deepEqual([...sizes].sort(), [[full.id, 2] as const, [half.id, 1] as const].sort());
      assert.deepEqual([...(await directory().groups.sizes('role', [full.id]))], []);
      assert.deepEqual([...(await directory().groups.sizes('group', []))], []);
      const before = await access.store().peopleAdmin.count();
      await directory().provisioned.block(two.id, true, []);
      assert.equal(await access.store().peopleAdmin.count(), before - 1);
      const active = (after: string, limit: number) => directory().groups.activeMembers('group', full.id, after, limit);
      assert.deepEqual(await active('', 5), [one.id]);
      assert.deepEqual(await active(one.id, 5), []);
      assert.deepEqual(await active('', 0), []);
    });

    test('saving a person makes the local groups and roles they are in, and only those', async () => {
      const [group, role] = [fresh('team'), fresh('lead')];
      await access.store().people.save(erin({ groups: [group, 'elsewhere/g'], roles: [role] }));
      assert.equal((await directory().groups.find('group', group))?.source, 'local');
      assert.equal((await directory().groups.find('role', role))?.name, role);
      assert.equal(await directory().groups.find('group', 'elsewhere/g'), undefined);
    });

    test('members join and leave, a rename keeps them, and each change shows in the version', async () => {
      const source = await newSource();
      const [a, b, c] = [await addPerson(source), await addPerson(source), await addPerson(source)];
      const group = await addGroup(source, [a.id, b.id, a.id]);
      const members = () => directory().groups.members('group', group.id, '', 10);
      assert.deepEqual(await members(), [a.id, b.id]);
      assert.deepEqual(await directory().groups.members('group', group.id, a.id, 1), [b.id]);
      assert.equal(await directory().groups.update(group, { add: [c.id, a.id], remove: [b.id] }, []), true);
      assert.deepEqual(await members(), [a.id, c.id]);
      assert.deepEqual((await find(c.id))?.groups, [group.id]);
      assert.deepEqual((await find(b.id))?.groups, []);
      const renamed = { ...group, name: 'Other', version: 2, modifiedMs: 9 };
      assert.equal(await directory().groups.update(renamed, none, []), true);
      assert.deepEqual(await directory().groups.find('group', group.id), { ...renamed, version: 3 });
      assert.deepEqual(await members(), [a.id, c.id]);
      await directory().groups.update({ ...renamed, version: 3 }, { add: [b.id], remove: [a.id, c.id] }, []);
      assert.deepEqual(await members(), [b.id]);
    });

    test('a change of an older version, or in the name of another source, does nothing and leaves no record', async () => {
      const [source, other] = [await newSource(), await newSource()];
      const person = await addPerson(source);
      const group = await addGroup(source, [person.id]);
      const line = row();
      const change = { add: [], remove: [person.id] };
      assert.equal(await directory().groups.update({ ...group, version: 2 }, change, [line]), false);
      assert.equal(await directory().groups.update({ ...group, source: other }, change, [line]), false);
      assert.equal(await directory().groups.remove({ ...group, source: other }, [line]), false);
      assert.equal(await directory().groups.remove({ ...group, version: 2 }, [line]), false);
      assert.deepEqual(await directory().groups.members('group', group.id, '', 9), [person.id]);
      assert.equal(await access.store().audit.find(line.id), undefined);
      assert.equal(await directory().groups.remove(group, [line]), true);
      assert.ok(await access.store().audit.find(line.id));
    });

    test('nobody of another source gets into a group of a source; a local group takes anybody', async () => {
      const [source, other] = [await newSource(), await newSource()];
      const [own, foreign, local] = [await addPerson(source), await addPerson(other), erin()];
      await access.store().people.save(local);
      const group = await addGroup(source, [own.id, foreign.id, local.id, 'nobody']);
      assert.deepEqual(await directory().groups.members('group', group.id, '', 9), [own.id]);
      const mixed = await addGroup('local', [own.id, foreign.id, local.id], { id: fresh('team') });
      assert.equal((await directory().groups.members('group', mixed.id, '', 9)).length, 3);
    });

    test('a removed group leaves no membership behind', async () => {
      const source = await newSource();
      const person = await addPerson(source);
      const [group, kept] = [await addGroup(source, [person.id]), await addGroup(source, [person.id])];
      assert.equal(await directory().groups.remove(group, []), true);
      assert.deepEqual((await find(person.id))?.groups, [kept.id]);
      assert.equal(await directory().groups.find('group', group.id), undefined);
    });

    test('takes long lists of members', async () => {
      const source = await newSource();
      const people = await Promise.all(Array.from({ length: 233 }, () => addPerson(source)));
      const ids = people.map(({ id }) => id).sort();
      const group = await addGroup(source, ids);
      assert.deepEqual(await directory().groups.members('group', group.id, '', 999), ids);
      await directory().groups.update(group, { add: [], remove: ids.slice(0, 111) }, []);
      assert.deepEqual(await directory().groups.members('group', group.id, '', 999), ids.slice(111));
    });
  });

  describe('provisioned people', () => {
    test('come back as they were made, by id, handle and external id, and as a person', async () => {
      const source = await newSource();
      const email = `Erin.${fresh('x')}@acme.example`;
      const emails = [email.toLowerCase(), `second.${email}`.toLowerCase()].sort();
      const person = await addPerson(source, { email, emails, externalId: 'e-1', attributes: '{"a":1}' });
      const provisioned = directory().provisioned;
      for (const found of [
        await provisioned.find(source, person.id),
        await provisioned.findByHandle(source, person.handle),
        await provisioned.findByExternalId(source, 'e-1'),
      ]) {
        assert.deepEqual(found && { ...found, emails: [...found.emails].sort() }, person);
      }
      const { id, name } = person;
      const seen = { id, source, email, name, active: true, groups: [], roles: [] };
      assert.deepEqual(await find(id), seen);
      assert.deepEqual(await access.store().people.findByEmail(email.toUpperCase()), seen);
      assert.equal(await access.store().people.passwordHash(id), undefined);
    });

    test('by an external id that the source uses twice nobody is found', async () => {
      const [source, other] = [await newSource(), await newSource()];
      const { provisioned } = directory();
      const [one] = [await addPerson(source, { externalId: 'e-2' }), await addPerson(other, { externalId: 'e-2' })];
      assert.equal((await provisioned.findByExternalId(source, 'e-2'))?.id, one.id);
      const twin = await addPerson(source, { externalId: 'e-2' });
      assert.equal(await provisioned.findByExternalId(source, 'e-2'), undefined);
      assert.equal(await provisioned.remove(twin, []), true);
      assert.equal((await provisioned.findByExternalId(source, 'e-2'))?.id, one.id);
    });

    test('another source does not see, change or remove them, nor does the local directory', async () => {
      const [source, other] = [await newSource(), await newSource()];
      const person = await addPerson(source, { externalId: 'e-1' });
      const provisioned = directory().provisioned;
      assert.equal(await provisioned.find(other, person.id), undefined);
      assert.equal(await provisioned.findByHandle(other, person.handle), undefined);
      assert.equal(await provisioned.findByExternalId(other, 'e-1'), undefined);
      assert.equal(await provisioned.update({ ...person, source: other, name: 'Mallory' }, {}, []), false);
      assert.equal(await provisioned.remove({ ...person, source: other }, []), false);
      await assert.rejects(access.store().people.save(erin({ id: person.id })), StoreConflict);
      assert.equal((await find(person.id))?.name, 'Erin');
      assert.deepEqual([...(await provisioned.known(other, [person.id]))], []);
      assert.deepEqual([...(await provisioned.known(source, [person.id, 'nobody']))], [person.id]);
    });

    test('a handle is unique in its source, an address everywhere, and what is refused changes nothing', async () => {
      const [source, other] = [await newSource(), await newSource()];
      const [first, second] = [await addPerson(source), await addPerson(source)];
      const local = erin();
      await access.store().people.save(local);
      await assert.rejects(addPerson(source, { handle: first.handle }), StoreConflict);
      await addPerson(other, { handle: first.handle });
      for (const email of [first.email.toUpperCase(), local.email]) {
        await assert.rejects(addPerson(other, { email }), StoreConflict);
        const line = row();
        const thief = { ...second, email, name: 'Mallory' };
        await assert.rejects(directory().provisioned.update(thief, {}, [line]), StoreConflict);
        assert.equal(await access.store().audit.find(line.id), undefined);
      }
      assert.equal((await find(second.id))?.name, 'Erin');
    });

    test('an update of an older version does nothing; of two at once one wins', async () => {
      const source = await newSource();
      const person = await addPerson(source);
      const other = await access.another();
      const won = await Promise.all([
        directory().provisioned.update({ ...person, name: 'One' }, {}, []),
        other.directory.provisioned.update({ ...person, name: 'Two' }, {}, []),
      ]);
      assert.equal(won.filter(Boolean).length, 1);
      assert.equal((await find(person.id))?.name, won[0] ? 'One' : 'Two');
      assert.equal((await directory().provisioned.find(source, person.id))?.version, 2);
      assert.equal(await directory().provisioned.remove(person, []), false);
    });

    test('memberships of their own source are replaced, those in other sources’ groups stay', async () => {
      const [source, other] = [await newSource(), await newSource()];
      const [one, two, foreign] = [await addGroup(source), await addGroup(source), await addGroup(other)];
      const role = await addGroup(source, [], { kind: 'role' });
      const person = await addPerson(source, {}, [one.id, foreign.id]);
      assert.deepEqual((await find(person.id))?.groups, [one.id], 'no way into a group of another source');
      const team = await addGroup('local', [person.id], { id: fresh('team') });
      await directory().provisioned.update(person, { groups: [two.id], roles: [role.id] }, []);
      assert.deepEqual((await find(person.id))?.groups, [team.id, two.id].sort());
      assert.deepEqual((await find(person.id))?.roles, [role.id]);
      await directory().provisioned.update({ ...person, version: 2 }, {}, []);
      assert.deepEqual((await find(person.id))?.groups, [team.id, two.id].sort());
      await directory().provisioned.update({ ...person, version: 3 }, { groups: [] }, []);
      assert.deepEqual((await find(person.id))?.groups, [team.id]);
    });

    test('PRV-02: whoever is switched off or removed has no session left, and a removed person is gone whole', async () => {
      const source = await newSource();
      for (const [how, act] of [
        ['off', (person: Provisioned) => directory().provisioned.update({ ...person, wantedActive: false }, {}, [])],
        ['removed', (person: Provisioned) => directory().provisioned.remove(person, [])],
        ['blocked', (person: Provisioned) => directory().provisioned.block(person.id, true, [])],
      ] as const) {
        const group = await addGroup(source);
        const [person, neighbour] = [await addPerson(source, {}, [group.id]), await addPerson(source)];
        const session = fresh('session');
        const { artifacts } = access.store();
        await artifacts.upsert('Session', session, { accountId: person.id }, far);
        await artifacts.upsert('RefreshToken', session, { accountId: person.id }, far);
        await artifacts.upsert('Session', `${session}-n`, { accountId: neighbour.id }, far);
        await directory().provisioned.update({ ...person, name: 'Renamed' }, {}, []);
        assert.ok(await artifacts.find('Session', session), 'a change of name ends nothing');
        assert.equal(await act({ ...person, version: 2 }), true, how);
        assert.equal(await artifacts.find('Session', session), undefined);
        assert.equal(await artifacts.find('RefreshToken', session), undefined);
        assert.ok(await artifacts.find('Session', `${session}-n`));
        if (how !== 'removed') assert.equal((await find(person.id))?.active, false);
        else {
          assert.equal(await find(person.id), undefined);
          assert.deepEqual(await directory().groups.members('group', group.id, '', 9), []);
          await addPerson(source, { handle: person.handle, email: person.email });
        }
      }
    });

    test('whom an administrator switched off no source switches on; unblocked they are what the source wants', async () => {
      const source = await newSource();
      const person = await addPerson(source);
      assert.equal(await directory().provisioned.block(person.id, true, []), true);
      const blocked = await directory().provisioned.find(source, person.id);
      assert.deepEqual(blocked && [blocked.blocked, blocked.wantedActive, blocked.version], [true, true, 2]);
      assert.ok(blocked && (await directory().provisioned.update({ ...blocked, wantedActive: true }, {}, [])));
      assert.equal((await find(person.id))?.active, false);
      await directory().provisioned.block(person.id, false, []);
      assert.equal((await find(person.id))?.active, true);
      const now = await directory().provisioned.find(source, person.id);
      assert.ok(now && (await directory().provisioned.update({ ...now, wantedActive: false }, {}, [])));
      await directory().provisioned.block(person.id, false, []);
      assert.equal((await find(person.id))?.active, false);
      assert.equal(await directory().provisioned.block('nobody', true, []), false);
      const local = erin();
      await access.store().people.save(local);
      await directory().provisioned.block(local.id, true, []);
      assert.equal((await find(local.id))?.active, false);
      await directory().provisioned.block(local.id, false, []);
      assert.equal((await find(local.id))?.active, true);
    });
  });
}
