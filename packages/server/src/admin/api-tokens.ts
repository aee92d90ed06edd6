import { createHash, randomBytes } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import { isForTokens, type Permission, permissionsOf } from '../directory/permissions.ts';
import type { AdminRole } from '../store/administrators.ts';
import type { ApiToken } from '../store/api-tokens.ts';

/** By this scanners of secrets know one that has got out: `cred_` and 43 characters. */
export const tokenPrefix = 'cred_';
export const maxTokenDays = 366;
const day = 86_400;

/** The hash that stands for a token in the store, or `undefined` for what cannot be one. 256 random bits need no slow hash (KEY-09). */
export function hashApiToken(token: string): string | undefined {
  if (!/^cred_[\w-]{43}$/.test(token)) return undefined;
  return createHash('sha256').update(`credence api token\0${token}`).digest('base64url');
}

/** A new token and the record of it; its value is shown once and not kept. */
export function newApiToken(made: {
  readonly personId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly days: number;
  readonly now: EpochSeconds;
}): { readonly value: string; readonly token: ApiToken } {
  const { personId, name, scopes, days, now } = made;
  const value = `${tokenPrefix}${randomBytes(32).toString('base64url')}`;
  const token = {
    id: `t_${randomBytes(9).toString('base64url')}`,
    personId,
    name,
    scopes: [...new Set(scopes)].sort(),
    tokenHash: hashApiToken(value) ?? '',
    createdAt: now,
    expiresAt: now + days * day,
    lastUsedAt: undefined,
  };
  return { value, token };
}

/** Those of the scopes that a token of somebody with this role cannot have. */
export function scopesBeyond(scopes: readonly string[], role: AdminRole | undefined): string[] {
  const own = permissionsOf(role);
  return scopes.filter((scope) => !own.has(scope as Permission) || !isForTokens(scope as Permission));
}
