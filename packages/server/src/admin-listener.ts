import { getRequestListener } from '@hono/node-server';
import type { AdminServices } from './admin/api/services.ts';
import { createLiveStreams } from './admin/live.ts';
import { toRow } from './audit/record.ts';
import { witnessNames } from './audit/witness.ts';
import { isDevelopment } from './config-check.ts';
import { readKeyFile } from './keys/key-file.ts';
import { readKeyLines } from './keys/key-words.ts';
import { toPublicJwk } from './keys/signer.ts';
import { toFault } from './log.ts';
import { type Handler, lazily, type Parts, toAlert } from './roles.ts';
import { isStoppedAtSignIn } from './stops/judge.ts';

/** The admin listener: the admin API and the sign-in of those who use it. Loaded when the first of them comes. */
export async function adminListener(parts: Parts): Promise<Handler> {
  const live = createLiveStreams();
  const listener = lazily(async () => {
    const { createAdminApp } = await import('./admin/app.ts');
    const party = lazily(() => openConsoleParty(parts));
    return getRequestListener(createAdminApp({ ...toServices(parts), live }, parts.edge.addressOf, party).fetch);
  });
  return { handle: async (incoming, outgoing) => (await listener())(incoming, outgoing), drain: live.close };
}

function toServices({ config, home, store, inForce, edge, egress, seal, now }: Parts): Omit<AdminServices, 'live'> {
  const { nowMs, ledger, failures, onFault } = edge;
  return {
    store,
    nowMs,
    now,
    ledger,
    failures,
    onFault,
    alert: (facts, address) => toRow(toAlert(nowMs(), 'admin', facts, address)),
    installation: {
      organisation: config.organisation,
      roles: [...config.roles],
      admin: config.admin.url,
      idp: config.idp.issuer,
      ras: config.ras.issuer,
      demo: config.demo,
    },
    egress,
    // What the store has, also where another process serves it.
    access: () => (inForce.has('access') ? inForce.access() : undefined),
    resource: () => (inForce.has('resource') ? inForce.resource() : undefined),
    isStopped: (personId) => isStoppedAtSignIn(edge.stops.current(), 'person', personId),
    refresh: inForce.refresh,
    keys: (at) => readKeyLines(home, seal, at),
    record: {
      keys: async () => (await readKeyFile(home.auditKeysDir, 'audit', seal)).map(({ jwk }) => toPublicJwk(jwk)),
      witnesses: witnessNames(config.audit.witness ?? {}),
      exports: config.exports,
      keptDays: config.retention.auditDays,
    },
    upstreams: config.signIn.upstream,
  };
}

/** The admin listener as a client of the IdP, which may be another process or another machine. */
async function openConsoleParty({ config, egress, log, now }: Parts) {
  const { createRelyingParty } = await import('./directory/upstream/relying-party.ts');
  const { consoleClientId, returnPath } = await import('./admin/sign-in.ts');
  const { issuer } = config.idp;
  const idp = { name: 'idp', issuer, clientId: consoleClientId, scopes: ['openid'], userinfo: false };
  return createRelyingParty(idp, {
    redirectUri: `${config.admin.url}${returnPath}`,
    credential: { kind: 'none' },
    egress,
    skewSeconds: config.skewSeconds,
    now,
    allowLoopback: isDevelopment(config),
    onFault: (_, fault) => log.warn({ issuer, fault: toFault(fault) }, 'a sign-in at the admin listener failed'),
  });
}
