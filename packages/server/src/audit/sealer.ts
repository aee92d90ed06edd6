import { setImmediate } from 'node:timers/promises';
import { parseJws, type VerifySignature } from '@credence/mcp/protocol';
import type { Checkpoint, SealStore, StoredSubtree } from '../store/seals.ts';
import { type CheckpointKeys, mintCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { GrowingTree, readPeaks } from './merkle.ts';
import { leafOf, RecordAltered, storedSubtrees, tierBits } from './stored-tree.ts';

export interface SealerOptions {
  readonly seals: SealStore;
  readonly keys: CheckpointKeys;
  readonly verifySignature: VerifySignature;
  readonly nowMs: () => number;
  /** Reads the keys anew: another node may have made one. */
  readonly refreshKeys: () => Promise<void>;
  /** Whether an operator has looked at a last checkpoint that is signed with a key that is not here, and wants it built upon. */
  readonly isAccepted: (checkpoint: Checkpoint) => Promise<boolean>;
  /** Up to where lines may be gone, by an order that was written down. */
  readonly prunedTo: () => Promise<number>;
}

function isSameAs(one: Checkpoint, claims: { number?: unknown; size?: unknown; root?: unknown }): boolean {
  return claims.number === one.number && claims.size === one.size && claims.root === one.root;
}

/** Lines read at once: whoever waits for the store meanwhile waits for a millisecond. */
const page = 256;
/** Lines under one checkpoint at most, so that catching up shows. */
export const maxLines = 64 * page;

/**
 * Seals what is there, under as many checkpoints as that takes. What is written meanwhile is for the next time: lines that never
 * cease to come would have a checkpoint for every few of them, and none would ever reach a witness.
 * @param seal - of {@link createSealer}
 */
export async function sealWhatIsThere(seal: () => Promise<number>, isStopping: () => boolean): Promise<void> {
  while ((await seal()) === maxLines && !isStopping());
}

/**
 * Seals what was written since the last checkpoint, by whichever node. Each call makes one checkpoint at most, and resolves to
 * the number of lines it covers anew: 0 when there were none, or when another node was first. Rejects with
 * {@link RecordAltered}, sealing nothing, when what is there is not what was sealed before.
 */
export function createSealer({
  seals,
  keys,
  verifySignature,
  nowMs,
  refreshKeys,
  isAccepted,
  prunedTo,
}: SealerOptions): () => Promise<number> {
  /** The highest number we have seen, and what it sealed. */
  let seen = 0;
  let seenRoot: string | undefined;
  /** The tree under the last checkpoint, while it is that: it grows past it before the next one stands. */
  let known: { readonly root: string; readonly tree: GrowingTree } | undefined;

  async function treeOf(last: Checkpoint | undefined): Promise<GrowingTree> {
    if ((last?.number ?? 0) < seen) throw new RecordAltered(`checkpoint ${seen} is gone: the record was cut back`);
    if (last && last.number === seen && last.root !== seenRoot) {
      throw new RecordAltered(`checkpoint ${seen} is another than it was`);
    }
    if (!last) return new GrowingTree();
    if (known?.root === last.root && known.tree.size === last.size && seen === last.number) return known.tree;
    await checkLast(last);
    const tree = new GrowingTree(last.size, await readPeaks(last.size, storedSubtrees(seals)));
    if (toText(tree.root()) !== last.root) {
      throw new RecordAltered(`the lines up to ${last.size} are not those that checkpoint ${last.number} sealed`);
    }
    return tree;
  }

  /** Nothing is built on a checkpoint because it is there: whoever can write to the store could have put it there. */
  async function checkLast(last: Checkpoint): Promise<void> {
    const check = () => verifyCheckpoint(last.statement, keys.published(), verifySignature);
    const isUnknown = (it: Awaited<ReturnType<typeof check>>) => !it.ok && it.fault === 'unknown_key';
    let verified = await check();
    if (isUnknown(verified)) {
      await refreshKeys();
      verified = await check();
    }
    if (isUnknown(verified)) {
      // The statement was accepted, and nothing that stands beside it.
      const claims = parseJws(last.statement)?.claims;
      if (claims && isSameAs(last, claims) && (await isAccepted(last))) return;
      throw new RecordAltered(
        `checkpoint ${last.number} is signed with a key that is not here: if that is as it should be, credence audit accept ${last.number}`,
      );
    }
    if (!verified.ok) throw new RecordAltered(`checkpoint ${last.number} was not signed by us (${verified.fault})`);
    if (!isSameAs(last, verified.claims)) throw new RecordAltered(`checkpoint ${last.number} is not what was signed`);
  }

  return async () => {
    const last = await seals.last();
    const tree = await treeOf(last);
    seen = last?.number ?? 0;
    seenRoot = last?.root;
    known = last && { root: last.root, tree };
    const before = tree.size;
    const subtrees: StoredSubtree[] = [];
    for (;;) {
      const rows = await seals.hashes(tree.size, Math.min(page, before + maxLines - tree.size));
      for (const { position, hash } of rows) {
        if (position !== tree.size + 1) throw new RecordAltered(`line ${tree.size + 1} is missing`);
        for (const { level, place, hash: root } of tree.add(leafOf(hash))) {
          if (level > 0 && level % tierBits === 0) subtrees.push({ tier: level / tierBits, place, hash: toText(root) });
        }
      }
      if (rows.length < page || tree.size === before + maxLines) break;
      await setImmediate();
    }
    if (tree.size === before) return 0;

    const claims = { number: (last?.number ?? 0) + 1, size: tree.size, root: toText(tree.root()), timeMs: nowMs() };
    // Read behind the lines: the line that tells of an order is never sealed without it.
    const pruned = await prunedTo();
    const said = { ...claims, ...(pruned > 0 && { pruned }) };
    const checkpoint = { ...claims, statement: await mintCheckpoint(said, keys) };
    if (!(await seals.append(checkpoint, subtrees))) return 0;
    seen = checkpoint.number;
    seenRoot = checkpoint.root;
    known = { root: checkpoint.root, tree };
    return tree.size - before;
  };
}

function toText(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64url');
}
