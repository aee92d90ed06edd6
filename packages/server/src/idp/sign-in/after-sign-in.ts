import type { Facts } from '../../audit/record.ts';
import { createDevices } from './devices.ts';
import { endSession } from './end-session.ts';
import type { Context } from './layer.ts';
import { createNetworkWatch, networkWatchLimits } from './network-watch.ts';
import type { SignInOptions } from './options.ts';
import type { UpstreamResult } from './upstream/callback.ts';
import { endedThere, hasEnded } from './upstream/ended.ts';

/** What somebody has just proven leads to, before the answer leaves; resolves to what the record of it says besides. */
export type AfterSignIn = (context: Context) => Promise<Facts>;

/** New browsers and too many networks are noted, and a sign-in at an upstream is remembered, so that it can end there too. */
export function createAfterSignIn(options: SignInOptions): AfterSignIn {
  const devices = createDevices(options);
  const watch = createNetworkWatch(networkWatchLimits, options.now);

  return async (context) => {
    const { session, result, client } = context.oidc;
    const person = session?.accountId;
    if (!session || person === undefined || !result?.login) return {};
    const address = options.addressOf(context.req);
    const networks = watch.see(person, address);
    if (networks !== undefined) {
      const facts = {
        person,
        ...(client && { client: client.clientId }),
        detail: `signed in from ${networks} networks`,
      };
      await options.note({ kind: 'alert', outcome: 'allowed', address, known: true, facts });
    }
    const upstream = await rememberUpstream(options, context, session, result.upstream as UpstreamResult | undefined);
    const isNew = devices.isNew(context, person);
    return { ...upstream, ...(isNew && { detail: 'new device' }) };
  };
}

async function rememberUpstream(
  options: SignInOptions,
  { oidc, req }: Context,
  session: { uid: string },
  result: UpstreamResult | undefined,
): Promise<Facts> {
  const { store, sessionSeconds, now } = options;
  if (!result) {
    // A password in place of the upstream: what the session stood on before, it stands on no more.
    await store.upstream.forgetSession(session.uid);
    return {};
  }
  const { name, issuer, subject, sid, idToken } = result;
  const expiresAt = now() + sessionSeconds;
  await store.upstream.saveSession(
    { sessionUid: session.uid, upstream: name, issuer, subject, sid, idToken },
    expiresAt,
  );
  // Whoever heard of its end between the sign-in and this has not found the session; whoever hears of it from here on does.
  if (await hasEnded(store, result, result.provenAt)) {
    await endSession(options, oidc.provider, session.uid, endedThere(name, result, options.addressOf(req)));
  }
  return { upstream: name };
}
