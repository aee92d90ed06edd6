// For scripts/mutate.ts: the runs of test files, each in a process of its own, and how far each reaches.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a run of tests said: all passed, one failed, or it did not end in its time. */
export type Outcome = 'passed' | 'failed' | 'never ended';

/** A test file as it behaves while nothing is wrong; or of a long one a part, `file.test.ts#^the words its names begin with`. */
export interface Known {
  readonly test: string;
  readonly outcome: Outcome;
  readonly ms: number;
  /** Whether it ever came to a place of a source file, told by the offset in its text. */
  readonly reaches: (file: string, offset: number) => boolean;
}

interface Range {
  readonly startOffset: number;
  readonly endOffset: number;
  readonly count: number;
}

const folder = mkdtempSync(join(tmpdir(), 'mutants-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let runs = 0;

/** Runs a test file with a source replaced, until the first test that fails. */
export async function tryMutant(known: Known, file: string, source: string): Promise<Outcome> {
  const mutant = join(folder, `${++runs}.json`);
  writeFileSync(mutant, JSON.stringify({ url: pathToFileURL(file).href, source }));
  const hook = pathToFileURL(join(import.meta.dirname, 'mutant-hook.mjs')).href;
  const tryFor = (ms: number) => run(known.test, ms, ['--import', hook], { CREDENCE_MUTANT: mutant });
  // On a machine with other work even good code may be late: what has not ended gets much more time before it counts.
  const soon = await tryFor(5000 + 5 * known.ms);
  const outcome = soon === 'never ended' ? await tryFor(15_000 + 10 * known.ms) : soon;
  rmSync(mutant);
  return outcome;
}

/** Runs a test file as it is. */
export async function getToKnow(test: string): Promise<Known> {
  const coverage = join(folder, `${++runs}.coverage`);
  const startedAt = performance.now();
  // Code from the compile cache would be counted by whole functions.
  const env = { NODE_V8_COVERAGE: coverage, NODE_DISABLE_COMPILE_CACHE: '1' };
  const outcome = await run(test, 120_000, [], env);
  const ms = Math.round(performance.now() - startedAt);
  const ranges = outcome === 'passed' ? readRanges(coverage) : new Map<string, Range[][]>();
  rmSync(coverage, { recursive: true, force: true });
  return {
    test,
    outcome,
    ms,
    reaches: (file, offset) => (ranges.get(pathToFileURL(file).href) ?? []).some((each) => countAt(each, offset) > 0),
  };
}

function run(test: string, patienceMs: number, flags: readonly string[], env: object): Promise<Outcome> {
  const [file = test, names] = test.split('#');
  const part = names === undefined ? [] : [`--test-name-pattern=${names}`];
  const args = [...flags, '--test', '--test-isolation=none', '--test-reporter=tap', ...part, file];
  return new Promise((resolve, reject) => {
    let failed = false;
    let isAny = false;
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: patienceMs,
      killSignal: 'SIGKILL',
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      isAny ||= /^\s*ok /m.test(text);
      if (!/^\s*not ok /m.test(text)) return;
      failed = true;
      child.kill('SIGKILL');
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      // A part that is none would notice nothing.
      if (code === 0 && !failed) resolve(isAny ? 'passed' : 'failed');
      else resolve(signal === 'SIGKILL' && !failed ? 'never ended' : 'failed');
    });
  });
}

/** Of a process that was killed while it wrote nothing is known. */
function readCoverage(file: string): readonly { url: string; functions: { ranges: Range[] }[] }[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).result;
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}

/** The counted ranges of each script, once for each process or thread that loaded it. */
function readRanges(coverage: string): Map<string, Range[][]> {
  const byUrl = new Map<string, Range[][]>();
  for (const name of readdirSync(coverage)) {
    for (const { url, functions } of readCoverage(join(coverage, name))) {
      const ranges = functions.flatMap((each) => each.ranges);
      byUrl.set(url, [...(byUrl.get(url) ?? []), ranges]);
    }
  }
  return byUrl;
}

/** Ranges lie within each other: the smallest one says how often. */
function countAt(ranges: readonly Range[], offset: number): number {
  let smallest: Range | undefined;
  for (const range of ranges) {
    if (offset < range.startOffset || offset >= range.endOffset) continue;
    const size = range.endOffset - range.startOffset;
    if (!smallest || size < smallest.endOffset - smallest.startOffset) smallest = range;
  }
  return smallest?.count ?? 0;
}
