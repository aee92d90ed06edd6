import { setTimeout as pause } from 'node:timers/promises';
import { eventId } from './call.ts';
import type { Post } from './idp/off/deliver.ts';
import { createOff } from './idp/off/follow.ts';
import { toAccessIndex } from './in-force.ts';
import { openSecret } from './keys/key-file.ts';
import { toFault } from './log.ts';
import { openRas } from './resource-role.ts';
import { openRing } from './roles.ts';
import { readSecretFile } from './secret-file.ts';
import { keepHouse, type ProcessParts } from './serve.ts';

/** A change of another process is seen after this long at most. In the home it is one read by a prepared statement. */
const lookMs = { home: 25, postgres: 100 };
/** While the store is away. */
const faultMs = 1000;

/**
 * Tells authorization servers when something ends for somebody (IDP-43, PRV-02): in the one process of an installation that
 * writes, whichever process the change was made by.
 */
export async function openOff(opened: AsyncDisposableStack, parts: ProcessParts): Promise<void> {
  const { config, home, store, inForce, edge, now, append, log } = parts;
  const keys = await openRing(parts, 'security_event');
  const refresh = () => keys.refresh();
  keepHouse(opened, parts, refresh);
  const bearers = await readBearers(config.signalTokenFiles);
  const off = createOff({
    issuer: config.idp.issuer,
    policy: () => inForce.access(),
    signer: () => keys.signer(),
    subjectSecret: await openSecret(home.keysDir, 'subject'),
    store,
    versionOf: async (version) => {
      const found = await store.policies.read('access', version);
      return found && toAccessIndex(found, { idp: config.idp.issuer, ras: config.ras.issuer });
    },
    ownRas: config.roles.has('ras') ? config.ras.issuer : undefined,
    post: await openPost(opened, parts),
    bearerOf: (ras) => bearers.get(ras),
    now,
    nowMs: edge.nowMs,
    onTold: (lagSeconds) => edge.watch?.revoked('told', lagSeconds),
    alert: async (facts) => {
      log.warn({ ras: facts.audience }, facts.detail);
      const id = eventId('a_');
      await append([{ v: 2, id, kind: 'alert', domain: 'idp', timeMs: edge.nowMs(), outcome: 'allowed', ...facts }]);
    },
    onFault: (fault) => log.error({ fault: toFault(fault) }, 'what has ended could not be told'),
  });
  const stopped = new AbortController();
  const looking = follow();
  opened.defer(async () => {
    stopped.abort();
    await looking;
    await off.stop();
  });

  async function follow(): Promise<void> {
    while (!stopped.signal.aborted) {
      let wait = config.store ? lookMs.postgres : lookMs.home;
      try {
        await off.look();
      } catch (fault) {
        log.error({ fault: toFault(fault) }, 'what has ended could not be looked for');
        wait = faultMs;
      }
      await pause(wait, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  }
}

/**
 * The way to authorization servers. One in this program is handed its SETs without the network: its public address may lead
 * somewhere else from here, or nowhere.
 */
async function openPost(opened: AsyncDisposableStack, parts: ProcessParts): Promise<Post> {
  const { config, egress } = parts;
  if (!config.roles.has('ras')) return egress.fetch;
  const ras = await openRas(parts);
  keepHouse(opened, parts, ras.follow);
  return async (url, init) =>
    new URL(url).origin === config.ras.issuer ? ras.fetch(new Request(url, init)) : egress.fetch(url, init);
}

async function readBearers(files: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string>> {
  const read = Object.entries(files).map(
    async ([issuer, file]) => [issuer, await readSecretFile(file, 'signals.tokenFiles')] as const,
  );
  return new Map(await Promise.all(read));
}
