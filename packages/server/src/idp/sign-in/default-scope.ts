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
