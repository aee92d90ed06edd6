import { Command } from 'commander';
import { toVisibleJson } from '../audit/export-line.ts';
import { toAccessIndex } from '../in-force.ts';
import { type AccessIndex, compileAccess } from '../policy/compile.ts';
import { type JudgedCase, judgeCase } from '../policy/judge-case.ts';
import { type ParsedPolicy, parsePolicy } from '../policy/parse.ts';
import { parsePolicyTests } from '../policy/policy-tests.ts';
import { Problem } from '../problem.ts';
import { toPrintable } from './audit.ts';
import { toWhy } from './explain.ts';
import { homeOption } from './home-option.ts';
import { readText } from './read-text.ts';
import { readIssuers, withStore } from './with-store.ts';

interface Options {
  readonly access?: string;
  readonly home: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** `credence policy test FILE`: whether an access document decides named cases as they expect. */
export function policyTestCommand(setExitCode: (code: number) => void): Command {
  const test = new Command('test')
    .description('put named cases to an access document, and say which it decides otherwise than they expect')
    .argument('<file>', 'the cases, as YAML')
    .option('--access <document>', 'the access document to test (default: the version in force of the home)')
    .addOption(homeOption())
    .option('--json', 'the outcome as one JSON object')
    .addHelpText(
      'after',
      '\nExit code 0: all as expected. 1: some differ, each with why. 2: the file or the document cannot be read.' +
        '\nExample:\n  credence policy test access.tests.yaml --access access.yaml',
    );
  return test.action(async (file: string, options: Options) => {
    if (options.access !== undefined && test.getOptionValueSource('home') === 'cli') {
      throw new Problem('--access and --home name two policies to test.', 'Give one of the two.');
    }
    const cases = read('file of policy tests', file, parsePolicyTests(await readText(file)));
    const { index, policy } = await indexToTest(options);
    const clock = Math.floor(Date.now() / 1000);
    const judged = cases.map((one) => judgeCase(index, one, clock));
    const differ = judged.filter(({ outcome }) => outcome === 'differs').length;
    const lines = options.json
      ? [toVisibleJson({ file, policy, differ, cases: judged })]
      : [...judged.flatMap((one) => toLines(one, file)), toSum(judged.length, differ, policy)].map(toPrintable);
    process.stdout.write(`${lines.join('\n')}\n`);
    setExitCode(differ === 0 ? 0 : 1);
  });
}

/** Which policy was tested. */
type Tested = { readonly document: string } | { readonly version: number };

async function indexToTest(options: Options): Promise<{ index: AccessIndex; policy: Tested }> {
  const { access } = options;
  if (access !== undefined) {
    const document = read('access document', access, parsePolicy(await readText(access), 'access'));
    // No rule depends on where the RAS of `local` is, so that a document can be tested without an installation.
    const index = compileAccess(document, { version: 0, localRas: 'https://local.invalid' });
    return { index, policy: { document: access } };
  }
  return withStore(options, async (store) => {
    const latest = await store.policies.latest('access');
    if (!latest) {
      const wayOut = 'Start the server once, which publishes it, or name a document with --access.';
      throw new Problem('No access document is in force in this home.', wayOut);
    }
    const index = toAccessIndex(latest, await readIssuers(options));
    return { index, policy: { version: latest.version } };
  });
}

function read<T>(what: string, file: string, parsed: ParsedPolicy<T>): T {
  if (parsed.ok) return parsed.document;
  const lines = parsed.problems.map(({ line, column, path, message }) =>
    toPrintable(`  ${line}:${column} ${path}: ${message}`),
  );
  throw new Problem(`The ${what} ${file} has mistakes:\n${lines.join('\n')}`, 'Mend them; nothing was tested.');
}

function toLines(
  { name, line, outcome, expected, actual, unknown, open, explanation }: JudgedCase,
  file: string,
): string[] {
  if (outcome === 'ok') return [`ok       ${name}`];
  return [
    `differs  ${name} (${file}:${line})`,
    `  expected  ${toWords(expected)}`,
    `  actual    ${toWords(actual)}`,
    ...(unknown.length > 0 ? unknown : [...open, ...toWhy(explanation)]).map((words) => `    ${words.trimStart()}`),
  ];
}

/** What is expected or was decided; what is not compared may be absent. */
interface Outcome {
  readonly effect: string;
  readonly scopes?: readonly string[] | undefined;
  readonly details?: readonly string[] | undefined;
  readonly because?: readonly string[] | undefined;
}

function toWords({ effect, scopes, details, because }: Outcome): string {
  const list = (label: string, names: readonly string[] | undefined) =>
    names && `${label} ${names.join(' ') || 'nothing'}`;
  return [effect, list('scopes', scopes), list('details', details), list('because', because)]
    .filter((part) => part !== undefined)
    .join(', ');
}

function toSum(all: number, differ: number, policy: Tested): string {
  const tested = 'version' in policy ? `version ${policy.version} of the access document` : policy.document;
  return `${tested}: ${all - differ} of ${all} as expected${differ > 0 ? `, ${differ} not` : ''}`;
}
