import { type AuthorizationDetail, toAuthorizationDetails } from './authorization-details.ts';
import { hasType, mintJws, type ParsedJws, parseJws, type Sign, type VerifiedJwt } from './jws.ts';
import { type EpochSeconds, joseType } from './names.ts';
import { no, ok, type Result } from './result.ts';
import { parseScope } from './scope.ts';
import { isObject, type JsonObject } from './strict-json.ts';

/** What an ID-JAG says once it has been verified and checked (draft §3.1): this person, through this client, there. */
export interface IdJag {
  readonly issuer: string;
  /** Customer of the issuer that it speaks for; whoever chose its keys chose them by this, too. */
  readonly tenant: string | undefined;
  /** The person, in the subject space of the issuer, or of its tenant. */
  readonly subject: string;
  /** The person's identifier at the RAS as the issuer knows it. Says nothing where the issuer is not trusted to know. */
  readonly audSub: string | undefined;
  /** The client's identifier at the RAS. */
  readonly clientId: string;
  readonly id: string;
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  /** MCP servers it may be used for; `undefined` when the claim is absent (RAS-15 decides). */
  readonly resources: readonly string[] | undefined;
  /** Whether the scope claim came as a JSON array, which only an issuer may do that is told so of (catalogue section 9). */
  readonly scopeWasArray: boolean;
  /** When the sign-in ends; what is issued ends with it (RAS-34). */
  readonly sessionExpiry: EpochSeconds | undefined;
  /** The sign-in at the issuer, where it says (`sid`); kept so that it can be found again, and never a reason to refuse (RAS-36). */
  readonly sessionId: string | undefined;
  /** Scopes it carries; `undefined` when the claim is absent or empty (RAS-21 decides). */
  readonly scopes: readonly string[] | undefined;
  /** Permissions finer than scopes; `undefined` when the claim is absent (RFC 9396). */
  readonly details: readonly AuthorizationDetail[] | undefined;
  readonly email: string | undefined;
  /** `undefined` = the issuer does not say. */
  readonly emailVerified: boolean | undefined;
  /** Thumbprint of the key it is bound to (`cnf.jkt`); `undefined` = anybody who holds it. */
  readonly keyThumbprint: string | undefined;
  /** Thumbprint of the certificate it is bound to (`cnf.x5t#S256`); never together with a key. */
  readonly certificateThumbprint: string | undefined;
  readonly epoch?: string | undefined;
}

/** What an ID-JAG is checked against. */
export interface ExpectedIdJag {
  /** The RAS issuer, compared character for character. */
  readonly issuer: string;
  /** The client that authenticated on this request. */
  readonly clientId: string;
  /** What the issuer calls this RAS where it serves several organisations; `undefined` = it must not say. */
  readonly audTenant?: string | undefined;
  /** Whether the scope claim may be a JSON array, as a draft of 2025 had it. */
  readonly acceptsScopeArray?: boolean;
  readonly now: EpochSeconds;
  readonly skewSeconds: number;
  readonly maxLifetimeSeconds: number;
}

/** An ID-JAG taken apart, of the right kind, with the issuer it claims. Nothing in it is trusted yet. */
export interface UnverifiedIdJag {
  readonly jws: ParsedJws;
  readonly claimedIssuer: string;
}

/** Takes an assertion apart and looks at its kind before anything else in it is used (RAS-03, RAS-04, RAS-07). */
export function parseIdJag(assertion: string): Result<UnverifiedIdJag> {
  const jws = parseJws(assertion);
  if (!jws) return no('id_jag_malformed');
  if (!hasType(jws.header, joseType.idJag)) return no('id_jag_wrong_type');
  const { iss } = jws.claims;
  if (typeof iss !== 'string') return no('id_jag_issuer_untrusted');
  return ok({ jws, claimedIssuer: iss });
}

