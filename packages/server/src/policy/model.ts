import type { EpochSeconds, Jwk, SecurityEventName, SignatureAlgorithm } from '@credence/mcp/protocol';
import type { DetailType } from './details.ts';

/** How much harm a scope can do; high-risk scopes are never granted unasked. */
export type Risk = 'low' | 'medium' | 'high';

/** Everything a decision on access depends on. The same `Ask` on the same version always gives the same answer. */
export interface Ask {
  readonly person: { readonly id: string; readonly groups: readonly string[]; readonly roles: readonly string[] };
  /** The client's id at the IdP. */
  readonly client: string;
  /** The server's id in the access document. */
  readonly server: string;
  /** Scopes asked for by name, or undefined when the request named none. */
  readonly scopes: readonly string[] | undefined;
  /** Types of the authorization details asked for; absent when there were none. */
  readonly details?: readonly string[] | undefined;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  readonly authTime: EpochSeconds | undefined;
  readonly now: EpochSeconds;
  /** Whether the request was made with a key that the sign-in was bound to. */
  readonly keyBound?: boolean | undefined;
  /** Where the request came from; unknown, no rule grants anything for it. */
  readonly address?: string | undefined;
  /** What the session holds already, of what must not come together; see `together.ts`. */
  readonly held?: readonly string[] | undefined;
  /** Asks what could be had at all: from the best place, at the best time of day. */
  readonly whenever?: true | undefined;
}

/** `bind_key`: a scope asked for by name is only for clients that show a key bound at sign-in. */
export type Effect = 'allow' | 'deny' | 'step_up' | 'bind_key';

/** What a sign-in must have been like (`require` rules). */
export interface SignInNeeds {
  readonly acr?: string | undefined;
  readonly amr?: readonly string[] | undefined;
  /** Seconds since the person last signed in, at most. */
  readonly max_age?: number | undefined;
}

/** The outcome. `because` names the rules that spoke, so that the record can tell why. */
export interface Decision {
  readonly effect: Effect;
  readonly scopes: readonly string[];
  /** Types of authorization details that may be granted; there when some were asked for. */
  readonly details?: readonly string[];
  readonly because: readonly string[];
  /** Scopes withheld because they must never come together with what the session has; there where there are some. */
  readonly keptApart?: readonly string[];
  /**
   * With `step_up`: what the next sign-in must be like, all of it, also where this one already was; `acr` and `max_age` as the
   * request for it has to say them.
   */
  readonly needs?: SignInNeeds;
}

/** An MCP server as the access document (domain A) knows it. */
export interface AccessServer {
  readonly id: string;
  readonly name: string;
  /** Resource identifier of the MCP server. */
  readonly resource: string;
  /** Issuer of the RAS that guards it. */
  readonly ras: string;
  readonly scopes: ReadonlyMap<string, Risk>;
  readonly detailTypes: ReadonlyMap<string, DetailType>;
  /** Scopes considered when a request names none; without high-risk ones unless the document says so. */
  readonly defaultScopes: readonly string[];
  /** Switched off: nobody is let in. */
  readonly isOff: boolean;
}

/**
 * What it takes to enrol a first second factor: a code from an administrator, or the password alone. The latter lets
 * whoever has stolen a password enrol a factor of their own before its owner does.
 */
export type FirstFactor = 'code' | 'password';

/** How the ID-JAGs for one RAS are made. */
export interface Audience {
  readonly ras: string;
  readonly aliases: readonly string[];
  readonly subject: 'public' | 'pairwise';
  readonly email: boolean;
  readonly tenant: string | undefined;
  readonly audTenant: string | undefined;
  readonly audSub: boolean;
  /** Where the keys come from that ID-JAGs are encrypted to; `undefined` = they are not encrypted. */
  readonly encryption: 'discovery' | readonly Jwk[] | undefined;
  /** Where it takes security events; `undefined` = behind its issuer, `false` = it is told nothing. */
  readonly signals: string | false | undefined;
}

/** The kinds of names in a certificate that a client can be known by (RFC 8705 §2.1.2). */
export type CertificateNameKind = 'subject_dn' | 'san_dns' | 'san_uri' | 'san_ip' | 'san_email';

/**
 * What the certificate of a client has to be; such a client authenticates by it and by nothing else. Values are in the
 * canonical form in which certificates are compared.
 */
export type ClientTls = (
  | { readonly kind: CertificateNameKind; readonly value: string }
  | { readonly kind: 'self_signed'; readonly thumbprints: readonly string[] }
) & {
  /** Grants and tokens of this client are bound to the certificate it showed. */
  readonly bound: boolean;
};

/**
 * How a client proves that it is itself: exactly one of these, or a secret, which lies in the store and not in a document.
 */
export interface ClientProof {
  /** With keys the client authenticates by private_key_jwt and nothing else. */
  readonly jwks: readonly Jwk[] | undefined;
  /** Where its keys are fetched from. */
  readonly jwksUri?: string | undefined;
  /** Whether its assertions may name the token endpoint instead of the issuer. */
  readonly legacyAudience?: boolean;
  /** URL of its client ID metadata document, which is then its client_id on the wire. */
  readonly metadata?: string | undefined;
  /** What that document says, once it has been fetched. */
  readonly document?: ClientDocument | undefined;
  readonly workload?: Workload | undefined;
  /** With a certificate to expect it authenticates by that and nothing else. */
  readonly tls?: ClientTls | undefined;
}

/** What counts of a client ID metadata document. Its names, logos and links do not: those are the administrator's to give. */
export interface ClientDocument {
  readonly method: 'none' | 'private_key_jwt';
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  readonly jwks: readonly Jwk[] | undefined;
  readonly jwksUri: string | undefined;
  /** False when it lists the ID-JAG profile and not the grant that goes with it (CIM-09). */
  readonly mayExchange: boolean;
  readonly mayRedeem: boolean;
}

