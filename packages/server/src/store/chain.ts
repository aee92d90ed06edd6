import { digestOf, utf8Length } from '#hashing';
import type { AuditRow, StoredAuditRow } from './store.ts';

/** Where a node's chain stands: the number and hash of its last line. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** The head of a chain without lines. It depends on the node, so that the chain of one cannot be passed off as another's. */
export function emptyChain(node: string): ChainHead {
  return { seq: 0, hash: sha256('credence-audit-chain-1', node) };
}

/** Where a line stands in the chain of its node. */
export type Link = Pick<StoredAuditRow, 'node' | 'seq' | 'previousHash' | 'hash'>;

/** The place that follows `head` on `node`. Everything in a line that tells what happened is hashed, and so is what came before. */
export function nextLink(node: string, head: ChainHead, row: AuditRow): Link {
  const seq = head.seq + 1;
  return { node, seq, previousHash: head.hash, hash: lineHash(node, seq, head.hash, row) };
}

/** The line that follows `head` on `node`. */
export function nextLine(node: string, head: ChainHead, row: AuditRow): Omit<StoredAuditRow, 'position'> {
  return { ...row, ...nextLink(node, head, row) };
}

/**
 * Hash of a line, base64url. Look-up columns are left out: they are copies of members of `body`.
 * An auditor without this program can recompute it: SHA-256 over the strings below, each as its length in bytes (UTF-8),
 * a colon, the bytes and a comma, so that no two lines give the same input.
 */
export function lineHash(node: string, seq: number, previousHash: string, row: AuditRow): string {
  return sha256(
    'credence-audit-line-1',
    previousHash,
    node,
    String(seq),
    row.id,
    row.kind,
    String(row.timeMs),
    row.body,
  );
}

/** Why a line does not follow from the one before it. */
export type ChainFault = { readonly row: StoredAuditRow; readonly fault: 'gap' | 'previous_hash' | 'hash' };

/** Finds the first line that breaks the chain of its node. `rows` of several nodes may be mixed; each starts at its first. */
export function verifyChains(rows: Iterable<StoredAuditRow>): ChainFault | undefined {
  const heads = new Map<string, ChainHead>();
  for (const row of rows) {
    const head = heads.get(row.node) ?? emptyChain(row.node);
    if (row.seq !== head.seq + 1) return { row, fault: 'gap' };
    if (row.previousHash !== head.hash) return { row, fault: 'previous_hash' };
    if (row.hash !== lineHash(row.node, row.seq, row.previousHash, row)) return { row, fault: 'hash' };
    heads.set(row.node, row);
  }
  return undefined;
}

function sha256(...parts: readonly string[]): string {
  let input = '';
  for (const part of parts) input += `${utf8Length(part)}:${part},`;
  return digestOf(input);
}
