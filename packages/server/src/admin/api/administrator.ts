import { type EpochSeconds, no, ok, type Result } from '@credence/mcp/protocol';
import { type Permission, permissionsOf, permissionsOfToken } from '../../directory/permissions.ts';
import { toNetwork } from '../../limits.ts';
import type { AdminRole } from '../../store/administrators.ts';
import type { Person } from '../../store/store.ts';
import { hashApiToken } from '../api-tokens.ts';
import { hashTicket, readCookie } from '../cookies.ts';
import { checkOwnPage } from '../own-page.ts';
import { isOver, seenSeconds } from '../session-times.ts';
import type { AdminServices } from './services.ts';

/** Somebody who administers, and by what this request has shown it. Read anew for every request: nothing outlives the role. */
export interface Administrator {
  readonly person: Person;
  readonly role: AdminRole;
  readonly permissions: ReadonlySet<Permission>;
  readonly by:
    | { readonly kind: 'token'; readonly id: string; readonly expiresAt: EpochSeconds }
    | { readonly kind: 'session'; readonly idHash: string; readonly signedInAt: EpochSeconds };
}

/** How often the last use of a token is written down. */
const useSeconds = 60;

/** `false`: only looked at again, for what goes on by itself; nothing is kept alive by it. */
type IsUse = boolean;

/** Who sends this token. It is looked up by its hash, so that nothing is compared that could be guessed bit by bit. */
export async function findByToken(
  authorization: string,
  { store, now, isStopped }: Pick<AdminServices, 'store' | 'now' | 'isStopped'>,
  isUse: IsUse = true,
): Promise<Result<Administrator>> {
  const hash = hashApiToken(/^Bearer +(\S{1,200})$/i.exec(authorization)?.[1] ?? '');
  const token = hash === undefined ? undefined : await store.apiTokens.findByHash(hash);
  if (!token || token.expiresAt <= now()) return no('admin_token_unknown');
  const person = await store.people.find(token.personId);
  const role = await store.administrators.roleOf(token.personId);
  if (!person?.active || isStopped(person.id) || role === undefined) return no('admin_token_unknown');
  if (isUse && (token.lastUsedAt === undefined || now() - token.lastUsedAt >= useSeconds)) {
    await store.apiTokens.used(token.id, now());
  }
  const permissions = permissionsOfToken(token.scopes, role);
  return ok({ person, role, permissions, by: { kind: 'token', id: token.id, expiresAt: token.expiresAt } });
}

/**
 * Whose browser this is. The session stands only as long as everything it stands on: the sign-in at the IdP, the person, the
 * role, and the network it began in (T28).
 */
export async function findBySession(
  request: Request,
  address: string,
  services: Pick<AdminServices, 'store' | 'now' | 'installation' | 'alert' | 'isStopped'>,
  isUse: IsUse = true,
): Promise<Result<Administrator>> {
  const { store, now, installation } = services;
  const value = readCookie(request, 'session', installation.admin);
  if (value === undefined) return no('admin_not_signed_in');
  const isOurs = checkOwnPage(request, installation.admin);
  if (!isOurs.ok) return isOurs;

  const idHash = hashTicket(value);
  const session = idHash === undefined ? undefined : await store.adminSessions.find(idHash);
  if (!session || isOver(session, now())) return no('admin_session_over');
  if (session.network !== toNetwork(address)) {
    const detail = 'session of the admin listener ended: it was used from another network';
    await store.adminSessions.end(session.idHash, [services.alert({ person: session.personId, detail }, address)]);
    return no('admin_network_changed');
  }
  const stands = await store.artifacts.sessionStands(session.sid, now());
  const person = await store.people.find(session.personId);
  const role = await store.administrators.roleOf(session.personId);
  const isStrong = session.twoFactors || installation.demo;
  const isIn = person?.active && !services.isStopped(person.id);
  if (!stands || !isIn || role === undefined || !isStrong) return no('admin_session_over');

  if (isUse && now() - session.seenAt >= seenSeconds) await store.adminSessions.seen(session.idHash, now());
  const { signedInAt } = session;
  return ok({
    person,
    role,
    permissions: permissionsOf(role),
    by: { kind: 'session', idHash: session.idHash, signedInAt },
  });
}
