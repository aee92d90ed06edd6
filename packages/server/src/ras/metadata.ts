import { contentEncryptions, grantType, idJagProfile, signatureAlgorithms } from '@credence/mcp/protocol';
import { certificateMethods } from '../clients/check-certificate.ts';
import type { Ras } from './jwt-bearer.ts';

/** RFC 8414 metadata of the RAS (RAS-39, RAS-40, interop.md 10): never a list of trusted issuers. */
export function rasMetadata(
  { issuer, policy, decryption }: Pick<Ras, 'issuer' | 'policy' | 'decryption'>,
  takesCertificates: boolean,
) {
  const someAreLetInWithout = [...policy().clients.values()].some((client) => client.public);
  const types = new Set([...policy().servers.values()].flatMap(({ detailTypes }) => [...detailTypes.keys()]));
  const trusted = [...policy().trust.values()].flatMap((tenants) => [...tenants.values()]);
  const isAllEncrypted = trusted.length > 0 && trusted.every(({ requiresEncryption }) => requiresEncryption);
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    authorization_endpoint: `${issuer}/authorize`,
    introspection_endpoint: `${issuer}/introspect`,
    revocation_endpoint: `${issuer}/revoke`,
    response_types_supported: ['code'],
    grant_types_supported: [grantType.jwtBearer],
    authorization_grant_profiles_supported: [idJagProfile],
    token_endpoint_auth_methods_supported: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      ...(takesCertificates ? certificateMethods : []),
      ...(someAreLetInWithout ? ['none'] : []),
    ],
    client_id_metadata_document_supported: true,
    ...(takesCertificates && { tls_client_certificate_bound_access_tokens: true }), // RFC 8705 §3.3
    token_endpoint_auth_signing_alg_values_supported: signatureAlgorithms,
    dpop_signing_alg_values_supported: signatureAlgorithms,
    code_challenge_methods_supported: ['S256'],
    ...(types.size > 0 && { authorization_details_types_supported: [...types] }), // RFC 9396 §10
    id_jag_encryption_alg_values_supported: [decryption.key().alg],
    id_jag_encryption_enc_values_supported: contentEncryptions,
    ...(isAllEncrypted && { id_jag_encryption_required: true }), // of whom, is nobody's business
  };
}
