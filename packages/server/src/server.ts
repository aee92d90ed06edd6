import { randomBytes, X509Certificate } from 'node:crypto';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Logger } from 'pino';
import { makeFirstLink } from './admin/first-administrator.ts';
import { createAlteredAlarm } from './altered.ts';
import { type Config, readConfig } from './config.ts';
import type { ServeFlags } from './config-text.ts';
import { acmeDocuments, seedDemo } from './demo.ts';
import { publishDocument, starterDocuments } from './documents.ts';
import { beginRequestedEpoch } from './epoch.ts';
import { openExporting } from './exporting.ts';
import { tuneHeap } from './heap.ts';
import { checkOurs, type Home, makeFolders, openHome, refuseHalfRestored, toHome } from './home.ts';
import { lockHome } from './home-lock.ts';
import { openInForce } from './in-force.ts';
import { createLog } from './log.ts';
import { openMeasures, serveMetrics } from './measures.ts';
import { openOff } from './off.ts';
import { type OpenStore, openStore } from './open-store.ts';
import { loosenedBy, loosenedClients } from './policy/loosened.ts';
import { openRecordReaders } from './record-readers.ts';
import { openSealing } from './sealing.ts';
import { every, houseKeepingMs, keepHouse, openParts, openTls, originsOf, serve, type Tls } from './serve.ts';
import { resumeDue } from './stops/stop.ts';
import { readPurgeTime } from './store/purge-time.ts';
import { recentLines } from './store/recent-lines.ts';
import type { PolicyKind, Store } from './store/store.ts';
import { serveWithWorkers } from './workers/primary.ts';
import { createTurns } from './workers/turns.ts';

const lookForRisksMs = 30_000;

const endsSoonMs = 14 * 86_400_000;

/** A stop that ends by itself ends at most so much later. */
const stopEndsMs = 1000;

/** A running installation. */
export interface Server {
  /** What `credence serve` prints once every listener is open. */
  readonly readyText: string;
  /** Says that it is not ready, for as long as is configured; then lets running requests end, writes what is still to be written, closes the store. */
  stop(): Promise<void>;
}

/** Opens everything in order, and closes what was opened again when a later step fails: nothing is left half-started. */
export async function startServer(homeDir: string, flags: ServeFlags): Promise<Server> {
  const startedAt = performance.now();
  tuneHeap();
  const config = await readConfig(await withFreePorts(flags), toHome(homeDir).configFile);
  const home = await openHome(homeDir, config.keys);
  await using opened = new AsyncDisposableStack();
  const lock = lockHome(home);
  opened.defer(() => lock.release());
  await refuseHalfRestored(home);

  await rememberConfig(home, config, flags.config);
  const log = createLog(config.log);
  const tls = await openTls(config, home);
  if (tls) warnOfEnd(tls, log);
  const measures = await openMeasures(opened, config, 'primary');
  const node = `node-${randomBytes(6).toString('hex')}`;
  const isAlone = config.workers === 1;
  const recent = recentLines();
  const turns = createTurns(recent);
  const store = await openStore(config.store, home, node, {
    turn: isAlone ? undefined : turns.own,
    recent,
    watch: measures.storeWatch,
  });
  opened.defer(() => store.close());
  await watchRisks(opened, store, log);
  const epoch = await beginRequestedEpoch(store, Date.now());
  if (epoch !== undefined) log.warn({ epoch }, 'what was issued before ends');
  const alarm = createAlteredAlarm(store, log, config.roles);
  const published = await alarm.guard(() => publishDocuments(config, store, Date.now()));
  const origins = { idp: config.idp.issuer, ras: config.ras.issuer };
  const inForce = await alarm.guard(() => openInForce(store, origins, alarm.raise));
  const loosened = [
    ...(config.roles.has('idp') ? loosenedClients(inForce.access()) : []),
    ...(config.roles.has('ras') ? loosenedBy(inForce.resource()) : []),
  ];
  for (const words of loosened) log.warn({ loosened: words }, 'refused by default, let in here');
  const dataDir = await openDataDir(config, home);
  if (config.demo) await seedDemo(config, { ...home, dataDir }, store, inForce, tls?.caPath);

  const ground = { config, home, dataDir, store, inForce, tls, log, measures, shared: undefined };
  const parts = await openParts(opened, ground);
  const workers = isAlone ? undefined : await serveWithWorkers(opened, parts, ground, node, turns);
  // A gateway by itself holds no signing key; those beside it seal what it writes.
  const seals = config.roles.has('idp') || config.roles.has('ras');
  const sealing = seals ? await openSealing(opened, parts) : undefined;
  if (isAlone) await serve(opened, parts, originsOf(config));
  sealing?.warn();
  if (config.roles.has('idp')) await openOff(opened, parts);
  await openExporting(opened, parts);
  if (config.metrics) await serveMetrics(opened, config.metrics, measures, parts.edge.onFault);
  // A process that tells nobody must not end the stop of a person: the authorization servers would not hear of it.
  const resume = () => resumeDue(store, parts.edge.nowMs(), { people: config.roles.has('idp') });
  keepHouse(opened, parts, resume, stopEndsMs);
  // Last to be opened, first to end: nothing is tidied up while the rest is taken down.
  keepHouse(opened, parts, async () => store.purge(await readPurgeTime(store)));
  const first = config.roles.has('admin') ? await firstLines(config, store, parts.now()) : [];
  openRecordReaders(opened, parts);
  every(opened, houseKeepingMs, () => alarm.look(), log);
  const resources = opened.move();
  return {
    readyText: toReadyText(config, home, tls?.caPath, [...published, ...first], performance.now() - startedAt),
    async stop() {
      // Whoever spreads the load is to look elsewhere before anything is closed.
      parts.readiness.stop();
      workers?.leave();
      await wait(config.drainSeconds * 1000);
      await resources.disposeAsync();
    },
  };
}

