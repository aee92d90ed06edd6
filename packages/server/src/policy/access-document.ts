import { z } from 'zod';
import { ClientTlsEntry } from './client-tls.ts';
import { encryptionJwks, jwks, workload } from './document-keys.ts';
import {
  cidr,
  circumstances,
  clientIdUrl,
  detailTypeName,
  detailTypes,
  displayName,
  fetchedUrl,
  has,
  id,
  isLoopback,
  isMapping,
  issuer,
  issuerOrLocal,
  isWebUrl,
  legacyNeedsKeys,
  mapping,
  oneProof,
  resource,
  scopeChoice,
  scopeName,
  scopes,
  secondPerson,
  tenantName,
} from './document-words.ts';

/**
 * The access document of trust domain A: which servers there are, which clients, and the rules. People are not in it:
 * rules name groups, roles and people by id, and the directory says who is in them.
 */

/** `resource` and `ras`, or `local`: an id in the resource document of the same program. */
export const AccessServerEntry = mapping({
  name: displayName.optional(),
  resource: resource.optional(),
  ras: issuer.optional(),
  local: id.optional(),
  scopes,
  /** Permissions finer than scopes that the server knows (RFC 9396). */
  authorization_details: detailTypes.default({}),
  default_scopes: z.array(scopeName).min(1, 'must name at least one scope').optional(),
  /** `false`: nobody is let in, whatever the rules say. */
  enabled: z.boolean('must be true or false').optional(),
}).superRefine(
  (server, context) => {
    const isLocal = has(server, 'local');
    const isRemote = has(server, 'resource') && has(server, 'ras');
    const isMixed = isLocal && (has(server, 'resource') || has(server, 'ras'));
    if (isMixed || (!isLocal && !isRemote)) {
      context.addIssue({ code: 'custom', message: 'needs either resource and ras, or local, and not both' });
    }
  },
  { when: isMapping },
);

const redirectUri = z.string('must be a URL').refine(isRedirectUri, {
  error: 'must be https, http on localhost, or a scheme of your own such as com.example.app:/callback; no fragment',
});

export const AccessClientEntry = mapping({
  name: displayName.optional(),
  redirect_uris: z.array(redirectUri).default([]),
  post_logout_redirect_uris: z.array(redirectUri).default([]),
  /** Told when a session of its people ends. */
  backchannel_logout_uri: z
    .string('must be a URL')
    .refine((text) => isWebUrl(text), 'must be https, or http on localhost, without fragment')
    .optional(),
  /** Has no credentials: anybody can claim to be it. */
  public: z.boolean('must be true or false').default(false),
  /** Signs people in for this RAS, or `local`, and calls them what its ID-JAGs do, where that is an id of their own (IDP-26). */
  subjects_of: issuerOrLocal.optional(),
  /** May trade ID Tokens for ID-JAGs; when absent, only clients with credentials may. */
  exchange: z.boolean('must be true or false').optional(),
  jwks: jwks.optional(),
  /** Where its keys are published, instead of a list of them. */
  jwks_uri: fetchedUrl.optional(),
  /** For older clients with keys: their assertions may name the token endpoint as `aud`, instead of the issuer (IDP-04). */
  legacy_audience: z.boolean('must be true or false').default(false),
  /** Its client ID metadata document; the URL is its client_id, and redirect URIs, method and keys stand there. */
  metadata: clientIdUrl.optional(),
  /** Its secret, or whatever it has of one, is on many machines: high-risk scopes only with a key bound at sign-in (T02). */
  distributed: z.boolean('must be true or false').default(false),
  workload: workload.optional(),
  tls: ClientTlsEntry.optional(),
  client_ids: z
    .record(issuerOrLocal, z.string().regex(/^[\x21-\x7E]{1,256}$/, 'must be 1 to 256 visible ASCII characters'))
    .default({}),
}).superRefine(
  (client, context) => {
    if (client?.public === true && has(client, 'jwks')) {
      context.addIssue({ code: 'custom', path: ['jwks'], message: 'a public client has no keys; drop jwks or public' });
    }
    const proofs = ['jwks', 'jwks_uri', 'metadata', 'workload', 'tls'].filter((key) => has(client, key));
    if (client?.legacy_audience === true && !has(client, 'jwks') && !has(client, 'jwks_uri')) {
      context.addIssue({ code: 'custom', path: ['legacy_audience'], message: legacyNeedsKeys });
    }
    if (proofs.length > 1) context.addIssue({ code: 'custom', message: oneProof(proofs) });
    else if (client?.public === true && proofs.length > 0 && !has(client, 'jwks')) {
      const message = `drop public or ${proofs[0]}: a public client has no credentials, and metadata says it by itself`;
      context.addIssue({ code: 'custom', path: ['public'], message });
    }
    const described = ['redirect_uris', 'post_logout_redirect_uris'] as const;
    for (const key of has(client, 'metadata') ? described : []) {
      if (!Array.isArray(client?.[key]) || client[key].length === 0) continue;
      context.addIssue({
        code: 'custom',
        path: [key],
        message: 'stands in the metadata document of the client; drop it',
      });
    }
  },
  { when: isMapping },
);

