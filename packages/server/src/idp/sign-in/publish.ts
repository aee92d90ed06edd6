import { grantType, signatureAlgorithms, tokenType } from '@credence/mcp/protocol';
import { certificateMethods } from '../../clients/check-certificate.ts';
import { assetHeaders, findAsset } from '../../pages/assets.ts';
import type { Context, Layer } from './layer.ts';
import type { SignInOptions } from './options.ts';

const briefly = 'public, max-age=300';

/** What anybody may read: style sheet and mark, keys, and the metadata documents. */
export function publish({ issuer, publicKeys, certificateOf, detailTypes }: SignInOptions): Layer {
  return async (context: Context, next) => {
    const isRead = context.method === 'GET' || context.method === 'HEAD';
    const asset = findAsset(context.path);
    if (isRead && asset) {
      context.set(assetHeaders(asset));
      context.body = asset.body;
    } else if (isRead && context.path === '/jwks') {
      // oidc-provider knows the ID Token keys only; the issuer signs ID-JAGs with others.
      context.set({ 'content-type': 'application/jwk-set+json', 'cache-control': briefly });
      context.body = JSON.stringify({ keys: publicKeys() });
    } else if (isRead && context.path === '/.well-known/ssf-configuration') {
      context.set('cache-control', briefly);
      context.body = transmitter(issuer);
    } else {
      await next();
      if (isMetadata(context)) complete(context, certificateOf !== undefined, detailTypes());
    }
  };
}

/**
 * What a receiver of our security events may want to look up. There are no endpoints: who is told, and where, stands in the
 * access document. @see https://openid.net/specs/openid-sharedsignals-framework-1_0-final.html#section-7.1
 */
function transmitter(issuer: string) {
  return {
    spec_version: '1_0',
    issuer,
    jwks_uri: `${issuer}/jwks`,
    delivery_methods_supported: ['urn:ietf:rfc:8935'],
    default_subjects: 'ALL',
  };
}

function isMetadata({ path, status }: Context): boolean {
  return status === 200 && path.startsWith('/.well-known/');
}

const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'];

/** `oidc-provider` does not know of the token exchange beside it; the rest of its metadata stands. */
function complete(context: Context, takesCertificates: boolean, detailTypes: readonly string[]): void {
  context.set('cache-control', briefly);
  context.body = {
    ...(context.body as Record<string, unknown>),
    grant_types_supported: ['authorization_code', 'refresh_token', grantType.tokenExchange],
    client_id_metadata_document_supported: true,
    identity_chaining_requested_token_types_supported: [tokenType.idJag],
    token_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    token_endpoint_auth_methods_supported: [...methods, ...(takesCertificates ? certificateMethods : [])],
    ...(detailTypes.length > 0 && { authorization_details_types_supported: detailTypes }), // RFC 9396 §10
    response_modes_supported: ['query', 'fragment'],
    dpop_signing_alg_values_supported: signatureAlgorithms, // at the token exchange
  };
}