/** Judges the claims of an ID-JAG whose signature is good (RAS-08 to RAS-11, RAS-14, RAS-18), one rule a line. */
export function checkIdJag({ claims }: VerifiedJwt, expected: ExpectedIdJag): Result<IdJag> {
  const { now, skewSeconds } = expected;
  const { iss, sub, aud, client_id, jti, exp, iat, nbf, email, email_verified, tenant, aud_sub, sid } = claims;
  const audience = Array.isArray(aud) ? aud : [aud];
  const resources = toList(claims.resource);
  const scopes = toScopes(claims.scope, expected.acceptsScopeArray === true);

  if (audience.length !== 1 || audience[0] !== expected.issuer) return no('id_jag_wrong_audience');
  if (client_id !== expected.clientId) return no('id_jag_other_client');
  if (!isDate(exp) || !isDate(iat) || (nbf !== undefined && !isDate(nbf))) return no('id_jag_time_malformed');
  if (exp + skewSeconds <= now) return no('id_jag_expired');
  if (iat > now + skewSeconds || (nbf ?? 0) > now + skewSeconds) return no('id_jag_not_yet_valid');
  if (exp < iat || exp - iat > expected.maxLifetimeSeconds) return no('id_jag_lives_too_long');
  if (typeof iss !== 'string' || !isSubject(sub)) return no('id_jag_subject_malformed');
  if (!isName(jti, 256)) return no('id_jag_jti_malformed');
  if (claims.resource !== undefined && !resources) return no('id_jag_resource_malformed');
  if (claims.scope !== undefined && !scopes) return no('id_jag_scope_malformed');
  if (claims.session_expiry !== undefined && !isDate(claims.session_expiry)) return no('id_jag_time_malformed');
  // In whole seconds, as every time that we write; a fraction more is not worth a token.
  const sessionExpiry = claims.session_expiry === undefined ? undefined : Math.floor(claims.session_expiry);
  if (sessionExpiry !== undefined && sessionExpiry <= now) return no('id_jag_session_ended');
  if (claims.cnf !== undefined && !isConfirmation(claims.cnf)) return no('id_jag_binding_unsupported');
  if (claims.aud_tenant !== expected.audTenant) return no('id_jag_tenant_unexpected');
  if (tenant !== undefined && !isName(tenant, 256)) return no('id_jag_tenant_unexpected');
  if (aud_sub !== undefined && !isName(aud_sub, 256)) return no('id_jag_subject_malformed');
  const details = claims.authorization_details;
  if (details !== undefined && !toAuthorizationDetails(details)) return no('id_jag_details_malformed');

  return ok({
    issuer: iss,
    tenant,
    subject: sub,
    audSub: aud_sub,
    clientId: expected.clientId,
    id: jti,
    issuedAt: iat,
    expiresAt: exp,
    resources,
    scopes: scopes && scopes.length > 0 ? scopes : undefined,
    scopeWasArray: Array.isArray(claims.scope),
    sessionExpiry,
    sessionId: isName(sid, 256) ? sid : undefined,
    details: toAuthorizationDetails(details),
    email: typeof email === 'string' ? email : undefined,
    emailVerified: email_verified === undefined ? undefined : email_verified === true,
    keyThumbprint: toThumbprintClaim(claims.cnf),
    certificateThumbprint: toCertificateClaim(claims.cnf),
    epoch: toEpochClaim(claims),
  });
}

/** What the issuing side puts into an ID-JAG. */
export interface IdJagGrant {
  readonly issuer: string;
  readonly subject: string;
  /** Issuer identifier of the RAS; always a single string. */
  readonly audience: string;
  readonly clientId: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly details?: readonly AuthorizationDetail[] | undefined;
  readonly id: string;
  readonly now: EpochSeconds;
  readonly lifetimeSeconds: number;
  readonly email?: string | undefined;
  /** What the RAS calls the organisation of the issuer, and itself, where either serves several. */
  readonly tenant?: string | undefined;
  readonly audTenant?: string | undefined;
  /** The person's identifier at the RAS. */
  readonly audSub?: string | undefined;
  readonly authTime?: EpochSeconds | undefined;
  /** When what it rests on ends: no token given for it lives longer (RAS-34). */
  readonly sessionExpiry?: EpochSeconds | undefined;
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Binds it to the key of a DPoP proof. */
  readonly keyThumbprint?: string | undefined;
  /** Binds it to a client certificate instead: one of the two at most (IDP-32). */
  readonly certificateThumbprint?: string | undefined;
  /** The epoch of the store of the issuer, where it had one (T21). */
  readonly epoch?: string | undefined;
}

