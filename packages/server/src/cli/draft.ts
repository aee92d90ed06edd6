import { refusalRow } from '@credence/mcp/protocol';
import { Command, InvalidArgumentError } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { readCursor } from '../audit/search.ts';
import { toShell } from '../changes/author.ts';
import { compiledAccess } from '../changes/compiled.ts';
import { diffOf } from '../changes/diff.ts';
import { beginDraft, discardDraft, type Ground, type PolicyDraft } from '../changes/drafts.ts';
import type { Outcome } from '../changes/outcome.ts';
import { asksSecondPerson, publishDraft } from '../changes/publish.ts';
import { type Replayed, type ReplayPage, replay } from '../changes/replay.ts';
import { movedBy } from '../policy/diff/moved.ts';
import { parsePolicy } from '../policy/parse.ts';
import { Problem } from '../problem.ts';
import type { PolicyKind, Store } from '../store/store.ts';
import { accountHere } from './account-here.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { readText } from './read-text.ts';
import { type InstallationFlags, readIssuers, toActRow, withStore } from './with-store.ts';
import { writeOut } from './write-out.ts';

/** `credence draft begin|list|diff|replay|publish|discard`: changes of the policy documents before they are in force. */
export function draftCommand(): Command {
  const draft = new Command('draft').description('change a policy document before it is in force');
  draft
    .command('begin')
    .description('begin a draft: of the version in force, of an older one to roll back to, or of a file')
    .argument('<kind>', 'access or resource')
    .requiredOption('--name <text>', 'what it is for')
    .addOption(homeOption())
    .option('--file <file>', 'the text of this file')
    .option('--version <number>', 'the text of this version', toWhole)
    .addHelpText(
      'after',
      '\nExample:\n  credence draft begin access --name "Data reads the tracker" --file access.yaml',
    )
    .action((kind: string, flags: BeginFlags) => withGround(flags, (ground) => begin(ground, toKind(kind), flags)));
  draft
    .command('list')
    .description('drafts of the policy documents')
    .addOption(homeOption())
    .option('--json', 'one JSON object a line')
    .action((flags: Flags) => withGround(flags, ({ store }) => list(store, flags)));
  draft
    .command('diff')
    .description('what a draft does, in people and in words, against the version in force')
    .argument('<id>')
    .addOption(homeOption())
    .option('--json', 'as one JSON object')
    .action((id: string, flags: Flags) => withGround(flags, (ground) => diff(ground, id, flags)));
  draft
    .command('replay')
    .description('what a draft would have decided: decisions on the record, decided again')
    .argument('<id>')
    .addOption(homeOption())
    .option('--days <number>', 'how far back', toWhole, 30)
    .option('--json', 'one JSON object a line for each decision that would be another, then the figures')
    .action((id: string, flags: ReplayFlags) => withGround(flags, (ground) => replayAll(ground, id, flags)));
  draft
    .command('publish')
    .description('publish a draft as the next version; not where it needs a second person: that one signs in')
    .argument('<id>')
    .addOption(homeOption())
    .action((id: string, flags: Flags) => withGround(flags, (ground) => publish(ground, id)));
  draft
    .command('discard')
    .description('discard a draft')
    .argument('<id>')
    .addOption(homeOption())
    .action((id: string, flags: Flags) =>
      withGround(flags, async (ground) => {
        orProblem(await discardDraft(ground, await find(ground, id)));
        process.stdout.write(`Draft ${id} is discarded.\n`);
      }),
    );
  return draft;
}

interface Flags extends InstallationFlags {
  readonly json?: boolean;
}
interface BeginFlags extends Flags {
  readonly name: string;
  readonly file?: string;
  readonly version?: number;
}
interface ReplayFlags extends Flags {
  readonly days: number;
}

async function withGround(flags: Flags, work: (ground: Ground) => Promise<void>): Promise<void> {
  const origins = await readIssuers(flags);
  await withStore(flags, (store) =>
    work({
      store,
      origins,
      now: Math.floor(Date.now() / 1000),
      by: toShell(accountHere()),
      row: (kind, facts) => toActRow(kind, facts.detail ?? '', facts),
    }),
  );
}

async function begin(ground: Ground, kind: PolicyKind, { name, file, version }: BeginFlags): Promise<void> {
  const document = file === undefined ? undefined : await readDocument(kind, file);
  const { id, base } = orProblem(await beginDraft(ground, { kind, name, version, document }));
  process.stdout.write(
    `Draft ${id} of the ${kind} document is begun on version ${base}.\n  credence draft diff ${id}\n`,
  );
}

async function readDocument(kind: PolicyKind, file: string): Promise<unknown> {
  const parsed = parsePolicy(await readText(file), kind);
  if (parsed.ok) return parsed.document;
  const lines = parsed.problems.map(({ line, column, path, message }) => `  ${line}:${column} ${path}: ${message}`);
  throw new Problem(
    `${file} has mistakes:\n${toPrintable(lines.join('\n'))}`,
    `Mend them; check again with: credence policy check ${file}`,
  );
}