/** A certificate is read once: a new one is served from the next start on. */
function warnOfEnd({ cert }: Tls, log: Logger): void {
  const { validToDate } = new X509Certificate(cert);
  const until = validToDate.toISOString();
  if (validToDate.getTime() < Date.now())
    log.warn({ until }, 'the TLS certificate has expired: nobody should trust it');
  else if (validToDate.getTime() < Date.now() + endsSoonMs) log.warn({ until }, 'the TLS certificate expires soon');
}

/** Said when it starts, and whenever it changes. */
async function watchRisks(opened: AsyncDisposableStack, { findRisks }: OpenStore, log: Logger): Promise<void> {
  if (!findRisks) return;
  let told = '';
  const look = async () => {
    const risks = await findRisks();
    if (risks.join() === told) return;
    told = risks.join();
    if (risks.length === 0) log.info('the store is safe against the loss of its server again');
    for (const risk of risks) log.warn({ store: risk }, 'the store may lose what it confirmed');
  };
  await look();
  every(opened, lookForRisksMs, look, log);
}

/** Where nobody administers yet: the way in, which works once and is shown nowhere else. */
async function firstLines({ admin }: Config, store: Store, now: number): Promise<string[]> {
  const link = await makeFirstLink(store, admin.url, now);
  return link === undefined ? [] : [`first administrator, once   ${link}`];
}

async function publishDocuments(config: Config, store: Store, nowMs: number): Promise<string[]> {
  const needed: readonly [PolicyKind, boolean][] = [
    ['access', config.roles.has('idp')],
    ['resource', config.roles.has('ras') || config.roles.has('gateway')],
  ];
  const lines: string[] = [];
  for (const [kind, isNeeded] of needed) {
    if (!isNeeded) continue;
    const starter = (config.demo ? acmeDocuments : starterDocuments)[kind];
    const file = config.documents[kind];
    const { version, isNew, isOlder } = await publishDocument(store, kind, file, {
      starter,
      nowMs,
      origins: { idp: config.idp.issuer, ras: config.ras.issuer },
    });
    lines.push(
      `${kind} policy   version ${version}${isNew ? `, published from ${file}` : isOlder ? `; ${file} is an older text and was not read over it` : ''}`,
    );
  }
  return lines;
}

/**
 * Where stdio upstreams keep their files. Started as root each of them runs as its own user, who cannot reach into the
 * home, so the folder lies beside it; only its owner and they themselves get into what is theirs.
 */
async function openDataDir(config: Config, home: Home): Promise<string> {
  const isRoot = process.getuid?.() === 0;
  const dir = config.gatewayData ?? (isRoot ? `${home.dir}-data` : home.dataDir);
  await makeFolders(dir, isRoot ? 0o711 : 0o700);
  await checkOurs(dir);
  await chmod(dir, isRoot ? 0o711 : 0o700);
  return dir;
}

/** Commands beside the server find store, keys and all else where it did. */
async function rememberConfig(home: Home, { idp, ras, roles }: Config, configFile: string | undefined): Promise<void> {
  if (configFile === undefined) await rm(home.configPathFile, { force: true });
  else await writeFile(home.configPathFile, `${resolve(configFile)}\n`, { mode: 0o600 });
  const issuers = { idp: idp.issuer, ras: ras.issuer, roles: [...roles] };
  await writeFile(home.issuersFile, `${JSON.stringify(issuers)}\n`, { mode: 0o600 });
}

/** Port 0 means any free one. It has to be known before anything is opened, since issuers carry it. */
async function withFreePorts(flags: ServeFlags): Promise<ServeFlags> {
  const [idpPort, rasPort, adminPort, metricsPort] = await Promise.all(
    [flags.idpPort, flags.rasPort, flags.adminPort, flags.metricsPort].map(toFreePort),
  );
  return { ...flags, idpPort, rasPort, adminPort, metricsPort };
}

function toFreePort(flag: string | undefined): Promise<string | undefined> {
  if (flag !== '0') return Promise.resolve(flag);
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, 'localhost', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(String(port)));
    });
  });
}

function toReadyText(
  config: Config,
  home: Home,
  caPath: string | undefined,
  published: readonly string[],
  milliseconds: number,
): string {
  const { roles, idp, ras, admin, metrics } = config;
  const lines = [
    ...(roles.has('idp') ? [`identity provider   ${idp.issuer}`] : []),
    ...(roles.has('ras') ? [`authorization server   ${ras.issuer}`] : []),
    ...(roles.has('gateway') ? [`gateway   ${ras.issuer}/<server>/mcp`] : []),
    ...(roles.has('admin') ? [`admin   ${admin.url}`] : []),
    ...(metrics ? [`metrics   http://${metrics.host}:${metrics.port}/metrics`] : []),
    ...published,
    ...(config.workers > 1 ? [`workers   ${config.workers}`] : []),
    `home   ${home.dir}`,
    ...(config.store ? [`store   ${config.store.database} at ${config.store.host}`] : []),
    ...(config.demo ? [`people, clients, servers to try   ${home.demoFile}`] : []),
    ...(caPath ? [`development CA   ${caPath}`, `for Node   export NODE_EXTRA_CA_CERTS=${caPath}`] : []),
  ];
  const table = lines.map((line) => {
    const [label = '', value = ''] = line.split(/ {3}/);
    return `  ${label.padEnd(34)}${value}`;
  });
  return `${table.join('\n')}\ncredence is ready in ${Math.round(milliseconds)} ms. Stop it with ctrl-c.\n`;
}
