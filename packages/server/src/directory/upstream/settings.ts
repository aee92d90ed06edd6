import { googleIssuer, type SignInConfig, type UpstreamEntry, type UpstreamPreset } from '../../upstream-config.ts';

/** An identity provider that people of the organisation have already, ready to be asked. */
export interface Upstream {
  /** Stands for it in sources (`upstream:<name>`), group ids (`<name>/<group>`) and addresses. */
  readonly name: string;
  /** What people call it. */
  readonly label: string;
  readonly issuer: string;
  readonly clientId: string;
  readonly secretFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly scopes: readonly string[];
  readonly create: boolean;
  readonly userinfo: boolean;
  readonly maxAge: number | undefined;
  readonly mapping: ClaimMapping;
  /** What it calls an `acr` of ours. */
  readonly acr: ReadonlyMap<string, string>;
  readonly signOut: 'form' | 'redirect';
  readonly provisionedBy: Provisioning | undefined;
}

/** How its claims become a person. */
export interface ClaimMapping {
  readonly name: string;
  /** Where each is: paths, of which the first that leads somewhere counts. */
  readonly paths: Readonly<Record<'email' | 'name' | 'groups' | 'roles', readonly string[]>>;
  /** Takes an address without `email_verified`; then `domains` is never empty. */
  readonly trustsEmail: boolean;
  /** The only domains it vouches for; empty = any. */
  readonly domains: readonly string[];
  /** Demands the `hd` claim: the address of a private Google account can lie in any domain. */
  readonly demandsHostedDomain: boolean;
  readonly groupPrefix: string;
  /** Ids for groups and for roles, by the value of the claim, where that would not do in a rule. */
  readonly groupIds: ReadonlyMap<string, string>;
  readonly roleIds: ReadonlyMap<string, string>;
}

/** Another source owns the records; a claim says which one is meant. */
export interface Provisioning {
  readonly source: string;
  readonly match: 'external_id' | 'user_name';
  readonly paths: readonly string[];
}

interface Preset {
  readonly label: string;
  readonly scopes: readonly string[];
  readonly claims: ClaimMapping['paths'];
  readonly trustsEmail?: true;
  readonly demandsHostedDomain?: true;
}

const common = ['openid', 'profile', 'email'];
const standard = { email: ['email'], name: ['name'], groups: ['groups'], roles: ['roles'] };

/** What is known of each provider, so that only issuer, client id and secret are left to say. Quirks: docs/operate/sign-in.md. */
const presets: Readonly<Record<UpstreamPreset, Preset>> = {
  okta: { label: 'Okta', scopes: [...common, 'groups'], claims: standard },
  // It never sends email_verified, and `email` only for those who have a mailbox.
  entra: {
    label: 'Microsoft',
    scopes: common,
    claims: { ...standard, email: ['email', 'preferred_username'] },
    trustsEmail: true,
  },
  google: {
    label: 'Google',
    scopes: common,
    claims: { ...standard, groups: [], roles: [] },
    demandsHostedDomain: true,
  },
  keycloak: { label: 'Keycloak', scopes: common, claims: { ...standard, roles: ['realm_access.roles', 'roles'] } },
};

const plain: Preset = { label: '', scopes: common, claims: standard };

/** The upstreams of the configuration, in the order they are written. */
export function toUpstreams({ upstream }: SignInConfig): readonly Upstream[] {
  return Object.entries(upstream).map(([name, entry]) => toUpstream(name, entry));
}

function toUpstream(name: string, entry: UpstreamEntry): Upstream {
  const preset = entry.preset ? presets[entry.preset] : plain;
  return {
    name,
    label: entry.name ?? (preset.label || name),
    issuer: entry.issuer ?? googleIssuer,
    clientId: entry.client_id,
    secretFile: entry.client_secret_file,
    keyFile: entry.client_key_file,
    scopes: [...new Set(['openid', ...(entry.scopes ?? preset.scopes)])],
    create: entry.create && entry.provisioned_by === undefined,
    userinfo: entry.userinfo ?? false,
    maxAge: entry.max_age,
    mapping: toMapping(name, entry, preset),
    acr: new Map(Object.entries(entry.acr)),
    signOut: entry.sign_out,
    provisionedBy: entry.provisioned_by && {
      source: entry.provisioned_by.source,
      match: entry.provisioned_by.match,
      paths: [entry.provisioned_by.claim].flat(),
    },
  };
}

function toMapping(
  name: string,
  { claims, groups, roles, email, domains }: UpstreamEntry,
  preset: Preset,
): ClaimMapping {
  const pathsOf = (what: keyof ClaimMapping['paths']) => {
    const own = claims[what];
    return own === undefined ? preset.claims[what] : [own].flat();
  };
  return {
    name,
    paths: { email: pathsOf('email'), name: pathsOf('name'), groups: pathsOf('groups'), roles: pathsOf('roles') },
    trustsEmail: email === undefined ? preset.trustsEmail === true : email === 'trusted',
    domains,
    demandsHostedDomain: preset.demandsHostedDomain === true,
    groupPrefix: groups.prefix ?? '',
    groupIds: new Map(Object.entries(groups.ids)),
    roleIds: new Map(Object.entries(roles.ids)),
  };
}
