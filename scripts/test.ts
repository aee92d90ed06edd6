// npm test [-- FILE...]: the checks, then the tests beside the code and of the specification, then the real processes.
// One summary at the end, by node's own reporter. Of a whole run, up to three files that failed are run once more, by themselves: what
// passes then is named as unsteady, and does not fail the run (ADR 0053).
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { spec } from 'node:test/reporters';

const root = dirname(import.meta.dirname);
process.chdir(root);
// Dozens of processes strip the types of the same files.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compile');

const words = process.argv.slice(2);
const isLong = words.includes('long');
const minute = 60_000;
/** What measures time, or has to be quick to be right: one file at a time, so that what is measured is not the neighbour. */
const alone = [
  'e2e/clock.test.ts',
  'e2e/demo-org.test.ts',
  'e2e/gateway-alone.test.ts',
  'e2e/health.test.ts',
  'e2e/load.test.ts',
  'e2e/many-guards.test.ts',
  'e2e/off.test.ts',
  'e2e/revocations.test.ts',
  'e2e/serve.test.ts',
  'e2e/stop.test.ts',
  'packages/mcp/src/resource/revocations.test.ts',
  'packages/server/src/directory/authenticate.test.ts',
  'packages/server/src/directory/scim/filter.test.ts',
  'packages/server/src/gateway/http-streams.test.ts',
  'packages/server/src/gateway/stdio-streams.test.ts',
  'packages/server/src/idp/off/reader.test.ts',
  'packages/server/src/policy/decide.cost.test.ts',
  'spec/revocation-stream.test.ts',
];
/** Beside the code, and longer in the long run. */
const longer = ['packages/server/src/store/postgres.test.ts'];
const cores = Math.max(2, cpus().length);
const stages = {
  // One more than there are cores: some wait for a database, a clock or a process.
  unit: {
    files: ['packages/*/src/**/*.test.ts', 'spec/**/*.test.ts', 'scripts/**/*.test.ts'],
    concurrency: cores + 1,
    timeout: 3 * minute,
  },
  // Real servers, real browsers.
  e2e: { files: ['e2e/**/*.test.ts', 'examples/**/*.test.ts'], concurrency: 2, timeout: (isLong ? 90 : 10) * minute },
};
type Stage = (typeof stages)[keyof typeof stages];

// npm run test:long: the same tests, those that load a server for a minute, or kill something again and again.
if (isLong) {
  process.env.CREDENCE_LOAD_SECONDS ??= '60';
  process.env.CREDENCE_KILL_ROUNDS ??= '20';
}
const asked = words.filter((argument) => argument !== 'long');
const only = asked.filter((argument) => argument in stages) as (keyof typeof stages)[];
const files = asked.filter((argument) => !(argument in stages));

const gone = [...alone, ...longer].filter((file) => !existsSync(file));
if (gone.length > 0) throw new Error(`named here, and not there: ${gone.join(', ')}`);

/** What failed so far: the files, and what is no file. */
const failed = new Set<string>();
if (asked.length === 0) {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/check.ts')], { stdio: 'inherit' });
  if (status !== 0) failed.add('the check above');
}

const reporter = new spec();
reporter.pipe(process.stdout);

const closingLine = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;
/** The closing lines of each stage, held back and added up. */
const totals = new Map<string, number>();
let summary: TestEvent | undefined;

if (files.length > 0) await runFiles(findFiles(files), { ...stages.e2e, concurrency: 1 });
else for (const name of only.length > 0 ? only : (['unit', 'e2e'] as const)) await runStage(stages[name]);
if (isLong && files.length === 0) await runFiles(longer, { ...stages.unit, timeout: 10 * minute });
const unsteady = files.length === 0 ? await runAgain([...failed]) : [];

for (const [name, total] of totals) {
  reporter.write({ type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${total}`, level: 'info' } });
}
if (summary !== undefined) reporter.write(summary); // Upon which it lists every failure of both stages.
const ran = totals.get('tests') ?? 0;
reporter.end(() => {
  if (ran === 0) process.stdout.write('no test was run\n');
  for (const file of unsteady) process.stdout.write(`unsteady: ${relative(root, file)} failed, and passed by itself\n`);
  for (const what of failed) process.stdout.write(`failed: ${relative(root, what)}\n`);
  process.exitCode = ran === 0 || failed.size > 0 ? 1 : 0;
});

/** Runs files that failed once more, one at a time. @returns those that passed, which then have not failed */
async function runAgain(fallen: readonly string[]): Promise<string[]> {
  // A test is told by the file in which it is written: what is no test file, such as a contract of the stores, runs nothing by itself.
  if (fallen.length > 3 || !fallen.every((file) => file.endsWith('.test.ts') && existsSync(file))) return [];
  const passed: string[] = [];
  for (const file of fallen) {
    failed.delete(file);
    await runFiles([file], { ...stages.e2e, concurrency: 1 });
    if (!failed.has(file)) passed.push(file);
  }
  return passed;
}

/** Its files beside each other, then those that have to be alone. */
async function runStage(stage: Stage): Promise<void> {
  const found = findFiles(stage.files);
  const isAlone = (file: string) => alone.includes(file);
  await runFiles(
    found.filter((file) => !isAlone(file)),
    stage,
  );
  await runFiles(found.filter(isAlone), { ...stage, concurrency: 1 });
}

function findFiles(patterns: readonly string[]): string[] {
  const found = globSync([...patterns]).filter((path) => !path.includes('node_modules'));
  return found.map((path) => path.replaceAll('\\', '/')).sort();
}

async function runFiles(files: string[], { concurrency, timeout }: Omit<Stage, 'files'>): Promise<void> {
  if (files.length === 0) return;
  for await (const event of run({ files, concurrency, timeout })) {
    const count = event.type === 'test:diagnostic' && event.data.nesting === 0 && closingLine.exec(event.data.message);
    if (count) totals.set(count[1] ?? '', (totals.get(count[1] ?? '') ?? 0) + Number(count[2]));
    else if (event.type === 'test:summary' && event.data.file === undefined) summary = event;
    else reporter.write(event);
    if (event.type === 'test:fail' && event.data.todo === undefined) failed.add(event.data.file ?? event.data.name);
  }
}
