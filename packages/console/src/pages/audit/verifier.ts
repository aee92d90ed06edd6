import {
  createVerification,
  type Findings,
  fingerprintOf,
  type Jwk,
  type Proven,
  parseJws,
  parsePins,
  type RecordFault,
  readWitness,
  verifyProof,
} from '@credence/server/record-verification';
import { linesOf } from './lines.ts';
import type { SeenCheckpoint } from './pinned.ts';
import { verifySignature } from './verify-signature.ts';

// Loaded when somebody verifies: what `credence audit verify` runs, for the browser.

export interface VerifyOptions {
  readonly keys: readonly Jwk[];
  /** Where the export was asked to begin. */
  readonly behind: number;
  /** Lines that a checkpoint covered when the page was read: an export that ends before is not whole. */
  readonly atLeast: number;
  /** Checkpoints that a witness has, and that this browser verified before: one a line. */
  readonly witnessed: readonly string[];
  readonly onLine: (line: number) => void;
  readonly signal: AbortSignal;
  /** Lets the page be drawn, and answer, every so often. */
  readonly breathe: () => Promise<void>;
}

export type Outcome =
  | { readonly as: 'in_order'; readonly findings: Findings; readonly seen: Seen }
  | { readonly as: 'fault'; readonly fault: RecordFault }
  | { readonly as: 'broke_off'; readonly line: number }
  | { readonly as: 'cancelled' };

/** The last checkpoint of an export that is in order. */
export interface Seen extends SeenCheckpoint {
  /** Keys that may sign those after it: it vouches for them. */
  readonly announced: readonly Jwk[];
}

/** Verifies an export as it comes. */
export async function verifyRecord(bytes: ReadableStream<Uint8Array>, options: VerifyOptions): Promise<Outcome> {
  const { keys, behind, atLeast, witnessed, onLine, signal, breathe } = options;
  const witness = await readWitness(async function* () {
    yield* witnessed;
  });
  const verification = createVerification({ keys, verifySignature, witness, behind });
  let line = 0;
  let checkpoint = '';
  try {
    for await (const text of linesOf(bytes)) {
      if (signal.aborted) return { as: 'cancelled' };
      line += 1;
      const fault = await verification.take(text);
      if (fault) return { as: 'fault', fault };
      if (text.startsWith('{"checkpoint":')) checkpoint = (JSON.parse(text) as { checkpoint: string }).checkpoint;
      onLine(line);
      await breathe();
    }
  } catch {
    return signal.aborted ? { as: 'cancelled' } : { as: 'broke_off', line };
  }
  const end = await verification.end();
  if ('fault' in end) return { as: 'fault', fault: end };
  if (end.sealed < atLeast) {
    const words = `a checkpoint covered ${atLeast} lines when this page was read, and here it ends with ${end.sealed}`;
    return { as: 'fault', fault: { line: line + 1, fault: 'cut_back', words } };
  }
  const { number, keys: announced = [] } = parseJws(checkpoint)?.claims ?? {};
  return {
    as: 'in_order',
    findings: end,
    seen: {
      statement: checkpoint,
      number: Number(number),
      size: end.sealed,
      timeMs: end.sealedAtMs ?? 0,
      announced: announced as readonly Jwk[], // of this form, or the checkpoint would not have been taken
    },
  };
}

/** What a proof of this record shows, or why it shows nothing. */
export async function checkProof(
  proof: string,
  keys: readonly Jwk[],
  id: string,
): Promise<Pick<Proven, 'checkpoint' | 'size' | 'timeMs' | 'steps'> | string> {
  const proven = await verifyProof(proof, keys, verifySignature);
  if (typeof proven === 'string') return proven;
  const { line, checkpoint, size, timeMs, steps } = proven;
  return line.record.id === id ? { checkpoint, size, timeMs, steps } : 'it is a proof of another record';
}

export { fingerprintOf, parsePins };
