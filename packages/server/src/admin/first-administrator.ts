import { createHash, randomBytes } from 'node:crypto';
import type { EpochSeconds } from '@credence/mcp/protocol';
import type { AuditRow, Store } from '../store/store.ts';

/** Where the link leads: the token is the rest of the path. */
export const firstPath = '/first/';
const model = 'FirstAdministrator';
/** There is one at a time: the last that was printed. */
const onlyOne = 'first';
const linkSeconds = 86_400;

/**
 * A link that makes whoever signs in with it the owner, once; only where nobody administers. The break-glass account does not
 * count: it is for another day.
 */
export async function makeFirstLink(store: Store, admin: string, now: EpochSeconds): Promise<string | undefined> {
  if (await store.administrators.isAdministered()) return undefined;
  const token = randomBytes(32).toString('base64url');
  await store.artifacts.destroy(model, onlyOne);
  await store.artifacts.upsert(model, onlyOne, { hash: hashFirst(token) }, now + linkSeconds);
  return `${admin}${firstPath}${token}`;
}

/** The hash of a token that would be accepted now. */
export async function findFirstLink(store: Store, token: string): Promise<string | undefined> {
  const hash = hashFirst(token);
  return (await isGood(store, hash)) ? hash : undefined;
}

/** Uses the link up. Of several who come at once one becomes the owner; false for all others. */
export async function becomeFirst(
  store: Store,
  hash: string,
  personId: string,
  { now, records }: { readonly now: EpochSeconds; readonly records: readonly AuditRow[] },
): Promise<boolean> {
  if (!(await isGood(store, hash)) || !(await store.artifacts.consume(model, onlyOne, now))) return false;
  return store.administrators.grant({ personId, role: 'owner', grantedAt: now }, records);
}

async function isGood(store: Store, hash: string): Promise<boolean> {
  const link = await store.artifacts.find(model, onlyOne);
  return link?.hash === hash && link.consumed === undefined && !(await store.administrators.isAdministered());
}

function hashFirst(token: string): string {
  return createHash('sha256').update(`credence first administrator\0${token}`).digest('base64url');
}
