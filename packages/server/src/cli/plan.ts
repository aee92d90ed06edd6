import { Command, Option } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import type { Plan, PlannedEntry } from '../changes/plan.ts';
import { kindOfPolicy, parsePolicy } from '../policy/parse.ts';
import { Problem } from '../problem.ts';
import type { PolicyKind } from '../store/store.ts';
import { toPrintable } from './audit.ts';
import { homeOption } from './home-option.ts';
import { type PlaceFlags, type PolicyPlace, placeOptions, type VersionLine, withPlace } from './installation.ts';
import { readText } from './read-text.ts';

/** A document from a file, which has no mistakes. */
export interface FileDocument {
  readonly file: string;
  readonly kind: PolicyKind;
  readonly document: Readonly<Record<string, unknown>>;
}

interface Options extends PlaceFlags {
  readonly file: string;
  readonly kind?: PolicyKind;
  readonly drift?: boolean;
  readonly json?: boolean;
}

export const codesHelp =
  '\nExit code 0: nothing to change. 2: something would change. 1: it could not be compared.' +
  '\nExample:\n  credence plan -f access.yaml --url https://admin.acme.example --token-file token';

/** `credence plan -f FILE`: what would change if the document was published, in the words of the console. */
export function planCommand(setExitCode: (code: number) => void): Command {
  const plan = new Command('plan').description(
    'say what would change if a policy document was published; changes nothing',
  );
  for (const option of [...documentOptions(), ...placeOptions(), homeOption()]) plan.addOption(option);
  return plan
    .option('--drift', 'and what was published since the version that the file is')
    .option('--json', 'as one JSON object')
    .addHelpText('after', codesHelp)
    .action(async (options: Options) => {
      const read = await readDocument(options.file, options.kind);
      await withPlace(options, async (place) => {
        const found = await planFor(place, read);
        const drift = options.drift ? toDrift(found) : undefined;
        const told = {
          file: read.file,
          at: place.words,
          ...found.plan,
          inForce: found.versions[0] ?? null,
          ...(drift && { drift }),
        };
        print(
          options.json ? [toVisibleJson(told)] : [...toLines(read, place, found), ...(drift ? driftLines(drift) : [])],
        );
        setExitCode(found.plan.isInForce ? 0 : 2);
      });
    });
}

export function documentOptions(): readonly Option[] {
  return [
    new Option('-f, --file <file>', 'the policy document, as YAML').makeOptionMandatory(),
    new Option('--kind <kind>', 'access or resource, where the document does not tell by itself').choices([
      'access',
      'resource',
    ]),
  ];
}

/** Reads a document; one with mistakes is refused whole, each named with its line. */
export async function readDocument(file: string, asked: PolicyKind | undefined): Promise<FileDocument> {
  const text = await readText(file);
  const kind = asked ?? kindOfPolicy(text, file);
  if (!kind)
    throw new Problem(
      `${file} may be an access or a resource document.`,
      'Say which: --kind access, or --kind resource.',
    );
  const parsed = parsePolicy(text, kind);
  if (parsed.ok) return { file, kind, document: { ...parsed.document } };
  const lines = parsed.problems.map(({ line, column, path, message }) =>
    toPrintable(`  ${line}:${column} ${path}: ${message}`),
  );
  throw new Problem(
    `The ${kind} document ${file} has mistakes:\n${lines.join('\n')}`,
    'Mend them; nothing was compared.',
  );
}

/** What was found about a document at a place. */
export interface Found {
  readonly plan: Plan;
  /** Of its kind, the newest first. */
  readonly versions: readonly VersionLine[];
}

export async function planFor(place: PolicyPlace, { kind, document }: FileDocument): Promise<Found> {
  return { plan: await place.plan(kind, document), versions: await place.versions(kind) };
}

export function toLines({ file, kind }: FileDocument, { words }: PolicyPlace, { plan, versions }: Found): string[] {
  const [inForce] = versions;
  const against = inForce
    ? `${toVersion(inForce)} of the ${kind} document at ${words}`
    : `no ${kind} document yet at ${words}`;
  if (plan.isInForce) return [`Nothing to change: ${file} is ${against}.`];
  return [
    `${file} against ${against}:`,
    ...plan.entries.map((entry) => `  ${toEntry(entry)}`),
    '',
    plan.summary,
    ...plan.effects.map((effect) => `  ${effect.words}`),
    ...(plan.widens.length > 0 && plan.needsSecondPerson ? ['', 'It takes a second person:'] : []),
    ...(plan.needsSecondPerson ? plan.widens.map((why) => `  ${why}`) : []),
  ];
}

const signs = { new: '+', gone: '-', changed: '~' } as const;

function toEntry({ section, id, change, keys }: PlannedEntry): string {
  return `${signs[change]} ${id === '' ? section : `${section}.${id}`}${keys.length > 0 ? ` (${keys.join(', ')})` : ''}`;
}

function toVersion({ version, author, publishedAt }: VersionLine): string {
  return `version ${version} (${author}, ${new Date(publishedAt * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC)`;
}

/** How what is in force has moved away from a file. */
interface Drift {
  /** The version whose text the file has; `null` where it is that of none, or one too old to be listed. */
  readonly fileIs: number | null;
  readonly since: readonly VersionLine[];
}

function toDrift({ plan, versions }: Found): Drift {
  const at = versions.findIndex(({ digest }) => digest === plan.digest);
  return { fileIs: versions[at]?.version ?? null, since: at < 0 ? [] : versions.slice(0, at) };
}

function driftLines({ fileIs, since }: Drift): string[] {
  if (fileIs === null)
    return ['', 'Drift: the file has the text of no version here; it is new, or was changed since it was applied.'];
  if (since.length === 0) return ['', 'No drift: what is in force is the file.'];
  return ['', `Drift: the file is version ${fileIs}; published since:`, ...since.map((one) => `  ${toVersion(one)}`)];
}

export function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.map(toPrintable).join('\n')}\n`);
}
