import { createHash, randomBytes } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AuditRow, Store } from '../store/store.ts';

/** Where the link leads: the token is the rest of the path. */
export const firstPath = '/first/';
const model = 'FirstAdministrator';
const linkSeconds = 86_400;

/**
 * A link that makes whoever signs in with it the owner, once; only where nobody administers. The break-glass account does not
 * count: it is for another day.
 */
export async function makeFirstLink(store: Store, admin: string, now: EpochSeconds): Promise<string | undefined> {
  if (await isAdministered(store)) return undefined;
  const token = randomBytes(32).toString('base64url');
  await store.artifacts.upsert(model, hashFirst(token), {}, now + linkSeconds);
  return `${admin}${firstPath}${token}`;
}

/** The hash of a token that would be accepted now. */
export async function findFirstLink(store: Store, token: string): Promise<string | undefined> {
  const hash = hashFirst(token);
  const link = await store.artifacts.find(model, hash);
  if (!link || link.consumed !== undefined || (await isAdministered(store))) return undefined;
  return hash;
}

/** Uses the link up. Of several who come at once one becomes the owner; false for all others. */
export async function becomeFirst(
  store: Store,
  hash: string,
  personId: string,
  { now, records }: { readonly now: EpochSeconds; readonly records: readonly AuditRow[] },
): Promise<boolean> {
  if (await isAdministered(store)) return false;
  if (!(await store.artifacts.consume(model, hash, now))) return false;
  return store.administrators.grant({ personId, role: 'owner', grantedAt: now }, records);
}

async function isAdministered({ administrators }: Store): Promise<boolean> {
  const glass = await administrators.breakGlass();
  return (await administrators.list()).some(({ personId }) => personId !== glass?.personId);
}

function hashFirst(token: string): string {
  return createHash('sha256').update(`credence first administrator\0${token}`).digest('base64url');
}
