import { decodeBase64url } from '@credence/mcp/protocol';
import type { SealStore } from '../store/seals.ts';
import { GrowingTree, type Hash, type SubtreeAt, toLeaf } from './merkle.ts';

/**
 * Of the tree over the record only the roots of subtrees of 256, 65,536, ... lines are stored; what lies between is worked
 * out from 256 of the next smaller ones. So a line costs 1/255 of a row more, and a proof over millions of lines is a handful
 * of reads of at most 256 neighbours each.
 */
export const tierBits = 8;
const width = 2 ** tierBits;

/** The leaf of a line is its hash, which covers node, number, text and the line before it (`store/chain.ts`). */
export function leafOf(lineHash: string): Hash {
  return toLeaf(bytesOf(lineHash));
}

/** What is no hash leads to no root that was signed. */
function bytesOf(hash: string): Uint8Array {
  return decodeBase64url(hash) ?? new Uint8Array();
}

/** The stored tree, for proofs. Remembers what it has read; throws when something is missing. */
export function storedSubtrees(seals: Pick<SealStore, 'hashes' | 'subtrees'>): SubtreeAt {
  const known = new Map<string, Promise<ReadonlyMap<number, Hash>>>();

  const read = async (tier: number, from: number): Promise<ReadonlyMap<number, Hash>> => {
    if (tier > 0) {
      const rows = await seals.subtrees(tier, from, width);
      return new Map(rows.map(({ place, hash }) => [place, bytesOf(hash)]));
    }
    const rows = await seals.hashes(from, width);
    return new Map(rows.map(({ position, hash }) => [position - 1, leafOf(hash)]));
  };

  return async (level, place) => {
    const tier = Math.floor(level / tierBits);
    const count = 2 ** (level % tierBits);
    const first = place * count;
    const from = first - (first % width);
    const key = `${tier} ${from}`;
    const reading = known.get(key) ?? read(tier, from);
    known.set(key, reading);
    const block = await reading;
    const tree = new GrowingTree();
    for (let at = first; at < first + count; at += 1) {
      const hash = block.get(at);
      if (!hash) throw new RecordAltered(tier === 0 ? `line ${at + 1} is missing` : `the tree misses ${tier}/${at}`);
      tree.add(hash);
    }
    return tree.root();
  };
}

/** What is in the store is not what was sealed: somebody was there before us. */
export class RecordAltered extends Error {
  override readonly name = 'RecordAltered';
}
