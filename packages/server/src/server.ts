import { randomBytes } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import type { Logger } from 'pino';
import type { Edge } from './app.ts';
import { type AuditRecord, toRow } from './audit/record.ts';
import { createRefusalLedger } from './audit/refusal-ledger.ts';
import { randomId } from './call.ts';
import { createCertificateReader } from './clients/client-certificate.ts';
import { type Config, isLoopbackHost, type Role, readConfig, type ServeFlags } from './config.ts';
import { acmeDocuments, seedDemo } from './demo.ts';
import { publishDocument, starterDocuments } from './documents.ts';
import { createEgress, toBlockList } from './egress.ts';
import { type Home, makeFolders, openHome, toHome } from './home.ts';
import { lockHome } from './home-lock.ts';
import { openInForce } from './in-force.ts';
import { openSeal } from './keys/seal.ts';
import { openVault } from './keys/vault.ts';
import { createFailureLimit } from './limits.ts';
import { clientAddress, listen } from './listener.ts';
import { createLog, toFault } from './log.ts';
import { Problem } from './problem.ts';
import { adminListener, idpListener, type Parts, resourceListener } from './roles.ts';
import { openSqliteStore } from './store/sqlite.ts';
import type { PolicyKind, Store } from './store/store.ts';
import { createDevelopmentTls } from './tls/development-ca.ts';

/** A running installation. */
export interface Server {
  /** What `credence serve` prints once every listener is open. */
  readonly readyText: string;
  /** Lets running requests end, writes what is still to be written, closes the store. */
  stop(): Promise<void>;
}

const graceMs = 5000;
const followMs = 500;
const houseKeepingMs = 10_000;
/** Unauthenticated refusals that get a line of their own in the record, each second. */
const refusalLinesPerSecond = 20;

/** Opens everything in order, and closes what was opened again when a later step fails: nothing is left half-started. */
export async function startServer(homeDir: string, flags: ServeFlags): Promise<Server> {
  const startedAt = performance.now();
  const config = await readConfig(await withFreePorts(flags), toHome(homeDir).configFile);
  const home = await openHome(homeDir);
  await using opened = new AsyncDisposableStack();
  const lock = lockHome(home);
  opened.defer(() => lock.release());

  const log = createLog();
  const nowMs = () => Date.now();
  const now = () => Math.floor(nowMs() / 1000);
  const tls = await openTls(config, home);
  const store = await openSqliteStore(home.storeFile, { node: `node-${randomBytes(6).toString('hex')}` });
  opened.defer(() => store.close());
  const published = await publishDocuments(config, store, nowMs());
  const inForce = await openInForce(store, { idp: config.idp.issuer, ras: config.ras.issuer });
  const dataDir = await openDataDir(config, home);
  if (config.demo) await seedDemo(config, { ...home, dataDir }, store, inForce, tls?.caPath);

  const append = async (records: readonly AuditRecord[]) => {
    await store.commit({ marks: [], records: records.map(toRow) });
  };
  const ledger = createRefusalLedger({
    linesPerSecond: refusalLinesPerSecond,
    append: (record) => append([record]),
    nowMs,
    newId: () => randomId('d_'),
  });
  opened.defer(() => ledger.flush()); // after the last request, before the store closes
  const trustedHops = toBlockList(config.trustedHops);
  const clientCa = config.clientCertificates && (await readCertificates(config.clientCertificates.ca));
  const edge: Edge = {
    store,
    nowMs,
    ledger,
    failures: createFailureLimit({ max: 10, windowSeconds: 60, now }),
    addressOf: (incoming) => clientAddress(incoming, trustedHops),
    certificateOf:
      clientCa &&
      createCertificateReader({ authorities: clientCa, header: config.clientCertificates?.header, trustedHops }),
    onFault: (fault) => log.error({ fault: toFault(fault) }, 'a request met a fault'),
  };
  const egress = createEgress({
    internalRanges: config.egress.internalRanges,
    allowLoopback: isDevelopment(config),
    extraCa: await readCertificates([...config.egress.ca, ...(tls?.caPath ? [tls.caPath] : [])]),
  });
  opened.defer(() => egress.close());
  const seal = await openSeal(config.keys.sealKeyFile);
  const vault = await openVault(config.keys);
  opened.defer(() => vault.close());
  const parts: Parts = { config, home, dataDir, store, inForce, edge, egress, seal, vault, log, now, append };

  const followers: (() => Promise<void>)[] = [];
  for (const { name, origin, port, open } of origins(config)) {
    const handler = await open(parts);
    if (handler.close) opened.defer(handler.close);
    if (handler.follow) followers.push(handler.follow);
    const listener = await listen({
      name,
      host: config.host,
      port,
      origin,
      tls,
      clientCa: name === 'admin' ? undefined : clientCa, // browsers only, and those would ask their people
      trustedHops,
      handle: handler.handle,
      onFault: edge.onFault,
    });
    // Closed last in, first out: requests end before what they stand on.
    opened.defer(async () => {
      const stopped = listener.stop(graceMs);
      handler.drain?.();
      await stopped;
    });
  }

  const timers = [
    every(followMs, () => inForce.refresh(), log),
    every(houseKeepingMs, () => ledger.flush(), log),
    every(houseKeepingMs, () => store.purge(now()), log),
    ...followers.map((follow) => every(houseKeepingMs, follow, log)),
  ];
  opened.defer(async () => {
    for (const timer of timers) clearInterval(timer);
  });
  const resources = opened.move();
  return {
    readyText: toReadyText(config, home, tls?.caPath, published, performance.now() - startedAt),
    stop: () => resources.disposeAsync(),
  };
}

