import { createHash, hkdfSync, timingSafeEqual } from 'node:crypto';
import {
  checkDpopProof,
  type EpochSeconds,
  no,
  ok,
  parseDpopProof,
  type Result,
  toThumbprint,
} from '@credence/mcp/protocol';
import type { ProofMemory } from '@credence/mcp/resource';
import type { Call } from '../call.ts';
import { verifySignature } from '../keys/verify-signature.ts';
import type { Mark, Store } from '../store/store.ts';
import { isOfBefore } from './before-epoch.ts';

/** Where proofs are for, and whether they must carry a nonce of ours. */
export interface DpopEndpoint {
  /** The token endpoint as published. */
  readonly url: string;
  readonly nonces: DpopNonces | undefined;
  /** A proof counts only when it was made after this second (T21). */
  readonly since: () => EpochSeconds;
}

export const maxAgeSeconds = 60;

/**
 * Verifies the DPoP proof of a token request; resolves to the thumbprint of its key, or `undefined` when none was sent.
 * A proof that was sent is never ignored (IDP-31, RAS-29), and is used up in the same step as the record.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
 */
export function verifyDpop(call: Call, { url, nonces, since }: DpopEndpoint): Result<string | undefined> {
  if (call.dpop === undefined) return ok(undefined);
  const parsed = parseDpopProof(call.dpop);
  if (!parsed.ok) return parsed;
  const { jws, key, algorithm } = parsed.value;
  if (!verifySignature(jws, key, algorithm)) return no('dpop_proof_bad_signature');

  const thumbprint = toThumbprint(key, (text) => createHash('sha256').update(text).digest());
  const { now } = call;
  const acceptsNonce = nonces && ((nonce: string) => nonces.accepts(nonce, now));
  const proof = checkDpopProof(parsed.value, thumbprint, { method: 'POST', url, now, maxAgeSeconds, acceptsNonce });
  if (nonces && !proof.ok && proof.refusal === 'dpop_nonce_needed') call.answerWith('dpop-nonce', nonces.current(now));
  if (!proof.ok) return proof;
  if (isOfBefore(proof.value.until - maxAgeSeconds, since(), maxAgeSeconds)) return no('dpop_proof_before_epoch');
  call.mark(dpopMark(url, thumbprint, proof.value.id, proof.value.until), 'always');
  call.note({ keyThumbprint: thumbprint });
  return ok(thumbprint);
}

/** The mark of a proof: one replay space for every grant of an endpoint. @param url - the endpoint as published */
export function dpopMark(url: string, thumbprint: string, id: string, until: EpochSeconds): Mark {
  return { kind: 'dpop_proof', id: JSON.stringify([url, thumbprint, id]), until };
}

/** Proofs at a gateway, remembered in the store: what one node accepted no other does (MCS-11, T15). */
export function storedProofs(store: Pick<Store, 'commit'>): ProofMemory {
  return {
    async useOnce(id, until) {
      const mark: Mark = { kind: 'dpop_proof', id: JSON.stringify(['gateway', id]), until };
      return (await store.commit({ marks: [mark], records: [] })).won;
    },
  };
}

/** Nonces that every node with the same secret makes and knows, without keeping any. */
export interface DpopNonces {
  /** What they are made from, for others who make the same: 32 bytes. */
  readonly secret: Buffer;
  current(now: EpochSeconds): string;
  accepts(nonce: string, now: EpochSeconds): boolean;
}

const stepSeconds = 60;
const acceptedSteps = [-2, -1, 0, 1, 2];

/**
 * A nonce names a step of time under a secret; the next one is given out, those two steps around now are accepted (RFC 9449 §8).
 * They are the nonces that `oidc-provider` makes of the same secret: one token endpoint, and clients keep one nonce for it.
 */
export function createDpopNonces(secretText: string): DpopNonces {
  const secret = createHash('sha256').update(secretText).digest();
  const nonceOf = (step: number) => {
    const salt = Buffer.alloc(8);
    salt.writeBigUInt64BE(BigInt(step));
    return Buffer.from(hkdfSync('sha256', secret, salt, 'DPoP', 32)).toString('base64url');
  };
  const stepOf = (now: EpochSeconds) => Math.floor(now / stepSeconds);
  return {
    secret,
    current: (now) => nonceOf(stepOf(now) + 1),
    accepts: (nonce, now) => acceptedSteps.some((away) => areEqual(nonce, nonceOf(stepOf(now) + away))),
  };
}

function areEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
