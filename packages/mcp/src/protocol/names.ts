/**
 * The exact strings of the standards, each written once.
 *
 * Implemented draft of the identity assertion grant: see {@link draft}.
 */
export const draft = 'draft-ietf-oauth-identity-assertion-authz-grant-04';

/** `grant_type` values of the two legs. @see https://www.rfc-editor.org/rfc/rfc8693#section-2.1 @see https://www.rfc-editor.org/rfc/rfc7523#section-2.1 */
export const grantType = {
  tokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  jwtBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
} as const;

/**
 * What the example in §9.8.1 of the draft, and nothing else, calls {@link grantType}`.jwtBearer` where the ID-JAG comes with a DPoP
 * proof: understood, and never sent.
 */
export const jwtDpopGrantType = 'urn:ietf:params:oauth:grant-type:jwt-dpop';

/** Token type identifiers. @see https://www.rfc-editor.org/rfc/rfc8693#section-3 */
export const tokenType = {
  idJag: 'urn:ietf:params:oauth:token-type:id-jag',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  refreshToken: 'urn:ietf:params:oauth:token-type:refresh_token',
} as const;

/** JOSE `typ` values, lower case. @see https://www.rfc-editor.org/rfc/rfc8725#section-3.11 */
export const joseType = {
  idJag: 'oauth-id-jag+jwt',
  accessToken: 'at+jwt',
  securityEvent: 'secevent+jwt',
  dpopProof: 'dpop+jwt',
  logoutToken: 'logout+jwt',
  clientAssertion: 'client-authentication+jwt',
} as const;

/** Value of `authorization_grant_profiles_supported` at a RAS that redeems ID-JAGs (draft §7.2). */
export const idJagProfile = 'urn:ietf:params:oauth:grant-profile:id-jag';

/** `client_assertion_type` of private_key_jwt. @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
export const clientAssertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Seconds since 1970-01-01T00:00:00Z, the unit of every NumericDate. */
export type EpochSeconds = number;
