/** What somebody has through one client, and when they last had it; null = never. */
export interface ThroughClient {
  readonly client: string;
  readonly scopes: readonly string[];
  readonly lastMs: number | null;
}

/** Clients with the same scopes that were never used, as one line; each that was used, as its own, the latest first. */
export function groupClients(through: readonly ThroughClient[]): readonly {
  readonly clients: readonly string[];
  readonly scopes: readonly string[];
  readonly lastMs: number | null;
}[] {
  const used = through
    .filter(({ lastMs }) => lastMs !== null)
    .toSorted((a, b) => (b.lastMs ?? 0) - (a.lastMs ?? 0))
    .map(({ client, ...rest }) => ({ ...rest, clients: [client] }));
  const never = Map.groupBy(
    through.filter(({ lastMs }) => lastMs === null),
    ({ scopes }) => scopes.join(' '),
  );
  const together = [...never.values()].map((some) => ({
    clients: some.map(({ client }) => client),
    scopes: some[0]?.scopes ?? [],
    lastMs: null,
  }));
  return [...used, ...together];
}
