import type { EpochSeconds } from '@credence/mcp/protocol';
import { type Adapter, type AdapterFactory, type AdapterPayload, errors } from 'oidc-provider';
import type { Artifact, Store } from '../../store/store.ts';
import { bearerKey, isBearer } from '../bearer-key.ts';
import { isRegisteredRedirect } from './redirect.ts';
import type { UpstreamResult } from './upstream/callback.ts';
import { hasEnded } from './upstream/ended.ts';

type FindClient = (clientId: string) => Promise<AdapterPayload | undefined>;

/**
 * Keeps what `oidc-provider` keeps. Single use is decided here, by one conditional write (T05): of several requests with
 * the same code or refresh token the store lets one through, and the others throw.
 * @param findClient - metadata of a registered client; clients live in the policy, not in the store
 */
export function createAdapter(store: Store, findClient: FindClient, now: () => EpochSeconds): AdapterFactory {
  return (model) => {
    if (model === 'Client') return clientAdapter(findClient);
    if (model === 'Interaction') return interactionAdapter(store, findClient, now);
    if (model === 'Session') return sessionAdapter(store, now);
    return artifactAdapter(store, model, now);
  };
}

function artifactAdapter(store: Store, model: string, now: () => EpochSeconds): Adapter {
  const { artifacts } = store;
  const keyOf = (id: string) => bearerKey(model, id);
  const find = async (id: string) => {
    const found = (await artifacts.find(model, keyOf(id))) as AdapterPayload | undefined;
    return found && isBearer(model) ? { ...found, jti: id } : found;
  };
  return {
    find,
    findByUid: async (uid) => (await artifacts.findByUid(model, uid)) as AdapterPayload | undefined,
    findByUserCode: async () => undefined,
    upsert: (id, payload, expiresIn) => {
      const { jti: _, ...rest } = payload; // it is the value itself
      const kept = (isBearer(model) ? rest : payload) as Artifact;
      return artifacts.upsert(model, keyOf(id), kept, expiresIn ? now() + expiresIn : undefined);
    },
    consume: async (id) => {
      if (await artifacts.consume(model, keyOf(id), now())) return;
      // Used before, or by another request at this moment: nobody can tell which holder is the thief, so the family ends.
      const grantId = (await find(id))?.grantId;
      if (grantId) await endGrant(store, grantId);
      throw model === 'PushedAuthorizationRequest'
        ? new errors.InvalidRequestUri('the request_uri was used before')
        : new errors.InvalidGrant('used before');
    },
    destroy: (id) => artifacts.destroy(model, keyOf(id)),
    revokeByGrantId: (grantId) => artifacts.revokeGrant(grantId),
  };
}

/**
 * `oidc-provider` reads a finished interaction, destroys it and answers with a code. Of several requests that have read it
 * one may go on, and what is over stays over: a page that saves it meanwhile does not bring it back.
 */
function interactionAdapter(store: Store, findClient: FindClient, now: () => EpochSeconds): Adapter {
  const adapter = artifactAdapter(store, 'Interaction', now);
  return {
    ...adapter,
    find: async (id) => {
      const found = await adapter.find(id);
      if (!found || found.consumed !== undefined) return undefined;
      // Asked once, when it began: an address that was taken from the client since then gets no code, and no error either.
      const { client_id: clientId, redirect_uri: redirectUri } = found.params ?? {};
      const { redirect_uris: registered = [] } = (await findClient(String(clientId))) ?? {};
      if (!isRegisteredRedirect(String(redirectUri), registered)) return undefined;
      // Nor does a sign-in at an upstream that has ended over there since (SIG-04).
      const upstream = found.result?.upstream as UpstreamResult | undefined;
      return upstream && (await hasEnded(store, upstream, upstream.provenAt)) ? undefined : found;
    },
    // Of whoever has just proven who they are: what ends everything of theirs ends a sign-in that has not arrived yet, too.
    upsert: (id, payload, expiresIn) =>
      adapter.upsert(id, { ...payload, accountId: payload.result?.login?.accountId }, expiresIn),
    destroy: async (id) => {
      if (!(await store.artifacts.consume('Interaction', id, now()))) {
        throw new errors.SessionNotFound('the interaction is over');
      }
    },
  };
}

/** A session says how it was read: what was saved since then is not overwritten. Saved, and ended, they are by session-saves.ts and provider.ts. */
function sessionAdapter(store: Store, now: () => EpochSeconds): Adapter {
  const adapter = artifactAdapter(store, 'Session', now);
  const withText = (found: Awaited<ReturnType<Adapter['find']>>) =>
    found && { ...found, asRead: JSON.stringify(found) };
  return {
    ...adapter,
    find: async (id) => withText(await adapter.find(id)),
    findByUid: async (uid) => withText(await adapter.findByUid(uid)),
  };
}

/** Ends a grant and all that hangs on it: a refresh token that is just being written finds no grant when it is used. */
export async function endGrant({ artifacts }: Store, grantId: string): Promise<void> {
  await artifacts.destroy('Grant', grantId);
  await artifacts.revokeGrant(grantId);
}

function clientAdapter(find: FindClient): Adapter {
  return {
    find,
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    upsert: async () => undefined,
    consume: async () => undefined,
    destroy: async () => undefined,
    revokeByGrantId: async () => undefined,
  };
}
