import type Provider from 'oidc-provider';
import type { Facts } from '../../audit/record.ts';
import type { Initiator } from '../../store/off.ts';
import { type SignInSession, StoreUnavailable } from '../../store/store.ts';
import type { SignInOptions } from './options.ts';
import { signOutOf } from './records.ts';

/** Why a session ends although nobody signed out here. */
export interface EndOfSession {
  readonly address: string;
  readonly facts: Facts;
  readonly initiator: Initiator;
}

/**
 * Ends a session and what was granted in it, puts that on the record, and tells the clients that want to know (IDP-41).
 * A client that cannot be told does not hold up the end: it stands before anybody is told.
 */
export async function endSession(
  options: SignInOptions,
  provider: Provider,
  uid: string,
  { address, facts, initiator }: EndOfSession,
): Promise<void> {
  const session = await options.store.sessions.find(uid, options.now());
  if (!session) return;
  const { personId: person, clients } = session;
  await options.store.sessions.end(uid, [options.rowOf({ ...signOutOf(person, facts), address })], initiator);
  await tell(options, provider, person, clients);
}

/** Takes one client out of a session, as above: what it was given there is worth nothing, and it is told. */
export async function endClient(
  options: SignInOptions,
  provider: Provider,
  uid: string,
  clientId: string,
  { address, facts, initiator }: EndOfSession,
): Promise<boolean> {
  // Somebody else may save the session between reading and writing: then it is read again.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const session = await options.store.sessions.find(uid, options.now());
    const held = session?.clients.filter(({ client }) => client === clientId) ?? [];
    if (!session || held.length === 0) return false;
    const client = options.clients().get(clientId)?.id ?? clientId;
    const row = options.rowOf({ ...signOutOf(session.personId, { client, ...facts }), address });
    if (!(await options.store.sessions.endClient(uid, clientId, [row], initiator))) continue;
    await tell(options, provider, session.personId, held);
    return true;
  }
  throw new StoreUnavailable('The session changes faster than it can be read.');
}

async function tell(
  options: SignInOptions,
  provider: Provider,
  person: string,
  clients: SignInSession['clients'],
): Promise<void> {
  const told = clients.map(async ({ client: clientId, sid }) => {
    const client = (await provider.Client.find(clientId)) as ClientToTell | undefined;
    if (client?.backchannelLogoutUri) await client.backchannelLogout(person, sid);
  });
  for (const outcome of await Promise.allSettled(told)) {
    if (outcome.status === 'rejected') options.onFault(outcome.reason);
  }
}

/** Ends every session of a person, as above, and what was just being issued to them, which hangs on none yet. */
export async function endSessionsOf(
  options: SignInOptions,
  provider: Provider,
  personId: string,
  why: EndOfSession,
): Promise<number> {
  const { store, now } = options;
  let ended = 0;
  for (;;) {
    const sessions = await store.sessions.list({ after: '', limit: 100, personId, now: now() });
    for (const { uid } of sessions) await endSession(options, provider, uid, why);
    ended += sessions.length;
    if (sessions.length < 100) break;
  }
  await store.artifacts.endSessionsOf(personId, why.initiator);
  return ended;
}

/** What the types of `oidc-provider` leave out. */
interface ClientToTell {
  readonly backchannelLogoutUri?: string;
  backchannelLogout(sub: string, sid: string): Promise<void>;
}
