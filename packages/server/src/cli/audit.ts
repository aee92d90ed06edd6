import { setTimeout as wait } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { toExportLine } from '../audit/export-line.ts';
import { exportLines } from '../audit/export-lines.ts';
import { readRecord } from '../audit/personal.ts';
import type { AuditRecord } from '../audit/record.ts';
import type { Format } from '../exports/format.ts';
import { Problem } from '../problem.ts';
import type { Store, StoredAuditRow } from '../store/store.ts';
import { acceptCommand } from './audit-accept.ts';
import { addEraseCommand } from './audit-erase.ts';
import { auditListCommand } from './audit-list.ts';
import { pruneCommand } from './audit-prune.ts';
import { auditTraceCommand } from './audit-trace.ts';
import { addVerifyCommands } from './audit-verify.ts';
import { exportAs, formatOption } from './export-format.ts';
import { homeOption } from './home-option.ts';
import { withStore } from './with-store.ts';

/** `credence audit tail|export|list|trace|verify|prove|key|accept|prune|erase`: the record, also while the server runs. */
export function auditCommand(setExitCode: (code: number) => void): Command {
  const audit = new Command('audit').description('read the record');
  audit
    .command('tail')
    .description('show the latest records')
    .addOption(homeOption())
    .option('-n, --lines <count>', 'how many to begin with', toCount, 20)
    .option('-f, --follow', 'keep showing new ones until interrupted')
    .option('--json', 'one JSON object a line')
    .addHelpText(
      'after',
      '\nExamples:\n  credence audit tail --follow\n  credence audit tail -n 100 --json | jq .reason',
    )
    .action((options: { home: string; lines: number; follow?: boolean; json?: boolean }) =>
      withStore(options, (store) => tail(store, options)),
    );
  audit
    .command('export')
    .description('write the whole record to standard output, oldest first')
    .addOption(homeOption())
    .option(
      '--json',
      'one JSON object a line, with its place in the chain, and the checkpoints: what `audit verify` reads',
    )
    .addOption(formatOption())
    .addHelpText('after', '\nExample:\n  credence audit export --json > record.jsonl')
    .action((options: { home: string; json?: boolean; format?: Format }) =>
      options.format === undefined
        ? withStore(options, (store) => exportAll(store, options))
        : exportAs(options, options.format),
    );
  audit.addCommand(pruneCommand());
  audit.addCommand(acceptCommand());
  addVerifyCommands(audit, setExitCode);
  addEraseCommand(audit);
  return audit.addCommand(auditListCommand(setExitCode)).addCommand(auditTraceCommand());
}

const page = 1000;
const pollMs = 300;

async function tail(store: Store, options: { lines: number; follow?: boolean; json?: boolean }): Promise<void> {
  const print = await printer(store, options.json === true);
  const end = (await store.audit.last(1))[0]?.position ?? 0;
  // A page at a time, since all that is asked for may be more than fits.
  let position = Math.max(0, end - options.lines);
  while (options.follow || position < end) {
    const rows = await store.audit.read(position, position < end ? Math.min(page, end - position) : page);
    for (const row of rows) await print(row);
    position = rows.at(-1)?.position ?? position;
    if (rows.length > 0) continue;
    if (!options.follow) return;
    await wait(pollMs);
  }
}

async function exportAll(store: Store, options: { json?: boolean }): Promise<void> {
  if (!options.json) return printAll(store);
  endWithPipe();
  for await (const { text } of exportLines(store)) await write(text);
}

async function printAll(store: Store): Promise<void> {
  const print = await printer(store, false);
  let position = 0;
  for (;;) {
    const rows = await store.audit.read(position, page);
    for (const row of rows) await print(row);
    const last = rows.at(-1);
    if (!last) return;
    position = last.position;
  }
}

/** A closed pipe (`| head`) ends the command quietly. */
function write(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, (error) => (error ? reject(error) : resolve()));
  });
}

function endWithPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
}

async function printer(store: Store, json: boolean): Promise<(row: StoredAuditRow) => Promise<void>> {
  endWithPipe();
  if (json) return (row) => write(toExportLine(row));
  const names = new Map<string, string>();
  const nameOf = async (person: string) => {
    const known = names.get(person) ?? (await store.people.find(person))?.email ?? person;
    names.set(person, known);
    return known;
  };
  return async (row) => {
    const record = readRecord(row);
    await write(toLine(record, record.person ? await nameOf(record.person) : record.erased ? '(erased)' : '-'));
  };
}

/** One line for people: when, outcome, what, who, through which client, where, what for, reference. */
export function toLine(record: AuditRecord, person: string): string {
  const where = record.server ?? record.audience ?? record.domain;
  const scopes = (record.scopesGranted ?? record.scopesAsked ?? []).join(' ');
  const what = record.tool ?? scopes;
  const why = record.reason ? `  ${record.reason}` : record.detail ? `  ${record.detail}` : '';
  const columns = [
    new Date(record.timeMs).toISOString(),
    record.outcome.padEnd(7),
    record.kind.padEnd(10),
    person.padEnd(24),
    (record.client ?? '-').padEnd(14),
    where.padEnd(12),
    what,
    record.id,
  ];
  return toPrintable(`${columns.join('  ')}${why}`);
}

/** Control characters and bidi marks made visible: a terminal shows what is there, not what it says (T32, LOG-05). */
export function toPrintable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

function toCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It must be a number from 0 to 999999.');
  return Number(text);
}

/** The one record an id names, or a problem that says where to look. */
export async function findRecord(store: Store, id: string): Promise<StoredAuditRow> {
  const [row] = [await store.audit.find(id), ...(await store.audit.findByToken(id))].filter(
    (found) => found !== undefined,
  );
  if (!row) throw new Problem(`There is no record ${toPrintable(id)} here.`, 'Look it up with: credence audit tail');
  return row;
}
