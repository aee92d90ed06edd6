import { securityEventNames, signatureAlgorithms } from '@credence/mcp/protocol';
import { Problem } from '../problem.ts';
import { byClientId, toProof } from './compile-client.ts';
import type { AccountRule, ResourceClient, ResourceServer, TrustedIssuer, TrustedTenants, Upstream } from './model.ts';
import type { AccountsEntry, ResourceDocument, ResourceServerEntry, TrustEntry } from './resource-document.ts';
import { resourceOf, spellings } from './resource-uri.ts';
import { toDetailTypes, toScopes, unaskedScopes } from './scopes.ts';

/** One version of the resource document, ready for the RAS and the gateway: built once, never changed. */
export interface ResourceIndex {
  readonly version: number;
  readonly servers: ReadonlyMap<string, ResourceServer>;
  /** Servers by each accepted spelling of their resource; iterate over `servers`, not over this. */
  readonly serversByResource: ReadonlyMap<string, ResourceServer>;
  readonly clients: ReadonlyMap<string, ResourceClient>;
  /** By what they are called in a request. */
  readonly clientsByClientId: ReadonlyMap<string, ResourceClient>;
  /** Issuers whose ID-JAGs are redeemed, by the exact issuer (RAS-06). */
  readonly trust: ReadonlyMap<string, TrustedTenants>;
  /** Whether what lets in more takes a second person. */
  readonly secondPerson: boolean;
}

/**
 * Builds the index of a document that `parsePolicy` has accepted.
 * @param options.issuer - issuer of this RAS; its servers live below it
 * @param options.localIdp - issuer that `local` stands for; `undefined` where this program has no IdP beside it
 */
export function compileResource(
  document: ResourceDocument,
  options: { readonly version: number; readonly issuer: string; readonly localIdp: string | undefined },
): ResourceIndex {
  const servers = new Map<string, ResourceServer>();
  const serversByResource = new Map<string, ResourceServer>();
  for (const [id, entry] of Object.entries(document.servers)) {
    const server = toServer(id, entry, options.issuer);
    servers.set(id, server);
    for (const spelling of spellings(server.resource)) serversByResource.set(spelling, server);
  }
  const clients = new Map<string, ResourceClient>();
  for (const [id, entry] of Object.entries(document.clients)) {
    clients.set(id, { id, name: entry.name ?? id, ...toProof(entry), public: entry.public });
  }
  return {
    version: options.version,
    servers,
    serversByResource,
    clients,
    clientsByClientId: byClientId(clients.values()),
    trust: toTrust(document.trust, options),
    secondPerson: document.second_person === 'required',
  };
}

function toTrust(
  entries: ResourceDocument['trust'],
  options: { readonly issuer: string; readonly localIdp: string | undefined },
): Map<string, TrustedTenants> {
  const trust = new Map<string, TrustedTenants>();
  for (const [key, entry] of Object.entries(entries)) {
    const issuer = key === 'local' ? options.localIdp : key;
    if (issuer === undefined) {
      throw new Problem(
        'trust.local: there is no identity provider in this program.',
        'Name the IdP by its issuer: https://...',
      );
    }
    // A RAS that redeemed its own assertions would turn one domain's word into the other's (draft §9.3).
    if (issuer.replace(/\/$/, '') === options.issuer) {
      throw new Problem(
        `trust.${key}: ${issuer} is this resource authorization server itself (IDP-34).`,
        'Trust the issuer of an identity provider; the two need two origins.',
      );
    }
    if (trust.has(issuer)) {
      throw new Problem(`trust names ${issuer} twice: by its URL and as local.`, 'Keep one of the two.');
    }
    trust.set(issuer, toTenants(issuer, entry));
  }
  return trust;
}

function toTenants(issuer: string, entry: TrustEntry): TrustedTenants {
  const speakers = Object.entries(entry.tenants ?? {});
  if (speakers.length === 0) return new Map([[undefined, toTrusted(issuer, undefined, entry, entry)]]);
  return new Map(speakers.map(([tenant, said]) => [tenant, toTrusted(issuer, tenant, entry, said)]));
}

