import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test } from 'node:test';
import { generatePrivateJwk, toSigner } from '../keys/signer.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import type { Checkpoint } from '../store/seals.ts';
import { openSqliteStore } from '../store/sqlite.ts';
import type { AuditRow, Store } from '../store/store.ts';
import { type CheckpointKeys, verifyCheckpoint } from './checkpoint.ts';
import { GrowingTree, inclusionPath, leadsTo } from './merkle.ts';
import { createSealer, maxLines, type SealerOptions, sealWhatIsThere } from './sealer.ts';
import { leafOf, RecordAltered, storedSubtrees } from './stored-tree.ts';

const signer = toSigner(generatePrivateJwk('ES256'));
const keys: CheckpointKeys = { signer: () => signer, published: () => [signer.publicJwk] };

async function open() {
  const file = join(await mkdtemp(join(tmpdir(), 'credence-seal-')), 'store.db');
  const store = await openSqliteStore(file, { node: 'one' });
  let made = 0;
  const newSealer = (of: Store = store, by = keys, change: Partial<SealerOptions> = {}) =>
    createSealer({
      seals: of.seals,
      keys: by,
      verifySignature,
      nowMs: () => 1_800_000_000_000,
      refreshKeys: async () => undefined,
      isAccepted: async () => false,
      prunedTo: async () => (await of.retention.last())?.position ?? 0,
      ...change,
    });
  /** Alters rows as somebody may who can write to the store: behind the triggers. */
  const alter = (statement: string) => {
    const database = new DatabaseSync(file);
    for (const table of ['audit', 'audit_checkpoints', 'audit_tree']) {
      for (const verb of ['update', 'delete']) database.exec(`DROP TRIGGER IF EXISTS ${table}_refuses_${verb}`);
    }
    database.exec(statement);
    database.close();
  };
  const write = (count: number) =>
    store.commit({
      marks: [],
      records: Array.from({ length: count }, (): AuditRow => {
        made += 1;
        return { id: `d_${made}`, kind: 'system', timeMs: made, body: JSON.stringify({ made }) };
      }),
    });
  return { store, file, newSealer, alter, write };
}