async function list({ drafts }: Store, { json }: Flags): Promise<void> {
  for (const draft of await drafts.list()) {
    if (draft.kind !== 'access' && draft.kind !== 'resource') continue;
    const { id, kind, base, state, authors, name } = draft;
    const line = `${id}  ${kind.padEnd(8)}  on version ${base}  ${state.padEnd(8)}  ${authors.join(' ')}  ${name}`;
    process.stdout.write(`${json ? toVisibleJson(draft) : toPrintable(line)}\n`);
  }
}

async function diff(ground: Ground, id: string, { json }: Flags): Promise<void> {
  const draft = await find(ground, id);
  const found = await diffOf(ground.store, draft.kind, draft.document, ground);
  const needsSecond = found.widens.length > 0 && asksSecondPerson(await ground.store.policies.latest(draft.kind));
  if (json) {
    process.stdout.write(`${toVisibleJson({ ...found, secondPerson: needsSecond })}\n`);
    return;
  }
  const entries = found.entries.map(({ section, id: entry, before, after }) => {
    const what = before === undefined ? 'new' : after === undefined ? 'gone' : 'changed';
    return `  ${what.padEnd(8)}${section}${entry === '' ? '' : ` ${entry}`}`;
  });
  const effects = found.effects.map(({ sign, words }) => `${sign} ${words}`);
  const moved = movedBy(found.entries).map(({ server, what, before, after, untold }) => {
    const more = untold.length > 0 ? ` (another ${untold.join(', ')})` : '';
    return `  ${what} of ${server}: ${before ?? 'none'} -> ${after ?? 'none'}${more}`;
  });
  const note = needsSecond ? ['It grants more than what is in force: somebody else has to approve it.'] : [];
  process.stdout.write(`${[found.summary, ...effects, ...entries, ...moved, ...note].map(toPrintable).join('\n')}\n`);
}

async function replayAll({ store, origins, now }: Ground, id: string, { days, json }: ReplayFlags): Promise<void> {
  const draft = await find({ store }, id);
  if (draft.kind !== 'access')
    throw new Problem('A resource document decides for nobody.', 'Replay a draft of the access document.');
  const index = compiledAccess({ version: draft.base + 1, document: draft.document }, origins);
  const window = { fromMs: (now - days * 86_400) * 1000, toMs: (now + 1) * 1000, limit: 500 };
  const sum = { total: 0, gained: 0, letIn: 0, lost: 0, shutOut: 0, again: 0, same: 0, unknown: 0 };
  let after: number | undefined;
  for (;;) {
    const page: ReplayPage = await replay(store, index, { ...window, after });
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += page[name];
    for (const each of page.changed) {
      if (!(await writeOut(`${json ? toVisibleJson(each) : toPrintable(wordsOf(each))}\n`))) return;
    }
    if (process.stderr.isTTY) process.stderr.write(`\r${sum.total} decisions`);
    if (page.next === undefined) break;
    after = readCursor(page.next);
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
  const { total, gained, letIn, lost, shutOut, again, same, unknown } = sum;
  const words = `${total} decisions of the last ${days} days: ${gained} gain (${letIn} of them were refused), ${lost} lose (${shutOut} of them would be refused), ${again} sign in again, ${same} the same. ${unknown} more are not computable.`;
  process.stdout.write(`${json ? JSON.stringify(sum) : words}\n`);
}

function wordsOf({ change, person, server, client, before, after, id }: Replayed): string {
  const sign = { gained: '+', lost: '-', again: '~' }[change];
  const now = after.join(' ') || (change === 'again' ? 'sign in again' : 'nothing');
  return `${sign} ${person} ${server} through ${client}: ${before.join(' ') || 'nothing'} -> ${now}  ${id}`;
}

async function publish(ground: Ground, id: string): Promise<void> {
  const draft = await find(ground, id);
  // A shell is no second person: whoever runs this counts as one who wrote it.
  const own = { ...draft, authors: [...new Set([...draft.authors, ground.by])] };
  const { version, diff: found } = orProblem(await publishDraft(ground, own, draft.digest));
  process.stdout.write(`Version ${version} of the ${draft.kind} policy is in force. ${found.summary}\n`);
}

async function find({ store }: Pick<Ground, 'store'>, id: string): Promise<PolicyDraft> {
  const draft = await store.drafts.find(id);
  if (draft?.kind === 'access' || draft?.kind === 'resource') return draft as PolicyDraft;
  throw new Problem(`There is no draft ${toPrintable(id)}.`, 'See: credence draft list');
}

/** What is no number would be compared with nothing, and found to change nothing. */
function toWhole(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 999999.');
  return Number(text);
}

function toKind(kind: string): PolicyKind {
  if (kind === 'access' || kind === 'resource') return kind;
  throw new Problem(`${toPrintable(kind)} is no document.`, 'Say access or resource.');
}

function orProblem<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  const { hint, help } = refusalRow(outcome.refusal);
  const errors = (outcome.errors ?? []).map(({ at, problem }) => `\n  ${at}: ${problem}`);
  throw new Problem(
    toPrintable(`${hint}. ${outcome.detail ?? ''}${errors.join('')}`),
    help ?? 'See: credence draft list',
  );
}
