import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Holding } from '../held.ts';
import type { Store } from '../store.ts';
import { type Access, far, fresh, idJag, now, row } from './fixtures.ts';

/** What sessions hold of what must never come together: the check is in the commit that gives it (T34). */
export function heldContract(access: Access): void {
  describe('what a session holds', () => {
    /** `one` and `other` must not come together. */
    const holding = (session: string, adds: string[], not: string, until = far): Holding => ({
      session,
      adds,
      until,
      fits: (held) => !held.includes(not),
    });
    const give = (store: Store, one: Holding) => store.commit({ marks: [], records: [row()], holding: one });

    test('is what it was given, by whichever way in, each once', async () => {
      const session = fresh('sid');
      assert.deepEqual(await access.store().held.of(session), []);
      await give(access.store(), holding(session, ['crm read', 'crm list'], 'x'));
      await give(await access.another(), holding(session, ['crm read', 'a b'], 'x'));
      assert.deepEqual(await access.store().held.of(session), ['a b', 'crm list', 'crm read']);
      await access.reopen();
      assert.deepEqual(await access.store().held.of(session), ['a b', 'crm list', 'crm read']);
      assert.deepEqual(await access.store().held.of(fresh('sid')), []);
    });

    test('of two at once, by two ways in, that must not come together exactly one is given', async () => {
      const other = await access.another();
      for (let round = 0; round < 10; round++) {
        const session = fresh('sid');
        const ids = [fresh('d'), fresh('d')] as const;
        const outcomes = await Promise.all([
          access
            .store()
            .commit({ marks: [], records: [row({ id: ids[0] })], holding: holding(session, ['in'], 'out') }),
          other.commit({ marks: [], records: [row({ id: ids[1] })], holding: holding(session, ['out'], 'in') }),
        ]);
        assert.deepEqual(outcomes.map(({ won }) => won).sort(), [false, true]);
        const stale = outcomes.find(({ won }) => !won);
        assert.ok(stale && 'stale' in stale, 'the other is to be decided again');
        const written = await Promise.all(ids.map((id) => access.store().audit.find(id)));
        assert.deepEqual(
          written.map((line) => line !== undefined),
          outcomes.map(({ won }) => won),
        );
        assert.deepEqual(await access.store().held.of(session), [outcomes[0].won ? 'in' : 'out']);
      }
    });

    test('of two in one group the one in front is given, and one that only looks alike is not in its way', async () => {
      const [session, elsewhere] = [fresh('sid'), fresh('sid')];
      const outcomes = await Promise.all([
        give(access.store(), holding(session, ['in'], 'out')),
        give(access.store(), holding(session, ['out'], 'in')),
        give(access.store(), holding(elsewhere, ['out'], 'in')),
        give(access.store(), holding(session, ['in too'], 'out')),
      ]);
      assert.deepEqual(
        outcomes.map(({ won }) => won),
        [true, false, true, true],
      );
      assert.deepEqual(await access.store().held.of(session), ['in', 'in too']);
      assert.deepEqual(await access.store().held.of(elsewhere), ['out']);
    });

    test('what does not fit leaves the marks alone; what loses a mark is not held', async () => {
      const session = fresh('sid');
      const [used, unused] = [idJag(), idJag()];
      await access.store().commit({ marks: [used], records: [] });
      await give(access.store(), holding(session, ['in'], 'x'));
      const refused = { marks: [unused], records: [row()], holding: holding(session, ['out'], 'in') };
      assert.deepEqual(await access.store().commit(refused), { won: false, stale: true });
      assert.equal((await access.store().commit({ marks: [unused], records: [] })).won, true);
      const lost = { marks: [used], records: [row()], holding: holding(session, ['more'], 'x') };
      assert.deepEqual(await access.store().commit(lost), { won: false, lost: used });
      assert.deepEqual(await access.store().held.of(session), ['in']);
    });

    test('one that was taken something away from meanwhile is stale, whatever the session holds', async () => {
      const session = fresh('sid');
      const asOf = (await access.store().lossSequence()) - 1;
      const commit = { marks: [], records: [row()], asOf, holding: holding(session, ['in'], 'x') };
      assert.deepEqual(await access.store().commit(commit), { won: false, stale: true });
      assert.deepEqual(await access.store().held.of(session), []);
    });

    test('is kept while the session stands, and until its time; then it goes', async () => {
      const [standing, gone, early] = [fresh('sid'), fresh('sid'), fresh('sid')];
      const payload = { uid: fresh('uid'), accountId: 'u', authorizations: { app: { sid: standing } } };
      await access.store().artifacts.upsert('Session', fresh('session'), payload, far);
      for (const session of [standing, gone]) await give(access.store(), holding(session, ['in'], 'x', now - 1));
      await give(access.store(), holding(early, ['in'], 'x', now + 100));
      await access.store().purge(now);
      const left = await Promise.all([standing, gone, early].map((session) => access.store().held.of(session)));
      assert.deepEqual(left, [['in'], [], ['in']]);
    });
  });
}
