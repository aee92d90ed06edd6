import { type Jwk, parseJws, type VerifySignature } from '@credence/mcp/protocol';
import { digestOf } from '#hashing';
import { type CheckpointClaims, verifyCheckpoint } from './checkpoint.ts';

/** What a witness has kept, to be compared with a record. */
export interface WitnessedStatements {
  /** Whether the witness has this checkpoint as it is here, or not at all. */
  agrees(number: number, statement: string): boolean;
  /** How many it has agreed with. */
  agreed(): number;
  /**
   * Of those that these keys vouch for: the first beyond `last`, since the record was longer once; else, of those that were not
   * compared, the one over most lines: where it covers lines that are here, the record is not the one that was witnessed.
   */
  unseen(
    last: number,
    keys: readonly Jwk[],
    verifySignature: VerifySignature,
  ): Promise<{ readonly missing?: CheckpointClaims; readonly notHere?: CheckpointClaims }>;
}

/**
 * Remembers a hash for each statement; a line that is none, because it broke off, is passed over.
 * @param read - from its beginning, each time it is called
 */
export async function readWitness(read: () => AsyncIterable<string>): Promise<WitnessedStatements> {
  const kept = new Map<number, string>();
  const twice = new Set<number>();
  const compared = new Set<number>();
  let agreed = 0;
  for await (const { number, statement } of statementsOf(read())) {
    const digest = digestOf(statement);
    if (kept.has(number) && kept.get(number) !== digest) twice.add(number);
    kept.set(number, digest);
  }
  return {
    agrees(number, statement) {
      const digest = kept.get(number);
      if (digest === undefined) return true;
      compared.add(number);
      agreed += 1;
      return digest === digestOf(statement) && !twice.has(number);
    },
    agreed: () => agreed,
    async unseen(last, keys, verifySignature) {
      // Anybody may have written into it: only what is vouched for counts, and vouches for the keys that come after it.
      let trusted = keys;
      let notHere: CheckpointClaims | undefined;
      for await (const { statement } of statementsOf(read())) {
        const verified = await verifyCheckpoint(statement, trusted, verifySignature);
        if (!verified.ok) continue;
        trusted = [
          ...trusted,
          ...(verified.claims.keys ?? []).filter(({ kid }) => !trusted.some((known) => known.kid === kid)),
        ];
        if (verified.claims.number > last) return { missing: verified.claims };
        const { number, size } = verified.claims;
        if (!compared.has(number) && size > (notHere?.size ?? 0)) notHere = verified.claims;
      }
      return notHere ? { notHere } : {};
    },
  };
}

async function* statementsOf(lines: AsyncIterable<string>): AsyncGenerator<{ number: number; statement: string }> {
  for await (const text of lines) {
    const statement = text.trim();
    const number = parseJws(statement)?.claims.number;
    if (typeof number === 'number') yield { number, statement };
  }
}
