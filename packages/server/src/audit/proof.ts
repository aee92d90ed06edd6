import { decodeBase64url, encodeBase64url, type Jwk, type VerifySignature } from '@credence/mcp/protocol';
import { z } from 'zod';
import { lineHash } from '../store/chain.ts';
import type { SealStore } from '../store/seals.ts';
import type { StoredAuditRow } from '../store/store.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import { parseExportLine, type RecordLine, toExportLine } from './export-line.ts';
import { inclusionPath, leadsTo } from './merkle.ts';
import { personalHash } from './personal.ts';
import { leafOf, storedSubtrees } from './stored-tree.ts';

/** One record, and all that it takes to see that it is in the record under a signed checkpoint; says nothing of any other. */
const Proof = z.strictObject({
  record: z.record(z.string(), z.unknown()),
  /** Place of the line, from 0 on. */
  index: z.int().min(0),
  /** Path from the leaf to the root, base64url (RFC 9162 §2.1.3). */
  path: z.array(z.string()).max(64),
  checkpoint: z.string(),
});
export type Proof = z.output<typeof Proof>;

/** Resolves to `undefined` while no checkpoint covers the line. */
export async function proveRecord(row: StoredAuditRow, seals: SealStore): Promise<Proof | undefined> {
  const last = await seals.last();
  if (!last || last.size < row.position) return undefined;
  const index = row.position - 1;
  const path = await inclusionPath(index, last.size, storedSubtrees(seals));
  return {
    record: JSON.parse(toExportLine(row)),
    index,
    path: path.map(encodeBase64url),
    checkpoint: last.statement,
  };
}

/** What a proof shows. */
export interface Proven {
  readonly line: RecordLine;
  /** The checkpoint that vouches for it, how many lines that covers, and when it was signed. */
  readonly checkpoint: number;
  readonly size: number;
  readonly timeMs: number;
  /** Hashes on the path from the line to what was signed. */
  readonly steps: number;
}

/** The record that a proof is of, and when it was sealed at the latest; or why it proves nothing. */
export async function verifyProof(
  text: string,
  keys: readonly Jwk[],
  verifySignature: VerifySignature,
): Promise<Proven | string> {
  let proof: Proof;
  try {
    proof = Proof.parse(JSON.parse(text));
  } catch {
    return 'it is not a proof';
  }
  const line = parseExportLine(JSON.stringify(proof.record));
  if (!line || !('chain' in line)) return 'it is not a proof of a record';
  const { body, personal, personalHash: expected, record, chain } = line;
  const { node, seq, previousHash, hash } = chain;
  if (hash !== lineHash(node, seq, previousHash, { id: record.id, kind: record.kind, timeMs: record.timeMs, body })) {
    return 'the record was altered: its hash is not that of what it says';
  }
  if (personal !== undefined && personalHash(personal) !== expected) {
    return 'the record was altered: what it says of people is not what was written';
  }
  const checkpoint = await verifyCheckpoint(proof.checkpoint, keys, verifySignature);
  if (!checkpoint.ok) return `the checkpoint is not vouched for by a pinned key (${checkpoint.fault})`;
  const { number, root, size, timeMs } = checkpoint.claims;
  const steps = proof.path.map(decodeBase64url);
  const path = steps.filter((step) => step !== undefined);
  const top = decodeBase64url(root);
  const leads =
    top !== undefined && path.length === steps.length && leadsTo(top, leafOf(hash), proof.index, size, path);
  if (chain.position !== proof.index + 1 || !leads) {
    return 'the path does not lead from the record to the checkpoint';
  }
  return { line, checkpoint: number, size, timeMs, steps: path.length };
}
