import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditKey, exported, openRecord, verifyLines } from '../../../../spec/sealed-record.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { proveRecord, verifyProof } from './proof.ts';

describe('LOG-04: a record whose old lines went', () => {
  test('is exported from there, verified with the same key, sealed further, and its records are proven', async () => {
    const { store, write, seal } = await openRecord();
    for (const count of [300, 400]) {
      await write(count);
      await seal();
    }
    await store.retention.note({ position: 512, timeMs: 1, lastMs: 1 }, []);
    while ((await store.retention.remove(512)) > 0);
    await write(20);
    await seal();
    const lines = await exported(store);
    assert.deepEqual(JSON.parse(lines[0] ?? '').start.size, 512);
    const found = await verifyLines(lines);
    assert.deepEqual(
      'sealed' in found && [found.lines, found.checkpoints, found.sealed, found.unsealed],
      [208, 2, 720, 0],
    );
    const cut = await verifyLines(lines.slice(1));
    assert.equal('fault' in cut && cut.fault, 'missing');

    for (const id of ['d_513', 'd_700', 'd_720']) {
      const row = await store.audit.find(id);
      assert.ok(row);
      const proof = JSON.stringify(await proveRecord(row, store.seals));
      assert.equal(typeof (await verifyProof(proof, [auditKey.publicJwk], verifySignature)), 'object', id);
    }
    await store.close();
  });
});
