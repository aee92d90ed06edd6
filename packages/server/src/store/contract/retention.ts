import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { prunedAtOnce } from '../retention.ts';
import { StoreConflict } from '../store.ts';
import { fresh, now, row, type StoreUnderTest } from './fixtures.ts';

const timeMs = now * 1000;

/** Lines that may go, and those that may not. In a store of its own: others read their record from the beginning. */
export function retentionContract(open: () => Promise<StoreUnderTest>): void {
  let subject: StoreUnderTest;
  const access = { store: () => subject.store, another: () => subject.another() };
  const end = async () => (await access.store().audit.last(1))[0]?.position ?? 0;
  const first = async () => (await access.store().audit.read(0, 1))[0]?.position;
  const seal = async (size: number) => {
    const { seals } = access.store();
    const last = await seals.last();
    assert.ok((last?.size ?? 0) < size, 'others have sealed less');
    const number = (last?.number ?? 0) + 1;
    assert.ok(await seals.append({ number, size, root: fresh('root'), timeMs, statement: 'signed' }, []));
  };
  const fill = async (lines: number) => {
    await access.store().commit({ marks: [], records: Array.from({ length: lines }, () => row()) });
  };
  const noted = (position: number) => ({ position, timeMs, lastMs: timeMs });

  describe('retention', () => {
    before(async () => {
      subject = await open();
    });
    after(() => subject.close());

    test('the record begins behind a place that is sealed and was written down, and nowhere else', async () => {
      const { retention, audit } = access.store();
      await fill(2 * prunedAtOnce);
      const to = Math.floor((await end()) / prunedAtOnce) * prunedAtOnce;
      const before = await first();
      assert.equal(await retention.last(), undefined);
      assert.equal(await retention.remove(10), 0, 'nothing was written down');
      const sealedBefore = await retention.sealedTo();
      await assert.rejects(retention.note(noted(to), []), StoreConflict, 'it is not sealed');
      await seal(to + 1);
      assert.ok(sealedBefore < to && (await retention.sealedTo()) === to + 1);
      for (const position of [to - 1, to + prunedAtOnce]) {
        await assert.rejects(retention.note(noted(position), []), StoreConflict, String(position));
      }
      const line = row();
      await retention.note(noted(to), [line]);
      assert.ok(await audit.find(line.id));
      assert.deepEqual(await (await access.another()).retention.last(), noted(to));
      assert.equal(await first(), before, 'it goes in steps');

      assert.equal(await retention.remove(3), 3);
      let removed = 0;
      do removed = await retention.remove(100);
      while (removed === 100);
      assert.equal(await first(), to + 1);
      assert.equal(await retention.remove(100), 0, 'no more than that');
      await assert.rejects(retention.note(noted(to), []), StoreConflict, 'nobody moves it back');
      await fill(1);
      assert.ok((await end()) > to + 1, 'positions go on');
    });

    test('how far those have read that read each line once', async () => {
      const { retention, auditSearch } = access.store();
      const { indexed } = await auditSearch.progress();
      assert.equal(await retention.readTo(), indexed);
    });
  });
}
