import type { EpochSeconds } from '@credence/mcp/protocol';
import { createIssuerKeys } from '@credence/mcp/resource';
import { createRasApp } from './app.ts';
import { eventId } from './call.ts';
import { findServer } from './gateway/incoming.ts';
import { openGateway } from './gateway-role.ts';
import { toDecryption } from './keys/jwe.ts';
import { refreshAll } from './keys/key-ring.ts';
import { createSteadyPace } from './limits.ts';
import { createRevocationStreams } from './revocation/streams.ts';
import { type Handler, openDpop, openRemoteClients, openRing, type Parts, toFetchFault } from './roles.ts';
import { isResourceStopped } from './stops/judge.ts';
import { isYoung } from './store/epoch.ts';

/** Domain B: the RAS and the gateway behind one origin, either of them or both. */
export async function resourceListener(parts: Parts): Promise<Handler> {
  const { roles } = parts.config;
  const ras = roles.has('ras') ? await openRas(parts) : undefined;
  const gateway = roles.has('gateway') && !parts.forward ? await openGateway(parts, ras?.keys) : undefined;
  const { forward, inForce } = parts;
  return {
    handle(incoming, outgoing) {
      if (gateway?.serves(incoming)) return gateway.handle(incoming, outgoing);
      if (forward && findServer(incoming.url ?? '', inForce.resource())) return forward.handle(incoming, outgoing);
      if (ras) return ras.handle(incoming, outgoing);
      outgoing.writeHead(404, { 'content-type': 'text/plain' }).end('Not found.\n');
    },
    follow: async () => ras?.follow(),
    drain() {
      ras?.drain();
      gateway?.drain();
    },
    close: async () => gateway?.close(),
  };
}

/** The authorization server, without a listener of its own. */
export async function openRas(parts: Parts) {
  const { config, store, inForce, edge, egress, log, now } = parts;
  const issuer = config.ras.issuer;
  const keys = await openRing(parts, 'access_token');
  const encryptionKeys = await openRing(parts, 'id_jag_encryption');
  const revocationKeys = await openRing(parts, 'revocation');
  const { keysOf } = createIssuerKeys({
    getJson: egress.getJson,
    now,
    onFault: (trusted, fault) => log.warn({ issuer: trusted, ...toFetchFault(fault) }, 'keys of a trusted issuer'),
  });
  const ras = {
    issuer,
    registry: {
      issuer,
      find: (id: string) => inForce.resource().clientsByClientId.get(id),
      complete: openRemoteClients(parts, 'ras', () => inForce.resource().clients.values()).complete,
      secretHashes: (clientId: string) => inForce.secretHashes('ras', clientId),
      since: () => inForce.epoch().since,
      skewSeconds: config.skewSeconds,
      assertionMark: (clientId: string, jti: string, until: EpochSeconds) => ({
        kind: 'client_assertion' as const,
        id: JSON.stringify(['ras', clientId, jti]),
        until,
      }),
    },
    policy: () => inForce.resource(),
    stops: edge.stops.current,
    store,
    epoch: () => inForce.epoch(),
    ownIdp: config.roles.has('idp') ? config.idp.issuer : undefined,
    ownTokens: {
      issuer,
      publishedKeys: () => keys.published(),
      skewSeconds: config.skewSeconds,
      epoch: () => inForce.epoch().id,
    },
    signer: () => keys.signer(),
    decryption: toDecryption(encryptionKeys),
    keysOf,
    accessTokenLifetimeSeconds: config.ras.accessTokenSeconds,
    dpop: await openDpop(parts, issuer),
    clientPace: createSteadyPace(config.limits.clientPerSecond, edge.nowMs),
    maxIdJagLifetimeSeconds: config.ras.maxIdJagSeconds,
    skewSeconds: config.skewSeconds,
  };
  const publishedKeys = () => [...keys.published(), ...revocationKeys.published(), ras.decryption.key()];
  const streams = createRevocationStreams({
    store,
    // An old guard does not know of epochs: as long as anything from before one could live, it is left deaf.
    isStopped: (resource) => isResourceStopped(edge.stops.current(), resource) || isYoung(inForce.epoch(), now()),
    issuer,
    signer: () => revocationKeys.signer(),
    nowMs: edge.nowMs,
    epoch: () => inForce.epoch().id,
    newId: () => eventId(),
    onFault: edge.onFault,
  });
  parts.measures.meter?.read('credence_revocation_streams', () =>
    [...streams.counts()].map(([server, count]) => [[server], count] as const),
  );
  const follow = async () => {
    await refreshAll([keys, encryptionKeys, revocationKeys]);
  };
  return { keys, follow, drain: streams.close, ...createRasApp(ras, edge, publishedKeys, streams) };
}
