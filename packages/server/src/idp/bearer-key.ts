import { hash } from 'node:crypto';

/** What `oidc-provider` keeps of things that are worth something to whoever has them. */
const bearers = new Set(['AccessToken', 'AuthorizationCode', 'PushedAuthorizationRequest', 'RefreshToken']);

/**
 * The id under which the store has what was given out as `value`: for what is worth something by itself, its SHA-256, so that
 * whoever reads the store, or a copy of it, holds none of them (T25). They are random and long: nothing is gained by guessing.
 */
export function bearerKey(model: string, value: string): string {
  return isBearer(model) ? hash('sha256', `${model} ${value}`, 'base64url') : value;
}

export function isBearer(model: string): boolean {
  return bearers.has(model);
}
