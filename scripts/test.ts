// npm test [-- FILE...]: the checks, then the tests beside the code and of the specification, then the real processes.
// One summary at the end, by node's own reporter.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { spec } from 'node:test/reporters';

const root = dirname(import.meta.dirname);
process.chdir(root);
// Dozens of processes strip the types of the same files.
process.env.NODE_COMPILE_CACHE ??= join(root, 'node_modules/.cache/compile');

const minute = 60_000;
const stages = {
  unit: {
    files: ['packages/*/src/**/*.test.ts', 'spec/**/*.test.ts', 'scripts/**/*.test.ts'],
    concurrency: Math.max(2, cpus().length),
    timeout: 3 * minute,
  },
  // Real servers, real browsers: one at a time, so that what is measured is not the neighbour.
  e2e: { files: ['e2e/**/*.test.ts', 'examples/**/*.test.ts'], concurrency: 1, timeout: 10 * minute },
};
type Stage = (typeof stages)[keyof typeof stages];

const words = process.argv.slice(2);
// npm run test:long: the same tests, those that load a server for a minute, or kill something again and again.
if (words.includes('long')) {
  process.env.CREDENCE_LOAD_SECONDS ??= '60';
  process.env.CREDENCE_KILL_ROUNDS ??= '20';
}
const asked = words.filter((argument) => argument !== 'long');
const only = asked.filter((argument) => argument in stages) as (keyof typeof stages)[];
const files = asked.filter((argument) => !(argument in stages));

let failed = false;
if (asked.length === 0) {
  failed = spawnSync(process.execPath, [join(root, 'scripts/check.ts')], { stdio: 'inherit' }).status !== 0;
}

const reporter = new spec();
reporter.pipe(process.stdout);

const closingLine = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;
/** The closing lines of each stage, held back and added up. */
const totals = new Map<string, number>();
let summary: TestEvent | undefined;

if (files.length > 0) await runStage({ ...stages.e2e, files });
else for (const name of only.length > 0 ? only : (['unit', 'e2e'] as const)) await runStage(stages[name]);

for (const [name, total] of totals) {
  reporter.write({ type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${total}`, level: 'info' } });
}
if (summary !== undefined) reporter.write(summary); // Upon which it lists every failure of both stages.
const ran = totals.get('tests') ?? 0;
if (ran === 0) failed = true;
reporter.end(() => {
  if (ran === 0) process.stdout.write('no test was run\n');
  if (asked.length === 0 && failed && (totals.get('fail') ?? 0) === 0) process.stdout.write('the check above failed\n');
  process.exitCode = failed ? 1 : 0;
});

async function runStage({ files: patterns, concurrency, timeout }: Stage): Promise<void> {
  const found = globSync(patterns).filter((path) => !path.includes('node_modules'));
  if (found.length === 0) return;
  for await (const event of run({ files: found.sort(), concurrency, timeout })) {
    const count = event.type === 'test:diagnostic' && event.data.nesting === 0 && closingLine.exec(event.data.message);
    if (count) totals.set(count[1] ?? '', (totals.get(count[1] ?? '') ?? 0) + Number(count[2]));
    else if (event.type === 'test:summary' && event.data.file === undefined) summary = event;
    else reporter.write(event);
    if (event.type === 'test:fail' && event.data.todo === undefined) failed = true;
  }
}
