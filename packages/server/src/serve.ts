import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import type { BlockList } from 'node:net';
import type { Logger } from 'pino';
import { adminListener } from './admin-listener.ts';
import { type AuditRecord, toRow } from './audit/record.ts';
import { createRefusalLedger } from './audit/refusal-ledger.ts';
import { eventId } from './call.ts';
import { createCertificateReader } from './clients/client-certificate.ts';
import type { Clock } from './clock.ts';
import { answerWithoutTime, openClock, whileRight } from './clock-watch.ts';
import type { Config } from './config.ts';
import { isDevelopment } from './config-check.ts';
import type { Role } from './config-schema.ts';
import type { Edge } from './edge.ts';
import { createEgress, toBlockList } from './egress.ts';
import { recoverForgotten } from './forgotten.ts';
import { createHealth, notReadyReasons } from './health.ts';
import type { Home } from './home.ts';
import { idpListener } from './idp-role.ts';
import type { InForce } from './in-force.ts';
import { openSeal } from './keys/seal.ts';
import { openVault } from './keys/vault.ts';
import { createFailureLimit, createSteadyPace, type SharedCounts } from './limits.ts';
import { clientAddress, listen } from './listener.ts';
import { toFault } from './log.ts';
import type { Measures } from './measures.ts';
import type { Meter } from './metrics/meter.ts';
import { type OpenStore, openStore } from './open-store.ts';
import { Problem } from './problem.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import { createRequestLog } from './request-log.ts';
import { resourceListener } from './resource-role.ts';
import type { Handler, Parts } from './roles.ts';
import { openStops } from './stops/memory.ts';
import { createDevelopmentTls } from './tls/development-ca.ts';
import { readCertificates, readPem } from './tls/pem.ts';

/** What a process of an installation stands on, the only one or one of several. */
export interface Ground {
  readonly config: Config;
  readonly home: Home;
  readonly dataDir: string;
  readonly store: OpenStore;
  readonly inForce: InForce;
  readonly tls: Tls | undefined;
  readonly log: Logger;
  readonly measures: Measures;
  /** Counts of the other workers, where there are several. */
  readonly shared: SharedCounts | undefined;
}

/** What the roles of one process share, and what listening takes. */
export interface ProcessParts extends Parts {
  readonly tls: Tls | undefined;
  readonly trustedHops: BlockList;
  readonly clientCa: readonly string[] | undefined;
  readonly clock: Clock;
}

const graceMs = 5000;
const followMs = 500;
const lookAtClockMs = 2000;
/** Token endpoints are as new as their commit; gateways and streams hear of a stop this long after it at most. */
const stopsMs = 100;
export const houseKeepingMs = 10_000;
/** Unauthenticated refusals that get a line of their own in the record, each second. */
const refusalLinesPerSecond = 20;
/** Those of one client, or person, that has proven itself: room for a morning on which hundreds of agents find their sessions over, and for no loop. */
const provenRefusalLines = { burst: 600, perSecond: 5 };

/** Everything that stands between the ground and the roles; what has to be closed is left on the stack. */
export async function openParts(opened: AsyncDisposableStack, ground: Ground): Promise<ProcessParts> {
  const { config, home, store, inForce, tls, log, measures, shared } = ground;
  const { meter, watch } = measures;
  const nowMs = () => Date.now();
  const now = () => Math.floor(nowMs() / 1000);
  const append = async (records: readonly AuditRecord[]) => {
    await store.commit({ marks: [], records: records.map(toRow) });
    if (watch) for (const record of records) watch.decided(record);
  };
  const clock = await openClock({ config, store, log, append });
  every(opened, lookAtClockMs, clock.look, log);
  const openAnother = () => openStore(config.store, home, `node-${randomBytes(6).toString('hex')}`);
  const recover = () => recoverForgotten(store, openAnother, inForce, log, nowMs);
  if (store.hasForgotten) every(opened, followMs, recover, log);
  const ledger = createRefusalLedger({
    linesPerSecond: Math.ceil(refusalLinesPerSecond / config.workers),
    provenLines: {
      burst: Math.ceil(provenRefusalLines.burst / config.workers),
      perSecond: provenRefusalLines.perSecond / config.workers,
    },
    append: (record) => append([record]),
    nowMs,
    newId: () => eventId('d_'),
    onCounted: meter && ((domain, reason) => meter.add('credence_refusals_in_bulk_total', domain, reason)),
  });
  opened.defer(() => ledger.flush()); // after the last request, before the store closes
  const trustedHops = toBlockList(config.trustedHops);
  const clientCa =
    config.clientCertificates &&
    (await Promise.all(config.clientCertificates.ca.map((file) => readPem('clientCertificates.ca', file))));
  const stops = await openStops(store, now);
  every(opened, stopsMs, stops.follow, log);
  const edge: Edge = {
    store,
    stops,
    inForce,
    nowMs,
    ledger,
    failures: createFailureLimit({ max: 10, windowSeconds: 60, now, shared }),
    strangers: createSteadyPace(config.limits.networkPerSecond, nowMs),
    addressOf: (incoming) => clientAddress(incoming, trustedHops),
    certificateOf:
      clientCa &&
      createCertificateReader({ authorities: clientCa, header: config.clientCertificates?.header, trustedHops }),
    onFault: (fault) => {
      meter?.add('credence_faults_total');
      log.error({ fault: toFault(fault) }, 'a request met a fault');
    },
    watch,
  };
  const egress = createEgress({
    internalRanges: config.egress.internalRanges,
    allowLoopback: isDevelopment(config),
    extraCa: await readCertificates('egress.ca', [...config.egress.ca, ...(tls?.caPath ? [tls.caPath] : [])]),
  });
  opened.defer(() => egress.close());
  const seal = await openSeal(config.keys.sealKeyFile);
  const vault = await openVault(config.keys);
  opened.defer(() => vault.close());
  const readiness = createReadiness({
    store,
    policies: () => checkInForce(config, inForce),
    isClockRight: clock.isRight,
    elapsedMs: () => performance.now(),
    onChange: (reasons) => {
      if (reasons.length === 0) log.info('ready');
      else log.warn({ reasons }, 'not ready');
    },
  });
  if (meter) readState(meter, config, inForce, readiness);
  const follow = async () => {
    await inForce.refresh();
    readiness.followed();
  };
  every(opened, followMs, follow, log);
  every(opened, houseKeepingMs, () => ledger.flush(), log);
  return { ...ground, edge, egress, seal, vault, now, append, readiness, trustedHops, clientCa, clock };
}

