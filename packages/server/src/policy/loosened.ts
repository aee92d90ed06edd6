import type { ResourceIndex } from './compile-resource.ts';
import { speaksFor } from './issuer-servers.ts';
import type { ClientProof, TrustedIssuer } from './model.ts';

/**
 * The switches of a resource document that let in what is refused by default, each with the issuer it is for. They are told
 * at every start and stand on the record of the version (a switch that loosens has a scope, a warning and a record).
 */
export function loosenedBy({
  trust,
  servers,
  clients,
}: Pick<ResourceIndex, 'trust' | 'servers' | 'clients'>): string[] {
  const others = [...servers.values()].filter(({ isMcp }) => !isMcp);
  const byIssuer = [...trust.values()].flatMap((tenants) =>
    [...tenants.values()].flatMap((trusted) => {
      const { issuer, tenant, acceptsScopeArray, dropsUnknownScopes, allowsReuse, accounts, signals } = trusted;
      const reusable = others.filter((server) => speaksFor(trusted, server)).map(({ id }) => id);
      const whose = tenant === undefined ? issuer : `${issuer} (${tenant})`;
      const words = [
        acceptsScopeArray && 'scope_array: accept',
        dropsUnknownScopes && 'unknown_scopes: drop',
        allowsReuse && `replay: until_expiry, for ${reusable.join(', ') || 'no server here'}`,
        ignoredSignals(signals),
        accounts.emailDomains.size > 0 && accounts.emailVerified === 'issuer' && 'email_verified: issuer',
      ];
      return words.filter((word) => word !== false).map((word) => `${whose}: ${word}`);
    }),
  );
  return [...byIssuer, ...loosenedClients({ clients })];
}

/** Who is off there is not off here by what is ignored. */
function ignoredSignals(signals: TrustedIssuer['signals']): string | false {
  if (!signals) return 'signals: refuse';
  const ignored = cuttingOff.filter((name) => !signals.has(name));
  return ignored.length > 0 && `signals without ${ignored.join(', ')}`;
}

const cuttingOff = ['session-revoked', 'token-claims-change', 'account-disabled'] as const;

/** The same of the clients of either document. */
export function loosenedClients({ clients }: { readonly clients: ReadonlyMap<string, ClientProof> }): string[] {
  return [...clients].flatMap(([id, { legacyAudience, workload }]) => [
    ...(legacyAudience ? [`client ${id}: legacy_audience`] : []),
    ...(workload?.reuse ? [`client ${id}: workload.reuse`] : []),
  ]);
}
