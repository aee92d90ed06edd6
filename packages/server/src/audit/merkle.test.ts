import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  beginsWith,
  consistencyPath,
  GrowingTree,
  type Hash,
  inclusionPath,
  leadsTo,
  peakLevels,
  readPeaks,
  type SubtreeAt,
  toLeaf,
} from './merkle.ts';

const hex = (hash: Hash) => Buffer.from(hash).toString('hex');
const leaves = (count: number) => Array.from({ length: count }, (_, at) => toLeaf(Buffer.from(`leaf ${at}`)));

/** §2.1.1 as it is written, over all of it at once: what the code is compared with. */
function mth(data: readonly Hash[]): Hash {
  const sha = (...parts: Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
  if (data.length === 0) return sha();
  if (data.length === 1) return data[0] as Hash;
  let split = 1;
  while (split * 2 < data.length) split *= 2;
  return sha(Uint8Array.of(1), mth(data.slice(0, split)), mth(data.slice(split)));
}

const subtreesOf =
  (data: readonly Hash[]): SubtreeAt =>
  async (level, place) => {
    const part = data.slice(place * 2 ** level, (place + 1) * 2 ** level);
    assert.equal(part.length, 2 ** level, 'only complete subtrees are asked for');
    return mth(part);
  };

function grown(data: readonly Hash[]): GrowingTree {
  const tree = new GrowingTree();
  for (const leaf of data) tree.add(leaf);
  return tree;
}

/** The eight inputs of the reference trees of Certificate Transparency, and the roots of the first 0 to 8 of them. */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (text) => toLeaf(Buffer.from(text, 'hex')),
);
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

