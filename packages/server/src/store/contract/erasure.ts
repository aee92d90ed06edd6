import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Access, fresh, row, subjectKey } from './fixtures.ts';

/** What the record says of a person, taken out of it. */
export function erasureContract(access: Access): void {
  describe('erasure', () => {
    const told = (text: string) => row({ personal: JSON.stringify({ salt: 's', text }), person: text });
    const lastPosition = async () => (await access.store().audit.last(1))[0]?.position ?? 0;

    test('finds lines by words of the part that can be erased, whatever their case, within bounds', async () => {
      const from = (await lastPosition()) + 1;
      const word = fresh('Word_%');
      const lines = [
        told(`about ${word}`),
        told('another'),
        told(word.toUpperCase()),
        row({ body: `{"x":"${word}"}` }),
      ];
      await access.store().commit({ marks: [], records: lines });
      const { erasure } = access.store();
      assert.deepEqual(await erasure.linesWith([word], from, from + 4), [from, from + 2]);
      assert.deepEqual(await erasure.linesWith([word], from + 1, from + 2), []);
      assert.deepEqual(await erasure.linesWith([word, 'another'], from, from + 2), [from, from + 1]);
      assert.equal(await erasure.countInBodies([word]), 1);
    });

    test('blanks them, with the line that tells of it, and leaves the rest of the line as it was', async () => {
      const lines = Array.from({ length: 1200 }, (_, at) => told(`one of many ${at}`));
      await access.store().commit({ marks: [], records: lines });
      const to = (await lastPosition()) + 1;
      const teller = row({ kind: 'admin' });
      const positions = await access.store().erasure.linesWith(['one of many'], to - 1200, to);
      assert.equal(positions.length, 1200);
      await access.store().erasure.blank(positions, [teller]);
      assert.deepEqual(await access.store().erasure.linesWith(['one of many'], 1, to), []);
      const found = await access.store().audit.find(lines[0]?.id ?? '');
      assert.deepEqual([found?.personal, found?.person, found?.body], [undefined, undefined, lines[0]?.body]);
      assert.ok(await access.store().audit.find(teller.id));
    });

    test('accounts of a subject, of this issuer only', async () => {
      const key = subjectKey();
      const account = await access.store().accounts.findOrCreate(key, fresh('acc'));
      assert.deepEqual(await access.store().erasure.accountsOf(key.issuer, key.subject), [account.id]);
      assert.deepEqual(await access.store().erasure.accountsOf('https://b.example', key.subject), []);
    });

    test('what is let go is overwritten, and the log written back', async () => {
      await access.store().erasure.overwrite();
      assert.equal(typeof (await access.store().erasure.writeBack(false)), 'boolean');
    });
  });
}
