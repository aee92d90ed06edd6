import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gatewayHandler } from '../gateway-role.ts';
import { Problem } from '../problem.ts';
import { type Ground, keepHouse, originsOf, type ProcessParts, serve } from '../serve.ts';
import { createWorkerCounts } from './ask-workers.ts';
import { forwardedCaller } from './forward.ts';
import { fromLineText } from './line-text.ts';
import type { ToPrimary, ToWorker, WorkerStart } from './messages.ts';
import type { Taker, Turns } from './turns.ts';

const workerFile = fileURLToPath(import.meta.url).replace(/primary(\.[jt]s)$/, 'worker$1');
/** A worker that will not end when it is told to is ended. */
const stopMs = 8000;
const firstPauseMs = 200;
const longestPauseMs = 5000;
const healthyMs = 30_000;

export interface Workers {
  /** Has all of them say that they are not ready, and go on answering. */
  leave(): void;
}

/**
 * Several processes for one home: workers take the connections of the IdP and the RAS; this one, the primary, says which
 * of them writes to an SQLite store, and has the gateway and the admin listener. A worker that ends is followed by another.
 */
export async function serveWithWorkers(
  opened: AsyncDisposableStack,
  parts: ProcessParts,
  { config, home, dataDir }: Ground,
  node: string,
  turns: Turns,
): Promise<Workers> {
  if (!config.roles.has('idp') && !config.roles.has('ras')) {
    throw new Problem('workers are for the roles idp and ras.', 'Serve one of them, or leave workers out.');
  }
  const gateway = config.roles.has('gateway') ? await listenForGateway(opened, parts) : undefined;
  const start = { config, home, dataDir, node, gatewaySocket: gateway?.socket };
  const workers = await startWorkers(opened, parts, turns, start, () => gateway?.drain());
  await serve(
    opened,
    parts,
    originsOf(config).filter(({ name }) => name === 'admin'),
  );
  return workers;
}

/** The gateway behind a socket in the home, which only our own user can open. */
async function listenForGateway(
  opened: AsyncDisposableStack,
  parts: ProcessParts,
): Promise<{ readonly socket: string; drain(): void }> {
  const path = join(parts.home.dir, 'gateway.sock');
  if (Buffer.byteLength(path) > 100) {
    throw new Problem(`The path ${path} is too long for a socket.`, 'Name a home with a shorter path.');
  }
  await rm(path, { force: true }); // of a process that was killed; the home is locked, so it is nobody else's
  const gateway = await gatewayHandler(parts, forwardedCaller);
  keepHouse(opened, parts, gateway.follow);
  opened.defer(gateway.close);
  const server = createServer({ maxHeaderSize: 32 * 1024, requestTimeout: 0 }, (incoming, outgoing) => {
    gateway.handle(incoming, outgoing).catch((fault: unknown) => {
      parts.edge.onFault(fault);
      outgoing.destroy();
    });
  });
  server.listen(path);
  await once(server, 'listening');
  opened.defer(async () => {
    server.close();
    server.closeIdleConnections();
    await rm(path, { force: true });
  });
  return { socket: path, drain: gateway.drain };
}

async function startWorkers(
  opened: AsyncDisposableStack,
  { log, measures }: ProcessParts,
  turns: Turns,
  start: Omit<WorkerStart, 'place'>,
  beforeStop: () => void,
): Promise<Workers> {
  const workers = new Set<Worker>();
  let stopping = false;
  cluster.setupPrimary({ exec: workerFile, args: [], serialization: 'advanced' });

  const tell = (worker: Worker, message: ToWorker) => {
    if (worker.isConnected()) worker.send(message, () => undefined); // one that is just ending hears nothing any more
  };
  const counts = createWorkerCounts<Worker>((worker, measure) => tell(worker, { measure }));
  measures.others.ask = () => counts.ask(workers);
  measures.meter?.read('credence_workers', () => [[[], workers.size]]);
  const fork = (place: number, pauseMs: number): Promise<void> => {
    const worker = cluster.fork();
    const startedAt = performance.now();
    workers.add(worker);
    const taker: Taker = {
      grant: () => tell(worker, { turn: 'yours' }),
      expire() {
        log.error({ worker: worker.process.pid }, 'a worker keeps the others from writing, and is ended');
        worker.process.kill('SIGKILL');
      },
    };
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on('message', (message: ToPrimary) => {
      if ('lines' in message) turns.done(taker, fromLineText(message.lines), message.again);
      else if ('turn' in message) turns.ask(taker);
      else if ('counts' in message) for (const other of workers) other !== worker && tell(other, message);
      else if ('measured' in message) counts.take(worker, message.measured, message.snapshot);
      else if ('ready' in message) resolve();
      else reject(new Problem(message.problem.message, message.problem.wayOut));
    });
    worker.on('exit', (code, signal) => {
      workers.delete(worker);
      turns.gone(taker);
      counts.end(worker);
      reject(new Problem('A worker ended before it was ready.', 'See the log.'));
      if (stopping) return;
      measures.meter?.add('credence_worker_ends_total');
      log.error({ worker: worker.process.pid, code, signal }, 'a worker ended; another one takes its place');
      const isHealthy = performance.now() - startedAt > healthyMs;
      const pause = isHealthy ? firstPauseMs : pauseMs;
      setTimeout(() => {
        if (!stopping) fork(place, Math.min(pause * 2, longestPauseMs)).catch(() => undefined); // said above, and tried again
      }, pause).unref();
    });
    tell(worker, { start: { ...start, place } });
    return promise;
  };

  opened.defer(async () => {
    stopping = true;
    beforeStop(); // streams that only listen would keep a worker waiting
    await Promise.all([...workers].map(end));
  });
  const end = async (worker: Worker) => {
    const gone = once(worker, 'exit');
    tell(worker, { stop: true });
    const timer = setTimeout(() => worker.process.kill('SIGKILL'), stopMs);
    await gone;
    clearTimeout(timer);
  };
  await Promise.all(Array.from({ length: start.config.workers }, (_, at) => fork(at + 1, firstPauseMs)));
  return {
    leave() {
      for (const worker of workers) tell(worker, { leave: true });
    },
  };
}
