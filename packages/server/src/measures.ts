import type { Config } from './config.ts';
import { listenForMetrics } from './metrics/listener.ts';
import { createMeter, type Meter, mergeSnapshots, type Snapshot } from './metrics/meter.ts';
import { watchProcess } from './metrics/process.ts';
import { toMetricsText } from './metrics/text.ts';
import type { StoreWatch } from './store/group-commit.ts';
import { openTracing } from './tracing.ts';
import { createWatch, type Watch } from './watch.ts';

/** What one process measures, where the configuration asks for it, and where it is traced. */
export interface Measures {
  readonly meter: Meter | undefined;
  readonly watch: Watch | undefined;
  readonly storeWatch: StoreWatch | undefined;
  /** What other processes of this installation have counted, to be added to what this one has. */
  readonly others: { ask: () => Promise<readonly Snapshot[]> };
}

/** @param name - of the process, where several are told apart */
export async function openMeasures(
  opened: AsyncDisposableStack,
  { metrics }: Pick<Config, 'metrics'>,
  name: string,
): Promise<Measures> {
  const meter = metrics && createMeter();
  if (meter) {
    const watched = watchProcess(meter, name);
    opened.defer(async () => watched.close());
    meter.read('credence_build_info', () => [[[version, process.versions.node], 1]]);
  }
  return {
    meter,
    watch: createWatch(meter, await openTracing()),
    storeWatch: meter && toStoreWatch(meter),
    others: { ask: async () => [] },
  };
}

const version = '0.1.0';

function toStoreWatch(meter: Meter): StoreWatch {
  return {
    group(units, milliseconds, failed) {
      meter.observe('credence_store_group_size', units);
      meter.observe('credence_store_commit_seconds', milliseconds / 1000);
      if (failed) meter.add('credence_store_failures_total');
    },
    lines: (count) => meter.addMany('credence_audit_records_total', count),
  };
}

/** Opens `/metrics`: one text for all processes of the installation. */
export async function serveMetrics(
  opened: AsyncDisposableStack,
  { host, port }: NonNullable<Config['metrics']>,
  { meter, others }: Measures,
  onFault: (fault: unknown) => void,
): Promise<void> {
  if (!meter) return;
  const text = async () => {
    const [own, asked] = await Promise.all([meter.snapshot(), others.ask()]);
    return toMetricsText(mergeSnapshots([own, ...asked]));
  };
  const listener = await listenForMetrics({ host, port, text, onFault });
  opened.defer(() => listener.close());
}