/** `group:` and `role:` take ids of the directory: `engineering` is local, `okta/eng` comes from another source. */
export const subject = z
  .string('must be text')
  .regex(
    /^(?:everyone|(?:group|role|user):(?:[A-Za-z0-9_.-]{1,64}\/)?[A-Za-z0-9_.@:+-]{1,200})$/,
    'must be everyone, group:ID, role:ID or user:ID; an ID of another source is written SOURCE/ID',
  );

/** What the sign-in must have been like. Below a minute a sign-in would be too old by the time it is used. */
export const Needs = mapping({
  acr: z.string('must be text').min(1, 'must not be empty').optional(),
  amr: z.array(z.string('must be text').min(1)).min(1, 'must name at least one method').optional(),
  max_age: z.int('must be a whole number of seconds').min(60, 'must be 60 seconds or more').optional(),
}).refine((needs) => Object.keys(needs).length > 0, 'must name acr, amr or max_age');

/** Exactly one of `allow`, `deny` and `require`. */
export const RuleEntry = mapping({
  id,
  allow: scopeChoice.optional(),
  deny: scopeChoice.optional(),
  require: Needs.optional(),
  for: scopeChoice.optional(),
  /** With allow: types of authorization details that go with its scopes. */
  details: z
    .union([z.literal('all'), z.array(detailTypeName).min(1, 'must name at least one type')], {
      error: 'must be all, or a list of one or more types',
    })
    .optional(),
  on: z.union([id, z.array(id).min(1)], { error: 'must be a server, or a list of one or more servers' }),
  to: z.array(subject, 'must be a list such as [group:engineering]').min(1, 'must name somebody').optional(),
  through: z.array(id, 'must be a list of clients').min(1, 'must name at least one client').optional(),
  ...circumstances,
  /** Decides nothing yet: what it would have changed goes on the record. */
  report_only: z.boolean('must be true or false').optional(),
}).superRefine(
  (rule, context) => {
    const say = (message: string) => context.addIssue({ code: 'custom', message });
    const effects = ['allow', 'deny', 'require'].filter((effect) => has(rule, effect));
    if (effects.length !== 1) say('must have exactly one of allow, deny and require');
    if (has(rule, 'require') !== has(rule, 'for')) say('require and for go together: for names the scopes it guards');
    if (has(rule, 'details') && !has(rule, 'allow')) {
      say('details go with allow only: a deny or a require of the scope takes the details with it');
    }
    if ((has(rule, 'allow') || has(rule, 'deny')) && !has(rule, 'to')) say('must say to whom: to: [group:ID]');
  },
  { when: isMapping },
);

