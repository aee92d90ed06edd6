import {
  childOf,
  entriesOf,
  type Finding,
  firstFindings,
  sameMetadata,
  unknownDetailScopes,
  unknownName,
  unknownScopes,
} from './references.ts';
import { ResourceClientEntry, ResourceServerEntry, TrustEntry } from './resource-document.ts';

/** What a resource document says in one place about another must be so. Works on a document with other mistakes too. */
export function checkResourceReferences(raw: unknown): Finding[] {
  const servers = entriesOf(raw, 'servers', ResourceServerEntry);
  const clients = entriesOf(raw, 'clients', ResourceClientEntry);
  const trust = entriesOf(raw, 'trust', TrustEntry);
  return firstFindings(
    checkServers(servers),
    sameMetadata(childOf(raw, 'clients')),
    checkTrust(trust, clients),
    checkServersOf(trust, servers),
    checkEmailDomains(trust),
  );
}

function* checkServers(servers: Map<string, ResourceServerEntry | undefined>): Generator<Finding> {
  for (const [id, server] of servers) {
    if (!server) continue;
    const known = Object.keys(server.scopes);
    yield* unknownScopes(server.default_scopes, server.scopes, ['servers', id, 'default_scopes']);
    yield* unknownDetailScopes(server.authorization_details, server.scopes, ['servers', id, 'authorization_details']);
    for (const [tool, scope] of Object.entries(server.tools)) {
      const path = ['servers', id, 'tools', tool];
      if (!Object.hasOwn(server.scopes, scope)) yield { path, message: unknownName('scope', scope, known) };
    }
  }
}

type Trust = Map<string, TrustEntry | undefined>;

function* checkTrust(trust: Trust, clients: Map<string, unknown>): Generator<Finding> {
  for (const [issuer, entry] of trust) {
    for (const { path, said } of speakersOf(issuer, entry)) {
      for (const [at, client] of (said.clients ?? []).entries()) {
        if (clients.has(client)) continue;
        yield { path: [...path, 'clients', at], message: unknownName('client', client, clients.keys()) };
      }
    }
  }
}

/** Whoever limits an issuer means something that is there: of a name misspelled nobody would notice that it gives nothing. */
function* checkServersOf(trust: Trust, servers: Map<string, ResourceServerEntry | undefined>): Generator<Finding> {
  for (const [issuer, entry] of trust) {
    for (const { path, said } of speakersOf(issuer, entry)) {
      for (const [id, choice] of Object.entries(said.servers ?? {})) {
        const at = [...path, 'servers', id];
        const server = servers.get(id);
        if (server && choice !== 'all') yield* unknownScopes(choice, server.scopes, at);
        if (!servers.has(id)) yield { path: at, message: unknownName('server', id, servers.keys()), atKey: true };
      }
    }
  }
}

/** A domain has one owner: else the administrator of one customer could speak for the people of another (RAS-24). */
function* checkEmailDomains(trust: Trust): Generator<Finding> {
  const owners = new Map<string, string>();
  for (const [issuer, entry] of trust) {
    for (const { path, said } of speakersOf(issuer, entry)) {
      const domains = typeof said.accounts === 'object' ? said.accounts.email_domains : [];
      for (const [at, domain] of domains.entries()) {
        const owner = owners.get(domain);
        const message = `${domain} belongs to ${owner} already; an e-mail domain has one owner (RAS-24)`;
        if (owner !== undefined) yield { path: [...path, 'accounts', 'email_domains', at], message };
        else owners.set(domain, path.join('.'));
      }
    }
  }
}

/** Who speaks: the issuer itself, or each of its tenants. */
function speakersOf(issuer: string, entry: TrustEntry | undefined) {
  const path = ['trust', issuer];
  const tenants = Object.entries(entry?.tenants ?? {});
  if (entry && tenants.length === 0) return [{ path, said: entry }];
  return tenants.map(([tenant, said]) => ({ path: [...path, 'tenants', tenant], said }));
}
