import { isScopeToken } from '@credence/mcp/protocol';
import { z } from 'zod';
import { days, isZone } from './hours.ts';
import { parseNetwork } from './network.ts';

/**
 * The words both policy documents are written in. Each refuses what it does not know, and says what is allowed.
 */

/** A mapping with exactly these keys; an unknown one is named together with those allowed. */
export function mapping<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const allowed = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return `not known here; allowed: ${allowed}`;
      return issue.code === 'invalid_type' ? `must be a mapping with: ${allowed}` : undefined;
    },
  });
}

/** Lets a rule on several keys speak although one of the keys is wrong by itself: every problem is told at once. */
export function isMapping(payload: { value: unknown }): boolean {
  return typeof payload.value === 'object' && payload.value !== null && !Array.isArray(payload.value);
}

/** True when the key is there, whatever its value turned out to be. */
export function has(entry: object, key: string): boolean {
  return (entry as Record<string, unknown>)[key] !== undefined;
}

/** Of an organisation that is a customer of its issuer, or of ours: compared character for character. */
export const tenantName = z
  .string('must be text')
  .regex(/^[\x21-\x7E]{1,256}$/, 'must be 1 to 256 visible ASCII characters');

/** Lower case, so that there is one spelling; an address belongs to it when it ends in `@` and this. */
export const emailDomain = z
  .string('must be text')
  .regex(/^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain in lower case such as acme.example, without @ or *');

/** Servers, clients and rules are named by these: safe in a URL path, a log line and a mapping key. */
export const id = z
  .string('must be a name')
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/, 'must be 1 to 64 letters, digits, - or _, the first a letter or digit');

/** For people only; nothing is decided by it. */
export const displayName = z
  .string('must be text')
  .min(1, 'must not be empty')
  .max(120, 'must have at most 120 characters')
  .regex(/^[^\p{Cc}\p{Cf}]*$/u, 'must not hold control or invisible characters');

export const scopeName = z
  .string('must be the name of a scope')
  .refine((text) => text.length <= 128 && isScopeToken(text), 'must be a scope token without spaces (RFC 6749 §3.3)');

/** `{ issues:read: {}, issues:write: { risk: high } }`; the risk is low where none is given. */
export const scopes = z
  .record(
    scopeName,
    mapping({ risk: z.enum(['low', 'medium', 'high'], 'must be low, medium or high').default('low') }),
    'must be a mapping of scope names, such as { issues:read: {}, issues:write: { risk: high } }',
  )
  .refine((map) => Object.keys(map).length > 0, 'must name at least one scope: nothing can be granted without');

/** A type of authorization details (RFC 9396 §2); as long as a scope, and as plain. */
export const detailTypeName = z
  .string('must be the name of a type')
  .regex(/^[\x21-\x7E]{1,128}$/, 'must be 1 to 128 visible ASCII characters');

/** `{ project_access: { scope: issues:write, members: { actions: [read, write], project: text } } }` */
export const detailTypes = z.record(
  detailTypeName,
  mapping({
    /** The scope it goes with: granted together, withheld together. */
    scope: scopeName,
    members: z
      .record(
        z
          .string()
          .regex(/^(?!type$|locations$)[A-Za-z0-9_-]{1,64}$/, 'must be a member; type and locations are there anyway'),
        z.union([z.enum(['text', 'list']), z.array(z.string().min(1)).min(1)], {
          error: 'must be text, list, or a list of the values allowed',
        }),
      )
      .default({}),
  }),
  'must be a mapping of types',
);

/** Every one of them, those listed, or those of a risk: up to it in an allow, from it in a deny or a require. */
export const scopeChoice = z.union(
  [
    z.literal('all'),
    z.array(scopeName).min(1),
    mapping({ risk: z.enum(['low', 'medium', 'high'], 'must be low, medium or high') }),
  ],
  { error: 'must be all, a list of one or more scopes, or { risk: low | medium | high }' },
);

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. */
export const cidr = z
  .string('must be a network')
  .refine(
    (text) => parseNetwork(text) !== undefined,
    'must be a network such as 10.0.0.0/8 or 2001:db8::/32, or one address',
  );

/** A network, or the name of one under `networks`. */
const networkChoice = z
  .array(z.union([id, cidr], { error: 'must be the name of a network, or a network such as 10.0.0.0/8' }))
  .min(1, 'must name at least one network');

