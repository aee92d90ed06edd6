import { grantType, idJagProfile, isObject, type JsonObject, type Jwk } from '@credence/mcp/protocol';
import { toKeys } from '@credence/mcp/resource';
import { isRedirectUri } from '../policy/access-document.ts';
import { isWebUrl } from '../policy/document-words.ts';
import type { ClientDocument } from '../policy/model.ts';

/** A document that is not in order is thrown away whole, and why is told to the operator (CIM-06). */
export class BadClientDocument extends Error {
  override readonly name = 'BadClientDocument';
}

/**
 * Judges a client ID metadata document. Its names and links are not read: people see what the administrator wrote.
 * @param url - where it was found, and the client_id: the document must say the same, byte for byte (CIM-03)
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/ -01 §4.1
 */
export function toClientDocument(url: string, json: JsonObject): ClientDocument {
  demand(json.client_id === url, 'client_id is not the URL of the document');
  for (const member of ['client_secret', 'client_secret_expires_at']) {
    demand(!(member in json), `it has ${member}: what everybody can read is no secret`);
  }
  const jwks = json.jwks === undefined ? undefined : toPublicKeys(json.jwks);
  const jwksUri = json.jwks_uri;
  demand(jwksUri === undefined || isHttpsUrl(jwksUri), 'jwks_uri is not an https URL');
  const hasKeys = jwks !== undefined || jwksUri !== undefined;
  // Left out it would mean client_secret_basic (RFC 7591 §2), which cannot be: keys are there to be used, or there are none.
  const method = json.token_endpoint_auth_method ?? (hasKeys ? 'private_key_jwt' : 'none');
  demand(
    method === 'none' || method === 'private_key_jwt',
    'token_endpoint_auth_method is not none or private_key_jwt',
  );
  if (method === 'private_key_jwt') {
    demand((jwks === undefined) !== (jwksUri === undefined), 'private_key_jwt needs either jwks or jwks_uri');
  }
  const grants = toTexts(json.grant_types, 'grant_types');
  const isListed = toTexts(json.authorization_grant_profiles_supported, 'its list of profiles').includes(idJagProfile);
  const mayRedeem = !isListed || grants.includes(grantType.jwtBearer);
  return {
    method,
    redirectUris: toRedirectUris(json.redirect_uris, 'redirect_uris'),
    postLogoutRedirectUris: toRedirectUris(json.post_logout_redirect_uris, 'post_logout_redirect_uris'),
    jwks: method === 'none' ? undefined : jwks,
    jwksUri: method === 'none' ? undefined : jwksUri,
    mayRedeem,
    mayExchange: mayRedeem && (!isListed || grants.includes(grantType.tokenExchange)),
  };
}

function toPublicKeys(value: unknown): readonly Jwk[] {
  demand(isObject(value), 'jwks is not a JWK Set');
  return toKeys(value);
}

function toRedirectUris(value: unknown, member: string): readonly string[] {
  const uris = toTexts(value, member);
  demand(uris.every(isRedirectUri), `${member} has one that is not https, loopback or a scheme of its own`);
  return uris;
}

function toTexts(value: unknown, member: string): readonly string[] {
  if (value === undefined) return [];
  demand(Array.isArray(value) && value.every((item) => typeof item === 'string'), `${member} is not a list of texts`);
  return value;
}

function isHttpsUrl(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('https://') && isWebUrl(value);
}

function demand(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new BadClientDocument(otherwise);
}
