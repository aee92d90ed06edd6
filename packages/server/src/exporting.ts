import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { startExporter } from './exports/exporter.ts';
import { deadLettersOf, openExport } from './exports/open.ts';
import { readExportStatus } from './exports/status.ts';
import { toFault } from './log.ts';
import type { ProcessParts } from './serve.ts';

/**
 * Carries the record to where the configuration wants it, in the one process of an installation that writes. Reads the store at
 * its own pace; a destination that is slow or away holds up nobody.
 */
export async function openExporting(opened: AsyncDisposableStack, parts: ProcessParts): Promise<void> {
  const { config, home, store, egress, edge, now, log, measures } = parts;
  const holder = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`;
  const exports = await Promise.all(
    config.exports.map((each) => openExport(each, { post: egress.fetch, now, isAlone: true })),
  );
  for (const { settings, kinds, destination, tries } of exports) {
    const { name, format } = settings;
    const about = { export: name };
    const exporter = startExporter({
      name,
      format,
      kinds,
      destination,
      deadLetters: deadLettersOf(home.dir, name),
      tries,
      store,
      holder,
      isAlone: config.store === undefined,
      nowMs: edge.nowMs,
      on: {
        taken: () => log.info(about, 'export of the record: carried on by this node'),
        failing: (why) => log.warn({ ...about, why }, 'export of the record: nothing arrives; it is tried again'),
        behind: (milliseconds) =>
          log.warn({ ...about, lagSeconds: Math.round(milliseconds / 1000) }, 'export of the record: it is behind'),
        recovered: () => log.info(about, 'export of the record: all is well again'),
        dead: (id, why) => log.error({ ...about, record: id, why }, 'export of the record: put with the dead letters'),
        fault: (fault) => log.error({ ...about, fault: toFault(fault) }, 'export of the record met a fault'),
      },
    });
    opened.defer(() => exporter.stop());
  }
  if (exports.length === 0) return;
  const status = () => readExportStatus(store, config.exports, edge.nowMs());
  measures.meter?.read('credence_export_lag_seconds', async () =>
    (await status()).map(({ name, lagSeconds }) => [[name], lagSeconds]),
  );
  measures.meter?.read('credence_export_dead_letters', async () =>
    (await status()).map(({ name, dead }) => [[name], dead]),
  );
}
