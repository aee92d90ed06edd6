/** An issuer that the resource policy trusts, as far as the page shows it. */
export interface Trusted {
  readonly issuer: string;
  /** Of a tenant of it. */
  readonly tenant: string | undefined;
  readonly accounts: string;
  readonly clients: readonly string[];
}

/** Trusted issuers of a resource document, each with its tenants. What is not as expected is left out, never guessed. */
export function trustedOf(document: Readonly<Record<string, unknown>>): readonly Trusted[] {
  return Object.entries(asObject(document.trust)).flatMap(([issuer, entry]) => {
    const given = asObject(entry);
    const tenants = Object.entries(asObject(given.tenants));
    if (tenants.length === 0) return [toTrusted(issuer, undefined, given)];
    return tenants.map(([tenant, each]) => toTrusted(issuer, tenant, asObject(each)));
  });
}

function toTrusted(
  issuer: string,
  tenant: string | undefined,
  { accounts, clients }: Record<string, unknown>,
): Trusted {
  const unknown = asObject(accounts).unknown;
  return {
    issuer,
    tenant,
    accounts: typeof accounts === 'string' ? accounts : typeof unknown === 'string' ? unknown : '',
    clients: Array.isArray(clients) ? clients.map(String) : [],
  };
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
