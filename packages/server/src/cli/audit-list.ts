import { type Refusal, refusals } from '@credence/mcp/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { readRecord } from '../audit/personal.ts';
import { type FoundRows, idsOnRecord, readCursor, searchRecord } from '../audit/search.ts';
import { headerOf, toLine as toFormatted } from '../exports/format.ts';
import { Problem } from '../problem.ts';
import type { AuditFilter } from '../store/audit-search.ts';
import type { Person, Store, StoredAuditRow } from '../store/store.ts';
import { toLine, toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { listOption } from './list-option.ts';
import { toMs } from './when.ts';
import { type InstallationFlags, readIssuers, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

interface ListFlags extends InstallationFlags {
  readonly person: readonly string[];
  readonly client: readonly string[];
  readonly server: readonly string[];
  readonly scope: readonly string[];
  readonly kind: readonly string[];
  readonly outcome: readonly string[];
  readonly reason: readonly string[];
  readonly correlation: readonly string[];
  readonly by: readonly string[];
  readonly token: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly limit: number;
  readonly after?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** `credence audit list`: finds records by what they say, the newest first, also while the server runs. */
export function auditListCommand(setExitCode: (code: number) => void): Command {
  return new Command('list')
    .description('find records, the newest first; each option narrows it, one given again widens it')
    .addOption(homeOption())
    .addOption(listOption('--person <who>', 'e-mail address, or the id of a person or account'))
    .addOption(listOption('--client <id>', 'client, as the policy names it'))
    .addOption(listOption('--server <id>', 'server, as the policy names it'))
    .addOption(listOption('--scope <name>', 'asked for or granted'))
    .addOption(listOption('--kind <kind>', 'issuance, redemption, tool_call, decision, refusal, alert, ...'))
    .addOption(listOption('--outcome <outcome>', 'allowed or refused'))
    .addOption(listOption('--reason <reason>', 'why it was refused'))
    .addOption(listOption('--correlation <id>', 'trace id that the caller sent'))
    .addOption(listOption('--by <who>', 'whoever did it as an administrator: e-mail address, id, or cli:<user>'))
    .addOption(listOption('--token <id>', 'id of the API or SCIM token that it was done with'))
    .option(
      '--from <time>',
      'not before: 2h (ago), yesterday, 2026-11-26, 2026-11-26T09:30Z; UTC where no zone is given',
    )
    .option('--to <time>', 'before this time; of a day, all of it')
    .option('--limit <count>', 'at most so many', toLimit, 50)
    .option('--after <cursor>', 'go on behind a page', toAfter)
    .option('--json', 'as one JSON object: records, and next where there is more')
    .option('--csv', 'as CSV, for a spreadsheet')
    .addHelpText('after', examples)
    .action((flags: ListFlags) =>
      withStore(flags, async (store) => {
        const count = await print(store, await toFilter(store, flags, Date.now()), flags);
        setExitCode(count > 0 ? 0 : 1);
      }),
    );
}

const examples = `
Exit code 0: something was found. 1: nothing.

Examples:
  credence audit list --person erin@acme.example --from 2h
  credence audit list --client claude-code --outcome refused --from yesterday --to yesterday
  credence audit list --by dana@acme.example --kind policy --from 7d
  credence audit list --server tracker --scope issues:write --csv --limit 10000 > writes.csv`;

async function toFilter(store: Store, flags: ListFlags, nowMs: number): Promise<AuditFilter> {
  const unknown = flags.reason.find((reason) => !Object.hasOwn(refusals, reason));
  if (unknown !== undefined) {
    const near = (Object.keys(refusals) as Refusal[]).filter((name) => name.includes(unknown.slice(0, 6)));
    throw new Problem(
      `${toPrintable(unknown)} is no reason.`,
      near.length > 0
        ? `Did you mean ${near.slice(0, 5).join(', ')}?`
        : 'credence audit tail shows reasons as they come.',
    );
  }
  const outcome = flags.outcome.find((value) => value !== 'allowed' && value !== 'refused');
  if (outcome !== undefined) throw new Problem(`${toPrintable(outcome)} is no outcome.`, 'Give allowed or refused.');
  const given = (values: readonly string[]) => (values.length > 0 ? values : undefined);
  return {
    person: given(await toIds(store, flags)),
    client: given(flags.client),
    server: given(flags.server),
    scope: given(flags.scope),
    kind: given(flags.kind),
    outcome: given(flags.outcome),
    reason: given(flags.reason),
    correlation: given(flags.correlation),
    by: given(await Promise.all(flags.by.map(async (who) => (await findPerson(store, who))?.id ?? who))),
    credential: given(flags.token),
    fromMs: flags.from === undefined ? undefined : toMs(flags.from, nowMs, 'from'),
    toMs: flags.to === undefined ? undefined : toMs(flags.to, nowMs, 'to'),
  };
}

/** Somebody is on the record by ids; what is no address of a person here is taken for one. */
async function toIds(store: Store, flags: ListFlags): Promise<string[]> {
  if (flags.person.length === 0) return [];
  const { idp } = await readIssuers(flags);
  const ids: string[] = [];
  for (const who of flags.person) {
    const person = await findPerson(store, who);
    ids.push(...(await idsOnRecord(store, person?.id ?? who, idp)));
  }
  return ids;
}

async function findPerson({ people }: Store, who: string): Promise<Person | undefined> {
  return who.includes('@') ? people.findByEmail(who) : undefined;
}

const page = 500;

/** A page at a time, since all of it may be more than fits: until there are as many as were asked for, or no more. */
async function* find(store: Store, filter: AuditFilter, { limit, after }: ListFlags): AsyncGenerator<FoundRows> {
  let left = limit;
  let at = after;
  do {
    const found = await searchRecord(store, filter, { limit: Math.min(page, left), after: at });
    yield found;
    left -= found.rows.length;
    at = found.next === undefined ? undefined : readCursor(found.next);
  } while (at !== undefined && left > 0);
}

/** How lines are printed: what comes before them, each, and what comes behind, where `next` leads further. */
interface Printer {
  readonly before: string;
  readonly between: string;
  line(row: StoredAuditRow): Promise<string> | string;
  after(next: string | undefined): string;
}

/** Resolves to how many there were. */
async function print(store: Store, filter: AuditFilter, flags: ListFlags): Promise<number> {
  const printer = flags.json ? jsonPrinter : flags.csv ? csvPrinter : peoplePrinter(store);
  let count = 0;
  let next: string | undefined;
  await writeOut(printer.before);
  for await (const found of find(store, filter, flags)) {
    const lines = await Promise.all(found.rows.map(printer.line));
    const text = lines.map((line, at) => (count + at > 0 ? printer.between : '') + line).join('');
    count += lines.length;
    next = found.next;
    if (!(await writeOut(text))) return count;
  }
  await writeOut(printer.after(next));
  if (!flags.json && !flags.csv) {
    if (next) process.stderr.write(`There is more: add --after ${next}\n`);
    else if (count === 0) process.stderr.write('Nothing on the record is like that.\n');
  }
  return count;
}

const jsonPrinter: Printer = {
  before: '{"records":[',
  between: ',',
  line: (row) => toVisibleJson(readRecord(row)),
  after: (next) => `]${next === undefined ? '' : `,"next":${JSON.stringify(next)}`}}\n`,
};

const csvPrinter: Printer = {
  before: `${headerOf('csv')}\n`,
  between: '',
  line: (row) => `${toFormatted('csv', row)}\n`,
  after: () => '',
};

function peoplePrinter(store: Store): Printer {
  const names = new Map<string, Promise<string>>();
  const nameOf = (id: string) => {
    const known = names.get(id) ?? store.people.find(id).then((person) => person?.email ?? id);
    names.set(id, known);
    return known;
  };
  return {
    before: '',
    between: '',
    line: async (row) => {
      const record = readRecord(row);
      return `${toLine(record, record.person === undefined ? '-' : await nameOf(record.person))}\n`;
    },
    after: () => '',
  };
}

function toLimit(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 999999.');
  return Number(text);
}

function toAfter(text: string): number {
  const at = readCursor(text);
  if (at === undefined) throw new InvalidArgumentError('It must be what a page before said.');
  return at;
}