/** The listeners of the roles this process plays. The RAS and the gateway share an origin. */
function origins({ roles, idp, ras, admin }: Config) {
  const has = (...names: Role[]) => names.some((name) => roles.has(name));
  return [
    { name: 'idp', origin: idp.issuer, port: idp.port, open: idpListener, isServed: has('idp') },
    { name: 'ras', origin: ras.issuer, port: ras.port, open: resourceListener, isServed: has('ras', 'gateway') },
    { name: 'admin', origin: admin.url, port: admin.port, open: adminListener, isServed: has('admin') },
  ].filter(({ isServed }) => isServed);
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
    const { version, isNew } = await publishDocument(store, kind, file, {
      starter,
      nowMs,
      origins: { idp: config.idp.issuer, ras: config.ras.issuer },
    });
    lines.push(`${kind} policy   version ${version}${isNew ? `, published from ${file}` : ''}`);
  }
  return lines;
}

/** Clear http to loopback is for development: where we are on localhost ourselves, so are those we fetch keys from. */
function isDevelopment({ ras }: Config): boolean {
  return isLoopbackHost(new URL(ras.issuer).hostname);
}

/**
 * Where stdio upstreams keep their files. Started as root each of them runs as its own user, who cannot reach into the
 * home, so the folder lies beside it; only its owner and they themselves get into what is theirs.
 */
async function openDataDir(config: Config, home: Home): Promise<string> {
  const isRoot = process.getuid?.() === 0;
  const dir = config.gatewayData ?? (isRoot ? `${home.dir}-data` : home.dataDir);
  await makeFolders(dir, isRoot ? 0o711 : 0o700);
  await chmod(dir, isRoot ? 0o711 : 0o700);
  return dir;
}

interface Tls {
  readonly key: string;
  readonly cert: string;
  /** Of a development CA only. */
  readonly caPath?: string;
}

async function openTls({ tls }: Config, home: Home): Promise<Tls | undefined> {
  if (tls === undefined) return undefined;
  if (tls === 'development') return createDevelopmentTls(home.dir);
  const [key, cert] = await Promise.all([readPem(tls.key), readPem(tls.cert)]);
  return { key, cert };
}

function readCertificates(files: readonly string[]): Promise<string[]> {
  return Promise.all(files.map(readPem));
}

async function readPem(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Problem(`Cannot read ${file}: ${(error as Error).message}`, 'Check the path and its permissions.');
  }
}

/** Port 0 means any free one. It has to be known before anything is opened, since issuers carry it. */
async function withFreePorts(flags: ServeFlags): Promise<ServeFlags> {
  const [idpPort, rasPort, adminPort] = await Promise.all(
    [flags.idpPort, flags.rasPort, flags.adminPort].map(toFreePort),
  );
  return { ...flags, idpPort, rasPort, adminPort };
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

/** Work that repeats; a fault is logged, and the next round tries again. */
function every(milliseconds: number, work: () => Promise<void>, log: Logger): NodeJS.Timeout {
  let running = false;
  return setInterval(() => {
    if (running) return;
    running = true;
    work()
      .catch((fault: unknown) => log.error({ fault: toFault(fault) }, 'house-keeping met a fault'))
      .finally(() => {
        running = false;
      });
  }, milliseconds).unref();
}

function toReadyText(
  config: Config,
  home: Home,
  caPath: string | undefined,
  published: readonly string[],
  milliseconds: number,
): string {
  const { roles, idp, ras, admin } = config;
  const lines = [
    ...(roles.has('idp') ? [`identity provider   ${idp.issuer}`] : []),
    ...(roles.has('ras') ? [`authorization server   ${ras.issuer}`] : []),
    ...(roles.has('gateway') ? [`gateway   ${ras.issuer}/<server>/mcp`] : []),
    ...(roles.has('admin') ? [`admin   ${admin.url}`] : []),
    ...published,
    `home   ${home.dir}`,
    ...(config.demo ? [`people, clients, servers to try   ${home.demoFile}`] : []),
    ...(caPath ? [`development CA   ${caPath}`, `for Node   export NODE_EXTRA_CA_CERTS=${caPath}`] : []),
  ];
  const table = lines.map((line) => {
    const [label = '', value = ''] = line.split(/ {3}/);
    return `  ${label.padEnd(34)}${value}`;
  });
  return `${table.join('\n')}\ncredence is ready in ${Math.round(milliseconds)} ms. Stop it with ctrl-c.\n`;
}
