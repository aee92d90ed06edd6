import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ExportPlace } from '../exports.ts';
import { type Access, fresh, row } from './fixtures.ts';

const nowMs = 1_800_000_000_000;

/** How far exports have come, and who carries them on. */
export function exportContract(access: Access): void {
  const begun = async (): Promise<string> => {
    const name = fresh('export');
    await access.store().exports.begin(name, nowMs);
    return name;
  };
  const placeOf = async (name: string): Promise<ExportPlace> =>
    (await access.store().exports.find(name)) ?? assert.fail(`no export ${name}`);
  const step = { from: 0, to: 5, sent: 4, dead: 1, nowMs: nowMs + 1 };

  describe('exports', () => {
    test('one that is new begins at the beginning; one that is there stays where it is', async () => {
      const name = await begun();
      const start = {
        name,
        position: 0,
        sent: 0,
        dead: 0,
        holder: undefined,
        beat: 0,
        movedMs: nowMs,
        failing: undefined,
      };
      assert.deepEqual(await placeOf(name), start);
      assert.equal(await access.store().exports.find(fresh('export')), undefined);
      assert.equal(await access.store().exports.take(await placeOf(name), 'a'), true);
      assert.equal(await access.store().exports.advance(name, 'a', step), true);
      await access.store().exports.begin(name, nowMs + 9);
      const after = { ...start, position: 5, sent: 4, dead: 1, holder: 'a', beat: 2, movedMs: nowMs + 1 };
      assert.deepEqual(await placeOf(name), after);
      const seen = (await (await access.another()).exports.all()).filter((place) => place.name === name);
      assert.deepEqual(seen, [after]);
    });

    test('of all who take it at once exactly one gets it', async () => {
      const name = await begun();
      const seen = await placeOf(name);
      const stores = [access.store(), await access.another()];
      const outcomes = await Promise.all(
        ['a', 'b', 'c', 'd'].map((holder, at) => stores[at % 2]?.exports.take(seen, holder)),
      );
      assert.equal(outcomes.filter((won) => won).length, 1);
    });

    test('a holder that is alive keeps it; one that stands still loses it, and then changes nothing', async () => {
      const { exports } = access.store();
      const name = await begun();
      const free = await placeOf(name);
      assert.equal(await exports.take(free, 'a'), true);
      const seen = await placeOf(name);
      assert.equal(await exports.beat(name, 'a'), true);
      assert.equal(await exports.take(seen, 'b'), false, 'it has moved since');
      assert.equal(await exports.take(free, 'b'), false, 'it is not free any more');
      assert.equal(await exports.take({ ...(await placeOf(name)), holder: undefined }, 'b'), false);
      assert.equal(await exports.take(await placeOf(name), 'b'), true);
      for (const [what, changed] of [
        ['beat', await exports.beat(name, 'a')],
        ['advance', await exports.advance(name, 'a', step)],
      ]) {
        assert.equal(changed, false, String(what));
      }
      await exports.fail(name, 'a', 'away', nowMs);
      await exports.release(name, 'a');
      const { position, failing, holder } = await placeOf(name);
      assert.deepEqual([position, failing, holder], [0, undefined, 'b']);
      await exports.release(name, 'b');
      assert.equal((await placeOf(name)).holder, undefined);
    });

    test('nobody moves on from where the export is not', async () => {
      const { exports } = access.store();
      const name = await begun();
      await exports.take(await placeOf(name), 'a');
      assert.equal(await exports.advance(name, 'a', { ...step, from: 3 }), false);
      assert.equal((await placeOf(name)).position, 0);
    });

    test('why nothing arrives is kept with when it began, until something does', async () => {
      const { exports } = access.store();
      const name = await begun();
      await exports.take(await placeOf(name), 'a');
      await exports.fail(name, 'a', 'ECONNREFUSED', nowMs + 5);
      await exports.fail(name, 'a', 'status 503', nowMs + 9);
      assert.deepEqual((await placeOf(name)).failing, { why: 'status 503', sinceMs: nowMs + 5 });
      await exports.advance(name, 'a', step);
      assert.equal((await placeOf(name)).failing, undefined);
    });

    test('set to another place by hand, with its record; the holder does not go on from where it was', async () => {
      const { exports, audit } = access.store();
      const name = await begun();
      await exports.take(await placeOf(name), 'a');
      await exports.advance(name, 'a', step);
      const line = row();
      assert.equal(await exports.move(name, 2, nowMs + 7, [line]), true);
      assert.ok(await audit.find(line.id));
      const { position, movedMs, holder } = await placeOf(name);
      assert.deepEqual([position, movedMs, holder], [2, nowMs + 7, 'a']);
      assert.equal(await exports.advance(name, 'a', { ...step, from: 5, to: 9 }), false);
      const unwritten = row();
      assert.equal(await exports.move(fresh('export'), 2, nowMs, [unwritten]), false);
      assert.equal(await audit.find(unwritten.id), undefined);
    });
  });
}
