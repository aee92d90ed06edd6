import {
  chooseKey,
  hasType,
  type JsonObject,
  type Jwk,
  mintJws,
  parseJws,
  type Sign,
  type SignatureAlgorithm,
  type VerifySignature,
} from '@credence/mcp/protocol';
import { z } from 'zod';

/** What a checkpoint says: the first `size` lines of the record are those under this root. */
export interface CheckpointClaims {
  /** 1, 2, 3, ... within a record. */
  readonly number: number;
  readonly size: number;
  /** Root of the tree over the lines, base64url (RFC 9162 §2.1). */
  readonly root: string;
  readonly timeMs: number;
  /** Lines up to this position may be gone, by an order that was written down before this was signed; absent: all are there. */
  readonly pruned?: number | undefined;
  /** Other keys that may sign checkpoints after this one: so a new key is vouched for by the one before it. */
  readonly keys?: readonly Jwk[] | undefined;
}

/** Signs checkpoints; the key is for nothing else (KEY-01). */
export interface CheckpointKeys {
  signer(): { readonly kid: string; readonly algorithm: SignatureAlgorithm; readonly sign: Sign };
  /** Public keys in force, the signing one among them. */
  published(): readonly Jwk[];
}

const checkpointType = 'credence-checkpoint+jwt';

const digest = z.string().regex(/^[\w-]{43}$/);
const count = z.int().min(1);
const Claims = z.strictObject({
  number: count,
  size: count,
  root: digest,
  timeMs: z.int().min(0),
  pruned: count.optional(),
  keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })).optional(),
});

/** A signed checkpoint, as a compact JWS (RFC 7515). */
export function mintCheckpoint(claims: CheckpointClaims, { signer, published }: CheckpointKeys): Promise<string> {
  const { kid, algorithm, sign } = signer();
  const others = published().filter((key) => key.kid !== kid);
  const said = { ...claims, ...(others.length > 0 && { keys: others }) };
  return mintJws({ alg: algorithm, kid, typ: checkpointType }, said as unknown as JsonObject, sign);
}

/** How many lines a checkpoint says may be gone. Nothing in it is verified: for pacing, and never for believing. */
export function prunedBy(statement: string | undefined): number {
  const claims = Claims.safeParse(statement === undefined ? undefined : parseJws(statement)?.claims);
  return claims.data?.pruned ?? 0;
}

/** Why a text is not a checkpoint that these keys vouch for. */
export type CheckpointFault = 'not_a_checkpoint' | 'unknown_key' | 'bad_signature';

/**
 * The checkpoint that a statement is, once its signature is good under one of `keys`: never under one that it names itself.
 */
export async function verifyCheckpoint(
  statement: string,
  keys: readonly Jwk[],
  verifySignature: VerifySignature,
): Promise<{ ok: true; claims: CheckpointClaims } | { ok: false; fault: CheckpointFault }> {
  const jws = parseJws(statement);
  const claims = jws && Claims.safeParse(jws.claims);
  if (!jws || !hasType(jws.header, checkpointType) || !claims?.success) return { ok: false, fault: 'not_a_checkpoint' };
  if (jws.header.kid === undefined) return { ok: false, fault: 'unknown_key' };
  const choice = chooseKey(jws.header, keys);
  if (!choice.ok) return { ok: false, fault: 'unknown_key' };
  if (!(await verifySignature(jws, choice.key, choice.algorithm))) return { ok: false, fault: 'bad_signature' };
  return { ok: true, claims: claims.data };
}
