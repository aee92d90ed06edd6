import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Draft } from '../drafts.ts';
import { type Access, draft, row } from './fixtures.ts';

/** Changes that are not in force. */
export function draftContract(access: Access): void {
  const drafts = () => access.store().drafts;
  const isThere = async (id: string) => (await access.store().audit.find(id)) !== undefined;
  const edited = (before: Draft, document: string): Draft => ({
    ...draft(document),
    id: before.id,
    revision: before.revision + 1,
    authors: [...before.authors, 'u_erin'],
  });

  describe('drafts', () => {
    test('are found as they were made, and listed without their text', async () => {
      const [made, line] = [draft('{"a":"ü"}', { state: 'proposed', authors: ['u_dana', 'u_erin'] }), row()];
      await drafts().add(made, [line]);
      assert.deepEqual(await drafts().find(made.id), made);
      const { document: _, ...head } = made;
      assert.deepEqual(
        (await drafts().list()).filter(({ id }) => id === made.id),
        [head],
      );
      assert.equal(await drafts().find('dr_none'), undefined);
      assert.ok(await isThere(line.id));
    });

    test('of two that edit one revision at once, one wins and leaves a line', async () => {
      const made = draft('{"a":1}');
      await drafts().add(made, []);
      const other = await access.another();
      const lines = [row(), row()];
      const next = [edited(made, '{"a":2}'), edited(made, '{"a":3}')];
      const won = await Promise.all(
        next.map((each, at) => (at ? other : access.store()).drafts.save(each, [lines[at] ?? row()])),
      );
      assert.deepEqual(won.toSorted(), [false, true]);
      const [winner] = next.filter((_, at) => won[at]);
      assert.deepEqual(await drafts().find(made.id), winner);
      assert.deepEqual([await isThere(lines[0]?.id ?? ''), await isThere(lines[1]?.id ?? '')], won);
    });

    test('are removed in the revision that was seen, once', async () => {
      const made = draft('{}');
      await drafts().add(made, []);
      const line = row();
      assert.equal(await drafts().remove(made.id, 2, [line]), false);
      assert.equal(await isThere(line.id), false);
      assert.equal(await drafts().remove(made.id, 1, [line]), true);
      assert.equal(await drafts().remove(made.id, 1, []), false);
      assert.equal(await drafts().save(edited(made, '{}'), []), false);
      assert.equal(await drafts().find(made.id), undefined);
      assert.ok(await isThere(line.id));
    });

    test('never say that a text has a digest it has not', async () => {
      await assert.rejects(drafts().add({ ...draft('{}'), document: '{"a":1}' }, []), /digest/);
    });
  });
}
