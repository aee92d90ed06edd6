import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readRecord } from '../audit/personal.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import { type AuditRow, type Store, StoreUnavailable } from '../store/store.ts';
import { type Described, upsertPerson } from './upsert-person.ts';

describe('a person of a source, described anew', () => {
  let store: Store;
  let made = 0;
  before(async () => {
    store = await openSqliteStore(':memory:', { node: 'test' });
    await store.directory.claimSource('upstream:okta');
    await store.directory.claimSource('upstream:entra');
  });
  after(() => store.close());

  const erin = (): Described => {
    made += 1;
    const names = { handle: `sub-${made}`, email: `erin${made}@acme.example`, name: 'Erin' };
    return { source: 'upstream:okta', ...names, groups: [{ id: 'eng', name: 'Engineering' }, { id: 'All Staff' }] };
  };
  const upsert = (said: Described, create = true, into = store, newId = `u_${said.source}_${said.handle}`) =>
    upsertPerson(into, said, {
      create,
      nowMs: 1000 + made,
      newId: () => newId,
      records: (change, person, attributes): AuditRow[] => {
        made += 1;
        const body = JSON.stringify({ change, attributes });
        return [{ id: `r_${made}`, kind: 'directory', timeMs: 1, body, person }];
      },
    });
  const recordsOf = async (person: string) =>
    (await store.audit.last(1000)).filter((row) => row.person === person).map(readRecord);
  const personOf = (upserted: Awaited<ReturnType<typeof upsert>>) => {
    assert.ok('person' in upserted, upserted.outcome);
    return upserted.person;
  };

  test('comes into being with groups of the source, whose records hold the names', async () => {
    const upserted = await upsert(erin());
    const person = personOf(upserted);
    assert.equal(upserted.outcome, 'created');
    assert.equal(person.groups.length, 2);
    assert.ok(person.groups.includes('okta/eng'));
    assert.equal((await store.directory.groups.find('group', 'okta/eng'))?.name, 'Engineering');
    assert.deepEqual(await recordsOf(person.id), [{ change: 'created', attributes: [] }]);
  });

  test('is left alone, without a record, where nothing is new', async () => {
    const said = erin();
    const { id } = personOf(await upsert(said));
    const again = await upsert(said);
    assert.deepEqual([again.outcome, personOf(again).id], ['unchanged', id]);
    assert.equal((await recordsOf(id)).length, 1);
  });

  test('changes in what is said; the record names attributes, never values', async () => {
    const said = erin();
    const { id } = personOf(await upsert(said));
    const next = {
      ...said,
      email: `new.${said.email}`,
      name: 'Erin B.',
      groups: [{ id: 'eng' }],
      roles: [{ id: 'lead' }],
    };
    const person = personOf(await upsert({ ...next, attributes: '{"a":1}' }));
    assert.deepEqual(
      [person.email, person.name, person.groups, person.roles],
      [next.email, 'Erin B.', ['okta/eng'], ['okta/lead']],
    );
    assert.deepEqual((await recordsOf(id)).at(-1), {
      change: 'changed',
      attributes: ['email', 'name', 'attributes', 'groups', 'roles'],
    });
  });

  test('keeps local groups, and its own where nothing is said of them', async () => {
    const said = erin();
    const { id } = personOf(await upsert(said));
    const times = { createdMs: 1, modifiedMs: 1 };
    const team = {
      kind: 'group',
      id: 'reviewers',
      source: 'local',
      name: 'R',
      externalId: undefined,
      ...times,
    } as const;
    await store.directory.groups.create(team, [id], []);
    const { groups: _, ...silent } = said;
    assert.equal((await upsert(silent)).outcome, 'unchanged');
    assert.deepEqual(personOf(await upsert({ ...said, groups: [] })).groups, ['reviewers']);
  });

  test('is found by source and handle alone: never by address, never in another source, never in another case', async () => {
    const said = erin();
    const { id } = personOf(await upsert(said));
    for (const other of [
      { ...said, handle: said.handle.toUpperCase() },
      { ...said, source: 'upstream:entra' as const },
    ]) {
      const refused = await upsert(other);
      assert.equal(refused.outcome, 'email_taken');
      assert.equal(refused.outcome === 'email_taken' && refused.by.id, id);
      const elsewhere = personOf(await upsert({ ...other, email: `other.${other.source}.${said.email}` }));
      assert.notEqual(elsewhere.id, id);
    }
  });

  test('cannot take the address of somebody who is there, also by a later change', async () => {
    const [first, second] = [erin(), erin()];
    await upsert(first);
    const { id } = personOf(await upsert(second));
    assert.equal(
      (await upsert({ ...second, email: first.email.toUpperCase(), name: 'Mallory' })).outcome,
      'email_taken',
    );
    assert.equal((await store.people.find(id))?.name, 'Erin');
  });

  test('nobody comes in where creation is off, and who is known still does', async () => {
    const said = erin();
    assert.deepEqual(await upsert(said, false), { outcome: 'unknown' });
    await upsert(said);
    assert.equal((await upsert(said, false)).outcome, 'unchanged');
  });

  test('whom an administrator switched off, signing in upstream does not switch on', async () => {
    const said = erin();
    const { id } = personOf(await upsert(said));
    await store.directory.provisioned.block(id, true, []);
    assert.equal(personOf(await upsert({ ...said, name: 'Erin B.' })).active, false);
  });

  /** The store as somebody has it between whose steps others come, or it goes away. */
  const through = (change: { groups?: object; provisioned?: object; people?: object }): Store => ({
    ...store,
    people: { ...store.people, ...change.people },
    directory: {
      ...store.directory,
      groups: { ...store.directory.groups, ...change.groups },
      provisioned: { ...store.directory.provisioned, ...change.provisioned },
    },
  });
  const away = () => Promise.reject(new StoreUnavailable('away'));

  test('a store that goes away while it writes is no address that is taken, and no group that is there', async () => {
    const [known, said] = [erin(), erin()];
    await upsert(known);
    const taken = { ...said, email: known.email };
    await assert.rejects(upsert(taken, true, through({ provisioned: { create: away } })), StoreUnavailable);
    const grouped = { ...said, groups: [{ id: 'new-group' }] };
    await assert.rejects(upsert(grouped, true, through({ groups: { create: away } })), StoreUnavailable);
  });

  test('whoever is removed between reading and writing comes into being again', async () => {
    const said = erin();
    const { id } = personOf(await upsert(said));
    const find = async (wanted: string) => {
      const there = await store.directory.provisioned.findByHandle(said.source, said.handle);
      if (there?.id === id) await store.directory.provisioned.remove(there, []);
      return store.people.find(wanted);
    };
    const newId = `${id}_again`;
    const upserted = await upsert({ ...said, name: 'Erin B.' }, true, through({ people: { find } }), newId);
    assert.deepEqual([upserted.outcome, personOf(upserted).id], ['created', newId]);
  });

  test('eight at once make one person', async () => {
    const said = erin();
    const upserted = await Promise.all(Array.from({ length: 8 }, () => upsert(said)));
    assert.equal(new Set(upserted.map((each) => personOf(each).id)).size, 1);
    assert.equal(upserted.filter(({ outcome }) => outcome === 'created').length, 1);
  });
});