describe('RFC 9162 §2.1: the Merkle tree', () => {
  for (const [size, root] of roots.entries()) {
    test(`the root of the first ${size} reference inputs`, () => {
      assert.equal(hex(grown(inputs.slice(0, size)).root()), root);
      assert.equal(hex(mth(inputs.slice(0, size))), root);
    });
  }

  // §2.1.5: seven leaves; the paths are spelled out there by the names of the nodes.
  const d = inputs.slice(0, 7);
  const [h, i, j] = [mth(d.slice(2, 4)), mth(d.slice(4, 6)), d[6] as Hash];
  const [g, k, l] = [mth(d.slice(0, 2)), mth(d.slice(0, 4)), mth(d.slice(4, 7))];
  const spelled: [name: string, path: Promise<Hash[]>, expected: (Hash | undefined)[]][] = [
    ['inclusion of d0', inclusionPath(0, 7, subtreesOf(d)), [d[1], h, l]],
    ['inclusion of d3', inclusionPath(3, 7, subtreesOf(d)), [d[2], g, l]],
    ['inclusion of d4', inclusionPath(4, 7, subtreesOf(d)), [d[5], j, k]],
    ['inclusion of d6', inclusionPath(6, 7, subtreesOf(d)), [i, k]],
    ['consistency of 3 and 7', consistencyPath(3, 7, subtreesOf(d)), [d[2], d[3], g, l]],
    ['consistency of 4 and 7', consistencyPath(4, 7, subtreesOf(d)), [l]],
    ['consistency of 6 and 7', consistencyPath(6, 7, subtreesOf(d)), [i, j, k]],
  ];
  for (const [name, path, expected] of spelled) {
    test(`§2.1.5: the path of ${name}`, async () => {
      assert.deepEqual(
        (await path).map(hex),
        expected.map((hash) => hash && hex(hash)),
      );
    });
  }

  test('every leaf of every tree up to 40: its path leads to the root, and nothing else does', async () => {
    const data = leaves(40);
    for (let size = 1; size <= data.length; size += 1) {
      const part = data.slice(0, size);
      const root = mth(part);
      for (const [index, leaf] of part.entries()) {
        const path = await inclusionPath(index, size, subtreesOf(part));
        assert.ok(leadsTo(root, leaf, index, size, path));
        assert.ok(!leadsTo(root, toLeaf(Buffer.from('another')), index, size, path));
        assert.ok(!leadsTo(root, leaf, index, size, [...path, leaf]));
        if (path.length > 0) assert.ok(!leadsTo(root, leaf, index, size, path.slice(1)));
        if (path.length > 0) assert.ok(!leadsTo(root, leaf, index, size, path.slice(0, -1)));
      }
    }
  });

  test('every two sizes up to 40: the larger begins with the smaller, and with no other', async () => {
    const data = leaves(40);
    for (let size = 1; size <= data.length; size += 1) {
      const second = { size, root: mth(data.slice(0, size)) };
      for (let first = 1; first <= size; first += 1) {
        const path = await consistencyPath(first, size, subtreesOf(data.slice(0, size)));
        const smaller = { size: first, root: mth(data.slice(0, first)) };
        assert.ok(beginsWith(smaller, second, path), `${first} of ${size}`);
        assert.ok(!beginsWith({ ...smaller, root: toLeaf(Buffer.from('x')) }, second, path));
        assert.ok(!beginsWith(smaller, { ...second, root: toLeaf(Buffer.from('x')) }, path));
        assert.ok(!beginsWith(smaller, second, [...path, smaller.root]));
        if (path.length > 0) assert.ok(!beginsWith(smaller, second, path.slice(0, -1)));
      }
    }
  });

  test('the empty tree is the beginning of every other; a larger one of none smaller', () => {
    const second = { size: 3, root: mth(leaves(3)) };
    assert.ok(beginsWith({ size: 0, root: mth([]) }, second, []));
    assert.ok(!beginsWith({ size: 0, root: mth([]) }, second, [second.root]));
    assert.ok(!beginsWith(second, { size: 2, root: mth(leaves(2)) }, []));
    assert.ok(!beginsWith(second, { ...second, root: mth(leaves(2)) }, []));
  });

  const nonsense: [name: string, index: number, size: number][] = [
    ['an index beyond the tree', 5, 5],
    ['a negative index', -1, 5],
    ['half an index', 0.5, 5],
    ['no size', 0, 0],
    ['a size that is no number', 0, Number.NaN],
    ['a size without end', 0, Number.POSITIVE_INFINITY],
  ];
  for (const [name, index, size] of nonsense) {
    test(`${name} leads nowhere`, async () => {
      const data = leaves(5);
      const path = await inclusionPath(0, 5, subtreesOf(data));
      assert.equal(leadsTo(mth(data), data[0] as Hash, index, size, path), false);
      assert.equal(beginsWith({ size: index, root: mth([]) }, { size, root: mth(data) }, path), false);
    });
  }

  test('a path that is too short or too long shows nothing, whatever roots somebody makes up for it', () => {
    const [a, b, c, d, e] = leaves(5) as [Hash, Hash, Hash, Hash, Hash];
    assert.equal(leadsTo(a, a, 0, 1, []), true);
    assert.equal(leadsTo(a, a, 1, 1, []), false);
    assert.equal(leadsTo(mth([b, a]), a, 0, 1, [b]), false);
    const root = mth([a, b]);
    assert.equal(beginsWith({ size: 2, root }, { size: 1, root }, []), false);
    assert.equal(beginsWith({ size: 0.5, root }, { size: 1, root }, []), false);
    assert.equal(beginsWith({ size: 3, root }, { size: 4, root: mth([a, b, c, d]) }, []), false);
    const node = (one: Hash, other: Hash) =>
      createHash('sha256')
        .update(Buffer.concat([Buffer.of(1), one, other]))
        .digest();
    const path = [c, d, root];
    const [small, large] = [node(root, c), node(root, node(c, d))];
    assert.equal(beginsWith({ size: 3, root: small }, { size: 4, root: large }, path), true);
    assert.equal(beginsWith({ size: 3, root: node(e, small) }, { size: 4, root: node(e, large) }, [...path, e]), false);
  });

  test('grown leaf by leaf, or taken up where another left off: the same root', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(300), fc.nat(300), async (first, more) => {
        const data = leaves(first + more);
        const tree = new GrowingTree(first, await readPeaks(first, subtreesOf(data)));
        const ended = data.slice(first).flatMap((leaf) => tree.add(leaf));
        assert.equal(tree.size, first + more);
        assert.equal(hex(tree.root()), hex(mth(data)));
        for (const { level, place, hash } of ended) {
          assert.equal(hex(hash), hex(await subtreesOf(data)(level, place)));
        }
      }),
      { numRuns: 30 },
    );
  });

  test('a change anywhere changes the root', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.nat(), (size, at) => {
        const data = leaves(size);
        const changed = data.with(at % size, toLeaf(Buffer.from('changed')));
        assert.notEqual(hex(grown(changed).root()), hex(grown(data).root()));
      }),
    );
  });

  test('peaks of another size are refused', () => {
    assert.deepEqual(peakLevels(13), [3, 2, 0]);
    assert.throws(() => new GrowingTree(13, leaves(2)), /13 has 3 peaks/);
  });
});