describe('sealing the record', { timeout: 30_000 }, () => {
  test('what was written since the last checkpoint comes under the next; nothing new, no checkpoint', {
    timeout: 5000,
  }, async () => {
    const { store, newSealer, write } = await open();
    const seal = newSealer();
    assert.equal(await seal(), 0);
    await write(3);
    assert.equal(await seal(), 3);
    assert.equal(await seal(), 0);
    await write(700);
    assert.equal(await seal(), 700);
    const checkpoints = await store.seals.after(0, 10);
    assert.deepEqual(
      checkpoints.map(({ number, size }) => [number, size]),
      [
        [1, 3],
        [2, 703],
      ],
    );
    const tree = new GrowingTree();
    for (const { hash } of await store.seals.hashes(0, 1000)) tree.add(leafOf(hash));
    assert.equal(checkpoints[1]?.root, Buffer.from(tree.root()).toString('base64url'));
    await store.close();
  });

  test('more than one checkpoint covers is sealed at once, unless the server is about to stop', async () => {
    const { store, newSealer, write } = await open();
    await write(2 * maxLines + 5);
    const sizes = async () => (await store.seals.after(0, 10)).map(({ size }) => size);
    const sealer = newSealer();
    let rounds = 0;
    const seal = async () => {
      rounds += 1;
      assert.ok(rounds < 10, 'it comes to an end');
      return sealer();
    };
    await sealWhatIsThere(seal, () => true);
    assert.deepEqual(await sizes(), [maxLines]);
    await sealWhatIsThere(seal, () => false);
    assert.deepEqual(await sizes(), [maxLines, 2 * maxLines, 2 * maxLines + 5]);
    await store.close();
  });

  test('lines that never cease to come do not keep it from an end: the next time is for them', async () => {
    const { store, newSealer, write } = await open();
    const seal = newSealer();
    await write(3);
    let rounds = 0;
    await sealWhatIsThere(
      async () => {
        const lines = await seal();
        await write(1);
        rounds += 1;
        return lines;
      },
      () => rounds === 10,
    );
    assert.equal((await store.seals.last())?.size, 3);
    await store.close();
  });

  test('the statement says what the row says, signed with the key of the record', async () => {
    const { store, newSealer, write } = await open();
    await write(2);
    await newSealer()();
    const last = await store.seals.last();
    const verified = await verifyCheckpoint(last?.statement ?? '', [signer.publicJwk], verifySignature);
    const { statement: _, ...row } = last as Checkpoint;
    assert.deepEqual(verified, { ok: true, claims: row });
    await store.close();
  });

  test('every line under the last checkpoint can be proven from what is stored', async () => {
    const { store, newSealer, write } = await open();
    const seal = newSealer();
    for (const count of [1, 255, 256, 400]) {
      await write(count);
      await seal();
    }
    const { size, root } = (await store.seals.last()) as Checkpoint;
    assert.equal((await store.seals.subtrees(1, 0, 10)).length, 3);
    const at = storedSubtrees(store.seals);
    const lines = await store.seals.hashes(0, 2000);
    for (const index of [0, 1, 254, 255, 256, 511, 512, 767, 768, 911]) {
      const path = await inclusionPath(index, size, at);
      const leaf = leafOf(lines[index]?.hash ?? '');
      assert.ok(leadsTo(Buffer.from(root, 'base64url'), leaf, index, size, path), String(index));
    }
    await store.close();
  });

  test('after a restart it goes on where it was, in batches when there is much', async () => {
    const { store, newSealer, write } = await open();
    await write(300);
    await newSealer()();
    for (let at = 0; at < 18; at += 1) await write(1000);
    const seal = newSealer();
    assert.deepEqual([await seal(), await seal(), await seal()], [16_384, 1616, 0]);
    assert.equal((await store.seals.last())?.size, 18_300);
    await store.close();
  });

  test('of nodes that seal at once, one makes each checkpoint; the others go on behind it', async () => {
    const { store, file, newSealer, write } = await open();
    const other = await openSqliteStore(file, { node: 'two' });
    const sealers = [newSealer(), newSealer(other), newSealer(), newSealer(other)];
    for (let round = 0; round < 5; round += 1) {
      await write(10);
      const sealed = await Promise.all(sealers.map((seal) => seal()));
      assert.deepEqual(sealed.toSorted(), [0, 0, 0, 10]);
    }
    assert.deepEqual(
      (await store.seals.after(0, 10)).map(({ number, size }) => [number, size]),
      [1, 2, 3, 4, 5].map((number) => [number, number * 10]),
    );
    await other.close();
    await store.close();
  });

  const altered: [name: string, statement: string, fault: RegExp][] = [
    ['a line taken out of what was sealed', 'DELETE FROM audit WHERE position = 299', /line 299 is missing/],
    ['a line taken out before it was sealed', 'DELETE FROM audit WHERE position = 301', /line 301 is missing/],
    ['a sealed line replaced', `UPDATE audit SET hash = 'x' WHERE position = 299`, /not those that checkpoint 1/],
    ['a stored subtree replaced', `UPDATE audit_tree SET hash = 'x'`, /not those that checkpoint 1/],
    ['a stored subtree taken out', 'DELETE FROM audit_tree', /the tree misses 1\/0/],
    ['the root of a checkpoint', `UPDATE audit_checkpoints SET root = 'x'`, /not what was signed/],
    ['the size of a checkpoint', 'UPDATE audit_checkpoints SET size = 299', /not what was signed/],
    ['a statement that is none', `UPDATE audit_checkpoints SET statement = 'x'`, /not_a_checkpoint/],
    [
      'a statement with another signature',
      `UPDATE audit_checkpoints SET statement = substr(statement, 1, length(statement) - 86) || '${'A'.repeat(86)}'`,
      /bad_signature/,
    ],
  ];
  for (const [name, statement, fault] of altered) {
    test(`T23: nothing is sealed behind ${name}`, async () => {
      const { store, newSealer, alter, write } = await open();
      await write(300);
      await newSealer()();
      await write(2);
      alter(statement);
      await assert.rejects(
        newSealer()(),
        (error: Error) => error instanceof RecordAltered && fault.test(error.message),
      );
      assert.equal((await store.seals.after(1, 10)).length, 0);
      await store.close();
    });
  }

  for (const column of ['size', 'number']) {
    test(`T23: the ${column} of the last checkpoint, altered behind the back of a running node`, async () => {
      const { store, newSealer, alter, write } = await open();
      const seal = newSealer();
      await write(300);
      await seal();
      await write(2);
      alter(`UPDATE audit_checkpoints SET ${column} = ${column} + 1`);
      await assert.rejects(seal(), /is not what was signed/);
      await store.close();
    });
  }

  test('T23: a line that was replaced, and sealed again by us, behind the back of a running node', async () => {
    const { store, newSealer, alter, write } = await open();
    const seal = newSealer();
    for (const count of [5, 5]) {
      await write(count);
      await seal();
    }
    alter(`DELETE FROM audit_checkpoints WHERE number = 2; UPDATE audit SET hash = 'x' WHERE position = 7`);
    assert.equal(await newSealer()(), 5);
    await assert.rejects(seal(), /checkpoint 2 is another than it was/);
    await store.close();
  });

  test('what could not be sealed is sealed the next time, as if that had been the first', async () => {
    const { store, newSealer, write } = await open();
    let isAway = false;
    const prunedTo = async () => {
      if (isAway) throw new Error('away');
      return 0;
    };
    const seal = newSealer(store, keys, { prunedTo });
    await write(3);
    await seal();
    await write(300);
    isAway = true;
    await assert.rejects(seal(), /away/);
    isAway = false;
    assert.equal(await seal(), 300);
    await write(1);
    assert.equal(await newSealer()(), 1, 'it is what another node finds as well');
    await store.close();
  });

  test('T23: a record that was cut back behind the back of a running node', async () => {
    const { store, newSealer, alter, write } = await open();
    const seal = newSealer();
    for (const count of [5, 5]) {
      await write(count);
      await seal();
    }
    alter('DELETE FROM audit_checkpoints WHERE number = 2; DELETE FROM audit WHERE position > 5');
    await assert.rejects(seal(), /checkpoint 2 is gone/);
    await store.close();
  });

  test('a new key is vouched for by the one before it', async () => {
    const { store, newSealer, write } = await open();
    const next = toSigner(generatePrivateJwk('EdDSA'));
    await write(1);
    await newSealer(store, { signer: () => signer, published: () => [signer.publicJwk, next.publicJwk] })();
    const first = await verifyCheckpoint(
      (await store.seals.last())?.statement ?? '',
      [signer.publicJwk],
      verifySignature,
    );
    assert.deepEqual(first.ok && first.claims.keys, [next.publicJwk]);
    await write(1);
    const both = { signer: () => next, published: () => [signer.publicJwk, next.publicJwk] };
    assert.equal(await newSealer(store, both)(), 1);
    const second = (await store.seals.last())?.statement ?? '';
    assert.deepEqual(await verifyCheckpoint(second, [signer.publicJwk], verifySignature), {
      ok: false,
      fault: 'unknown_key',
    });
    await store.close();
  });

  test('T23: nothing is sealed behind a checkpoint whose key is not here, until an operator has accepted that one', async () => {
    const { store, newSealer, write } = await open();
    const stranger = toSigner(generatePrivateJwk('ES256'));
    await write(1);
    await newSealer(store, { signer: () => stranger, published: () => [stranger.publicJwk] })();
    await write(1);
    await assert.rejects(newSealer()(), /checkpoint 1 is signed with a key that is not here/);
    const asked: number[] = [];
    const isAccepted = async ({ number }: Checkpoint) => asked.push(number) > 0;
    assert.equal(await newSealer(store, keys, { isAccepted })(), 1);
    assert.deepEqual(asked, [1]);
    await store.close();
  });

  test('T23: accepted is what a checkpoint says, not what stands beside it in the store', async () => {
    const { store, newSealer, write } = await open();
    const stranger = toSigner(generatePrivateJwk('ES256'));
    await write(2);
    await newSealer(store, { signer: () => stranger, published: () => [stranger.publicJwk] })();
    await write(1);
    const last = await store.seals.last();
    assert.ok(last);
    // Fewer lines, and what those add up to: only the statement still says otherwise.
    const [first] = await store.seals.hashes(0, 1);
    assert.ok(first);
    const root = Buffer.from(leafOf(first.hash)).toString('base64url');
    const altered = { ...store, seals: { ...store.seals, last: async () => ({ ...last, size: 1, root }) } };
    await assert.rejects(newSealer(altered, keys, { isAccepted: async () => true })(), RecordAltered);
    await store.close();
  });

  test('a key that another node has just made is looked for before anything is said', async () => {
    const { store, newSealer, write } = await open();
    const next = toSigner(generatePrivateJwk('ES256'));
    await write(1);
    await newSealer(store, { signer: () => next, published: () => [next.publicJwk] })();
    await write(1);
    let published = [signer.publicJwk];
    const refreshKeys = async () => {
      published = [signer.publicJwk, next.publicJwk];
    };
    assert.equal(await newSealer(store, { signer: () => signer, published: () => published }, { refreshKeys })(), 1);
    await store.close();
  });

  test('what may be gone is in the checkpoint: not before it was ordered, and from then on in each', async () => {
    const { store, newSealer, write } = await open();
    const seal = newSealer();
    const pruned: unknown[] = [];
    for (const order of [undefined, 256, undefined, 512]) {
      await write(300);
      if (order) await store.retention.note({ position: order, timeMs: 1, lastMs: 1 }, []);
      await seal();
      const verified = await verifyCheckpoint(
        (await store.seals.last())?.statement ?? '',
        [signer.publicJwk],
        verifySignature,
      );
      pruned.push(verified.ok && verified.claims.pruned);
    }
    assert.deepEqual(pruned, [undefined, 256, 256, 512]);
    await store.close();
  });
});
