/** An issuer that the resource policy trusts, as far as the page shows it. */
export interface Trusted {
  readonly issuer: string;
  /** Of a tenant of it. */
  readonly tenant: string | undefined;
  readonly accounts: string;
  readonly clients: readonly string[];
  /** Servers it may speak for, each with the scopes it may give; `undefined` = all. */
  readonly servers: readonly string[] | undefined;
  /** Where its keys come from: `discovery`, or how many stand in the document. */
  readonly keys: 'discovery' | number;
  /** What else is set for it, each as `name: value`. */
  readonly also: readonly string[];
}

/** Trusted issuers of a resource document, each with its tenants. What is not as expected is left out, never guessed. */
export function trustedOf(document: Readonly<Record<string, unknown>>): readonly Trusted[] {
  return Object.entries(asObject(document.trust)).flatMap(([issuer, entry]) => {
    const given = asObject(entry);
    const tenants = Object.entries(asObject(given.tenants));
    if (tenants.length === 0) return [toTrusted(issuer, undefined, given)];
    // What is said of the issuer holds for each of its tenants.
    return tenants.map(([tenant, each]) => toTrusted(issuer, tenant, { ...given, ...asObject(each) }));
  });
}

function toTrusted(
  issuer: string,
  tenant: string | undefined,
  { accounts, clients, servers, keys, tenants: _, ...more }: Record<string, unknown>,
): Trusted {
  const { unknown, ...how } = asObject(accounts);
  const listed = asObject(keys).keys;
  return {
    issuer,
    tenant,
    accounts: typeof accounts === 'string' ? accounts : typeof unknown === 'string' ? unknown : '',
    clients: Array.isArray(clients) ? clients.map(String) : [],
    servers: servers === undefined ? undefined : Object.entries(asObject(servers)).map(toServer),
    keys: Array.isArray(listed) ? listed.length : 'discovery',
    also: Object.entries({ ...how, ...more }).map(([name, value]) => `${name}: ${toText(value)}`),
  };
}

function toServer([id, scopes]: [id: string, scopes: unknown]): string {
  return scopes === 'all' ? id : `${id}: ${toText(scopes)}`;
}

function toText(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(' ') : typeof value === 'string' ? value : JSON.stringify(value);
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
