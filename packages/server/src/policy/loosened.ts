import type { ResourceIndex } from './compile-resource.ts';

/**
 * The switches of a resource document that let in what is refused by default, each with the issuer it is for. They are told
 * at every start and stand on the record of the version (a switch that loosens has a scope, a warning and a record).
 */
export function loosenedBy({ trust }: Pick<ResourceIndex, 'trust'>): string[] {
  return [...trust.values()].flatMap((tenants) =>
    [...tenants.values()].flatMap(({ issuer, tenant, acceptsScopeArray, dropsUnknownScopes, accounts }) => {
      const whose = tenant === undefined ? issuer : `${issuer} (${tenant})`;
      const words = [
        acceptsScopeArray && 'scope_array: accept',
        dropsUnknownScopes && 'unknown_scopes: drop',
        accounts.emailDomains.size > 0 && accounts.emailVerified === 'issuer' && 'email_verified: issuer',
      ];
      return words.filter((word) => word !== false).map((word) => `${whose}: ${word}`);
    }),
  );
}
