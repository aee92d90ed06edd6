import { createHash, randomBytes } from 'node:crypto';
import type { AccessClient } from '../../policy/model.ts';
import { refusedPath } from '../refused-link.ts';
import type { SignInOptions } from './options.ts';

/** A page of ours for people who are signed in. */
export interface OwnPage {
  readonly path: string;
  /** With a dot: no client of a policy document can have this id. */
  readonly clientId: string;
  /** What the sign-in says it is for. */
  readonly name: string;
}

export const ownPages = {
  /** Where people look after what they sign in with. */
  security: { path: '/security', clientId: 'credence.security', name: 'How you sign in' },
  /** Where people see what acts in their name. */
  agents: { path: '/me', clientId: 'credence.me', name: 'My agents' },
  /** Where people see why their agent was refused, and ask for it. */
  refused: { path: refusedPath, clientId: 'credence.refused', name: 'Why your agent was refused' },
  /** Where those who look after people help them back in. */
  helpDesk: { path: '/help-desk', clientId: 'credence.help-desk', name: 'Help desk' },
} as const satisfies Record<string, OwnPage>;

/** What a page asks of the sign-in. */
export interface SignInNeed {
  readonly acr?: string | undefined;
  readonly maxAge?: number | undefined;
  /** Which of its pages it was, in a word of our own. */
  readonly state?: string | undefined;
}

/** Old enough to have signed in an hour ago is too old to change how one signs in. */
export const freshSeconds = 900;

/** The admin listener, which signs its people in here; it lives at an origin of its own. */
const consoleClient = { clientId: 'credence.console', name: 'the admin console' } as const;

const clientIds = new Set<string>([...Object.values(ownPages), consoleClient].map(({ clientId }) => clientId));

/** Whether a client of a session is one of our own pages, and no agent. */
export function isOwnPage(clientId: string): boolean {
  return clientIds.has(clientId);
}

/**
 * The pages are clients of our own sign-in, so that they are reached by the same pages, limits and records as any other.
 * They have no credentials, get nothing at the token endpoint, and trade nothing: the session is all they look at. The console
 * alone gets an ID Token, which it may not trade either.
 */
export function withOwnPages(options: SignInOptions): SignInOptions {
  const { issuer, consoleReturn } = options;
  const own = new Map<string, AccessClient>(
    Object.values(ownPages).map((page) => [page.clientId, toClient(page, `${issuer}${page.path}`)]),
  );
  if (consoleReturn !== undefined) own.set(consoleClient.clientId, toClient(consoleClient, consoleReturn));
  return { ...options, clients: () => ({ get: (id) => own.get(id) ?? options.clients().get(id) }) };
}

function toClient({ clientId, name }: Omit<OwnPage, 'path'>, redirectUri: string): AccessClient {
  return {
    id: clientId,
    name,
    redirectUris: [redirectUri],
    postLogoutRedirectUris: [],
    public: true,
    exchange: false,
    jwks: undefined,
    clientIds: new Map(),
  };
}

/**
 * Where to sign in for such a page. Nobody knows the verifier behind the challenge, so the code in the answer is good for
 * nothing; what counts is the session that this leaves behind.
 * @param needs - how strong and how fresh it must be, if that matters; and what comes back with the answer, as `state`
 */
export function signInUrl(issuer: string, { clientId, path }: OwnPage, { acr, maxAge, state }: SignInNeed): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: `${issuer}${path}`,
    scope: 'openid',
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
    ...(maxAge !== undefined && { max_age: String(maxAge) }),
    ...(acr !== undefined && { acr_values: acr }),
    ...(state !== undefined && { state }),
  });
  return `/auth?${query}`;
}
