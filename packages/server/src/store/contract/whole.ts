import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Provisioned } from '../directory.ts';
import { type Mark, StoreUnavailable } from '../store.ts';
import { type Access, erin, far, fresh, idJag, now, row, signal, subjectKey, version } from './fixtures.ts';

/** The same person each time it is called for the same source. */
function erinAt(source: string): Omit<Provisioned, 'version'> {
  const names = { id: `u-${source}`, handle: 'erin', email: `${source}@acme.example`, emails: [], name: 'Erin' };
  const state = { externalId: undefined, wantedActive: true, blocked: false, attributes: '{}' };
  return { source, ...names, ...state, createdMs: 1, modifiedMs: 1 };
}

/** What concerns the store as a whole. Closes it: comes last. */
export function wholeStoreContract(access: Access): void {
  test('proveWritable leaves nothing behind, also when many ask at once', async () => {
    const sequences = async () => [await access.store().changeSequence(), await access.store().lossSequence()];
    const before = [await sequences(), await access.store().audit.last(1)];
    await Promise.all(Array.from({ length: 20 }, () => access.store().proveWritable()));
    assert.deepEqual([await sequences(), await access.store().audit.last(1)], before);
  });

  test('changeSequence grows with people, groups, sources, credentials, policies, accounts and cut-offs, seen by every way in, and with nothing else', async () => {
    const other = await access.another();
    const person = erin();
    const secret = { domain: 'ras', clientId: fresh('client'), secretHash: 'h', createdAt: now } as const;
    const source = `scim:${fresh('source')}`;
    const { groups, provisioned } = access.store().directory;
    const times = { createdMs: 1, modifiedMs: 1 };
    const team = {
      kind: 'group',
      id: fresh('team'),
      source: 'local',
      name: 'T',
      externalId: undefined,
      ...times,
    } as const;
    const latest = (await access.store().policies.latest('access'))?.version ?? 0;
    const account = await access.store().accounts.findOrCreate(subjectKey(), fresh('acc'));
    const waiting = { issuer: 'https://a.example', tenant: undefined };
    const changes: [name: string, change: () => Promise<unknown>, grows: boolean][] = [
      ['a person saved', () => access.store().people.save(person), true],
      ['a password', () => access.store().people.setPasswordHash(person.id, 'h'), true],
      ['a source', () => access.store().directory.claimSource(source), true],
      ['a person provisioned', () => provisioned.create(erinAt(source), {}, []), true],
      ['a person updated', () => provisioned.update({ ...erinAt(source), version: 1 }, {}, []), true],
      ['a person blocked', () => provisioned.block(erinAt(source).id, true, []), true],
      ['a person removed', () => provisioned.remove({ ...erinAt(source), version: 3 }, []), true],
      ['a group', () => groups.create(team, [], []), true],
      ['a group changed', () => groups.update({ ...team, version: 1 }, { add: [], remove: [] }, []), true],
      ['a group removed', () => groups.remove({ ...team, version: 2 }, []), true],
      ['a secret added', () => access.store().credentials.add(secret), true],
      ['a secret removed', () => access.store().credentials.remove('ras', secret.clientId, 'h'), true],
      ['a version published', () => access.store().policies.append(version(latest + 1, '{}'), []), true],
      ['an account made', () => access.store().accounts.findOrCreate(subjectKey(), fresh('acc')), true],
      [
        'an account made beforehand',
        () => access.store().accounts.reserve(waiting, `${fresh('e')}@a.example`, 'acc-w'),
        true,
      ],
      ['an account linked', () => access.store().accounts.link('acc-w', subjectKey(waiting), []), true],
      ['an id elsewhere', () => access.store().people.setIdAt(person.id, 'https://ras.example', fresh('id')), true],
      ['an account switched off', () => access.store().accounts.setActive(account.id, false), true],
      ['a signal', () => access.store().cutOffs.take(signal({ disabledAt: now }), []), true],
      ['a signal without effect', () => access.store().cutOffs.take({ ...signal(), effect: undefined }, []), false],
      [
        'a revoked token',
        () => access.store().cutOffs.revokeToken({ id: fresh('t'), resource: 'https://r.example', until: far }),
        true,
      ],
      ['a commit', () => access.store().commit({ marks: [idJag()], records: [row()] }), false],
      ['an artifact', () => access.store().artifacts.upsert('Session', fresh('s'), {}, far), false],
    ];
    for (const [name, change, grows] of changes) {
      const before = await other.changeSequence();
      await change();
      assert.equal((await other.changeSequence()) > before, grows, name);
    }
  });

  test('purge removes marks after their last second and expired artifacts, and nothing else', async () => {
    const [over, last] = [idJag(fresh('jti'), now - 1), idJag(fresh('jti'), now)];
    await access.store().commit({ marks: [over, last], records: [] });
    const many = Array.from({ length: 2500 }, () => idJag(fresh('jti'), now - 5));
    await access.store().commit({ marks: many, records: [] });
    const [gone, kept] = [fresh('artifact'), fresh('artifact')];
    await access.store().artifacts.upsert('Grant', gone, {}, far);
    await access.store().artifacts.upsert('Grant', kept, {}, undefined);
    await access.store().purge(now);
    assert.ok(await access.store().artifacts.find('Grant', gone), 'a living artifact stays');
    const won = async (mark: Mark) => (await access.store().commit({ marks: [mark], records: [] })).won;
    assert.deepEqual([await won(over), await won(last)], [true, false]);
    for (const mark of [many[0], many.at(-1)]) assert.equal(mark && (await won(mark)), true);
    await access.store().purge(far);
    assert.equal(await access.store().artifacts.find('Grant', gone), undefined);
    assert.deepEqual(await access.store().artifacts.find('Grant', kept), {});
  });

  test('close makes durable what waits, and refuses what comes after', async () => {
    const mark = idJag();
    const waiting = access.store().commit({ marks: [mark], records: [] });
    await access.store().close();
    assert.deepEqual(await waiting, { won: true });
    await assert.rejects(access.store().commit({ marks: [idJag()], records: [] }), StoreUnavailable);
    await assert.rejects(access.store().people.find('u'), StoreUnavailable);
    await assert.rejects(access.store().people.list('', 1), StoreUnavailable);
    await assert.rejects(access.store().changeSequence(), StoreUnavailable);
  });
}
