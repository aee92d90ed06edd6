// npm run mutate [-- --file PART] [--since REF] [--shard 2/4]: takes each check of the rule files (mutate-rules.ts) away in turn;
// some test must fail each time. PART is of a path; with REF only rule files are tried that changed since that commit, or whose
// tests did; of shards each has every fourth file (or as many as there are), for several machines or several evenings.
//
// A mutant is put in the place of the file while node loads it, in the process that runs the tests: nothing in the tree
// changes. A mutant is shown to the test files in turn, until one fails; the one that noticed the last mutant comes first,
// unless it takes much longer, then those that have noticed most in their time. Before a file is first asked it is run once as it is, which says what it reaches: what never
// comes to the place of a mutant is not asked. What no test notices is a survivor: a test is missing, or the code says
// something twice. One that cannot matter is listed in equivalent-mutants.json, with the reason.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import equivalent from './equivalent-mutants.json' with { type: 'json' };
import { getToKnow, type Known, tryMutant } from './mutant-tests.ts';
import { rules } from './mutate-rules.ts';
import { type Mutant, toMutants } from './mutations.ts';

const root = dirname(import.meta.dirname);
process.chdir(root);
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compile');

interface Job {
  readonly file: string;
  readonly mutant: Mutant;
  readonly tests: readonly string[];
}

/** What was learnt from the mutants of a file so far. */
interface Learnt {
  last?: Known;
  readonly odds: Map<string, { asked: number; noticed: number }>;
}

process.removeAllListeners('warning'); // Taking types away is called experimental.
const startedAt = Date.now();
const {
  file: part,
  since,
  shard,
} = parseArgs({
  options: { file: { type: 'string' }, since: { type: 'string' }, shard: { type: 'string' } },
}).values;
const changed = since === undefined ? undefined : changedSince(since);
const [turn, shards] = toShard(shard ?? '1/1');
const chosen = rules
  .map(([file, ...stages]) => ({ file, tests: [...new Set(stages.flat())] }))
  .filter(
    ({ file, tests }) =>
      file.includes(part ?? '') && (!changed || [file, ...tests].some((each) => changed.has(pathOf(each)))),
  )
  .filter((_, at) => at % shards === turn - 1);

const known = new Map<string, Promise<Known>>();
const total = { mutants: 0, listed: 0, survived: 0, stale: 0 };
for (const { file, tests } of chosen) await tryFile(file, tests);

const seconds = Math.round((Date.now() - startedAt) / 1000);
say(`${total.mutants} mutants, ${total.listed} more listed as equivalent, ${total.survived} survived (${seconds} s)`);
const touched = chosen
  .flatMap(({ file, tests }) => [file, ...tests].map(pathOf))
  .filter((path) => statSync(path).mtimeMs > startedAt);
for (const path of new Set(touched)) say(`${path} was changed meanwhile, so nothing can be said`);
const isGood = total.survived + total.stale + touched.length === 0 && (total.mutants > 0 || changed);
process.exitCode = isGood ? 0 : 1;

async function tryFile(file: string, tests: readonly string[]): Promise<void> {
  const from = Date.now();
  const all = toMutants(readFileSync(file, 'utf8'));
  const jobs = all.filter((mutant) => !equivalent.some((each) => isSame(each, file, mutant)));
  const stale = equivalent.filter((each) => each.file === file && !all.some((mutant) => isSame(each, file, mutant)));
  const learnt: Learnt = { odds: new Map() };
  let survived = 0;
  await inLanes(jobs, async (mutant) => {
    if (!(await isNoticed({ file, mutant, tests }, learnt))) survived += 1;
  });
  for (const { before } of stale) say(`equivalent-mutants.json lists what is no mutant of ${file}: ${before}`);
  const listed = all.length - jobs.length;
  say(
    `${file}: ${jobs.length} mutants, ${listed} listed, ${survived} survived (${Math.round((Date.now() - from) / 1000)} s)`,
  );
  total.mutants += jobs.length;
  total.listed += listed;
  total.survived += survived;
  total.stale += stale.length;
}

async function isNoticed({ file, mutant, tests }: Job, learnt: Learnt): Promise<boolean> {
  const { line, before, after } = mutant;
  const first = await know(tests[0] ?? '');
  const { last, odds } = learnt;
  const ahead = last && last.ms < 2 * first.ms ? [last.test] : [];
  let isReached = false;
  for (const test of new Set([...ahead, ...(await inOrder(tests, odds))])) {
    const each = await know(test);
    if (!each.reaches(file, mutant.reachedAt)) continue;
    isReached = true;
    const counted = odds.get(test) ?? { asked: 0, noticed: 0 };
    odds.set(test, counted);
    counted.asked += 1;
    const outcome = await tryMutant(each, file, mutant.source);
    if (outcome === 'passed') continue;
    if (outcome === 'never ended') say(`${file}:${line} never ended in ${test}\n  - ${before}\n  + ${after}`);
    counted.noticed += 1;
    learnt.last = each;
    return true;
  }
  say(`${file}:${line} survived${isReached ? '' : ', since no test comes here'}\n  - ${before}\n  + ${after}`);
  return false;
}

/** First those that were asked before, by the time it takes until one notices; then the others as they are listed. */
async function inOrder(tests: readonly string[], odds: Learnt['odds']): Promise<readonly string[]> {
  const costs = new Map<string, number>();
  for (const [test, { asked, noticed }] of odds) costs.set(test, ((await know(test)).ms * (asked + 1)) / (noticed + 1));
  const costOf = (test: string) => costs.get(test) ?? Number.MAX_VALUE;
  return tests.toSorted((one, other) => costOf(one) - costOf(other));
}

/** Of a test file that fails by itself nothing can be learnt. */
function know(test: string): Promise<Known> {
  const before = known.get(test);
  if (before) return before;
  const first = getToKnow(test).then((each) => {
    if (each.outcome === 'passed') return each;
    say(`${test} ${each.outcome} without any mutant, so nothing can be said`);
    return process.exit(1);
  });
  known.set(test, first);
  return first;
}

/** As many at a time as there are processors: each lane takes the next one that is left. */
async function inLanes<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const lane = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
}

/** Of a part of a test file: of the file. */
function pathOf(test: string): string {
  return test.split('#', 1)[0] ?? test;
}

/** `2/4` = the second of four. */
function toShard(text: string): readonly [number, number] {
  const [turn = 0, shards = 0] = /^[1-9]\d*\/[1-9]\d*$/.test(text) ? text.split('/').map(Number) : [];
  if (turn >= 1 && turn <= shards) return [turn, shards];
  say(`--shard takes which of how many, as in 2/4, not ${text}`);
  return process.exit(2);
}

/** Files that differ from a commit, committed or not. */
function changedSince(ref: string): Set<string> {
  const { status, stdout, stderr } = spawnSync('git', ['diff', '--name-only', ref, '--'], { encoding: 'utf8' });
  if (status === 0) return new Set(stdout.split('\n').filter(Boolean));
  say(stderr.trim());
  return process.exit(2);
}

function isSame(each: { file: string; before: string; after: string }, file: string, mutant: Mutant): boolean {
  return each.file === file && each.before === mutant.before && each.after === mutant.after;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
