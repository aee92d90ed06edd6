import type { Refusal, SignatureAlgorithm } from '@credence/mcp/protocol';
import type { AdapterPayload } from 'oidc-provider';
import { clientIdOf } from '../../policy/compile-client.ts';
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
  // Where a client has a metadata document, that says where people are sent back to.
  const { redirectUris, postLogoutRedirectUris } = client.document ?? client;
  const signsIn = redirectUris.length > 0;
  return {
    client_id: clientIdOf(client),
    client_name: client.name,
    // `native` would refuse https redirects to loopback, `web` would refuse schemes of the client's own.
    application_type: [...redirectUris, ...postLogoutRedirectUris].every(isWebAddress) ? 'web' : 'native',
    redirect_uris: [...redirectUris],
    post_logout_redirect_uris: [...postLogoutRedirectUris],
    response_types: signsIn ? ['code'] : [],
    // `form_post` needs a page with a script.
    ...(signsIn && { response_modes: ['query', 'fragment'] }),
    grant_types: signsIn ? ['authorization_code', 'refresh_token'] : [],
    id_token_signed_response_alg: idTokenAlgorithm,
    ...(client.subjectsOf && { subject_type: 'pairwise' }),
    ...(client.backchannelLogoutUri !== undefined && {
      backchannel_logout_uri: client.backchannelLogoutUri,
      backchannel_logout_session_required: true,
    }),
    ...toAuthentication(client, noSecret),
  } as AdapterPayload;
}

/** A client that proves itself by an assertion has shown it at the door, and comes in with a pass: see assertion-door.ts. */
function toAuthentication(client: AccessClient, noSecret: string) {
  // Either kind of certificate is judged by us; the name only has to be there. See `certificate-door.ts`.
  if (client.tls) {
    return { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_uri: 'urn:credence:client-entry' };
  }
  if (client.public) return { token_endpoint_auth_method: 'none' };
  return { token_endpoint_auth_method: 'client_secret_basic', client_secret: noSecret };
}

function isWebAddress(uri: string): boolean {
  return /^https?:/.test(uri);
}

const unavailable = new WeakMap<object, Refusal>();

/** Why a client could not be found, for the record: `oidc-provider` only learns that there is none. */
export function rememberUnavailable(context: object | undefined, refusal: Refusal): void {
  if (context) unavailable.set(context, refusal);
}

export function whyUnavailable(context: object): Refusal | undefined {
  return unavailable.get(context);
}

const loosened = new WeakMap<object, readonly string[]>();

/** Which switches of its entry let the client of this request in: for the record. */
export function rememberLoosened(context: object, switches: readonly string[] | undefined): void {
  if (switches) loosened.set(context, switches);
}

export function whatWasLoosened(context: object): readonly string[] | undefined {
  return loosened.get(context);
}
