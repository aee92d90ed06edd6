import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Layer } from './layer.ts';

/**
 * An authorization request that names no scope asks for `openid`: this server signs people in and does nothing else, so a
 * request for nothing could only end in a refusal after the password. "The authorization server MUST either process the
 * request using a pre-defined default value or fail the request" (RFC 6749 §3.3).
 */
export const defaultScope: Layer = async (context, next) => {
  const isRequest = context.path === '/auth' && context.method === 'GET' && !('request_uri' in context.query);
  if (isRequest && (context.query.scope ?? '') === '') context.query = { ...context.query, scope: 'openid' };
  await next();
};

/**
 * A request of which no scope is left, pushed or not, fails before anybody has signed in for it: after that it would fail, too.
 * `offline_access` counts only beside the prompt `consent` (OpenID Connect Core §11).
 */
export async function refuseNothing({ oidc }: KoaContextWithOIDC, scope: unknown): Promise<void> {
  if (oidc.requestParamOIDCScopes.size === 0) {
    throw new errors.InvalidScope('no scope is asked for that this server has', String(scope ?? ''));
  }
}
