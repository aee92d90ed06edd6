import { createHash, randomBytes } from 'node:crypto';

/** What a cookie of the admin listener holds: 256 random bits, of which the store keeps the hash. */
export interface Ticket {
  readonly value: string;
  readonly hash: string;
}

export function newTicket(): Ticket {
  const value = randomBytes(32).toString('base64url');
  return { value, hash: hashTicket(value) ?? '' };
}

/** `undefined` for what cannot be one. */
export function hashTicket(value: string): string | undefined {
  if (!/^[\w-]{43}$/.test(value)) return undefined;
  return createHash('sha256').update(`credence admin ticket\0${value}`).digest('base64url');
}

/** The cookies of the admin listener by what they are for, named so that no neighbour of the host can set them. */
export type CookieKind = 'session' | 'sign_in';

const plainNames = { session: 'credence_admin', sign_in: 'credence_admin_sign_in' } as const;

/** On clear http on loopback browsers refuse the prefix. */
function nameOf(kind: CookieKind, admin: string): string {
  return admin.startsWith('https:') ? `__Host-${plainNames[kind]}` : plainNames[kind];
}

/** The value of a cookie, unless it is there twice: one of them would be somebody else's. */
export function readCookie(request: Request, kind: CookieKind, admin: string): string | undefined {
  const name = nameOf(kind, admin);
  const values = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}

/**
 * `Strict` for the session: no request that another site caused carries it. The cookie of a sign-in under way has to come back
 * with the browser from the identity provider, so it is `Lax`.
 * @param value - '' takes the cookie away
 */
export function toSetCookie(kind: CookieKind, value: string, admin: string): string {
  return [
    `${nameOf(kind, admin)}=${value}`,
    'Path=/',
    ...(admin.startsWith('https:') ? ['Secure'] : []),
    'HttpOnly',
    `SameSite=${kind === 'session' ? 'Strict' : 'Lax'}`,
    ...(value === '' ? ['Max-Age=0'] : []),
  ].join('; ');
}
