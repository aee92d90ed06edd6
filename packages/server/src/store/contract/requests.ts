import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type AccessRequest, unanswered } from '../requests.ts';
import { type Access, erin, fresh, now, row } from './fixtures.ts';

/** What people ask for whose agents were refused. */
export function requestContract(access: Access): void {
  const requests = () => access.store().requests;
  const isThere = async (id: string) => (await access.store().audit.find(id)) !== undefined;
  const somebody = async () => {
    const person = erin();
    await access.store().people.save(person);
    return person.id;
  };
  const asked = async (change: Partial<Omit<AccessRequest, 'answer'>> = {}) => ({
    id: fresh('ar'),
    personId: change.personId ?? (await somebody()),
    client: 'claude-code',
    server: 'tracker',
    decision: fresh('d'),
    words: 'to file “bugs”',
    wanted: 'week' as const,
    askedAt: now,
    ...change,
  });
  const added = async (change: Partial<Omit<AccessRequest, 'answer'>> = {}): Promise<AccessRequest> => {
    const request = await asked(change);
    assert.equal(await requests().add(request, []), true);
    return { ...request, answer: unanswered };
  };
  const declined = { ...unanswered, state: 'declined', word: 'no', at: now + 5, by: 'u_dana' } as const;
  const drafted = { ...unanswered, state: 'drafted', draft: 'dr_1', until: now + 900, by: 'u_dana' } as const;

  describe('requests', () => {
    test('are found as they were made, with their line', async () => {
      const [request, line] = [await asked(), row()];
      assert.equal(await requests().add(request, [line]), true);
      assert.deepEqual(await requests().find(request.id), { ...request, answer: unanswered });
      assert.deepEqual(await requests().of(request.personId, 5), [{ ...request, answer: unanswered }]);
      assert.equal(await requests().find('ar_none'), undefined);
      assert.ok(await isThere(line.id));
    });

    test('of the same person, client and server one waits; about one decision there is one', async () => {
      const first = await added();
      const line = row();
      const again = await asked({ personId: first.personId });
      assert.equal(await requests().add(again, [line]), false);
      assert.equal(await isThere(line.id), false);
      assert.equal(await requests().add(await asked({ personId: first.personId, server: 'wiki' }), []), true);
      assert.equal(await requests().add(await asked({ personId: first.personId, client: 'other' }), []), true);
      await requests().answer(first, declined, []);
      assert.equal(await requests().add(await asked({ decision: first.decision }), []), false);
      assert.equal(await requests().add(again, []), true, 'another refusal, after the answer');
    });

    test('of two at once one is made', async () => {
      const personId = await somebody();
      const other = await access.another();
      const both = [await asked({ personId }), await asked({ personId })];
      const made = await Promise.all(both.map((each, at) => (at ? other : access.store()).requests.add(each, [])));
      assert.deepEqual(made.toSorted(), [false, true]);
    });

    test('are found by what they are about: the decision, or the same that waits', async () => {
      const { answer: _, ...first } = await added();
      const { personId, client, server } = first;
      const idOf = async (about: Parameters<ReturnType<typeof requests>['about']>[0]) =>
        (await requests().about(about))?.id;
      assert.equal(await idOf(first), first.id);
      assert.equal(await idOf({ personId, client, server, decision: 'd_later' }), first.id);
      assert.equal(await idOf({ personId, client, server: 'wiki', decision: 'd_later' }), undefined);
      assert.equal(await idOf({ ...first, personId: 'u_other' }), undefined);
      await requests().answer({ ...first, answer: unanswered }, declined, []);
      assert.equal(await idOf({ personId, client, server, decision: 'd_later' }), undefined);
      assert.equal(await idOf(first), first.id);
    });

    test('are answered in the state that was seen, once', async () => {
      const open = await added();
      const lines = [row(), row()];
      assert.equal(await requests().answer(open, drafted, [lines[0] ?? row()]), true);
      assert.equal(await requests().answer(open, declined, [lines[1] ?? row()]), false);
      assert.deepEqual([await isThere(lines[0]?.id ?? ''), await isThere(lines[1]?.id ?? '')], [true, false]);
      assert.deepEqual(await requests().find(open.id), { ...open, answer: drafted });
      assert.deepEqual(await requests().ofDraft('dr_1'), { ...open, answer: drafted });
      const other = { ...open, answer: { ...drafted, draft: 'dr_2' } };
      assert.equal(await requests().answer(other, declined, []), false, 'of another draft');
      assert.equal(await requests().answer({ ...open, answer: drafted }, declined, []), true);
      assert.equal(await requests().ofDraft('dr_1'), undefined);
      assert.deepEqual((await requests().find(open.id))?.answer, declined);
    });

    test('are listed: those that wait from the oldest on, those answered from the newest on', async () => {
      const before = await requests().countOpen();
      const made = [await added({ id: fresh('ar_list') }), await added({ id: fresh('ar_list') })];
      made.push(await added({ id: fresh('ar_list') }));
      const ids = made.map(({ id }) => id).sort();
      assert.equal(await requests().countOpen(), before + 3);
      const pages = async (waiting: boolean) => {
        const seen: string[] = [];
        for (;;) {
          const page = await requests().list({ waiting, after: seen.at(-1) ?? '', limit: 2 });
          if (page.length === 0) break;
          assert.ok(!page.some(({ id }) => seen.includes(id)), 'the same page again');
          seen.push(...page.map(({ id }) => id));
        }
        return seen.filter((id) => ids.includes(id));
      };
      assert.deepEqual(await pages(true), ids);
      assert.deepEqual(await pages(false), []);
      for (const each of made) await requests().answer(each, declined, []);
      assert.deepEqual(await pages(true), []);
      assert.deepEqual(await pages(false), ids.toReversed());
      assert.equal(await requests().countOpen(), before);
    });

    test('are forgotten with whoever asked or answered, when those are erased', async () => {
      const [erased, kept] = [await added(), await added()];
      await requests().answer(kept, { ...declined, by: erased.personId }, []);
      await access.store().erasure.forgetRequests([erased.personId]);
      assert.equal(await requests().find(erased.id), undefined);
      assert.deepEqual((await requests().find(kept.id))?.answer, { ...declined, by: undefined });
    });

    test('go 90 days after the answer, or after nobody has given one', async () => {
      const [open, answered] = [await added({ askedAt: now }), await added({ askedAt: now })];
      await requests().answer(answered, { ...declined, at: now + 10 }, []);
      const left = async () =>
        [await requests().find(open.id), await requests().find(answered.id)].map((each) => each !== undefined);
      await access.store().purge(now + 90 * 86_400 - 1);
      assert.deepEqual(await left(), [true, true]);
      await access.store().purge(now + 90 * 86_400);
      assert.deepEqual(await left(), [false, true]);
      await access.store().purge(now + 10 + 90 * 86_400);
      assert.deepEqual(await left(), [false, false]);
    });
  });
}
