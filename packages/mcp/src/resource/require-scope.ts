import { challenge } from './challenge.ts';
import type { Caller } from './guard.ts';

/**
 * Nothing when the caller has this scope, else to the 403 to send: it asks for what the token has and for what is
 * missing, so that the next token loses nothing (MCS-08).
 */
export function requireScope(caller: Caller, scope: string): Response | undefined {
  if (caller.scopes.includes(scope)) return undefined;
  const { resource, keyThumbprint } = caller;
  const scheme = keyThumbprint === undefined ? 'Bearer' : 'DPoP';
  return challenge('tool_scope_missing', { resource, scopes: [...caller.scopes, scope], scheme });
}
