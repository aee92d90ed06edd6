import {
  chooseKey,
  type EpochSeconds,
  hasType,
  isDate,
  isName,
  isObject,
  type Jwk,
  joseType,
  no,
  ok,
  parseJws,
  type Result,
  type VerifiedJwt,
  type VerifySignature,
} from '@credence/mcp/protocol';

/** What a logout token says: this session over there has ended, or every one of this subject. */
export interface LogoutToken {
  readonly id: string;
  readonly subject: string | undefined;
  readonly sid: string | undefined;
  /** Until when a second one with this `jti` would be accepted. */
  readonly until: EpochSeconds;
}

export interface ExpectedLogoutToken {
  readonly issuer: string;
  readonly clientId: string;
  readonly now: EpochSeconds;
  readonly skewSeconds: number;
}

const event = 'http://schemas.openid.net/event/backchannel-logout';
/** Nothing says how long a token without `exp` is good; two minutes is what the specification suggests for `exp`. */
const maxAgeSeconds = 120;

/**
 * Verifies a logout token, signature first.
 * @param keysOf - keys of the upstream; `undefined` while they cannot be had
 * @see https://openid.net/specs/openid-connect-backchannel-1_0.html#Validation
 */
export async function verifyLogoutToken(
  text: string,
  expected: ExpectedLogoutToken,
  keysOf: (header: VerifiedJwt['header']) => MaybeKeys | Promise<MaybeKeys>,
  verifySignature: VerifySignature,
): Promise<Result<LogoutToken>> {
  const jws = parseJws(text);
  if (!jws) return no('logout_token_invalid');
  // Nothing is fetched for what could not be one anyway.
  const checked = checkLogoutToken(jws, expected);
  if (!checked.ok) return checked;
  const keys = await keysOf(jws.header);
  if (!keys) return no('upstream_unreachable');
  const choice = chooseKey(jws.header, keys);
  if (!choice.ok || !(await verifySignature(jws, choice.key, choice.algorithm))) return no('logout_token_invalid');
  return checked;
}

/** Judges header and claims; an ID Token of the same issuer, for the same client, under the same key never passes (B90). */
export function checkLogoutToken(
  { header, claims }: VerifiedJwt,
  { issuer, clientId, now, skewSeconds }: ExpectedLogoutToken,
): Result<LogoutToken> {
  const { iss, aud, iat, exp, jti, events, sub, sid } = claims;
  const refused = no('logout_token_invalid');
  // Older providers send JWT or nothing; what makes it a logout token is `events` and the missing nonce.
  if (header.typ !== undefined && !hasType(header, joseType.logoutToken) && !hasType(header, 'jwt')) return refused;
  if (iss !== issuer) return refused;
  if (![aud].flat().includes(clientId)) return refused;
  if (!isDate(iat) || iat > now + skewSeconds || iat < now - maxAgeSeconds - skewSeconds) return refused;
  if (exp !== undefined && (!isDate(exp) || exp <= now - skewSeconds)) return refused;
  if (!isName(jti, 256)) return refused;
  if (!isObject(events) || !isObject(events[event])) return refused;
  if ('nonce' in claims) return refused;
  if (sub === undefined && sid === undefined) return refused;
  if ((sub !== undefined && !isName(sub, 256)) || (sid !== undefined && !isName(sid, 256))) return refused;
  return ok({
    id: jti,
    subject: sub as string | undefined,
    sid: sid as string | undefined,
    until: iat + maxAgeSeconds + skewSeconds,
  });
}

type MaybeKeys = readonly Jwk[] | undefined;