const timeOfDay = (last: string) =>
  z
    .string('must be a time of day in quotes')
    .regex(new RegExp(`^(?:(?:[01]\\d|2[0-3]):[0-5]\\d${last})$`), "must be a time of day in quotes, such as '08:00'");

const weekdays = z.array(z.enum(days, `must be one of ${days.join(', ')}`)).min(1, 'must name at least one day');

/** Under which circumstances a rule speaks; see `conditions.ts`. */
export const circumstances = {
  from: networkChoice.optional(),
  not_from: networkChoice.optional(),
  hours: mapping({
    days: weekdays.default([...days]),
    from: timeOfDay('').default('00:00'),
    to: timeOfDay('|24:00').default('24:00'),
    zone: z.string('must be text').refine(isZone, 'must be a time zone such as Europe/Zurich or UTC'),
  })
    .refine(({ from, to }) => from !== to, 'must not begin and end at the same time')
    .optional(),
  /** The last day, in UTC, or the end to the second. */
  until: z
    .union([z.iso.date(), z.iso.datetime({ offset: true })], {
      error: 'must be a day such as 2026-12-04, or a time such as 2026-12-04T18:00:00+01:00',
    })
    .optional(),
};

/** Compared character for character wherever it appears, so only one spelling is let in. */
export const issuer = z.string('must be the URL of an issuer').refine(isIssuer, {
  error: 'must be https, or http on localhost, without query, fragment, user name or trailing slash (RFC 8414 §2)',
});

export const issuerOrLocal = z.string().refine((text) => text === 'local' || isIssuer(text), {
  error: 'must be local, or an https issuer without query, fragment or trailing slash (http on localhost only)',
});

/**
 * Whose ID-JAGs are redeemed. It says of itself what it is called, some of them (Auth0) with a slash at the end, which RFC 8414 §2 lets
 * them: then that slash is part of it, and with it and without it are two (RAS-06).
 */
export const trustedIssuer = z.string().refine((text) => text === 'local' || isIssuerOfOthers(text), {
  error: 'must be local, or an https issuer without query or fragment (http on localhost only)',
});

/** @see https://www.rfc-editor.org/rfc/rfc8707#section-2 */
export const resource = z.string('must be the URL of an MCP server').refine((text) => isWebUrl(text), {
  error: 'must be an absolute URL without fragment: https, or http on localhost (RFC 8707 §2)',
});

/** Where something of somebody else's is fetched: a key set, metadata. */
export const fetchedUrl = z.string('must be a URL').refine((text) => isWebUrl(text), {
  error: 'must be an absolute https URL without fragment (http on localhost only)',
});

/** The URL that is a client's id, and under which its metadata document is found (CIM-01). */
export const clientIdUrl = z.string('must be a URL').refine(isClientIdUrl, {
  error: 'must be an https URL with a path, without fragment, user name or . and .. segments (CIMD §3)',
});

/**
 * True for a URL that may be a client id: compared character for character, so it must say what a URL parser makes of it.
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/ -01 §3
 */
export function isClientIdUrl(text: string): boolean {
  if (text.length > 256 || !text.startsWith('https://') || !URL.canParse(text) || /[\s\\#]/.test(text)) return false;
  const url = new URL(text);
  if (text.slice('https://'.length).split('/')[0]?.includes('@')) return false; // a user name, an empty one too
  // A parser resolves dot segments, encoded ones too: then the two spellings differ.
  return url.pathname !== '/' && url.href === text;
}

/** What is said of `legacy_audience` beside anything else. */
export const legacyNeedsKeys = 'is about client assertions: it goes with jwks or jwks_uri; drop it';

/** A client proves itself in one way: two would be as weak as the weaker. */
export function oneProof(proofs: readonly string[]): string {
  return `has ${proofs.join(' and ')}: a client proves itself in one way; keep one`;
}

function isIssuer(text: string): boolean {
  return isIssuerOfOthers(text) && !text.endsWith('/');
}

function isIssuerOfOthers(text: string): boolean {
  return isWebUrl(text) && !text.includes('?');
}

/** Absolute, https or loopback http, no fragment, no credentials, and spelled as a URL parser would spell it. */
export function isWebUrl(text: string): boolean {
  if (!URL.canParse(text) || text.includes('#') || /[\s\\]/.test(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return false;
  const isCanonical = url.href === text || url.href === `${text}/`;
  return isCanonical && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname)));
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Whatever grants more than before takes somebody else's approval as well, taking this line out included. */
export const secondPerson = z.literal('required', 'must be required; take the line out where nobody else is asked');
