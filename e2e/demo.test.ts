import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../examples/acme/demo.ts', import.meta.url));

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What it left in its temporary folder. */
  readonly leftovers: readonly string[];
}

/** Node puts its compile cache into the temporary folder unless it is told where. */
const compileCache = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache');

async function runDemo(...flags: string[]): Promise<Ran> {
  const folder = await mkdtemp(join(tmpdir(), 'credence-e2e-'));
  const env = { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: compileCache };
  const child = spawn(process.execPath, [script, ...flags], { env });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  const leftovers = await readdir(folder);
  await rm(folder, { recursive: true });
  return { code, stdout, stderr, leftovers };
}

/** The rows that matter of `--json`. */
interface Shown {
  readonly visits: readonly { who: string; server: string; tools?: readonly string[]; consentScreens?: number }[];
  readonly explained: readonly { who: string; server: string; decision: string; explanation: string }[];
}

describe('npm run demo', () => {
  for (const flags of [[], ['--split'], ['--tls'], ['--split', '--tls']]) {
    test(`${flags.join(' ') || 'without flags'}: alice everywhere, bob reads files, carol nowhere`, async () => {
      const { code, stdout, stderr, leftovers } = await runDemo('--json', ...flags);
      assert.equal(code, 0, stderr);
      const { visits, explained } = JSON.parse(stdout) as Shown;
      const entered = visits.filter(({ tools }) => tools !== undefined);
      assert.deepEqual(entered.map(({ who, server }) => `${who} ${server}`).toSorted(), [
        'alice everything',
        'alice files',
        'alice memory',
        'bob files',
      ]);
      assert.ok(entered.every(({ consentScreens }) => consentScreens === 0));
      assert.equal(explained.length, 5);
      for (const { decision, explanation } of explained) assert.ok(explanation.includes(decision), explanation);
      assert.deepEqual(leftovers, []);
    });
  }

  test('prints a table that a log can hold: no colours, no line ends in blanks', async () => {
    const { code, stdout, stderr } = await runDemo();
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^who +client +server +scopes/m);
    assert.match(stdout, /consent screens: 0/);
    assert.ok(!stdout.includes('\u001b'), 'escape sequences');
    assert.doesNotMatch(stdout, / $/m);
  });

  test('an unknown flag: exit code 2, and the known ones', async () => {
    const { code, stderr } = await runDemo('--spilt');
    assert.equal(code, 2);
    assert.match(stderr, /--spilt/);
    assert.match(stderr, /--split/);
  });
});