/** Signs an ID-JAG (draft §3.1, IDP-30): granted scope and resource, never those merely asked for (IDP-21). */
export function mintIdJag(grant: IdJagGrant, key: { kid: string; algorithm: string; sign: Sign }): Promise<string> {
  const claims: JsonObject = {
    iss: grant.issuer,
    tenant: grant.tenant,
    sub: grant.subject,
    aud: grant.audience,
    aud_tenant: grant.audTenant,
    aud_sub: grant.audSub,
    client_id: grant.clientId,
    jti: grant.id,
    iat: grant.now,
    exp: grant.now + grant.lifetimeSeconds,
    resource: grant.resource,
    scope: grant.scopes.join(' '),
    authorization_details: grant.details,
    email: grant.email,
    auth_time: grant.authTime,
    session_expiry: grant.sessionExpiry,
    acr: grant.acr,
    amr: grant.amr,
    cnf: toConfirmationClaim(grant),
    credence_epoch: grant.epoch,
  };
  return mintJws({ typ: joseType.idJag, alg: key.algorithm, kid: key.kid }, claims, key.sign);
}

/** `cnf` as it is minted: a key or a certificate, never both (IDP-32). */
export function toConfirmationClaim({
  keyThumbprint,
  certificateThumbprint,
}: Pick<IdJagGrant, 'keyThumbprint' | 'certificateThumbprint'>): JsonObject | undefined {
  if (keyThumbprint !== undefined) return { jkt: keyThumbprint };
  return certificateThumbprint === undefined ? undefined : { 'x5t#S256': certificateThumbprint };
}

/** The epoch in which one of our own tokens was issued; none before the first restore. Of other issuers it says nothing. */
export function toEpochClaim({ credence_epoch }: JsonObject): string | undefined {
  return typeof credence_epoch === 'string' ? credence_epoch : undefined;
}

/** `cnf` with exactly one member that is understood here; any other confirmation is not ignored but refused (RAS-31). */
export function isConfirmation(cnf: unknown): boolean {
  return toThumbprintClaim(cnf) !== undefined || toCertificateClaim(cnf) !== undefined;
}

/** `cnf` with nothing but `x5t#S256`. @see https://www.rfc-editor.org/rfc/rfc8705#section-3.1 */
export function toCertificateClaim(cnf: unknown): string | undefined {
  if (!isObject(cnf) || Object.keys(cnf).length !== 1) return undefined;
  const thumbprint = cnf['x5t#S256'];
  return typeof thumbprint === 'string' && /^[A-Za-z0-9_-]{43}$/.test(thumbprint) ? thumbprint : undefined;
}

/** `cnf` with nothing but `jkt`. */
export function toThumbprintClaim(cnf: unknown): string | undefined {
  if (!isObject(cnf) || Object.keys(cnf).length !== 1) return undefined;
  return isName(cnf.jkt, 128) ? cnf.jkt : undefined;
}

/** A NumericDate: a finite, non-negative number (KEY-07). */
export function isDate(value: unknown): value is EpochSeconds {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

/**
 * A non-empty string without control characters, at most `maxLength` long. Half a surrogate pair, which JSON can spell, is no
 * text: whoever keeps it as UTF-8 keeps one and the same sign for each of them, and two names become one.
 */
export function isName(value: unknown, maxLength: number): value is string {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for (B52)
  return !/[\x00-\x1f\x7f-\x9f]/.test(value) && value.isWellFormed();
}

/**
 * Whom an issuer names: a name of at most 1024 bytes of UTF-8. Accounts are found by issuer, tenant and this, which together have
 * to fit into one entry of an index: 2.7 kB in PostgreSQL.
 */
export function isSubject(value: unknown): value is string {
  return isName(value, 1024) && new TextEncoder().encode(value).length <= 1024;
}

function toScopes(claim: unknown, acceptsArray: boolean): string[] | undefined {
  if (typeof claim === 'string') return parseScope(claim);
  if (!acceptsArray || !Array.isArray(claim)) return undefined;
  return claim.every((item) => typeof item === 'string' && item !== '') ? parseScope(claim.join(' ')) : undefined;
}

function toList(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((item) => typeof item === 'string') ? list : undefined;
}
