import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditKey, exported, openRecord, verifyLines } from '../../../../spec/sealed-record.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { readPeaks } from './merkle.ts';
import { proveRecord, verifyProof } from './proof.ts';
import { storedSubtrees } from './stored-tree.ts';

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
    const unsaid = await verifyLines(lines.slice(0, -1));
    assert.equal('fault' in unsaid && unsaid.fault, 'cut_off_in_front', 'the checkpoint that says so is the last');

    for (const id of ['d_513', 'd_700', 'd_720']) {
      const row = await store.audit.find(id);
      assert.ok(row);
      const proof = JSON.stringify(await proveRecord(row, store.seals));
      assert.equal(typeof (await verifyProof(proof, [auditKey.publicJwk], verifySignature)), 'object', id);
    }
    await store.close();
  });
});

describe('T23: lines taken from the front by nobody who may', () => {
  test('are told from those that retention removed: no checkpoint says that they may be gone', async () => {
    const { store, write, seal } = await openRecord();
    for (const count of [300, 400]) {
      await write(count);
      await seal();
    }
    const lines = await exported(store);
    // What an export begins with where lines 1 to 512 are gone, made from the whole by whoever has it.
    const peaks = await readPeaks(512, storedSubtrees(store.seals));
    const start = { size: 512, peaks: peaks.map((hash) => Buffer.from(hash).toString('base64url')) };
    const rest = lines.filter((text) => JSON.parse(text).chain?.position > 512);
    const cut = await verifyLines([JSON.stringify({ start }), ...rest, lines.at(-1) ?? '']);
    assert.deepEqual('fault' in cut && [cut.fault, cut.words], [
      'cut_off_in_front',
      'it begins behind line 512, and no checkpoint says that any may be gone: they were taken away',
    ]);
    // More than was ordered.
    await store.retention.note({ position: 256, timeMs: 1, lastMs: 1 }, []);
    await write(1);
    await seal();
    const last = (await exported(store)).slice(-2);
    const more = await verifyLines([JSON.stringify({ start }), ...rest, lines.at(-1) ?? '', ...last]);
    assert.match('words' in more ? more.words : '', /no checkpoint says that more than 256 may be gone/);
    await store.close();
  });
});
