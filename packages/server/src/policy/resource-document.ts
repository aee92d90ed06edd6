import { securityEventNames, signatureAlgorithms } from '@credence/mcp/protocol';
import { z } from 'zod';
import { ClientTlsEntry } from './client-tls.ts';
import { jwks, workload } from './document-keys.ts';
import {
  clientIdUrl,
  detailTypes,
  displayName,
  emailDomain,
  fetchedUrl,
  has,
  id,
  isMapping,
  legacyNeedsKeys,
  mapping,
  oneProof,
  scopeName,
  scopes,
  secondPerson,
  tenantName,
  trustedIssuer,
} from './document-words.ts';

/**
 * The resource document of trust domain B: which MCP servers are guarded here and where they really are, which clients
 * redeem, and whose ID-JAGs are taken.
 */

const placeholder = /\{(\w+)\}/g;

/** Text of a command line or environment; `{person}` and `{data}` are filled in when the child is started. */
const template = z
  .string('must be text')
  .refine(
    (text) => [...text.matchAll(placeholder)].every(([, name]) => name === 'person' || name === 'data'),
    'knows the placeholders {person} (account of the caller) and {data} (private folder of the server) only',
  );

/** `{ http: URL }` or `{ stdio: [command, argument, ...] }`; what is about a child process goes with `stdio` only. */
const UpstreamEntry = mapping({
  http: z
    .string('must be a URL')
    .refine(isUpstreamUrl, 'must be an http or https URL without user name, password or fragment')
    .optional(),
  stdio: z
    .array(template, 'must be a list: the command and its arguments')
    .min(1, 'must name a command')
    .refine(([command]) => command !== '' && !command?.includes('{'), 'the command must be plain text')
    .optional(),
  /** The whole environment of the child: nothing is inherited. */
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be a variable name'), template).optional(),
  cwd: template.optional(),
  max_sessions: z.int('must be a whole number').min(1, '1 to 10000').max(10_000, '1 to 10000').optional(),
  idle: z.int('must be a whole number of seconds').min(10, '10 to 86400').max(86_400, '10 to 86400').optional(),
  allow: z.array(z.enum(['roots', 'sampling', 'elicitation'], 'must be roots, sampling or elicitation')).default([]),
}).superRefine(
  (upstream, context) => {
    const say = (message: string) => context.addIssue({ code: 'custom', message });
    if (has(upstream, 'http') === has(upstream, 'stdio')) {
      say('must be either { http: URL } or { stdio: [command, argument, ...] }');
    }
    const ofChild = ['env', 'cwd', 'max_sessions', 'idle'].filter((key) => has(upstream, key));
    if (!has(upstream, 'stdio') && ofChild.length > 0) say(`${ofChild.join(', ')} can go with stdio only`);
  },
  { when: isMapping },
);

/** One `*` at most: then of two patterns that fit one tool, one is always the more specific. */
const toolPattern = z
  .string()
  .max(128)
  .regex(/^(?=.)[^\s*]*\*?[^\s*]*$/, 'must be the name of a tool, with at most one *');

export const ResourceServerEntry = mapping({
  name: displayName.optional(),
  upstream: UpstreamEntry.optional(),
  scopes,
  /** Permissions finer than scopes that the server knows (RFC 9396). */
  authorization_details: detailTypes.default({}),
  default_scopes: z.array(scopeName).min(1, 'must name at least one scope').optional(),
  /** Tool or pattern to the scope it needs. The most specific pattern wins; a tool that none fits is refused. */
  tools: z.record(toolPattern, scopeName, 'must be a mapping of tools to scopes').default({}),
  /**
   * Whether access tokens for it have to be bound, to a key (DPoP, RFC 9449) or to a client certificate (RFC 8705): either makes a
   * stolen one worthless, so either will do. RFC 9728 §2 has a word for demanding the first alone; the metadata says that one where
   * no certificates are looked for, and it is true. Absent = false (RAS-30, draft §9.8.1).
   */
  require_bound_tokens: z.boolean('must be true or false').optional(),
});

export const ResourceClientEntry = mapping({
  name: displayName.optional(),
  jwks: jwks.optional(),
  /** Where its keys are published, instead of a list of them. */
  jwks_uri: fetchedUrl.optional(),
  /** For older clients with keys: their assertions may name the token endpoint as `aud`, instead of the issuer (IDP-04). */
  legacy_audience: z.boolean('must be true or false').default(false),
  /** Its client ID metadata document; the URL is its client_id. */
  metadata: clientIdUrl.optional(),
  /** Lets a client in whose metadata names no credentials: then only with ID-JAGs bound to a key (RAS-02). */
  public: z.boolean('must be true or false').default(false),
  workload: workload.optional(),
  tls: ClientTlsEntry.optional(),
}).superRefine(
  (client, context) => {
    const proofs = ['jwks', 'jwks_uri', 'metadata', 'workload', 'tls'].filter((key) => has(client, key));
    if (client?.legacy_audience === true && !has(client, 'jwks') && !has(client, 'jwks_uri')) {
      context.addIssue({ code: 'custom', path: ['legacy_audience'], message: legacyNeedsKeys });
    }
    if (proofs.length > 1) context.addIssue({ code: 'custom', message: oneProof(proofs) });
    if (client?.public === true && !has(client, 'metadata')) {
      const message = 'only a client that is known by its metadata document may come without credentials (RAS-02)';
      context.addIssue({ code: 'custom', path: ['public'], message });
    }
  },
  { when: isMapping },
);

