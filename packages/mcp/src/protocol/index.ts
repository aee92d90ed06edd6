/**
 * The words on the wire of MCP Enterprise-Managed Authorization.
 *
 * - **IdP**: the organisation's identity provider. Signs people in; issues ID Tokens and ID-JAGs.
 * - **RAS**: resource authorization server. Redeems an ID-JAG for an access token to one MCP server.
 * - **Client**: the program an agent runs in. Registered at both, under an id at each.
 * - **ID Token**: says to one client that a person signed in (OpenID Connect Core §2).
 * - **ID-JAG**: identity assertion JWT authorization grant: this person, through this client, at this server. Used once.
 * - **Access token**: what the MCP server accepts (RFC 9068). Short-lived, for one server.
 * - **SET**: security event token: somebody or something is cut off (RFC 8417). IdP to RAS, RAS to MCP servers.
 * - **Resource**: an MCP server, named by its URL (RFC 9728).
 * - **Leg 1 / leg 2**: ID Token to ID-JAG at the IdP (RFC 8693); ID-JAG to access token at the RAS (RFC 7523).
 */
export {
  type AccessToken,
  checkAccessToken,
  type ExpectedAccessToken,
  isBound,
  mintAccessToken,
} from './access-token.ts';
export {
  type AuthorizationDetail,
  parseAuthorizationDetails,
  toAuthorizationDetails,
} from './authorization-details.ts';
export { decodeBase64url, encodeBase64url } from './base64url.ts';
export {
  checkDpopProof,
  type DpopProof,
  type ExpectedProof,
  parseDpopProof,
  thumbprintInput,
  toThumbprint,
  type UnverifiedProof,
} from './dpop.ts';
export {
  checkIdJag,
  type ExpectedIdJag,
  type IdJag,
  type IdJagGrant,
  isDate,
  isName,
  mintIdJag,
  parseIdJag,
  toConfirmationClaim,
  type UnverifiedIdJag,
} from './id-jag.ts';
export {
  contentEncryptions,
  type EncryptionAlgorithm,
  encryptionAlgorithms,
  looksLikeJwe,
  type ParsedJwe,
  parseJwe,
} from './jwe.ts';
export {
  chooseKey,
  hasType,
  type Jwk,
  type KeyChoice,
  mintJws,
  type ParsedJws,
  parseJws,
  privatePartsOf,
  type Sign,
  type SignatureAlgorithm,
  signatureAlgorithms,
  type VerifiedJwt,
  type VerifySignature,
} from './jws.ts';
export { type Descent, descendsFrom, type Marks, speakerOf, toLineage, toMarks } from './lineage.ts';
export {
  clientAssertionType,
  draft,
  type EpochSeconds,
  grantType,
  idJagProfile,
  joseType,
  jwtDpopGrantType,
  tokenType,
} from './names.ts';
export { type Refusal, type RefusalRow, refusalRow, refusals, type WireCode, wireCodes } from './refusals.ts';
export { type ResourceMetadata, resourceMetadataUrl } from './resource-metadata.ts';
export { no, ok, type Result } from './result.ts';
export {
  type BroadStop,
  checkRevocationFrame,
  type ExpectedFrame,
  judgesStops,
  mintRevocationFrame,
  type PersonCutOff,
  type RevocationFrame,
  revocationsEvent,
  type TokenCutOff,
  toWhoInput,
} from './revocation-frame.ts';
export { isScopeToken, parseScope } from './scope.ts';
export {
  checkSecurityEvent,
  cutReachSeconds,
  type EventSubject,
  type ExpectedSecurityEvent,
  mintSecurityEvent,
  type SecurityEvent,
  type SecurityEventGrant,
  type SecurityEventName,
  type StopSaid,
  securityEventNames,
  securityEvents,
  securityEventType,
  toStopPayload,
} from './security-event.ts';
export { isObject, type JsonObject, parseStrictJson, parseStrictObject } from './strict-json.ts';
