import type { SignatureAlgorithm } from '@credence/mcp/protocol';
import type { AdapterPayload } from 'oidc-provider';
import type { AccessClient } from '../../policy/model.ts';

/**
 * A client of the access document as `oidc-provider` wants it. The token exchange is not among its grants: that one is
 * answered elsewhere, and `oidc-provider` would refuse a client that lists it.
 * @param noSecret - stands where a secret is demanded; secrets are kept as hashes and compared by `secretMatches`
 */
export function toMetadata(
  client: AccessClient,
  noSecret: string,
  idTokenAlgorithm: SignatureAlgorithm,
): AdapterPayload {
  const signsIn = client.redirectUris.length > 0;
  return {
    client_id: client.id,
    client_name: client.name,
    // `native` would refuse https redirects to loopback, `web` would refuse schemes of the client's own.
    application_type: [...client.redirectUris, ...client.postLogoutRedirectUris].every(isWebAddress) ? 'web' : 'native',
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    response_types: signsIn ? ['code'] : [],
    // `form_post` needs a page with a script.
    ...(signsIn && { response_modes: ['query', 'fragment'] }),
    grant_types: signsIn ? ['authorization_code', 'refresh_token'] : [],
    id_token_signed_response_alg: idTokenAlgorithm,
    ...toAuthentication(client, noSecret),
  } as AdapterPayload;
}

function toAuthentication({ jwks, public: isPublic }: AccessClient, noSecret: string) {
  if (isPublic) return { token_endpoint_auth_method: 'none' };
  if (jwks) return { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [...jwks] } };
  return { token_endpoint_auth_method: 'client_secret_basic', client_secret: noSecret };
}

function isWebAddress(uri: string): boolean {
  return /^https?:/.test(uri);
}
