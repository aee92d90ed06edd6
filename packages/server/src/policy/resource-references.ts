import { entriesOf, type Finding, unknownName, unknownScopes } from './references.ts';
import { ResourceClientEntry, ResourceServerEntry, TrustEntry } from './resource-document.ts';

/** What a resource document says in one place about another must be so. Works on a document with other mistakes too. */
export function checkResourceReferences(raw: unknown): Finding[] {
  const servers = entriesOf(raw, 'servers', ResourceServerEntry);
  const clients = entriesOf(raw, 'clients', ResourceClientEntry);
  const trust = entriesOf(raw, 'trust', TrustEntry);
  return [...checkServers(servers), ...checkTrust(trust, clients)];
}

function* checkServers(servers: Map<string, ResourceServerEntry | undefined>): Generator<Finding> {
  for (const [id, server] of servers) {
    if (!server) continue;
    const known = Object.keys(server.scopes);
    yield* unknownScopes(server.default_scopes, server.scopes, ['servers', id, 'default_scopes']);
    for (const [tool, scope] of Object.entries(server.tools)) {
      const path = ['servers', id, 'tools', tool];
      if (!known.includes(scope)) yield { path, message: unknownName('scope', scope, known) };
    }
  }
}

function* checkTrust(
  trust: Map<string, { clients: readonly string[] } | undefined>,
  clients: Map<string, unknown>,
): Generator<Finding> {
  for (const [issuer, entry] of trust) {
    for (const [at, client] of (entry?.clients ?? []).entries()) {
      const path = ['trust', issuer, 'clients', at];
      if (!clients.has(client)) yield { path, message: unknownName('client', client, clients.keys()) };
    }
  }
}
