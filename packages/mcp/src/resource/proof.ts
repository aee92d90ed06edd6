import {
  checkDpopProof,
  type EpochSeconds,
  encodeBase64url,
  no,
  ok,
  parseDpopProof,
  type Result,
  thumbprintInput,
  type VerifySignature,
} from '../protocol/index.ts';
import type { GuardedRequest } from './guard.ts';

/** Remembers which DPoP proofs were used. */
export interface ProofMemory {
  /**
   * Resolves true for exactly one use of an id.
   * @param id - the thumbprint of the key, a space, and what the proof is called by whoever has the key
   */
  useOnce(id: string, until: EpochSeconds): boolean | Promise<boolean>;
}

const maxAgeSeconds = 60;
const maxRemembered = 100_000;

/**
 * Remembers in this process, in bounded space. A key may have as many live proofs there as there is room left: nobody alone leaves
 * the others without any (T27). Whoever has as many is refused until some of theirs have run out.
 */
export function rememberProofs(now: () => EpochSeconds): ProofMemory {
  const used = new Map<string, EpochSeconds>();
  const ofKeys = new Map<string, number>();
  let tidiedAt = 0;
  const hasEnough = (key: string): boolean => (ofKeys.get(key) ?? 0) >= maxRemembered - used.size;
  const count = (key: string): void => {
    ofKeys.set(key, (ofKeys.get(key) ?? 0) + 1);
  };
  /** Once a second: what was not over then is not over now, and to look through all of it takes longer than all else of a request. */
  const tidy = (at: EpochSeconds): void => {
    if (at === tidiedAt) return;
    tidiedAt = at;
    ofKeys.clear();
    for (const [id, end] of used) {
      if (end < at) used.delete(id);
      else count(keyOf(id));
    }
  };
  return {
    useOnce(id, until) {
      if (used.has(id)) return false;
      const key = keyOf(id);
      if (hasEnough(key)) tidy(now());
      if (hasEnough(key)) return false;
      used.set(id, until);
      count(key);
      return true;
    },
  };
}

function keyOf(id: string): string {
  return id.slice(0, id.indexOf(' '));
}

/** The proof that goes with a bound token: same key, this request, this token, first use (MCS-11). @see https://www.rfc-editor.org/rfc/rfc9449#section-7 */
export async function verifyProof(
  request: GuardedRequest,
  token: string,
  bound: string,
  at: { resource: string; now: EpochSeconds; verifySignature: VerifySignature; proofs: ProofMemory },
): Promise<Result<void>> {
  const header = request.headers.get('dpop');
  if (header === null) return no('token_proof_missing');
  const parsed = parseDpopProof(header);
  if (!parsed.ok) return no('token_proof_invalid');
  const { jws, key, algorithm } = parsed.value;
  if (!(await at.verifySignature(jws, key, algorithm))) return no('token_proof_invalid');

  const thumbprint = await sha256(thumbprintInput(key));
  if (thumbprint !== bound) return no('token_proof_invalid');
  // `node:http` hands on whatever path was sent, also what is none, such as `//`.
  if (!URL.canParse(request.url, at.resource)) return no('token_proof_invalid');
  const { pathname } = new URL(request.url, at.resource);
  const checked = checkDpopProof(parsed.value, thumbprint, {
    method: request.method,
    url: new URL(at.resource).origin + pathname, // as published, whatever a proxy made of it
    now: at.now,
    maxAgeSeconds,
    accessTokenHash: await sha256(token),
  });
  if (!checked.ok) return no('token_proof_invalid');
  const isNew = await at.proofs.useOnce(`${thumbprint} ${checked.value.id}`, checked.value.until);
  return isNew ? ok(undefined) : no('token_proof_invalid');
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return encodeBase64url(new Uint8Array(digest));
}
