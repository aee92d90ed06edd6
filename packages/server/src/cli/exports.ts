import { Command } from 'commander';
import { positionBefore } from '../audit/position-before.ts';
import { type AuditRecord, toRow } from '../audit/record.ts';
import { eventId } from '../call.ts';
import type { Config } from '../config.ts';
import { isDevelopment } from '../config-check.ts';
import { toLine } from '../exports/format.ts';
import { openExport } from '../exports/open.ts';
import { type ExportStatus, readExportStatus } from '../exports/status.ts';
import { type ExportSettings, placeOf } from '../exports-config.ts';
import { Problem } from '../problem.ts';
import { emptyChain, nextLine } from '../store/chain.ts';
import type { Store } from '../store/store.ts';
import { homeOption } from './home-option.ts';
import { toMs } from './when.ts';
import { type InstallationFlags, readInstallation, toActRow, withStore } from './with-store.ts';

/** `credence exports list|status|test|replay`: where the record goes, and how far it has come. */
export function exportsCommand(setExitCode: (code: number) => void): Command {
  const exports = new Command('exports')
    .description('look after the exports of the record')
    .addHelpText('after', examples);
  exports
    .command('list')
    .description('show the exports of the configuration')
    .addOption(homeOption())
    .option('--json', 'as JSON')
    .action(list);
  exports
    .command('status')
    .description('show how far each has come, and what keeps it; 1 when one is failing or behind')
    .addOption(homeOption())
    .option('--json', 'as JSON')
    .action(async (options: Flags) => setExitCode(await status(options)));
  exports
    .command('test <name>')
    .description('send one line that is on no record, and say what became of it')
    .addOption(homeOption())
    .action(async (name: string, options: Flags) => setExitCode(await test(name, options)));
  exports
    .command('replay <name>')
    .description('send again from a place on; also for one that is to begin later, or not with the past')
    .requiredOption(
      '--from <place>',
      'start, end, a time such as 2026-11-26T08:00:00Z (UTC where no zone is given), or a position of the record',
    )
    .addOption(homeOption())
    .action(replay);
  return exports;
}

const examples = `
Examples:
  credence exports status --json | jq '.[] | select(.lagSeconds > 60)'
  credence exports test siem
  credence exports replay siem --from 2026-11-26T08:00:00Z`;

/** An export that has something to send for so long is behind. */
const behindSeconds = 60;

interface Flags extends InstallationFlags {
  readonly json?: boolean;
}

async function list(flags: Flags): Promise<void> {
  const { config } = await readInstallation(flags);
  const rows = config.exports.map((each) => {
    const { name, kind, format, records } = each;
    return { name, kind, format, records: records ?? 'all', to: placeOf(each) };
  });
  if (flags.json) return print(JSON.stringify(rows, null, 2));
  if (rows.length === 0) return print('no exports: see docs/operate/exports.md');
  for (const { name, kind, format, records, to } of rows) {
    const kinds = typeof records === 'string' ? records : records.join(',');
    print(`${name.padEnd(20)}  ${kind.padEnd(8)}  ${format.padEnd(6)}  ${to}  ${kinds}`);
  }
}

async function status(flags: Flags): Promise<number> {
  const { config } = await readInstallation(flags);
  const all = await withStore(flags, (store) => readExportStatus(store, config.exports, Date.now()));
  if (flags.json) print(JSON.stringify(all, null, 2));
  else for (const each of all) print(toStatusLine(each));
  return all.some(({ failing, lagSeconds }) => failing !== undefined || lagSeconds > behindSeconds) ? 1 : 0;
}

function toStatusLine({ name, kind, position, behind, lagSeconds, sent, dead, holder, failing }: ExportStatus): string {
  const how = failing
    ? `failing since ${failing.since}: ${failing.why}`
    : holder === undefined
      ? 'nobody carries it on'
      : behind === 0
        ? 'up to date'
        : 'under way';
  const counts = `at ${position}, ${behind} behind (${lagSeconds} s), ${sent} sent, ${dead} dead`;
  return `${name.padEnd(20)}  ${kind.padEnd(8)}  ${counts}  ${how}`;
}

async function test(name: string, flags: Flags): Promise<number> {
  const { config } = await readInstallation(flags);
  const settings = findExport(config, name);
  // Loaded here and not above: no other command needs the half of the program that sends and answers requests.
  const [{ createEgress }, { readCertificates }] = await Promise.all([import('../egress.ts'), import('../tls/pem.ts')]);
  const egress = createEgress({
    internalRanges: config.egress.internalRanges,
    allowLoopback: isDevelopment(config),
    extraCa: await readCertificates('egress.ca', config.egress.ca),
  });
  try {
    const post = egress.fetch;
    const { destination } = await openExport(settings, {
      post,
      now: () => Math.floor(Date.now() / 1000),
      isAlone: false,
    });
    const row = toTestRow(name);
    const sent = await destination.send([{ row, text: toLine(settings.format, row) }]);
    await destination.close();
    print(sent.outcome === 'delivered' ? `delivered: ${row.id}` : `${sent.outcome}: ${sent.why}`);
    return sent.outcome === 'delivered' ? 0 : 1;
  } finally {
    await egress.close();
  }
}

/** Looks like a record and stands in no chain that anybody verifies. */
function toTestRow(name: string) {
  const record: AuditRecord = {
    v: 2,
    id: eventId('test_'),
    kind: 'system',
    domain: 'system',
    timeMs: Date.now(),
    outcome: 'allowed',
    detail: `test of the export ${name}: not on the record`,
  };
  return { ...nextLine('test', emptyChain('test'), toRow(record)), position: 0 };
}

async function replay(name: string, flags: Flags & { readonly from: string }): Promise<void> {
  const { config } = await readInstallation(flags);
  findExport(config, name);
  await withStore(flags, async (store) => {
    const position = await toPosition(store, flags.from);
    const row = toActRow('admin', `export ${name} set to position ${position}`);
    await store.exports.begin(name, Date.now());
    await store.exports.move(name, position, Date.now(), [row]);
    print(`${name} goes on from position ${position}`);
  });
}

async function toPosition(store: Store, from: string): Promise<number> {
  const [last] = await store.audit.last(1);
  const end = last?.position ?? 0;
  if (from === 'start') return 0;
  if (from === 'end') return end;
  if (/^\d{1,15}$/.test(from)) return Math.min(Number(from), end);
  if (/^\d{4}-\d{2}-\d{2}/.test(from)) return positionBefore(store, toMs(from, Date.now(), 'from'));
  throw new Problem(
    `${JSON.stringify(from.slice(0, 40))} is no place of the record.`,
    'Give start, end, a time such as 2026-11-26T08:00:00Z, or a position.',
  );
}

function findExport({ exports }: Config, name: string): ExportSettings {
  const found = exports.find((each) => each.name === name);
  if (found) return found;
  throw new Problem(
    `There is no export ${JSON.stringify(name.slice(0, 40))} in the configuration.`,
    exports.length > 0 ? `There are: ${exports.map((each) => each.name).join(', ')}.` : 'See docs/operate/exports.md.',
  );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
