import {
  chooseKey,
  type EpochSeconds,
  isDate,
  isName,
  type Jwk,
  no,
  ok,
  type ParsedJws,
  type Result,
} from '@credence/mcp/protocol';
import { verifySignature } from '../keys/verify-signature.ts';
import type { Workload } from '../policy/model.ts';

/** A token that lives longer is a password that somebody forgot to call so. */
const maxLifetimeSeconds = 86_400;

/** What makes a token unique, where it may be shown only once. */
export interface UsedToken {
  readonly id: string;
  readonly issuedAt: EpochSeconds;
  readonly until: EpochSeconds;
}

/**
 * Judges a token of the platform a client runs on: exactly the issuer, subject and audience that the entry of the client
 * names, signed by a key of that issuer, live. The client is who the request says: `sub` is a name of the platform's.
 * @param audience - our issuer, unless the entry names another
 * @returns what to mark as used; `undefined` where the entry lets tokens be shown again
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-3
 */
export function checkWorkloadToken(
  jws: ParsedJws,
  workload: Workload,
  keys: readonly Jwk[],
  {
    audience: issuer,
    now,
    skewSeconds,
  }: { readonly audience: string; readonly now: EpochSeconds; readonly skewSeconds: number },
): Result<UsedToken | undefined> {
  const choice = chooseKey(jws.header, keys, workload.algorithms);
  if (!choice.ok || !verifySignature(jws, choice.key, choice.algorithm)) return no('workload_token_bad_signature');

  const { iss, sub, aud, exp, nbf, iat, jti } = jws.claims;
  const audience = Array.isArray(aud) ? aud : [aud];
  const isFor = audience.length === 1 && audience[0] === (workload.audience ?? issuer);
  if (iss !== workload.issuer || sub !== workload.subject || !isFor) return no('workload_token_other');

  const latest = now + skewSeconds;
  if (!isDate(exp) || !isDate(iat) || exp - iat > maxLifetimeSeconds) return no('workload_token_stale');
  if (exp + skewSeconds <= now || iat > latest) return no('workload_token_stale');
  if (nbf !== undefined && !(isDate(nbf) && nbf <= latest)) return no('workload_token_stale');

  if (workload.reuse) return ok(undefined);
  if (!isName(jti, 256)) return no('workload_token_without_id');
  return ok({ id: JSON.stringify([workload.issuer, jti]), issuedAt: iat, until: exp + skewSeconds });
}
