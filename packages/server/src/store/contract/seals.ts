import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Checkpoint } from '../seals.ts';
import { type Access, row } from './fixtures.ts';

/** Checkpoints, the stored part of the tree, and witnesses. */
export function sealsContract(access: Access): void {
  const checkpoint = (number: number, size = number * 10): Checkpoint => ({
    number,
    size,
    root: `root-${number}`,
    timeMs: 1_800_000_000_000 + number,
    statement: `statement-${number}`,
  });

  describe('seals', () => {
    test('of eight that append one number at once, by two ways in, exactly one wins, and its subtrees are kept', async () => {
      const other = await access.another();
      const { seals } = access.store();
      assert.equal(await seals.last(), undefined);
      const won = await Promise.all(
        Array.from({ length: 8 }, (_, at) =>
          (at % 2 ? other : access.store()).seals.append({ ...checkpoint(1), root: `by-${at}` }, [
            { tier: 1, place: at, hash: `of-${at}` },
          ]),
        ),
      );
      assert.equal(won.filter(Boolean).length, 1);
      const at = won.indexOf(true);
      assert.equal((await seals.last())?.root, `by-${at}`);
      assert.deepEqual(await seals.subtrees(1, 0, 10), [{ tier: 1, place: at, hash: `of-${at}` }]);
    });

    test('checkpoints come back in order, by number and by what they cover', async () => {
      const { seals } = access.store();
      for (const number of [2, 3]) assert.equal(await seals.append(checkpoint(number), []), true);
      assert.deepEqual(await seals.after(1, 10), [checkpoint(2), checkpoint(3)]);
      assert.deepEqual(await seals.after(1, 1), [checkpoint(2)]);
      assert.deepEqual(await seals.last(), checkpoint(3));
      const sizes = await Promise.all([1, 10, 11, 30, 31].map((position) => seals.covering(position)));
      assert.deepEqual(
        sizes.map((found) => found?.number),
        [1, 1, 2, 3, undefined],
      );
      assert.equal(await seals.append({ ...checkpoint(4), size: 30 }, []), false, 'nor one of a size that there is');
    });

    test('positions are 1, 2, 3, ... without gaps, also behind a commit that failed', async () => {
      const one = row();
      await access.store().commit({ marks: [], records: [one] });
      await assert.rejects(access.store().commit({ marks: [], records: [row(), one] }));
      await access.store().commit({ marks: [], records: [row()] });
      const hashes = await access.store().seals.hashes(0, 100_000);
      assert.deepEqual(
        hashes.map(({ position }) => position),
        hashes.map((_, at) => at + 1),
      );
      const last = (await access.store().audit.last(1))[0];
      const [{ position, hash } = {}, ...more] = await access.store().seals.hashes(hashes.length - 1, 5);
      assert.deepEqual([position, hash, more], [last?.position, last?.hash, []]);
    });

    test('subtrees: one size at a time, in order', async () => {
      const { seals } = access.store();
      const rows = [3, 1, 2].map((place) => ({ tier: 2, place, hash: `h-${place}` }));
      await seals.append(checkpoint(5, 50), rows);
      assert.deepEqual(
        (await seals.subtrees(2, 2, 10)).map(({ place }) => place),
        [2, 3],
      );
      assert.deepEqual(
        (await seals.subtrees(2, 0, 2)).map(({ place }) => place),
        [1, 2],
      );
    });

    test('chains: how many there are, and the longest first', async () => {
      const other = await access.another();
      for (const store of [other, access.store(), access.store()]) await store.commit({ marks: [], records: [row()] });
      const { count, longest } = await access.store().seals.chains(100);
      assert.ok(count >= 1 && longest.length === Math.min(count, 100));
      const lengths = longest.map(({ lines }) => lines);
      assert.deepEqual(
        lengths,
        lengths.toSorted((a, b) => b - a),
      );
      const [last] = await access.store().audit.last(1);
      assert.equal(longest.find(({ node }) => node === last?.node)?.lines, last?.seq);
      assert.deepEqual((await access.store().seals.chains(1)).longest, longest.slice(0, 1));
    });

    test('a witness goes forward only', async () => {
      const { seals } = access.store();
      await seals.noteWitness('file', { number: 2, timeMs: 5 });
      await seals.noteWitness('file', { number: 1, timeMs: 9 });
      await seals.noteWitness('https', { number: 1, timeMs: 7 });
      assert.deepEqual([...(await seals.witnessed())].toSorted(), [
        ['file', { number: 2, timeMs: 5 }],
        ['https', { number: 1, timeMs: 7 }],
      ]);
    });
  });
}
