import { decodeBase64url, encodeBase64url, type Jwk, type VerifySignature } from '@credence/mcp/protocol';
import { type ChainHead, emptyChain, lineHash } from '../store/chain.ts';
import { type CheckpointClaims, verifyCheckpoint } from './checkpoint.ts';
import { parseExportLine, type RecordLine } from './export-line.ts';
import { GrowingTree } from './merkle.ts';
import { personalHash } from './personal.ts';
import { checkRecord } from './record-schema.ts';
import { leafOf } from './stored-tree.ts';
import type { WitnessedStatements } from './witness-file.ts';

/** The first thing that is wrong with a record, and where. */
export interface RecordFault {
  /** Of the export, the first is 1. */
  readonly line: number;
  /** Of the record it stands in, where there is one. */
  readonly id?: string | undefined;
  readonly fault: FaultName;
  readonly words: string;
}

export type FaultName =
  | 'unreadable'
  | 'missing'
  | 'out_of_order'
  | 'chain_broken'
  | 'altered'
  | 'personal_altered'
  | 'unknown_form'
  | 'checkpoint_forged'
  | 'checkpoint_out_of_order'
  | 'not_what_was_sealed'
  | 'cut_back'
  | 'cut_off_in_front'
  | 'two_heads'
  | 'unsealed';

/** What was found out about a record that is in order. */
export interface Findings {
  readonly lines: number;
  /** Chains: one for each run of a node or a command. */
  readonly chains: number;
  /** Lines before the first one here, which are kept no more. Nobody vouches for how many: that is on the record of what was pruned. */
  readonly startedAt: number;
  readonly erased: number;
  readonly checkpoints: number;
  /** Lines under the last checkpoint, those before the export began included. */
  readonly sealed: number;
  /** Lines behind the last checkpoint: written, and vouched for by nobody yet. */
  readonly unsealed: number;
  readonly sealedAtMs: number | undefined;
  readonly witnessed: number;
}

export interface VerificationOptions {
  /** Keys that are pinned: whatever else is believed is vouched for by these. */
  readonly keys: readonly Jwk[];
  readonly verifySignature: VerifySignature;
  readonly witness?: WitnessedStatements | undefined;
  /** The export was asked to begin behind this line: it may, whatever is said of those before. */
  readonly behind?: number | undefined;
}

/** Verifies a record line by line, and remembers no more of it than a head for each chain and the edge of the tree. */
export interface Verification {
  /** Resolves to the first fault, after which nothing that follows means anything. */
  take(text: string): Promise<RecordFault | undefined>;
  end(): Promise<RecordFault | Findings>;
}

