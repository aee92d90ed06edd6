import type { Operations } from '@credence/server/admin-client';

export type TokenScope = Operations['createToken']['body']['scopes'][number];

/** What a token may ever have, in the order in which it is offered; the compiler holds it against the description of the API. */
const all: Readonly<Record<TokenScope, true>> = {
  'read:overview': true,
  'read:people': true,
  'read:groups': true,
  'read:policy': true,
  'read:reach': true,
  'read:requests': true,
  'read:audit': true,
  'read:keys': true,
  'read:sources': true,
  'read:administrators': true,
  'read:tokens': true,
  'write:people': true,
  apply: true,
  stop: true,
};

/** Those that this administrator's role covers. */
export function scopesFor(permissions: readonly string[]): readonly TokenScope[] {
  return (Object.keys(all) as TokenScope[]).filter((scope) => permissions.includes(scope));
}
