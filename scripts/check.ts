// npm run check: everything that can be said about the tree without running it.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const bin = (name: string) => join(root, 'node_modules/.bin', name);

const checks: readonly [name: string, command: string, args: readonly string[]][] = [
  ['types', bin('tsc'), ['--noEmit', '-p', '.', '--pretty']],
  ['types of the console', bin('tsc'), ['--noEmit', '-p', 'packages/console', '--pretty']],
  ['format and lint', bin('biome'), ['ci', '--colors=force', '--error-on-warnings', '.']],
  ['unused code and dependencies', bin('knip'), []],
  [
    'imports and lockfile',
    process.execPath,
    ['--test', '--test-reporter=spec', 'spec/imports.test.ts', 'scripts/lockfile.test.ts'],
  ],
];

const outcomes = await Promise.all(checks.map(([name, command, args]) => check(name, command, args)));
process.exitCode = outcomes.every((passed) => passed) ? 0 : 1;

/** Says one line when all is well, and everything the tool said when it is not. */
async function check(name: string, command: string, args: readonly string[]): Promise<boolean> {
  const started = performance.now();
  const { code, output } = await run(command, args);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const passed = code === 0;
  process.stdout.write(`${passed ? '✔' : '✖'} ${name} (${seconds} s)\n`);
  if (!passed) process.stdout.write(`${output}\n`);
  return passed;
}

function run(command: string, args: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}
