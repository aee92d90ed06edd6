import { createHash, randomBytes } from 'node:crypto';
import type { AccessClient } from '../../policy/model.ts';
import type { SignInOptions } from './options.ts';

/** Where people look after what they sign in with. */
export const securityPath = '/security';

/** A dot: no client of a policy document can have this id. */
const clientId = 'credence.security';

/** Old enough to have signed in an hour ago is too old to change how one signs in. */
export const freshSeconds = 900;

/**
 * The page is a client of our own sign-in, so that it is reached by the same pages, limits and records as any other. It has
 * no credentials, gets nothing at the token endpoint, and trades nothing: the session is all it looks at.
 */
export function withSecurityClient(options: SignInOptions): SignInOptions {
  const client: AccessClient = {
    id: clientId,
    name: 'How you sign in',
    redirectUris: [`${options.issuer}${securityPath}`],
    postLogoutRedirectUris: [],
    public: true,
    exchange: false,
    jwks: undefined,
    clientIds: new Map(),
  };
  return { ...options, clients: () => ({ get: (id) => (id === clientId ? client : options.clients().get(id)) }) };
}

/**
 * Where to sign in for the page. Nobody knows the verifier behind the challenge, so the code in the answer is good for
 * nothing; what counts is the session that this leaves behind.
 * @param acr - how strong it must be, if that matters
 */
export function signInUrl(issuer: string, acr: string | undefined): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: `${issuer}${securityPath}`,
    scope: 'openid',
    code_challenge: createHash('sha256').update(randomBytes(32)).digest('base64url'),
    code_challenge_method: 'S256',
    max_age: String(freshSeconds),
    ...(acr !== undefined && { acr_values: acr }),
  });
  return `/auth?${query}`;
}
