import Provider from 'oidc-provider';
import type { Facts } from '../../audit/record.ts';
import type { Initiator } from '../../store/off.ts';
import { type SignInSession, StoreUnavailable } from '../../store/store.ts';
import type { Context, Layer } from './layer.ts';
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
 * A client that cannot be told does not hold up the end: it stands before anybody is told. Where people sign out by
 * themselves {@link tellWhenEnded} sees to that.
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
  await options.inOneStep({ ...signOutOf(person, facts), address }, (row) =>
    options.store.sessions.end(uid, [row], initiator),
  );
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
    const isOut = await options.inOneStep({ ...signOutOf(session.personId, { client, ...facts }), address }, (row) =>
      options.store.sessions.endClient(uid, clientId, [row], initiator),
    );
    if (!isOut) continue;
    await tell(options, provider, session.personId, held);
    return true;
  }
  throw new StoreUnavailable('The session changes faster than it can be read.');
}

/** Tells clients that a session of a person has ended for them. Whoever cannot be told is a fault, and holds up nobody. */
export async function tell(
  options: SignInOptions,
  provider: Provider,
  person: string,
  clients: SignInSession['clients'],
): Promise<void> {
  const told = clients.map(async ({ client: clientId, sid }) => {
    const client = (await provider.Client.find(clientId)) as ClientToTell | undefined;
    if (client?.backchannelLogoutUri) await client.backchannelLogout(person, sid);
  });
  await allTold(options, told);
}

/** Whoever cannot be told does not keep the session alive; the operator learns of it. */
async function allTold(options: SignInOptions, told: readonly Promise<void>[]): Promise<void> {
  for (const outcome of await Promise.allSettled(told)) {
    if (outcome.status === 'rejected') options.onFault(outcome.reason);
  }
}

/**
 * When somebody signs out, `oidc-provider` waits for every client that it tells before it ends anything: one that hangs would
 * keep the session good for seconds, and a crash meanwhile for as long as it lasts. Here they are told when the answer is
 * ready, which the end and its record are by then.
 */
export function tellWhenEnded(options: SignInOptions, provider: Provider): Layer {
  const untold = new WeakMap<Context, (() => Promise<void>)[]>();
  const ended = new WeakSet<Context>();
  const prototype = provider.Client.prototype as unknown as ClientToTell;
  const tellNow = prototype.backchannelLogout;
  prototype.backchannelLogout = async function backchannelLogout(sub, sid) {
    const context = Provider.ctx;
    if (context?.oidc?.route !== 'end_session_confirm') return tellNow.call(this, sub, sid);
    untold.set(context, [...(untold.get(context) ?? []), () => tellNow.call(this, sub, sid)]);
  };
  provider.on('end_session.success', (context) => ended.add(context));
  return async (context: Context, next) => {
    try {
      await next();
    } finally {
      // Also where the answer is a fault: whoever is out of a session should know.
      const waiting = ended.has(context) ? (untold.get(context) ?? []) : [];
      await allTold(
        options,
        waiting.map((tell) => tell()),
      );
    }
  };
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