/** What is as it is, and not counted. */
function readState(meter: Meter, { roles }: Config, inForce: InForce, readiness: Readiness): void {
  meter.read('credence_not_ready', async () => {
    const reasons = await readiness.notReady();
    return notReadyReasons.map((reason) => [[reason], reasons.includes(reason) ? 1 : 0] as const);
  });
  if (roles.has('idp')) meter.read('credence_policy_version', () => [[['access'], inForce.access().version]]);
  if (roles.has('ras') || roles.has('gateway')) {
    meter.read('credence_policy_version', () => [[['resource'], inForce.resource().version]]);
  }
}

/** Throws unless there is a policy for each role that goes by one. */
function checkInForce({ roles }: Config, inForce: InForce): void {
  if (roles.has('idp')) inForce.access();
  if (roles.has('ras') || roles.has('gateway')) inForce.resource();
}

/** One origin of an installation: who answers there. */
export interface Origin {
  readonly name: string;
  readonly origin: string;
  readonly port: number;
  readonly open: (parts: Parts) => Promise<Handler>;
}

/** The listeners of the roles this installation plays. The RAS and the gateway share an origin. */
export function originsOf({ roles, idp, ras, admin }: Config): Origin[] {
  const has = (...names: Role[]) => names.some((name) => roles.has(name));
  return [
    { name: 'idp', origin: idp.issuer, port: idp.port, open: idpListener, isServed: has('idp') },
    { name: 'ras', origin: ras.issuer, port: ras.port, open: resourceListener, isServed: has('ras', 'gateway') },
    { name: 'admin', origin: admin.url, port: admin.port, open: adminListener, isServed: has('admin') },
  ].filter(({ isServed }) => isServed);
}

/** Opens the listeners, one after the other, and looks after them until the stack is closed. */
export async function serve(
  opened: AsyncDisposableStack,
  parts: ProcessParts,
  origins: readonly Origin[],
): Promise<void> {
  const { config, tls, clientCa, trustedHops, edge, log, readiness, clock } = parts;
  const health = createHealth({ notReady: readiness.notReady, remarked: readiness.remarked, trustedHops });
  for (const { name, origin, port, open } of origins) {
    const handler = await open(parts);
    if (handler.close) opened.defer(handler.close);
    if (handler.follow) keepHouse(opened, parts, handler.follow);
    const listener = await listen({
      name,
      host: config.host,
      port,
      origin,
      tls,
      clientCa: name === 'admin' ? undefined : clientCa, // browsers only, and those would ask their people
      trustedHops,
      handle: (incoming, outgoing) =>
        clock.isRight() ? handler.handle(incoming, outgoing) : answerWithoutTime(outgoing),
      health,
      onRequest: config.log.requests ? createRequestLog(log, name) : undefined,
      onFault: edge.onFault,
    });
    // Closed last in, first out: requests end before what they stand on.
    opened.defer(async () => {
      const stopped = listener.stop(graceMs);
      handler.drain?.();
      await stopped;
    });
  }
  opened.defer(async () => readiness.stop()); // first of all: whoever spreads the load is to look elsewhere
}

/** What https takes. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
  /** Of a development CA only. */
  readonly caPath?: string;
}

export async function openTls({ tls }: Config, home: Home): Promise<Tls | undefined> {
  if (tls === undefined) return undefined;
  if (tls === 'development') return createDevelopmentTls(home.dir);
  const [key, cert] = await Promise.all([readPem('tls.key', tls.key), readPem('tls.cert', tls.cert)]);
  const why = whyNoPair(key, cert);
  if (why === undefined) return { key, cert };
  throw new Problem(
    `tls: ${tls.key} and ${tls.cert} are no pair: ${why}.`,
    'Name the key of that certificate, both as PEM.',
  );
}

/** Found now, and not by each caller: with an empty file a listener opens, and no handshake succeeds. */
function whyNoPair(key: string, cert: string): string | undefined {
  try {
    return new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)) ? undefined : 'the key is of another';
  } catch (error) {
    return (error as Error).message;
  }
}

/** House-keeping by the time: keys are rotated, what has expired is removed, stops end. Not while the clock is wrong. */
export function keepHouse(
  opened: AsyncDisposableStack,
  { clock, log }: Pick<ProcessParts, 'clock' | 'log'>,
  work: () => Promise<void>,
  milliseconds = houseKeepingMs,
): void {
  every(opened, milliseconds, whileRight(clock, work), log);
}

/** Work that repeats until the stack is closed; a fault is logged, and the next round tries again. */
export function every(
  opened: AsyncDisposableStack,
  milliseconds: number,
  work: () => Promise<void>,
  log: Logger,
): void {
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= work()
      .catch((fault: unknown) => log.error({ fault: toFault(fault) }, 'house-keeping met a fault'))
      .finally(() => {
        running = undefined;
      });
  }, milliseconds).unref();
  opened.defer(async () => {
    clearInterval(timer);
    await running; // what it stands on is closed next
  });
}