/** @param said - what the entry, or its tenant, says for itself */
function toTrusted(
  issuer: string,
  tenant: string | undefined,
  entry: TrustEntry,
  said: Pick<TrustEntry, 'accounts' | 'clients' | 'servers' | 'aud_tenant'> & {
    readonly keys?: TrustEntry['keys'] | undefined;
  },
): TrustedIssuer {
  const keys = said.keys ?? entry.keys;
  return {
    issuer,
    tenant,
    keys: keys === 'discovery' ? keys : keys.keys,
    algorithms: entry.algorithms ?? signatureAlgorithms,
    accounts: toAccountRule(said.accounts ?? 'known'), // parsePolicy demands it: nothing is created by leaving it out
    clients: said.clients ?? [],
    servers: said.servers && toServersOf(said.servers),
    audTenant: said.aud_tenant,
    requiresEncryption: entry.require_encryption,
    acceptsScopeArray: entry.scope_array === 'accept',
    dropsUnknownScopes: entry.unknown_scopes === 'drop',
    strictScopeMatch: entry.strict_scope_match,
    allowsReuse: entry.replay === 'until_expiry',
    signals: toSignals(entry.signals),
    accountErrorIsGrant: entry.account_error === 'invalid_grant',
  };
}

function toServersOf(entry: NonNullable<TrustEntry['servers']>): TrustedIssuer['servers'] {
  return new Map(Object.entries(entry).map(([id, choice]) => [id, choice === 'all' ? choice : new Set(choice)]));
}

function toSignals(entry: TrustEntry['signals']): TrustedIssuer['signals'] {
  if (entry === 'refuse') return undefined;
  return new Set(entry === 'accept' ? securityEventNames : entry);
}

function toAccountRule(entry: AccountsEntry): AccountRule {
  if (entry === 'create' || entry === 'known') {
    const unknown = entry === 'create' ? 'create' : 'refuse';
    return { unknown, emailDomains: new Set(), emailVerified: 'claim', byAudSub: false };
  }
  const { unknown, email_domains, email_verified, aud_sub } = entry;
  return { unknown, emailDomains: new Set(email_domains), emailVerified: email_verified, byAudSub: aud_sub };
}

function toServer(id: string, entry: ResourceServerEntry, issuer: string): ResourceServer {
  return {
    id,
    name: entry.name ?? id,
    resource: resourceOf(issuer, id),
    scopes: toScopes(entry.scopes),
    detailTypes: toDetailTypes(entry.authorization_details),
    defaultScopes: entry.default_scopes ?? unaskedScopes(entry.scopes),
    tools: new Map(Object.entries(entry.tools)),
    scopeOfTool: toScopeOfTool(entry.tools),
    upstream: entry.upstream && toUpstream(entry.upstream),
    isMcp: entry.upstream !== undefined || Object.keys(entry.tools).length > 0,
    requiresBoundTokens: entry.require_bound_tokens ?? false,
  };
}

function toUpstream(entry: NonNullable<ResourceServerEntry['upstream']>): Upstream {
  const { http, stdio, env = {}, cwd, allow, max_sessions = 20, idle = 300 } = entry;
  if (http !== undefined) return { kind: 'http', url: http, allow };
  const [command = '', ...args] = stdio ?? [];
  return { kind: 'stdio', command, args, env, cwd, allow, maxSessions: max_sessions, idleSeconds: idle };
}

/**
 * The most specific pattern wins: the exact name, then the longer text before the `*`, then the longer text after it.
 * With one `*` in each, no two patterns that fit the same tool are equally specific.
 */
function toScopeOfTool(tools: ResourceServerEntry['tools']): (tool: string) => string | undefined {
  const exact = new Map<string, string>();
  const patterns: { prefix: string; suffix: string; scope: string }[] = [];
  for (const [pattern, scope] of Object.entries(tools)) {
    const [prefix = '', suffix] = pattern.split('*');
    if (suffix === undefined) exact.set(pattern, scope);
    else patterns.push({ prefix, suffix, scope });
  }
  patterns.sort((a, b) => b.prefix.length - a.prefix.length || b.suffix.length - a.suffix.length);
  return (tool) => exact.get(tool) ?? patterns.find(({ prefix, suffix }) => fits(tool, prefix, suffix))?.scope;
}

function fits(tool: string, prefix: string, suffix: string): boolean {
  return tool.length >= prefix.length + suffix.length && tool.startsWith(prefix) && tool.endsWith(suffix);
}
