import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newKey, toKeys } from '../../../../spec/sealed-record.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { mintCheckpoint } from './checkpoint.ts';
import { readWitness } from './witness-file.ts';

const checkpoint = (number: number, keys: Parameters<typeof mintCheckpoint>[1], size = number) =>
  mintCheckpoint({ number, size, root: 'A'.repeat(43), timeMs: 1 }, keys);
const read = (lines: readonly string[]) =>
  readWitness(async function* () {
    yield* lines;
  });

test('T23: a key counts that one before it vouched for, however often; another does not', async () => {
  const [old, next, foreign] = [newKey(), newKey(), newKey()];
  const vouching = toKeys(old, next);
  const kept = [await checkpoint(1, vouching), await checkpoint(2, vouching), await checkpoint(3, toKeys(next))];
  const missing = async (lines: readonly string[], last: number) =>
    (await (await read(lines)).unseen(last, [old.publicJwk], verifySignature)).missing?.number;
  assert.equal(await missing(kept, 2), 3);
  assert.equal(await missing(kept.slice(2), 2), undefined, 'nobody vouched for it');
  assert.equal(await missing([...kept.slice(0, 2), await checkpoint(3, toKeys(foreign))], 2), undefined);
});

test('T23: of those that are not here the one over most lines is told, the first of them', async () => {
  const key = newKey();
  const sizes = [4, 9, 9, 7];
  const kept = await Promise.all(sizes.map((size, at) => checkpoint(at + 1, toKeys(key), size)));
  const { notHere } = await (await read(kept)).unseen(9, [key.publicJwk], verifySignature);
  assert.deepEqual([notHere?.number, notHere?.size], [2, 9]);
});
