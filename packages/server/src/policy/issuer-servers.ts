import type { ResourceServer, TrustedIssuer } from './model.ts';

/** Whether the word of an issuer counts for a server at all. */
export function speaksFor({ servers }: Pick<TrustedIssuer, 'servers'>, { id }: Pick<ResourceServer, 'id'>): boolean {
  return servers === undefined || servers.has(id);
}

/** Those of these scopes of a server that an issuer may give (RAS-19). */
export function scopesGivenBy(
  { servers }: Pick<TrustedIssuer, 'servers'>,
  { id }: Pick<ResourceServer, 'id'>,
  scopes: readonly string[],
): readonly string[] {
  if (servers === undefined) return scopes;
  const choice = servers.get(id);
  return choice === 'all' ? scopes : scopes.filter((scope) => choice?.has(scope));
}