/** A token of the platform a client runs on, as proof of who it is. @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2 */
export interface Workload {
  readonly issuer: string;
  readonly subject: string;
  /** `undefined` = the issuer of the endpoint it is shown at. */
  readonly audience: string | undefined;
  readonly keys: 'discovery' | readonly Jwk[];
  readonly algorithms: readonly SignatureAlgorithm[];
  /** Whether a token may be shown again until it expires. */
  readonly reuse: boolean;
}

/** A client as the access document knows it. */
export interface AccessClient extends ClientProof {
  readonly id: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris: readonly string[];
  /** Where the client is told that a session has ended (OpenID Connect Back-Channel Logout 1.0). */
  readonly backchannelLogoutUri?: string | undefined;
  /** Has no credentials, or with `metadata` may have none; may sign people in, and exchange only where `exchange` says so. */
  readonly public: boolean;
  /** `undefined`: if it has credentials. */
  readonly exchange: boolean | undefined;
  /** What it proves itself with is on many machines: no high-risk scope without a key bound at sign-in (T02). */
  readonly distributed?: boolean;
  /** Its ID Tokens call people what the ID-JAGs for this RAS do; such a client does not exchange (IDP-26). */
  readonly subjectsOf?: Audience | undefined;
  /** The client's id at each RAS, by issuer (IDP-25). */
  readonly clientIds: ReadonlyMap<string, string>;
}

/** An MCP server as the resource document (domain B) knows it. */
export interface ResourceServer {
  readonly id: string;
  readonly name: string;
  readonly resource: string;
  readonly scopes: ReadonlyMap<string, Risk>;
  readonly detailTypes: ReadonlyMap<string, DetailType>;
  /** Scopes for an ID-JAG without a scope claim (RAS-21), and what challenges advertise. */
  readonly defaultScopes: readonly string[];
  /** Names and patterns of tools, as the document lists them, and the scope each needs. */
  readonly tools: ReadonlyMap<string, string>;
  /** The scope a tool needs; undefined = the tool is listed nowhere and refused. */
  readonly scopeOfTool: (tool: string) => string | undefined;
  readonly upstream: Upstream | undefined;
  /** False for one without upstream and without tools: an API of another kind, for which ID-JAGs may be good for longer. */
  readonly isMcp: boolean;
  /** Whether its access tokens have to be bound to a key or to a certificate (RAS-30). */
  readonly requiresBoundTokens: boolean;
}

/** What may reach an upstream of the client's own capabilities. */
export type ClientCapability = 'roots' | 'sampling' | 'elicitation';

/** Where a guarded MCP server really is. */
export type Upstream =
  | { readonly kind: 'http'; readonly url: string; readonly allow: readonly ClientCapability[] }
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      /**
       * The whole environment of the child. In arguments, values and `cwd`, `{person}` becomes the caller's account id
       * and `{data}` the private folder of this server in the home.
       */
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string | undefined;
      readonly allow: readonly ClientCapability[];
      readonly maxSessions: number;
      readonly idleSeconds: number;
    };

/** A client as the resource document knows it. */
export interface ResourceClient extends ClientProof {
  readonly id: string;
  readonly name: string;
  /** May come without credentials where its metadata document names none, with ID-JAGs bound to a key only (RAS-02). */
  readonly public?: boolean;
}

/** How the subjects of an issuer find their accounts. */
export interface AccountRule {
  /** What becomes of a subject that has none. */
  readonly unknown: 'create' | 'refuse';
  /** Domains whose addresses may link an account made beforehand. */
  readonly emailDomains: ReadonlySet<string>;
  /** `claim`: only with `email_verified: true`; `issuer`: an address without that claim counts as verified too. */
  readonly emailVerified: 'claim' | 'issuer';
  /** Whether `aud_sub` may name one made beforehand. */
  readonly byAudSub: boolean;
}

/** An issuer whose ID-JAGs are redeemed here, or one tenant of it. */
export interface TrustedIssuer {
  readonly issuer: string;
  readonly tenant: string | undefined;
  /** `discovery`, or keys written into the document. */
  readonly keys: 'discovery' | readonly Jwk[];
  /** Algorithms it may sign with (RAS-05). */
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly accounts: AccountRule;
  /** Clients (ids at this RAS) for which this issuer may speak. */
  readonly clients: readonly string[];
  /** Servers for which this issuer may speak, and which of their scopes it may give; `undefined` = all (RAS-19). */
  readonly servers: ReadonlyMap<string, 'all' | ReadonlySet<string>> | undefined;
  /** What `aud_tenant` must be; `undefined` = it must be absent. */
  readonly audTenant: string | undefined;
  /** Whether its ID-JAGs must be encrypted to us (RAS-45). */
  readonly requiresEncryption: boolean;
  /** Switches for issuers and clients of older drafts (catalogue section 9). */
  readonly acceptsScopeArray: boolean;
  readonly dropsUnknownScopes: boolean;
  readonly strictScopeMatch: boolean;
  /** Whether its ID-JAGs are good until they expire, where no MCP server can be reached with them. */
  readonly allowsReuse: boolean;
  /** Which of its security events have an effect here; `undefined` = it may send none (SIG-03). */
  readonly signals: ReadonlySet<SecurityEventName> | undefined;
  /** Whether clients hear `invalid_grant` where an account is missing or off. */
  readonly accountErrorIsGrant: boolean;
}

/** A trusted issuer by the value of `tenant`; one without tenants is the only entry, under `undefined` (RAS-28). */
export type TrustedTenants = ReadonlyMap<unknown, TrustedIssuer>;
