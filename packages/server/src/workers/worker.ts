// One of several processes that answer for one home: token endpoints, sign-in, metadata. It reads and writes the store
// itself, in turn with the others; where the primary, which hands out the turns, is gone, it ends.
import { randomBytes } from 'node:crypto';
import { tuneHeap } from '../heap.ts';
import { openInForce } from '../in-force.ts';
import { createDigestKey } from '../keys/digest-key.ts';
import { createLog, toFault } from '../log.ts';
import { openMeasures } from '../measures.ts';
import type { Meter } from '../metrics/meter.ts';
import { openStore } from '../open-store.ts';
import { Problem } from '../problem.ts';
import { openParts, openTls, originsOf, serve } from '../serve.ts';
import { openSqliteBeside } from '../store/sqlite.ts';
import { type CountRelay, createCountRelay } from './count-relay.ts';
import { forwardTo } from './forward.ts';
import type { ToPrimary, ToWorker, WorkerStart } from './messages.ts';
import { createRemoteTurn } from './turns.ts';

const tell = (message: ToPrimary) => {
  if (!process.connected) throw new Error('the primary is gone');
  process.send?.(message);
};
const turn = createRemoteTurn(tell);
const counts: CountRelay = createCountRelay((told) => tell({ counts: told }));
let running: AsyncDisposableStack | undefined;
let meter: Meter | undefined;
let leave = (): void => undefined;

process.on('message', (message: ToWorker) => {
  if ('turn' in message) turn.granted();
  else if ('counts' in message) counts.take(message.counts);
  else if ('measure' in message)
    void measured(message.measure).catch(() => undefined); // then the primary is gone, and so are we
  else if ('leave' in message) leave();
  else if ('start' in message) void start(message.start);
  else void stop();
});
process.on('disconnect', () => process.exit(1)); // Nothing can be recorded any more, so nothing may be answered.
// The terminal sends its signals to every process of the group: when to end is for the primary to say.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

async function start({ config, home, dataDir, node, gatewaySocket, place }: WorkerStart): Promise<void> {
  const log = createLog(config.log);
  try {
    process.umask(0o077);
    tuneHeap();
    await using opened = new AsyncDisposableStack();
    const measures = await openMeasures(opened, config, String(place));
    meter = measures.meter;
    const watch = measures.storeWatch;
    const store = config.store
      ? await openStore(config.store, home, `node-${randomBytes(6).toString('hex')}`, { watch })
      : openSqliteBeside(home.storeFile, {
          node,
          turn,
          written: turn.written,
          watch,
          digestKey: createDigestKey(home.digestDir),
        });
    opened.defer(() => store.close());
    const inForce = await openInForce(
      store,
      { idp: config.idp.issuer, ras: config.ras.issuer },
      async ({ what, message }) => log.error({ altered: what, why: message }, 'nothing of the store is in force'), // the primary records it
    );
    const tls = await openTls(config, home);
    const shared = counts.shared;
    const parts = await openParts(opened, { config, home, dataDir, store, inForce, tls, log, measures, shared });
    const forward = gatewaySocket === undefined ? undefined : forwardTo(gatewaySocket, parts);
    if (forward) opened.defer(async () => forward.close());
    const origins = originsOf(config).filter(({ name }) => name !== 'admin');
    await serve(opened, { ...parts, forward }, origins);
    leave = parts.readiness.stop;
    running = opened.move();
    tell({ ready: true });
  } catch (error) {
    if (!(error instanceof Problem)) log.error({ fault: toFault(error) }, 'a worker could not start');
    const problem = error instanceof Problem ? error : new Problem('A worker could not start.', 'See the log.');
    const told: ToPrimary = { problem: { message: problem.message, wayOut: problem.wayOut } };
    // Then it ends, so that another one is tried: one that answers nobody would never be missed.
    process.send?.(told, () => process.exit(1));
  }
}

async function measured(question: number): Promise<void> {
  const snapshot = (await meter?.snapshot()) ?? {};
  tell({ measured: question, snapshot });
}

async function stop(): Promise<void> {
  await running?.disposeAsync();
  process.exit(0);
}
