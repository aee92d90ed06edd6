import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { ClientCertificate } from '../../clients/client-certificate.ts';
import type { AccessClient } from '../../policy/model.ts';
import { certificateRefusal, judgeCertificates } from './certificate-door.ts';
import type { SignInOptions } from './options.ts';

describe('RFC 8705 §2: whose certificate it is, told to oidc-provider', () => {
  const shown: ClientCertificate = {
    thumbprint: 'c'.repeat(43),
    isVouchedFor: true,
    validFrom: 0,
    validUntil: 4_000_000_000,
    names: () => ({ subject_dn: [], san_dns: ['kiosk.acme.example'], san_uri: [], san_ip: [], san_email: [] }),
  };
  const tls = { kind: 'san_dns', value: 'kiosk.acme.example', bound: false } as const;
  const clients = new Map([
    ['kiosk', { id: 'kiosk', tls } as AccessClient],
    ['portal', { id: 'portal' } as AccessClient],
  ]);
  const table: [name: string, clientId: string | undefined, certificate: ClientCertificate | undefined, is: boolean][] =
    [
      ['of the client', 'kiosk', shown, true],
      ['none', 'kiosk', undefined, false],
      ['of a client that has another proof by now', 'portal', shown, false],
      ['of a client that is gone by now', 'nobody', shown, false],
      ['of no client', undefined, shown, false],
    ];
  for (const [name, clientId, certificate, is] of table) {
    test(`${name}: ${is ? 'authorized' : 'not authorized'}`, () => {
      const options = { certificateOf: () => certificate, clients: () => clients, now: () => 1_800_000_000 };
      const { mTLS } = judgeCertificates(options as unknown as SignInOptions);
      const oidc = { client: clientId === undefined ? undefined : { clientId } };
      const context = { oidc, req: {} } as unknown as KoaContextWithOIDC;
      assert.equal(mTLS?.certificateAuthorized?.(context), is);
      assert.equal(certificateRefusal(context.oidc), certificate ? undefined : 'client_certificate_missing');
    });
  }
});
