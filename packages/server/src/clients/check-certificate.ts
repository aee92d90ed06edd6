import { type EpochSeconds, no, ok, type Result } from '@credence/mcp/protocol';
import type { ClientTls } from '../policy/model.ts';
import type { ClientCertificate } from './client-certificate.ts';

/** Names of the two methods in metadata (RFC 8705 §2.1.1, §2.2.1). */
export const certificateMethods = ['tls_client_auth', 'self_signed_tls_client_auth'] as const;

/**
 * Whether the certificate of a connection is the one that a client is registered with: in its time, and by one name in it
 * when an authority of ours vouches for it, else one of those that its entry lists. Names are compared to the letter.
 * @see https://www.rfc-editor.org/rfc/rfc8705#section-2
 */
export function checkCertificate(
  shown: ClientCertificate | undefined,
  expected: ClientTls,
  now: EpochSeconds,
): Result<ClientCertificate> {
  if (!shown) return no('client_certificate_missing');
  // A connection may outlive its certificate, and nobody else looks at the time of one that is listed.
  if (now < shown.validFrom || now > shown.validUntil) return no('client_certificate_untrusted');
  if (expected.kind === 'self_signed') {
    return expected.thumbprints.includes(shown.thumbprint) ? ok(shown) : no('client_certificate_other');
  }
  if (!shown.isVouchedFor) return no('client_certificate_untrusted');
  return shown.names()[expected.kind].includes(expected.value) ? ok(shown) : no('client_certificate_other');
}
