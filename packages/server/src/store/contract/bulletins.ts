import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Group, Provisioned } from '../directory.ts';
import { bulletinSeconds } from '../off.ts';
import { type Access, erin, far, fresh, row } from './fixtures.ts';

/** What is left for the authorization servers by whatever ends something for somebody. */
export function bulletinContract(access: Access): void {
  const seconds = () => Math.floor(Date.now() / 1000);
  const end = async () => {
    let last = 0;
    for (;;) {
      const page = await access.store().bulletins.after(last, 1000);
      if (page.length === 0) return last;
      last = page.at(-1)?.position ?? last;
    }
  };
  /** What a change leaves behind, in order. */
  const leftBy = async (change: () => Promise<unknown>) => {
    const before = await end();
    const sequence = await access.store().changeSequence();
    await change();
    const bulletins = await access.store().bulletins.after(before, 1000);
    if (bulletins.length > 0) assert.ok((await access.store().changeSequence()) > sequence, 'others look at it');
    for (const { at } of bulletins) assert.ok(at >= seconds() - 1 && at <= seconds() + 9, String(at));
    return bulletins.map(({ personId, event, membership, initiator }) =>
      [personId, event, membership, initiator].filter((each) => each !== undefined).join(' '),
    );
  };

  const newSource = async () => {
    const source = `scim:${fresh('source')}`;
    await access.store().directory.claimSource(source);
    return source;
  };
  const addProvisioned = async (source: string, change: Partial<Provisioned> = {}): Promise<Provisioned> => {
    const id = fresh('u');
    const names = { handle: id, externalId: undefined, email: `${id}@acme.example`, emails: [], name: 'Erin' };
    const state = { wantedActive: true, blocked: false, attributes: '{}', createdMs: 1, modifiedMs: 1, version: 1 };
    const person = { id, source, ...names, ...state, ...change };
    await access.store().directory.provisioned.create(person, {}, []);
    return person;
  };
  const addGroup = async (source: string, members: readonly string[], kind: Group['kind'] = 'group') => {
    const id = source === 'local' ? fresh('g') : `${source.slice(5)}/${fresh('g')}`;
    const group = { kind, id, source, name: id, externalId: undefined, version: 1, createdMs: 1, modifiedMs: 1 };
    await access.store().directory.groups.create(group, members, []);
    return group;
  };

  describe('bulletins', () => {
    test('a person switched off, on, blocked, let in again and removed', async () => {
      const { provisioned } = access.store().directory;
      const person = await addProvisioned(await newSource());
      const { id } = person;
      const at = (version: number, change: Partial<Provisioned> = {}) => ({ ...person, version, ...change });
      const off = { wantedActive: false };
      const table: [name: string, change: () => Promise<unknown>, left: string[]][] = [
        ['renamed', () => provisioned.update(at(1, { name: 'E' }), {}, []), []],
        ['off', () => provisioned.update(at(2, off), {}, []), [`${id} account-disabled admin`]],
        ['off as before', () => provisioned.update(at(3, { ...off, name: 'F' }), {}, []), []],
        ['an older version', () => provisioned.update(at(1), {}, []), []],
        ['on', () => provisioned.update(at(4), {}, []), [`${id} account-enabled admin`]],
        ['blocked', () => provisioned.block(id, true, []), [`${id} account-disabled admin`]],
        ['on, while blocked', () => provisioned.update(at(6, { blocked: true }), {}, []), []],
        ['let in', () => provisioned.block(id, false, []), [`${id} account-enabled admin`]],
        ['removed by another source', () => provisioned.remove(at(8, { source: 'scim:other' }), []), []],
        ['removed', () => provisioned.remove(at(8), []), [`${id} account-disabled admin`]],
        ['removed again', () => provisioned.remove(at(8), []), []],
      ];
      for (const [name, change, left] of table) assert.deepEqual(await leftBy(change), left, name);
    });

    test('let in again by the administrator while the source wants them off: nobody is told that they are on', async () => {
      const { provisioned } = access.store().directory;
      const { id } = await addProvisioned(await newSource(), { wantedActive: false });
      assert.deepEqual(await leftBy(() => provisioned.block(id, true, [])), [`${id} account-disabled admin`]);
      assert.deepEqual(await leftBy(() => provisioned.block(id, false, [])), []);
    });

    test('a local person saved otherwise, with groups and roles lost', async () => {
      const { people } = access.store();
      const [stays, goes, role] = [fresh('g'), fresh('g'), fresh('r')];
      const person = erin({ groups: [stays, goes], roles: [role] });
      const { id } = person;
      assert.deepEqual(await leftBy(() => people.save(person)), []);
      assert.deepEqual(await leftBy(() => people.save(person)), []);
      assert.deepEqual(await leftBy(() => people.save({ ...person, active: false })), [`${id} account-disabled admin`]);
      assert.deepEqual(await leftBy(() => people.save(person)), [`${id} account-enabled admin`]);
      assert.deepEqual(
        (await leftBy(() => people.save({ ...person, groups: [stays, fresh('g')], roles: [] }))).sort(),
        [`${id} session-revoked group:${goes} policy`, `${id} session-revoked role:${role} policy`],
      );
      assert.deepEqual(await leftBy(() => people.save(erin({ active: false }))), []);
    });

    test('members taken out of a group, and a group that is removed: those who were in it, each once', async () => {
      const { groups } = access.store().directory;
      const [a, b, c] = [erin(), erin(), erin()];
      for (const person of [a, b, c]) await access.store().people.save(person);
      const group = await addGroup('local', [a.id, b.id]);
      const out = (version: number, remove: string[]) => groups.update({ ...group, version }, { add: [], remove }, []);
      const left = (id: string) => `${id} session-revoked group:${group.id} policy`;
      assert.deepEqual(await leftBy(() => out(7, [a.id])), [], 'an older version');
      assert.deepEqual(await leftBy(() => out(1, [a.id, c.id])), [left(a.id)]);
      assert.deepEqual(
        await leftBy(() => groups.update({ ...group, version: 2 }, { add: [a.id], remove: [] }, [])),
        [],
      );
      assert.deepEqual((await leftBy(() => groups.remove({ ...group, version: 3 }, []))).sort(), [
        left(a.id),
        left(b.id),
      ]);
      assert.deepEqual(await leftBy(() => groups.remove({ ...group, version: 3 }, [])), []);
    });

    test('memberships that a source no longer gives; those of other sources stay', async () => {
      const { provisioned } = access.store().directory;
      const source = await newSource();
      const person = await addProvisioned(source);
      const [one, two] = [await addGroup(source, [person.id]), await addGroup(source, [person.id])];
      const role = await addGroup(source, [person.id], 'role');
      await addGroup('local', [person.id]);
      const change = { groups: [two.id], roles: [] };
      assert.deepEqual((await leftBy(() => provisioned.update(person, change, []))).sort(), [
        `${person.id} session-revoked group:${one.id} policy`,
        `${person.id} session-revoked role:${role.id} policy`,
      ]);
      assert.deepEqual(await leftBy(() => provisioned.update({ ...person, version: 2 }, change, [])), []);
      assert.deepEqual(await leftBy(() => provisioned.update({ ...person, version: 3 }, { groups: [] }, [])), [
        `${person.id} session-revoked group:${two.id} policy`,
      ]);
    });

    test('sessions, grants and second factors that end', async () => {
      const { artifacts, sessions, factors } = access.store();
      const [id, uid, session, grant] = [fresh('u'), fresh('uid'), fresh('session'), fresh('grant')];
      const open = async () => {
        await artifacts.upsert('Session', session, { uid, accountId: id }, far);
        await artifacts.upsert('RefreshToken', fresh('token'), { accountId: id, grantId: grant }, far);
        await artifacts.upsert('RefreshToken', fresh('token'), { accountId: id, grantId: grant }, far);
      };
      const told = (initiator: string) => [`${id} session-revoked ${initiator}`];
      await open();
      assert.deepEqual(await leftBy(() => sessions.end(uid, [])), told('admin'));
      assert.deepEqual(await leftBy(() => sessions.end(uid, [])), []);
      await open();
      assert.deepEqual(await leftBy(() => sessions.end(uid, [], 'system')), told('system'));
      await open();
      assert.deepEqual(await leftBy(() => sessions.signOut(uid)), told('user'));
      assert.equal(await artifacts.find('Session', session), undefined);
      assert.deepEqual(await leftBy(() => sessions.signOut(uid)), []);
      assert.deepEqual(await leftBy(() => artifacts.revokeGrant(grant)), told('system'));
      assert.deepEqual(await leftBy(() => artifacts.revokeGrant(grant)), []);
      assert.deepEqual(await leftBy(() => artifacts.endSessionsOf(id)), told('admin'), 'whatever is left here');
      assert.deepEqual(await leftBy(() => artifacts.endSessionsOf(id, 'user')), told('user'));
      assert.deepEqual(await leftBy(() => factors.reset(id, [])), told('admin'));
    });

    test('what expires, is used up or replaced by itself leaves none', async () => {
      const { artifacts } = access.store();
      const [id, uid] = [fresh('u'), fresh('uid')];
      await artifacts.upsert('Session', fresh('old'), { uid, accountId: id }, seconds() - 5);
      await artifacts.upsert('Session', 'renamed', { uid, accountId: id }, far);
      assert.deepEqual(await leftBy(() => artifacts.destroy('Session', 'renamed')), []);
      assert.deepEqual(await leftBy(() => access.store().purge(seconds())), []);
    });

    test('of one account the last word is the latest, also within a second', async () => {
      const { provisioned } = access.store().directory;
      const person = await addProvisioned(await newSource());
      const before = await end();
      for (const blocked of [true, false, true]) await provisioned.block(person.id, blocked, []);
      const told = await access.store().bulletins.after(before, 10);
      const times = told.map(({ at }) => at);
      assert.deepEqual(times, [...new Set(times)].sort(), 'one later than the other');
      assert.equal(times.length, 3);
    });

    test('each reader has a place of its own, and moves forward only, together with its records', async () => {
      const { bulletins, audit, artifacts } = access.store();
      await artifacts.endSessionsOf(fresh('u'));
      const last = await end();
      const [early, late, line] = [fresh('reader'), fresh('reader'), row()];
      assert.ok((await bulletins.begin(early, seconds() - 60)) < last, 'it sees what happened since then');
      assert.equal(await bulletins.begin(late, seconds() + 60), last);
      await bulletins.advance(early, last, [line]);
      assert.ok(await audit.find(line.id));
      await bulletins.advance(early, last - 1, []);
      assert.equal(await bulletins.begin(early, 0), last, 'it stays where it is');
      const places = await (await access.another()).bulletins.readers();
      assert.deepEqual([places.get(early), places.get(late)], [last, last]);
      for (const reader of [early, late]) await bulletins.forget(reader);
      assert.equal((await bulletins.readers()).has(early), false);
    });

    test('pages follow each other', async () => {
      const { bulletins, artifacts } = access.store();
      const before = await end();
      const ids = [fresh('u'), fresh('u'), fresh('u')];
      for (const id of ids) await artifacts.endSessionsOf(id);
      const first = await bulletins.after(before, 2);
      const rest = await bulletins.after(first.at(-1)?.position ?? 0, 2);
      assert.deepEqual(
        [...first, ...rest].map(({ personId }) => personId),
        ids,
      );
    });

    test('purge keeps an account’s bulletin until everybody has heard it, and others for a day; positions are not used again', async () => {
      const { bulletins, artifacts, directory } = access.store();
      const person = await addProvisioned(await newSource());
      const reader = fresh('reader');
      await bulletins.begin(reader, seconds() + 60);
      await artifacts.endSessionsOf(person.id);
      await directory.provisioned.block(person.id, true, []);
      const last = await end();
      const left = async () => (await bulletins.after(last - 2, 10)).map(({ event }) => event);
      await access.store().purge(seconds() + bulletinSeconds - 10);
      assert.deepEqual(await left(), ['session-revoked', 'account-disabled']);
      await access.store().purge(seconds() + bulletinSeconds + 10);
      assert.deepEqual(await left(), ['account-disabled']);
      await bulletins.advance(reader, last, []);
      await access.store().purge(seconds() + bulletinSeconds + 10);
      assert.deepEqual(await left(), []);
      await artifacts.endSessionsOf(person.id);
      assert.ok((await end()) > last);
      await bulletins.forget(reader);
      await directory.provisioned.block(person.id, false, []);
      await access.store().purge(far);
      assert.deepEqual(await bulletins.after(0, 1000), [], 'nobody reads');
    });
  });
}
