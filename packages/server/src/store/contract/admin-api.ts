import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { AdminSession } from '../admin-sessions.ts';
import type { ApiToken } from '../api-tokens.ts';
import { StoreConflict } from '../store.ts';
import { type Access, erin, fresh, now, row } from './fixtures.ts';

/** Tokens and sessions of the admin API. */
export function adminApiContract(access: Access): void {
  const newAdministrator = async () => {
    const person = erin();
    await access.store().people.save(person);
    await access.store().administrators.grant({ personId: person.id, role: 'owner', grantedAt: now }, []);
    return person;
  };
  const tokens = () => access.store().apiTokens;
  const sessions = () => access.store().adminSessions;
  const token = (personId: string): ApiToken => ({
    id: fresh('t'),
    personId,
    name: 'reads',
    scopes: ['read:audit', 'stop'],
    tokenHash: fresh('hash'),
    createdAt: now,
    expiresAt: now + 100,
    lastUsedAt: undefined,
  });
  const session = (personId: string): AdminSession => ({
    idHash: fresh('hash'),
    personId,
    sid: 'sid',
    network: '192.0.2.1',
    twoFactors: true,
    signedInAt: now,
    startedAt: now + 1,
    seenAt: now + 2,
  });
  const isThere = async (id: string) => (await access.store().audit.find(id)) !== undefined;

  describe('tokens of the admin API', () => {
    test('are found by their hash, by id and in lists, as they were made', async () => {
      const { id: personId } = await newAdministrator();
      const [made, line] = [token(personId), row()];
      await tokens().add(made, [line]);
      assert.deepEqual(await tokens().findByHash(made.tokenHash), made);
      assert.deepEqual(await tokens().find(made.id), made);
      assert.deepEqual(await tokens().list({ after: '', limit: 10, personId }), [made]);
      assert.equal(await tokens().findByHash('another'), undefined);
      assert.ok(await isThere(line.id));
    });

    test('are listed page by page, of one person or of all', async () => {
      const [one, other] = [await newAdministrator(), await newAdministrator()];
      const made = [token(one.id), token(one.id), token(other.id)];
      for (const each of made) await tokens().add(each, []);
      const [first] = await tokens().list({ after: '', limit: 1, personId: one.id });
      const rest = await tokens().list({ after: first?.id ?? '', limit: 10, personId: one.id });
      const ids = made.slice(0, 2).map(({ id }) => id);
      assert.deepEqual([first?.id, ...rest.map(({ id }) => id)], ids.sort());
      assert.ok((await tokens().list({ after: '', limit: 1000 })).some(({ id }) => id === made[2]?.id));
    });

    test('belong to somebody who administers, and go with the role', async () => {
      const stranger = erin();
      await access.store().people.save(stranger);
      const line = row();
      await assert.rejects(tokens().add(token(stranger.id), [line]), StoreConflict);
      assert.equal(await isThere(line.id), false);

      const { id: personId } = await newAdministrator();
      const made = token(personId);
      await tokens().add(made, []);
      await access.store().administrators.grant({ personId, role: 'auditor', grantedAt: now }, []);
      assert.ok(await tokens().find(made.id), 'another role takes nothing away by itself');
      await access.store().administrators.revoke(personId, []);
      assert.equal(await tokens().find(made.id), undefined);
    });

    test('tell when they were used, and are removed once', async () => {
      const { id: personId } = await newAdministrator();
      const [made, first, second] = [token(personId), row(), row()];
      await tokens().add(made, []);
      await tokens().used(made.id, now + 5);
      assert.equal((await tokens().find(made.id))?.lastUsedAt, now + 5);
      assert.equal(await tokens().remove(made.id, [first]), true);
      assert.equal(await tokens().remove(made.id, [second]), false);
      assert.deepEqual([await isThere(first.id), await isThere(second.id)], [true, false]);
      await tokens().used(made.id, now + 6);
      assert.equal(await tokens().find(made.id), undefined, 'using it does not bring it back');
    });
  });

  describe('sessions of the admin listener', () => {
    test('are found as they began, and only by the hash', async () => {
      const { id } = await newAdministrator();
      const [made, line] = [session(id), row()];
      await sessions().add(made, [line]);
      assert.deepEqual(await sessions().find(made.idHash), made);
      assert.equal(await sessions().find('another'), undefined);
      assert.ok(await isThere(line.id));
      const weak = { ...session(id), twoFactors: false };
      await sessions().add(weak, []);
      assert.equal((await sessions().find(weak.idHash))?.twoFactors, false);
    });

    test('that have ended stay so, whatever still uses them', async () => {
      const { id } = await newAdministrator();
      const [made, first, second] = [session(id), row(), row()];
      await sessions().add(made, []);
      await sessions().seen(made.idHash, now + 60);
      assert.equal((await sessions().find(made.idHash))?.seenAt, now + 60);
      assert.equal(await sessions().end(made.idHash, [first]), true);
      assert.equal(await sessions().end(made.idHash, [second]), false);
      await sessions().seen(made.idHash, now + 61);
      assert.equal(await sessions().find(made.idHash), undefined);
      assert.deepEqual([await isThere(first.id), await isThere(second.id)], [true, false]);
    });

    test('belong to somebody who administers, and go with the role', async () => {
      const stranger = erin();
      await access.store().people.save(stranger);
      await assert.rejects(sessions().add(session(stranger.id), []), StoreConflict);
      const { id } = await newAdministrator();
      const made = session(id);
      await sessions().add(made, []);
      await access.store().administrators.revoke(id, []);
      assert.equal(await sessions().find(made.idHash), undefined);
    });
  });

  describe('people, as those who administer look for them', () => {
    const people = () => access.store().peopleAdmin;
    const newPerson = async (change: object = {}) => {
      const person = { ...erin(), ...change };
      await access.store().people.save(person);
      return person;
    };

    test('are found by part of address or name, with everything they are in, by address', async () => {
      const mark = fresh('x').toLowerCase();
      const made = [
        await newPerson({ email: `B-${mark}@acme.example`, name: 'Zoë', groups: ['a', 'b'], roles: ['r'] }),
        await newPerson({ email: `a-${mark}@acme.example`, name: 'Someone', groups: ['b'], roles: [] }),
        await newPerson({ email: `${fresh('plain')}@acme.example`, name: `Named ${mark.toUpperCase()}`, groups: [] }),
      ];
      const find = async (filter: object, page = { after: '', limit: 10 }) =>
        (await people().find({ text: mark, ...filter }, page)).map(({ id }) => id);
      const [b, a, named] = made.map(({ id }) => id);
      assert.deepEqual(new Set(await find({})), new Set([a, b, named]));
      assert.deepEqual(await find({ group: 'b' }), [a, b]);
      assert.deepEqual(await find({ group: 'b', role: 'r' }), [b]);
      assert.deepEqual(await find({ group: 'b' }, { after: '', limit: 1 }), [a]);
      assert.deepEqual(await find({ group: 'b' }, { after: `a-${mark}@acme.example`, limit: 9 }), [b]);
      assert.deepEqual(await find({ source: 'scim:none' }), []);
      assert.deepEqual(await find({ active: false }), []);
      const [found] = await people().find({ text: `b-${mark}` }, { after: '', limit: 1 });
      assert.deepEqual(found, made[0]);
    });

    test('are found wherever they stand among many', async () => {
      const mark = fresh('m').toLowerCase();
      const other = { source: 'local', active: true, groups: [], roles: [] };
      const save = (at: number, name: string) =>
        access
          .store()
          .people.save({ ...other, id: fresh('u'), email: `${mark}-${String(at).padStart(5, '0')}@x.example`, name });
      for (let at = 0; at < 2100; at += 100) {
        await Promise.all(
          Array.from({ length: 100 }, (_, more) => save(at + more, (at + more) % 1000 === 999 ? 'Tulip' : 'Rose')),
        );
      }
      const found = await people().find({ text: 'tulip' }, { after: `${mark}-`, limit: 10 });
      assert.deepEqual(
        found.map(({ email }) => email),
        [`${mark}-00999@x.example`, `${mark}-01999@x.example`],
      );
      const [first] = await people().find({ text: 'tulip' }, { after: `${mark}-`, limit: 1 });
      assert.equal(first?.email, `${mark}-00999@x.example`);
      const rest = await people().find({ text: 'tulip' }, { after: first?.email ?? '', limit: 1 });
      assert.equal(rest[0]?.email, `${mark}-01999@x.example`);
    });

    test('are made, in nothing, and renamed as long as they are as they were read', async () => {
      const id = fresh('u');
      const before = { id, email: `${id}@acme.example`, name: 'One' };
      const [first, second] = [row(), row()];
      await people().create(before, [first]);
      const whole = { source: 'local', active: true, groups: [], roles: [] };
      assert.deepEqual(await access.store().people.find(id), { ...before, ...whole });
      await assert.rejects(people().create({ ...before, id: fresh('u') }, []), StoreConflict);
      const after = { email: `${id}-2@acme.example`, name: 'Two' };
      assert.equal(await people().rename(before, after, [second]), true);
      assert.equal(await people().rename(before, { ...after, name: 'Three' }, []), false);
      assert.equal((await access.store().people.findByEmail(after.email.toUpperCase()))?.name, 'Two');
      assert.deepEqual([await isThere(first.id), await isThere(second.id)], [true, true]);
      const other = await newPerson();
      await assert.rejects(people().rename({ id, ...after }, { ...after, email: other.email }, []), StoreConflict);
    });
  });

  test('what has been over for long is purged', async () => {
    const { id } = await newAdministrator();
    const [oldToken, goodToken] = [token(id), { ...token(id), expiresAt: now + 40 * 86_400 }];
    const [oldSession, goodSession] = [session(id), { ...session(id), seenAt: now + 40 * 86_400 }];
    for (const each of [oldToken, goodToken]) await tokens().add(each, []);
    for (const each of [oldSession, goodSession]) await sessions().add(each, []);
    await access.store().purge(now + 40 * 86_400);
    assert.deepEqual(
      [await tokens().find(oldToken.id), await sessions().find(oldSession.idHash)],
      [undefined, undefined],
    );
    assert.ok((await tokens().find(goodToken.id)) && (await sessions().find(goodSession.idHash)));
  });
}