/** What one session must never hold together, as two sides or more: a session gets something of all of them but one (T34). */
export const TogetherEntry = mapping({
  id,
  /** Each a mapping of servers to scopes: `{ private: { crm: all }, out: { mail: [mail:send] } }`. */
  sides: z
    .record(
      id,
      z
        .record(id, scopeChoice, 'must be a mapping of servers to scopes, such as { crm: all, mail: [mail:send] }')
        .refine((side) => Object.keys(side).length > 0, 'must name at least one server'),
      'must be a mapping of two or more sides, such as { private: { crm: all }, out: { mail: [mail:send] } }',
    )
    .refine((sides) => Object.keys(sides).length > 1, 'must be two sides or more: one is never together with anything'),
  to: z.array(subject, 'must be a list such as [group:engineering]').min(1, 'must name somebody').optional(),
  through: z.array(id, 'must be a list of clients').min(1, 'must name at least one client').optional(),
});

/** How one RAS is spoken to, where that differs from the default. */
export const AudienceEntry = mapping({
  /** Other names under which clients may ask for it; the ID-JAG always carries its issuer (IDP-08). */
  aliases: z.array(z.string().regex(/^[\x21-\x7E]{1,512}$/, 'must be visible ASCII without blanks')).default([]),
  /** `pairwise`: people have an id of their own towards this RAS, which no other can match (IDP-26). */
  subject: z.enum(['public', 'pairwise'], "must be 'public' or 'pairwise'").default('public'),
  /** Whether ID-JAGs carry the e-mail address; only where the RAS cannot do without (IDP-29). */
  email: z.boolean('must be true or false').default(false),
  /** What this organisation is called there, where that RAS tells several by one issuer (draft §6). */
  tenant: tenantName.optional(),
  /** Which of its customers the RAS is to take the person for. */
  aud_tenant: tenantName.optional(),
  /** Whether ID-JAGs carry the person's id there, as far as it was set: credence person id-at. */
  aud_sub: z.boolean('must be true or false').default(false),
  /** The key ID-JAGs are encrypted to, so that clients cannot read them; when absent they are signed only (IDP-37). */
  encryption: z
    .union([z.literal('discovery'), encryptionJwks], {
      error: 'must be discovery, or { keys: [JSON Web Keys for encryption] }',
    })
    .optional(),
  /** Where it takes security events (RFC 8935); when absent, `/events` behind its issuer. `false`: it is told nothing. */
  signals: z
    .union([z.literal(false), fetchedUrl], {
      error: 'must be false, or the URL of its endpoint for security events: https, or http on localhost',
    })
    .optional(),
});

/** What the sign-in is worth. */
const SignInEntry = mapping({
  /** The most a sign-in can earn, so that nobody is sent to sign in again in vain. Neither: what the sign-in here can do. */
  acr: z.array(z.string()).optional(),
  amr: z.array(z.string()).optional(),
  first_factor: z.enum(['code', 'password'], "must be 'code' or 'password'").optional(),
});

export const AccessDocument = mapping({
  servers: z.record(id, AccessServerEntry, 'must be a mapping of servers').default({}),
  clients: z.record(id, AccessClientEntry, 'must be a mapping of clients').default({}),
  audiences: z.record(issuerOrLocal, AudienceEntry, 'must be a mapping by issuer').default({}),
  /** Names for networks that rules speak of. */
  networks: z
    .record(id, z.array(cidr).min(1, 'must list at least one network'), 'must be a mapping of names')
    .default({}),
  rules: z.array(RuleEntry, 'must be a list of rules').default([]),
  never_together: z.array(TogetherEntry, 'must be a list of rules with sides').default([]),
  sign_in: SignInEntry.optional(),
  second_person: secondPerson.optional(),
});

export type AccessDocument = z.output<typeof AccessDocument>;
export type AccessServerEntry = z.output<typeof AccessServerEntry>;
export type AccessClientEntry = z.output<typeof AccessClientEntry>;
export type TogetherEntry = z.output<typeof TogetherEntry>;
export type RuleEntry = z.output<typeof RuleEntry>;

/** https, http to loopback, or a scheme of the client's own; no fragment. */
export function isRedirectUri(text: string): boolean {
  if (!URL.canParse(text) || text.includes('#') || /\s/.test(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  if (protocol === 'http:') return isLoopback(hostname);
  // A scheme with a dot is a domain name backwards (RFC 8252 §7.1), which also keeps javascript: and data: out.
  return protocol === 'https:' || protocol.includes('.');
}
