import { sha256 } from '#hashing';

/**
 * The Merkle tree of RFC 9162 §2.1 over any data: what is signed is its root, and a path of a few hashes shows that one leaf
 * is in it, or that a larger tree begins with a smaller one.
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1
 */
export type Hash = Uint8Array;

/** Root of a complete subtree: of the leaves from `place * 2 ** level` on, `2 ** level` of them. */
export interface Subtree {
  readonly level: number;
  readonly hash: Hash;
}

/** Gives the root of a complete subtree, from wherever they are kept. */
export type SubtreeAt = (level: number, place: number) => Promise<Hash>;

const leafPrefix = 0;
const nodePrefix = 1;

/** §2.1.1: HASH(0x00 || d). */
export function toLeaf(data: Uint8Array): Hash {
  const input = new Uint8Array(1 + data.length);
  input[0] = leafPrefix;
  input.set(data, 1);
  return sha256(input);
}

/** §2.1.1: HASH(0x01 || left || right). */
export function toNode(left: Hash, right: Hash): Hash {
  const input = new Uint8Array(1 + left.length + right.length);
  input[0] = nodePrefix;
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return sha256(input);
}

/**
 * A tree as it grows, leaf by leaf: of all that went in only the roots of complete subtrees are kept, largest first, one for
 * each bit of the size.
 */
export class GrowingTree {
  readonly #peaks: Subtree[];
  #size: number;

  /** @param peaks - those of a tree of `size` leaves, largest first */
  constructor(size = 0, peaks: readonly Hash[] = []) {
    const levels = peakLevels(size);
    if (levels.length !== peaks.length) throw new Error(`a tree of ${size} has ${levels.length} peaks`);
    this.#size = size;
    this.#peaks = levels.map((level, at) => ({ level, hash: peaks[at] as Hash }));
  }

  get size(): number {
    return this.#size;
  }

  /** Adds a leaf; returns the complete subtrees that it ended, smallest first, each with its place on its level. */
  add(leaf: Hash): readonly (Subtree & { readonly place: number })[] {
    const ended = [];
    let subtree: Subtree = { level: 0, hash: leaf };
    for (;;) {
      ended.push({ ...subtree, place: Math.floor(this.#size / 2 ** subtree.level) });
      const left = this.#peaks.at(-1);
      if (left?.level !== subtree.level) break;
      this.#peaks.pop();
      subtree = { level: subtree.level + 1, hash: toNode(left.hash, subtree.hash) };
    }
    this.#peaks.push(subtree);
    this.#size += 1;
    return ended;
  }

  /** §2.1.1: MTH of everything added so far. */
  root(): Hash {
    const [last, ...rest] = this.#peaks.toReversed();
    if (!last) return sha256(new Uint8Array());
    return rest.reduce((right, { hash: left }) => toNode(left, right), last.hash);
  }

  peaks(): readonly Hash[] {
    return this.#peaks.map(({ hash }) => hash);
  }
}

/** Levels of the complete subtrees that a tree of this size is made of, largest first. */
export function peakLevels(size: number): number[] {
  const levels = [];
  for (let level = 0; 2 ** level <= size; level += 1) if (bitOf(size, level)) levels.unshift(level);
  return levels;
}

/** The peaks of a tree of `size` leaves, for {@link GrowingTree}. */
export function readPeaks(size: number, at: SubtreeAt): Promise<Hash[]> {
  let before = 0;
  const places = peakLevels(size).map((level) => {
    const place = before / 2 ** level;
    before += 2 ** level;
    return [level, place] as const;
  });
  return Promise.all(places.map(([level, place]) => at(level, place)));
}

/** §2.1.3.1: the path that shows that the leaf `index` is in the tree of `size` leaves. */
export async function inclusionPath(index: number, size: number, at: SubtreeAt): Promise<Hash[]> {
  const path: Hash[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitOf(to - from);
    path.unshift(await (index < middle ? rangeRoot(middle, to, at) : rangeRoot(from, middle, at)));
    if (index < middle) to = middle;
    else from = middle;
  }
  return path;
}

/** §2.1.3.2: whether the path leads from this leaf to this root. */
export function leadsTo(root: Hash, leaf: Hash, index: number, size: number, path: readonly Hash[]): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  let [first, last, reached] = [index, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    if (first % 2 === 1 || first === last) {
      reached = toNode(sibling, reached);
      while (first % 2 === 0 && first !== 0) [first, last] = [half(first), half(last)];
    } else {
      reached = toNode(reached, sibling);
    }
    [first, last] = [half(first), half(last)];
  }
  return last === 0 && isSame(reached, root);
}

/** §2.1.4.1: the path that shows that the tree of `size` leaves begins with the one of `first` leaves. */
export async function consistencyPath(first: number, size: number, at: SubtreeAt): Promise<Hash[]> {
  const path: Hash[] = [];
  let [from, to, isWhole] = [0, size, true];
  while (first !== to) {
    const middle = from + splitOf(to - from);
    if (first <= middle) {
      path.unshift(await rangeRoot(middle, to, at));
      to = middle;
    } else {
      path.unshift(await rangeRoot(from, middle, at));
      [from, isWhole] = [middle, false];
    }
  }
  return isWhole ? path : [await rangeRoot(from, to, at), ...path];
}

/** §2.1.4.2: whether the path shows that the second tree begins with the first. */
export function beginsWith(
  first: { readonly size: number; readonly root: Hash },
  second: { readonly size: number; readonly root: Hash },
  path: readonly Hash[],
): boolean {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false;
  if (first.size === second.size) return path.length === 0 && isSame(first.root, second.root);
  if (first.size === 0) return path.length === 0;
  const [start, ...rest] = isPowerOfTwo(first.size) ? [first.root, ...path] : path;
  if (!start) return false;
  let [one, other] = [first.size - 1, second.size - 1];
  while (one % 2 === 1) [one, other] = [half(one), half(other)];
  let [small, large] = [start, start];
  for (const sibling of rest) {
    if (other === 0) return false;
    if (one % 2 === 1 || one === other) {
      [small, large] = [toNode(sibling, small), toNode(sibling, large)];
      while (one % 2 === 0 && one !== 0) [one, other] = [half(one), half(other)];
    } else {
      large = toNode(large, sibling);
    }
    [one, other] = [half(one), half(other)];
  }
  return other === 0 && isSame(small, first.root) && isSame(large, second.root);
}

/** MTH of the leaves from `from` to before `to`, where `from` is one at which a subtree of that size may begin. */
async function rangeRoot(from: number, to: number, at: SubtreeAt): Promise<Hash> {
  const count = to - from;
  if (isPowerOfTwo(count)) return at(Math.log2(count), from / count);
  const middle = from + splitOf(count);
  return toNode(await rangeRoot(from, middle, at), await rangeRoot(middle, to, at));
}

/** The largest power of two below `count`. */
function splitOf(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function bitOf(value: number, at: number): boolean {
  return Math.floor(value / 2 ** at) % 2 === 1;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isSame(one: Hash, other: Hash): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
