import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Store } from '../store.ts';
import { type Access, erin, far, fresh, idJag, now, row, signal, subjectKey, version } from './fixtures.ts';

/** T19: what is granted is compared, inside its commit, with what was taken away. */
export function lossesContract(access: Access): void {
  const member = async () => {
    const person = erin({ groups: [fresh('g')], roles: [fresh('r')] });
    await access.store().people.save(person);
    return person;
  };
  const session = async () => {
    const [id, sid] = [fresh('session'), fresh('sid')];
    const payload = { accountId: fresh('u'), authorizations: { client: { sid } } };
    await access.store().artifacts.upsert('Session', id, payload, far);
    return id;
  };

  describe('the loss sequence', () => {
    const key = subjectKey();
    const changes: [name: string, make: () => Promise<(store: Store) => Promise<unknown>>, grows: boolean][] = [
      ['a person is made', async () => (store) => store.people.save(erin()), false],
      [
        'a person is switched off',
        async () => {
          const person = await member();
          return (store) => store.people.save({ ...person, active: false });
        },
        true,
      ],
      [
        'a person leaves a group',
        async () => {
          const person = await member();
          return (store) => store.people.save({ ...person, groups: [] });
        },
        true,
      ],
      [
        'a session is saved again, with one client more',
        async () => {
          const id = await session();
          const before = (await access.store().artifacts.find('Session', id)) as {
            authorizations: Record<string, unknown>;
          };
          const authorizations = { ...before.authorizations, other: { sid: fresh('sid') } };
          return (store) => store.artifacts.upsert('Session', id, { ...before, authorizations }, far);
        },
        false,
      ],
      [
        'a session lets go of a client',
        async () => {
          const id = await session();
          return (store) => store.artifacts.upsert('Session', id, { accountId: fresh('u'), authorizations: {} }, far);
        },
        true,
      ],
      [
        'a session ends',
        async () => {
          const id = await session();
          return (store) => store.artifacts.destroy('Session', id);
        },
        true,
      ],
      [
        'an account is switched off',
        async () => {
          const { id } = await access.store().accounts.findOrCreate(subjectKey(), fresh('acc'));
          return (store) => store.accounts.setActive(id, false);
        },
        true,
      ],
      ['an account is made', async () => (store) => store.accounts.findOrCreate(subjectKey(), fresh('acc')), false],
      ['a subject is cut off', async () => (store) => store.cutOffs.take(signal({ key, disabledAt: now }), []), true],
      ['and again', async () => (store) => store.cutOffs.take(signal({ key, disabledAt: now + 1 }), []), true],
      [
        'a policy is published',
        async () => {
          const latest = (await access.store().policies.latest('resource'))?.version ?? 0;
          return (store) => store.policies.append(version(latest + 1, '{}', 'resource'), []);
        },
        true,
      ],
      ['something is put on the record', async () => (store) => store.commit({ marks: [], records: [row()] }), false],
    ];
    for (const [name, make, grows] of changes) {
      test(`${name}: ${grows ? 'grows' : 'stays'}, as another node sees it`, async () => {
        const other = await access.another();
        const change = await make();
        const before = await other.lossSequence();
        await change(access.store());
        assert.equal((await other.lossSequence()) > before, grows);
      });
    }
  });

  describe('a commit that rests on what was read before', () => {
    test('goes through while nothing was taken away', async () => {
      const asOf = await access.store().lossSequence();
      await access.store().people.save(erin());
      assert.deepEqual(await access.store().commit({ marks: [idJag()], records: [row()], asOf }), { won: true });
    });

    test('does nothing once something was: no mark is used, no line written; its neighbours are carried out', async () => {
      const person = await member();
      const [mark, line, neighbour] = [idJag(), row(), row()];
      const asOf = await access.store().lossSequence();
      await (await access.another()).people.save({ ...person, active: false });
      const [stale, plain] = await Promise.all([
        access.store().commit({ marks: [mark], records: [line], asOf }),
        access.store().commit({ marks: [], records: [neighbour] }),
      ]);
      assert.deepEqual([stale, plain], [{ won: false, stale: true }, { won: true }]);
      assert.equal(await access.store().audit.find(line.id), undefined);
      assert.ok(await access.store().audit.find(neighbour.id));
      const again = { marks: [mark], records: [line], asOf: await access.store().lossSequence() };
      assert.deepEqual(await access.store().commit(again), { won: true });
    });

    test('and a change that was sent before it: whatever the order, nothing is granted behind it', async () => {
      const person = await member();
      const asOf = await access.store().lossSequence();
      const off = access.store().people.save({ ...person, active: false });
      const outcome = await access.store().commit({ marks: [], records: [row()], asOf });
      const grantedAt = performance.now();
      const offAt = off.then(() => performance.now());
      if (outcome.won) assert.ok(grantedAt <= (await offAt), 'granted before the change was done');
      else assert.deepEqual(outcome, { won: false, stale: true });
      await off;
    });
  });
}