/** Whose accounts an issuer may speak for, and how a subject finds its own. */
const AccountsEntry = z.union(
  [
    z.enum(['create', 'known']),
    mapping({
      /** What becomes of a subject that has no account. */
      unknown: z.enum(['create', 'refuse'], 'must be create or refuse').default('refuse'),
      /** Domains this issuer owns: an address in one of them may link an account made beforehand, once (RAS-24). */
      email_domains: z.array(emailDomain, 'must be a list of domains').default([]),
      /** Who says that an address is verified: the claim `email_verified`, or the issuer by being trusted for it. */
      email_verified: z.enum(['claim', 'issuer'], 'must be claim or issuer').default('claim'),
      /** Whether `aud_sub` may name an account made beforehand. */
      aud_sub: z.boolean('must be true or false').default(false),
    }),
  ],
  { error: 'must be create, known, or a mapping with: unknown, email_domains, email_verified, aud_sub' },
);

/** What is said of an issuer, or of each of its tenants where it has any. */
const speaker = {
  accounts: AccountsEntry.optional(),
  /** Clients for which this issuer may speak, by their id here. */
  clients: z.array(id, 'must be a list of clients').min(1, 'must name at least one client').optional(),
  /** Servers for which this issuer may speak, and the scopes it may give there; all when absent (RAS-19). */
  servers: z
    .record(
      id,
      z.union([z.literal('all'), z.array(scopeName).min(1, 'must name at least one scope')], {
        error: 'must be all, or a list of scopes',
      }),
      'must be a mapping of servers, such as { wiki: all, tickets: [issues:read] }',
    )
    .refine((servers) => Object.keys(servers).length > 0, 'must name at least one server')
    .optional(),
  /** What the issuer calls us, where it knows several of us (`aud_tenant`). */
  aud_tenant: tenantName.optional(),
};

const keys = z.union([z.literal('discovery'), jwks], {
  error: 'must be discovery, or { keys: [public JSON Web Keys] }',
});

const TenantEntry = mapping({ ...speaker, keys: keys.optional() }).superRefine(
  (tenant, context) => {
    for (const key of ['accounts', 'clients'] as const) {
      if (!has(tenant, key)) context.addIssue({ code: 'custom', path: [key], message: missing[key] });
    }
  },
  { when: isMapping },
);

const missing = { accounts: 'must be create or known', clients: 'must be a list of clients' } as const;

export const TrustEntry = mapping({
  ...speaker,
  keys,
  /** Tenants of an issuer that has several, by the claim `tenant`; what is said of each stands there and not above it. */
  tenants: z
    .record(tenantName, TenantEntry, 'must be a mapping by tenant')
    .refine((tenants) => Object.keys(tenants).length > 0, 'must name at least one tenant')
    .optional(),
  /** Algorithms this issuer may sign with (RAS-05); all that Credence knows when absent. */
  algorithms: z.array(z.enum(signatureAlgorithms)).min(1, 'must name at least one algorithm').optional(),
  /** Whether ID-JAGs must be encrypted to this server's key (RAS-45). */
  require_encryption: z.boolean('must be true or false').default(false),
  /** For issuers of an older draft: the scope claim may be a JSON array. */
  scope_array: z.enum(['refuse', 'accept'], 'must be refuse or accept').default('refuse'),
  /** What becomes of scopes in the claim that the server does not have: all is refused, or they are left out (RAS-18). */
  unknown_scopes: z.enum(['refuse', 'drop'], 'must be refuse or drop').default('refuse'),
  /** Whether a request must ask for all that the ID-JAG carries (RAS-20). */
  strict_scope_match: z.boolean('must be true or false').default(false),
  /** What clients are told of a subject without an account, or with one that is off (RAS-27). */
  account_error: z
    .enum(['access_denied', 'invalid_grant'], 'must be access_denied or invalid_grant')
    .default('access_denied'),
  /** Whether an ID-JAG is good for one token, or until it expires where no MCP server can be reached with it (RAS-12). */
  replay: z.enum(['refuse', 'until_expiry'], 'must be refuse or until_expiry').default('refuse'),
  /** Whether the issuer may say by security events who is cut off, and by which (SIG-03). */
  signals: z
    .union([z.enum(['accept', 'refuse']), z.array(z.enum(securityEventNames)).min(1)], {
      error: `must be accept, refuse, or a list of: ${securityEventNames.join(', ')}`,
    })
    .default('accept'),
}).superRefine(
  (entry, context) => {
    const say = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    for (const key of Object.keys(speaker)) {
      if (has(entry, 'tenants') && has(entry, key)) say(key, 'stands in each tenant where there are tenants, not here');
    }
    for (const key of ['accounts', 'clients'] as const) {
      if (!has(entry, 'tenants') && !has(entry, key)) say(key, missing[key]);
    }
  },
  { when: isMapping },
);

export const ResourceDocument = mapping({
  servers: z.record(id, ResourceServerEntry, 'must be a mapping of servers').default({}),
  clients: z.record(id, ResourceClientEntry, 'must be a mapping of clients').default({}),
  trust: z.record(trustedIssuer, TrustEntry, 'must be a mapping of issuers').default({}),
  second_person: secondPerson.optional(),
});

export type ResourceDocument = z.output<typeof ResourceDocument>;
export type ResourceServerEntry = z.output<typeof ResourceServerEntry>;
export type TrustEntry = z.output<typeof TrustEntry>;
export type AccountsEntry = z.output<typeof AccountsEntry>;

function isUpstreamUrl(text: string): boolean {
  if (!URL.canParse(text) || text.includes('#')) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'http:' || protocol === 'https:') && username === '' && password === '';
}
