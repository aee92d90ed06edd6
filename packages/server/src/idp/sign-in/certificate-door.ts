import type { Refusal } from '@credence/mcp/protocol';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { checkCertificate } from '../../clients/check-certificate.ts';
import type { SignInOptions } from './options.ts';

type Oidc = KoaContextWithOIDC['oidc'];

/** Why the certificate of a request was refused: `oidc-provider` hears yes or no only. */
const refusals = new WeakMap<Oidc, Refusal>();

export function certificateRefusal(oidc: Oidc): Refusal | undefined {
  return refusals.get(oidc);
}

/**
 * Has `oidc-provider` ask us about client certificates, so that its endpoints and the token exchange judge them in the one
 * place, `checkCertificate`. Both methods of RFC 8705 are one to it. Where no certificates are looked for, none is ever shown.
 */
export function judgeCertificates({
  certificateOf,
  clients,
  now,
}: SignInOptions): Pick<NonNullable<Configuration['features']>, 'mTLS'> {
  return {
    mTLS: {
      enabled: true,
      tlsClientAuth: true,
      // Whether there is one is asked below, with the reason why not.
      getCertificate: () => 'asked below',
      certificateAuthorized: ({ oidc, req }) => {
        const expected = oidc.client && clients().get(oidc.client.clientId)?.tls;
        if (!expected) return false;
        const shown = checkCertificate(certificateOf?.(req), expected, now());
        if (!shown.ok) refusals.set(oidc, shown.refusal);
        return shown.ok;
      },
      certificateSubjectMatches: () => true,
    },
  };
}
