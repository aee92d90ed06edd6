import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type JsonObject, mintJws } from '@credence/mcp/protocol';
import { auditKey, newKey, toKeys } from '../../../../spec/sealed-record.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import { mintCheckpoint, prunedBy, verifyCheckpoint } from './checkpoint.ts';

const claims = { number: 1, size: 3, root: 'A'.repeat(43), timeMs: 1_800_000_000_000 };
const type = 'credence-checkpoint+jwt';
const mint = (header: JsonObject, said: object = claims, by = auditKey) =>
  mintJws({ alg: by.algorithm, ...header } as Parameters<typeof mintJws>[0], said as JsonObject, by.sign);
const verify = (statement: string, keys = [auditKey.publicJwk]) => verifyCheckpoint(statement, keys, verifySignature);

describe('a checkpoint', () => {
  test('is what a key vouches for that was known before, and names those that may come after it', async () => {
    const next = newKey();
    const statement = await mintCheckpoint(claims, toKeys(auditKey, next));
    const found = await verify(statement);
    assert.ok(found.ok);
    assert.deepEqual(found.claims, { ...claims, keys: [next.publicJwk] });
    assert.deepEqual(await verify(statement, [next.publicJwk]), { ok: false, fault: 'unknown_key' });
  });

  test('is of its own type, and says nothing else', async () => {
    const kid = auditKey.publicJwk.kid as string;
    assert.deepEqual(await verify(await mintCheckpoint(claims, toKeys(auditKey))), { ok: true, claims });
    assert.equal((await verify(await mint({ kid, typ: type }))).ok, true);
    for (const statement of [
      await mint({ kid, typ: 'JWT' }),
      await mint({ kid }),
      await mint({ kid, typ: type }, { ...claims, size: 0 }),
      await mint({ kid, typ: type }, { ...claims, more: 1 }),
      'x',
      '',
    ]) {
      assert.deepEqual(await verify(statement), { ok: false, fault: 'not_a_checkpoint' }, statement);
    }
  });

  test('names its key, also where there is only one', async () => {
    assert.deepEqual(await verify(await mint({ typ: type })), { ok: false, fault: 'unknown_key' });
  });

  test('is worth nothing when it was signed with another key', async () => {
    const statement = await mint({ kid: auditKey.publicJwk.kid as string, typ: type }, claims, newKey());
    assert.deepEqual(await verify(statement), { ok: false, fault: 'bad_signature' });
  });

  test('says how many lines may be gone', async () => {
    assert.equal(prunedBy(await mintCheckpoint({ ...claims, pruned: 2 }, toKeys())), 2);
    assert.equal(prunedBy(await mintCheckpoint(claims, toKeys())), 0);
    assert.deepEqual([prunedBy(undefined), prunedBy('x')], [0, 0]);
  });
});
