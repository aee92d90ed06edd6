import { z } from 'zod';

/**
 * `sign_in` in `credence.yaml`: the identity providers that the organisation runs already, by a name that stands for them in
 * group ids, addresses and the record. What a preset fills in is told in `directory/upstream/presets.ts`.
 */

/** Identity providers whose claims and quirks are known. */
export const upstreamPresets = ['okta', 'entra', 'google', 'keycloak'] as const;
export type UpstreamPreset = (typeof upstreamPresets)[number];

const issuer = z.string().refine(isIssuer, {
  error: 'must be the issuer of the identity provider: https (http on localhost only), no query, no fragment',
});

const domain = z
  .string()
  .regex(/^(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain in lower case, such as acme.example');

/** The name of a claim, or names joined by dots to reach into an object; of several, the first that is there. */
const claim = z.union([z.string().min(1).max(200), z.array(z.string().min(1).max(200)).min(1)]);

/** What a rule can name after the source: see `subject` of the access document. */
const idAtSource = z
  .string()
  .regex(/^[A-Za-z0-9_.@:+-]{1,200}$/, 'must be letters, digits and _ . @ : + - only: rules name it');

const Upstream = z
  .strictObject({
    preset: z.enum(upstreamPresets, `must be one of ${upstreamPresets.join(', ')}`).optional(),
    /** What the button says. */
    name: z
      .string()
      .regex(/^[^\p{Cc}\p{Cf}]{1,40}$/u, 'must be 1 to 40 visible characters')
      .optional(),
    issuer: issuer.optional(),
    client_id: z.string().regex(/^[\x21-\x7E]{1,512}$/, 'must be the client id the identity provider gave us'),
    client_secret_file: z.string().min(1).optional(),
    /** A private JWK (ES256, RS256 or PS256) for private_key_jwt. */
    client_key_file: z.string().min(1).optional(),
    /** E-mail domains of its people: who types such an address is sent there, and it vouches for no other. */
    domains: z.array(domain).default([]),
    /** Whether somebody who was never here before gets a record at the first sign-in. */
    create: z.boolean().default(true),
    /** `verified`: only with `email_verified: true`. `trusted`: as it stands, for providers that never say. */
    email: z.enum(['verified', 'trusted'], 'must be verified or trusted').optional(),
    scopes: z.array(z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]+$/, 'must be a scope')).optional(),
    /** Ask the userinfo endpoint too, for providers that leave claims out of the ID Token. */
    userinfo: z.boolean().optional(),
    /** Seconds since the person last proved who they are there, at most, at every sign-in. */
    max_age: z.int().min(60).optional(),
    claims: z
      .strictObject({
        email: claim.optional(),
        name: claim.optional(),
        groups: claim.optional(),
        roles: claim.optional(),
      })
      .prefault({}),
    groups: z
      .strictObject({
        /** Only groups that begin with it count, and it is taken off. */
        prefix: z.string().min(1).optional(),
        /** Ids for groups whose names a rule cannot spell, such as `"Domain Users": domain-users`. */
        ids: z.record(z.string(), idAtSource).default({}),
      })
      .prefault({}),
    /** The same for roles. A claim gives roles of this upstream only, never a local one. */
    roles: z.strictObject({ ids: z.record(z.string(), idAtSource).default({}) }).prefault({}),
    /** What the provider calls an `acr` of ours: `{ phr: urn:okta:loa:2fa:any }`. */
    acr: z.record(z.string().min(1), z.string().min(1)).default({}),
    /**
     * How a person is led to sign out there. `form`: the ID Token goes along in the body. `redirect`: without it, for
     * providers whose cookies do not go along with a form from another site; they ask the person themselves.
     */
    sign_out: z.enum(['form', 'redirect'], 'must be form or redirect').default('form'),
    /** The records of these people belong to another source; claims find them and change nothing. */
    provisioned_by: z
      .strictObject({
        source: z.string().regex(/^scim:[a-z0-9][a-z0-9-]{0,31}$/, 'must be a SCIM source, such as scim:okta'),
        match: z.enum(['external_id', 'user_name'], 'must be external_id or user_name'),
        claim,
      })
      .optional(),
  })
  .superRefine((entry, context) => {
    const say = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if ((entry.client_secret_file === undefined) === (entry.client_key_file === undefined)) {
      say('client_secret_file', 'needs either client_secret_file or client_key_file, and not both');
    }
    if (entry.issuer === undefined && entry.preset !== 'google') say('issuer', 'is missing');
    if (entry.preset === 'google' && entry.domains.length === 0) {
      say('domains', 'is missing: anybody in the world has a Google account');
    }
    if (entry.preset === 'entra' && !isOneTenant(entry.issuer)) {
      say('issuer', 'must be that of one tenant: https://login.microsoftonline.com/TENANT-ID/v2.0');
    }
    const isTrusted = entry.email === 'trusted' || (entry.email === undefined && entry.preset === 'entra');
    if (isTrusted && entry.domains.length === 0) {
      say('domains', 'is missing: an address nobody verified counts for the domains listed only');
    }
  });

export const SignInConfig = z
  .strictObject({
    upstream: z
      .record(
        z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'an upstream is named by small letters, digits and -'),
        Upstream,
      )
      .default({}),
  })
  .superRefine(({ upstream }, context) => {
    const taken = new Map<string, string>();
    for (const [name, { issuer: its, preset, domains }] of Object.entries(upstream)) {
      const url = its ?? (preset === 'google' ? googleIssuer : '');
      // People are told apart by issuer and subject: two entries of one issuer would be one person with two owners.
      for (const thing of [`issuer ${url}`, ...domains.map((each) => `domain ${each}`)]) {
        const other = taken.get(thing);
        const message = `the ${thing} is that of ${other} already`;
        if (other !== undefined) context.addIssue({ code: 'custom', path: ['upstream', name], message });
        taken.set(thing, name);
      }
    }
  });

export type SignInConfig = z.output<typeof SignInConfig>;
export type UpstreamEntry = SignInConfig['upstream'][string];

export const googleIssuer = 'https://accounts.google.com';

/** File names become absolute. */
export function locateSecrets({ upstream }: SignInConfig, at: (path: string) => string): SignInConfig {
  const located = Object.entries(upstream).map(([name, entry]) => [
    name,
    {
      ...entry,
      ...(entry.client_secret_file && { client_secret_file: at(entry.client_secret_file) }),
      ...(entry.client_key_file && { client_key_file: at(entry.client_key_file) }),
    },
  ]);
  return { upstream: Object.fromEntries(located) };
}

function isIssuer(text: string): boolean {
  if (!URL.canParse(text) || /[?#\s\\]/.test(text)) return false;
  const { protocol, hostname, username, password, href } = new URL(text);
  const isLocal = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  const isSpelled = href === text || href === `${text}/`;
  return (
    isSpelled && username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal))
  );
}

/** The addresses for many tenants name no issuer that could be compared. */
function isOneTenant(url: string | undefined): boolean {
  return url !== undefined && /\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\/v2\.0$/.test(url);
}
