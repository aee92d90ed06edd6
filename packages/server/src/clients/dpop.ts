import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import {
  checkDpopProof,
  type EpochSeconds,
  no,
  ok,
  parseDpopProof,
  type Result,
  toThumbprint,
} from '@credence/mcp/protocol';
import type { Call } from '../call.ts';
import { verifySignature } from '../keys/verify-signature.ts';

/** Where proofs are for, and whether they must carry a nonce of ours. */
export interface DpopEndpoint {
  /** The token endpoint as published. */
  readonly url: string;
  readonly nonces: DpopNonces | undefined;
}

const maxAgeSeconds = 60;

/**
 * Verifies the DPoP proof of a token request; resolves to the thumbprint of its key, or `undefined` when none was sent.
 * A proof that was sent is never ignored (IDP-31, RAS-29), and is used up in the same step as the record.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-5
 */
export function verifyDpop(call: Call, { url, nonces }: DpopEndpoint): Result<string | undefined> {
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
  call.mark(
    { kind: 'dpop_proof', id: JSON.stringify([url, thumbprint, proof.value.id]), until: proof.value.until },
    'always',
  );
  call.note({ keyThumbprint: thumbprint });
  return ok(thumbprint);
}

/** Nonces that every node with the same secret makes and knows, without keeping any. */
export interface DpopNonces {
  current(now: EpochSeconds): string;
  accepts(nonce: string, now: EpochSeconds): boolean;
}

const windowSeconds = 120;

/** A nonce names a window of time under a secret; this window's and the one's before are accepted (RFC 9449 §8). */
export function createDpopNonces(secret: string): DpopNonces {
  const nonceOf = (window: number) => createHmac('sha256', secret).update(`dpop nonce ${window}`).digest('base64url');
  const windowOf = (now: EpochSeconds) => Math.floor(now / windowSeconds);
  return {
    current: (now) => nonceOf(windowOf(now)),
    accepts: (nonce, now) => [0, 1].some((age) => areEqual(nonce, nonceOf(windowOf(now) - age))),
  };
}

function areEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
