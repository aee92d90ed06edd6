import { hash } from 'node:crypto';
import { type Jwk, parseJws, type VerifySignature } from '@credence/mcp/protocol';
import { type CheckpointClaims, verifyCheckpoint } from './checkpoint.ts';

/** What a witness has kept, to be compared with a record. */
export interface WitnessedStatements {
  /** Whether the witness has this checkpoint as it is here, or not at all. */
  agrees(number: number, statement: string): boolean;
  /** How many it has agreed with. */
  agreed(): number;
  /** The first one it has beyond `last` that these keys vouch for: the record was longer once. */
  missing(last: number, keys: readonly Jwk[], verifySignature: VerifySignature): Promise<CheckpointClaims | undefined>;
}

/** Remembers a hash for each statement; a line that is none, because it broke off, is passed over. */
export async function readWitness(lines: AsyncIterable<string>): Promise<WitnessedStatements> {
  const kept = new Map<number, string>();
  const twice = new Set<number>();
  let newest: { readonly number: number; readonly statement: string } | undefined;
  let agreed = 0;
  for await (const text of lines) {
    const statement = text.trim();
    const number = parseJws(statement)?.claims.number;
    if (typeof number !== 'number') continue;
    const digest = toDigest(statement);
    if (kept.has(number) && kept.get(number) !== digest) twice.add(number);
    kept.set(number, digest);
    if (!newest || number > newest.number) newest = { number, statement };
  }
  return {
    agrees(number, statement) {
      const digest = kept.get(number);
      if (digest === undefined) return true;
      agreed += 1;
      return digest === toDigest(statement) && !twice.has(number);
    },
    agreed: () => agreed,
    async missing(last, keys, verifySignature) {
      if (!newest || newest.number <= last) return undefined;
      const verified = await verifyCheckpoint(newest.statement, keys, verifySignature);
      return verified.ok ? verified.claims : undefined;
    },
  };
}

function toDigest(statement: string): string {
  return hash('sha256', statement, 'base64url');
}
