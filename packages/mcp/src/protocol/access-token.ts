import { type AuthorizationDetail, toAuthorizationDetails } from './authorization-details.ts';
import {
  isConfirmation,
  isDate,
  isName,
  toCertificateClaim,
  toConfirmationClaim,
  toEpochClaim,
  toThumbprintClaim,
} from './id-jag.ts';
import { hasType, mintJws, type Sign, type VerifiedJwt } from './jws.ts';
import { type EpochSeconds, joseType } from './names.ts';
import { no, ok, type Result } from './result.ts';
import { parseScope } from './scope.ts';

/** What an access token says about the caller of one MCP server (RFC 9068). */
export interface AccessToken {
  readonly issuer: string;
  /** The person, as the RAS knows them; unique together with `issuer`. */
  readonly subject: string;
  readonly clientId: string;
  readonly id: string;
  /** The one MCP server it is for (RAS-17). */
  readonly resource: string;
  readonly scopes: readonly string[];
  /** Permissions finer than scopes, for the server to enforce (RFC 9396 §9.1). */
  readonly details?: readonly AuthorizationDetail[] | undefined;
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  /** Thumbprint of the key it is bound to (`cnf.jkt`); to be shown with a proof, never as Bearer. */
  readonly keyThumbprint: string | undefined;
  /** Thumbprint of the certificate it is bound to (`cnf.x5t#S256`): good over connections with that certificate only. */
  readonly certificateThumbprint?: string | undefined;
  /** The epoch of the store that issued it (`credence_epoch`): one of before a restore is worth nothing (T21). */
  readonly epoch?: string | undefined;
  /** What it descends from, in marks by which it is stopped, or no longer trusted: see `lineage.ts`. */
  readonly lineage?: string | undefined;
}

/** Whether a token is worth something only to whoever has its key, or its certificate (RAS-30). */
export function isBound({
  keyThumbprint,
  certificateThumbprint,
}: Pick<AccessToken, 'keyThumbprint' | 'certificateThumbprint'>): boolean {
  return keyThumbprint !== undefined || certificateThumbprint !== undefined;
}

/** What an access token is checked against. */
export interface ExpectedAccessToken {
  /** The RAS whose tokens this server takes. */
  readonly issuer: string;
  /** Own resource identifier, exactly as published. */
  readonly resource: string;
  readonly now: EpochSeconds;
  readonly skewSeconds: number;
}

/** Judges the claims of an access token whose signature is good (MCS-04, MCS-05). @see https://www.rfc-editor.org/rfc/rfc9068#section-4 */
export function checkAccessToken({ header, claims }: VerifiedJwt, expected: ExpectedAccessToken): Result<AccessToken> {
  const { iss, sub, aud, client_id, jti, exp, iat, nbf = 0 } = claims;
  const audience = Array.isArray(aud) ? aud : [aud];
  const scopes =
    typeof claims.scope === 'string' ? parseScope(claims.scope) : claims.scope === undefined ? [] : undefined;

  if (!hasType(header, joseType.accessToken)) return no('token_wrong_type');
  if (iss !== expected.issuer) return no('token_wrong_issuer');
  if (!audience.includes(expected.resource)) return no('token_wrong_audience');
  if (!isDate(exp) || !isDate(iat) || !isDate(nbf) || !scopes) return no('token_claims_malformed');
  if (exp <= expected.now) return no('token_expired');
  const latest = expected.now + expected.skewSeconds;
  if (iat > latest || nbf > latest) return no('token_claims_malformed');
  if (!isName(sub, 1024) || !isName(jti, 256) || !isName(client_id, 2048)) return no('token_claims_malformed');
  const details = toAuthorizationDetails(claims.authorization_details);
  if (claims.authorization_details !== undefined && !details) return no('token_claims_malformed');
  if (claims.cnf !== undefined && !isConfirmation(claims.cnf)) return no('token_binding_unsupported');

  return ok({
    issuer: expected.issuer,
    subject: sub,
    clientId: client_id,
    id: jti,
    resource: expected.resource,
    scopes,
    details,
    issuedAt: iat,
    expiresAt: exp,
    keyThumbprint: toThumbprintClaim(claims.cnf),
    certificateThumbprint: toCertificateClaim(claims.cnf),
    epoch: toEpochClaim(claims),
    // One that is malformed counts as none: then the token falls with any stop of an ancestor.
    lineage: isName(claims.credence_lineage, 64) ? claims.credence_lineage : undefined,
  });
}

/** Signs an access token for exactly one MCP server (RAS-17, RAS-35). @see https://www.rfc-editor.org/rfc/rfc9068#section-2.2 */
export function mintAccessToken(
  token: AccessToken,
  key: { kid: string; algorithm: string; sign: Sign },
): Promise<string> {
  const claims = {
    iss: token.issuer,
    sub: token.subject,
    aud: token.resource,
    client_id: token.clientId,
    jti: token.id,
    iat: token.issuedAt,
    exp: token.expiresAt,
    scope: token.scopes.join(' '),
    authorization_details: token.details,
    cnf: toConfirmationClaim(token),
    credence_epoch: token.epoch,
    credence_lineage: token.lineage,
  };
  return mintJws({ typ: joseType.accessToken, alg: key.algorithm, kid: key.kid }, claims, key.sign);
}