export function createVerification({ keys, verifySignature, witness, behind = 0 }: VerificationOptions): Verification {
  let trusted: readonly Jwk[] = keys;
  const heads = new Map<string, ChainHead>();
  let tree = new GrowingTree();
  let line = 0;
  const counts = { lines: 0, erased: 0, checkpoints: 0, witnessed: 0 };
  let startedAt = 0;
  let last: (CheckpointClaims & { readonly line: number }) | undefined;

  const fault = (fault: FaultName, words: string, id?: string): RecordFault => ({ line, id, fault, words });

  function takeRecord({ body, personal, personalHash: expected, chain, record }: RecordLine): RecordFault | undefined {
    const { position, node, seq, previousHash, hash } = chain;
    const { id } = record;
    const next = tree.size + 1;
    if (position > next) {
      const which = position === next + 1 ? `line ${next} is` : `lines ${next} to ${position - 1} are`;
      return fault('missing', `${which} missing before this one`, id);
    }
    if (position < next) return fault('out_of_order', `line ${position} stands behind line ${next - 1}`, id);
    const head = heads.get(node) ?? (startedAt === 0 ? emptyChain(node) : undefined);
    if (head && seq !== head.seq + 1) {
      return fault('chain_broken', `number ${seq} of ${node} follows number ${head.seq}`, id);
    }
    if (head && previousHash !== head.hash) {
      return fault('chain_broken', `it does not follow the line of ${node} before it`, id);
    }
    if (hash !== lineHash(node, seq, previousHash, { id, kind: record.kind, timeMs: record.timeMs, body })) {
      return fault('altered', 'its hash is not that of what it says', id);
    }
    if (expected !== undefined && personal !== undefined && personalHash(personal) !== expected) {
      return fault('personal_altered', 'what it says of people is not what was written', id);
    }
    const unknown = checkRecord(record, { erased: expected !== undefined && personal === undefined, how: 'loose' });
    if (unknown !== undefined) return fault('unknown_form', unknown, id);
    heads.set(node, { seq, hash });
    tree.add(leafOf(hash));
    counts.lines += 1;
    if (expected !== undefined && personal === undefined) counts.erased += 1;
    return undefined;
  }

  async function takeCheckpoint(statement: string): Promise<RecordFault | undefined> {
    const verified = await verifyCheckpoint(statement, trusted, verifySignature);
    if (!verified.ok) {
      const why = {
        not_a_checkpoint: 'it is not a checkpoint',
        unknown_key: 'it is signed with a key that is neither pinned nor announced by a checkpoint before it',
        bad_signature: 'its signature is not good',
      };
      return fault('checkpoint_forged', why[verified.fault]);
    }
    const { claims } = verified;
    const name = `checkpoint ${claims.number}`;
    if (claims.number !== (last ? last.number + 1 : startedAt === 0 ? 1 : claims.number)) {
      return fault('checkpoint_out_of_order', `${name} follows checkpoint ${last?.number ?? 0}`);
    }
    if (claims.size > tree.size) {
      return fault('missing', `${name} covers ${claims.size} lines, and only ${tree.size} are here`);
    }
    if (claims.size < tree.size) return fault('checkpoint_out_of_order', `${name} stands behind line ${tree.size}`);
    if (claims.root !== encodeBase64url(tree.root())) {
      const from = (last?.size ?? startedAt) + 1;
      return fault('not_what_was_sealed', `one of the lines ${from} to ${tree.size} is not what ${name} sealed`);
    }
    if ((claims.pruned ?? 0) < (last?.pruned ?? 0) || (claims.pruned ?? 0) > claims.size) {
      return fault('checkpoint_out_of_order', `${name} says that lines up to ${claims.pruned ?? 0} may be gone`);
    }
    if (witness && !witness.agrees(claims.number, statement)) {
      return fault('two_heads', `the witness has another ${name}: the record was written anew`);
    }
    trusted = [...trusted, ...(claims.keys ?? []).filter(({ kid }) => !trusted.some((known) => known.kid === kid))];
    last = { ...claims, line };
    counts.checkpoints += 1;
    return undefined;
  }

  function takeStart(size: number, peaks: readonly string[]): RecordFault | undefined {
    if (line !== 1) return fault('out_of_order', 'an export starts once');
    const hashes = peaks.map(decodeBase64url).filter((hash) => hash !== undefined);
    try {
      tree = new GrowingTree(size, hashes);
    } catch {
      return fault('unreadable', 'its start is not one');
    }
    startedAt = size;
    return undefined;
  }

  return {
    async take(text) {
      line += 1;
      const parsed = parseExportLine(text);
      if (!parsed) return fault('unreadable', 'it is not a line of an export of the record');
      if ('start' in parsed) return takeStart(parsed.start.size, parsed.start.peaks);
      return 'checkpoint' in parsed ? takeCheckpoint(parsed.checkpoint) : takeRecord(parsed);
    },

    async end() {
      line += 1;
      const { missing: lost, notHere } = (await witness?.unseen(last?.number ?? 0, trusted, verifySignature)) ?? {};
      if (lost) {
        const when = new Date(lost.timeMs).toISOString();
        return fault(
          'cut_back',
          `the witness has checkpoint ${lost.number} of ${when}, over ${lost.size} lines; here it ends with ${last?.number ?? 'none'}`,
        );
      }
      if (!last) return fault('unsealed', 'there is no checkpoint: nobody vouches for any of it');
      if (startedAt > Math.max(last.pruned ?? 0, behind)) {
        const said = last.pruned === undefined ? 'that any' : `that more than ${last.pruned}`;
        return fault(
          'cut_off_in_front',
          `it begins behind line ${startedAt}, and no checkpoint says ${said} may be gone: they were taken away`,
        );
      }
      // One from before the first line here was there when it was pruned; it is not among what is compared.
      if (notHere && notHere.size > startedAt)
        return fault('two_heads', `the witness has checkpoint ${notHere.number}, and it is not in this record`);
      return {
        ...counts,
        chains: heads.size,
        startedAt,
        sealed: last?.size ?? startedAt,
        unsealed: tree.size - (last?.size ?? startedAt),
        sealedAtMs: last?.timeMs,
        witnessed: witness?.agreed() ?? 0,
      };
    },
  };
}
