import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { emptyChain, lineHash, nextLine, verifyChains } from './chain.ts';
import type { StoredAuditRow } from './store.ts';

const row = { id: 'd_1', kind: 'issuance', timeMs: 1_800_000_000_000, body: '{"name":"é"}' };

describe('chain of the record', () => {
  // Written out, so that whoever verifies an export without this program, and whoever changes the format, sees it.
  test('the hash of a line is SHA-256 over its parts, each with its length in bytes', () => {
    const head = createHash('sha256').update('22:credence-audit-chain-1,6:node-1,').digest('base64url');
    const input = `21:credence-audit-line-1,43:${head},6:node-1,1:1,3:d_1,8:issuance,13:1800000000000,13:{"name":"é"},`;
    const line = nextLine('node-1', emptyChain('node-1'), row);
    assert.equal(line.previousHash, head);
    assert.equal(line.hash, createHash('sha256').update(input).digest('base64url'));
    assert.equal(line.seq, 1);
  });

  const twins: [name: string, left: readonly [string, string], right: readonly [string, string]][] = [
    ['text moved from id to kind', ['ab', 'c'], ['a', 'bc']],
    ['separators inside a part', ['a,1:b', 'c'], ['a', '1:b,c']],
  ];
  for (const [name, [id, kind], [otherId, otherKind]] of twins) {
    test(`two lines never share a hash: ${name}`, () => {
      const left = lineHash('n', 1, 'p', { ...row, id, kind });
      assert.notEqual(left, lineHash('n', 1, 'p', { ...row, id: otherId, kind: otherKind }));
    });
  }

  test('chains of several nodes may lie mixed; two lines of one node in the wrong order do not pass', () => {
    const lines = (node: string): [StoredAuditRow, StoredAuditRow] => {
      const first = { ...nextLine(node, emptyChain(node), row), position: 1 };
      return [first, { ...nextLine(node, first, row), position: 2 }];
    };
    const [a1, a2] = lines('a');
    const [b1, b2] = lines('b');
    assert.equal(verifyChains([a1, b1, a2, b2]), undefined);
    assert.deepEqual(verifyChains([a1, b2, b1, a2]), { row: b2, fault: 'gap' });
    assert.deepEqual(verifyChains([a1, a2, a2]), { row: a2, fault: 'gap' });
  });

  test('a line that was changed, or put behind another than it was written behind, is found', () => {
    const first = { ...nextLine('a', emptyChain('a'), row), position: 1 };
    const second = { ...nextLine('a', first, row), position: 2 };
    const elsewhere = { ...nextLine('a', { seq: 1, hash: 'of another line' }, row), position: 2 };
    const changed = { ...second, body: '{}' };
    assert.equal(verifyChains([first, second]), undefined);
    assert.deepEqual(verifyChains([first, elsewhere]), { row: elsewhere, fault: 'previous_hash' });
    assert.deepEqual(verifyChains([first, changed]), { row: changed, fault: 'hash' });
  });
});
