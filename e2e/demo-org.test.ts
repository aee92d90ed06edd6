import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { OrgResult } from '../examples/acme/org/demo-org.ts';

const script = fileURLToPath(new URL('../examples/acme/demo.ts', import.meta.url));
/** `npm run test:long`: the whole organisation. */
const isLong = process.env.CREDENCE_LOAD_SECONDS !== undefined;
const [people, servers] = isLong ? [500, 30] : [10, 3];

async function runOrg(...flags: string[]) {
  const folder = await mkdtemp(join(tmpdir(), 'credence-e2e-'));
  const compileCache = process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache');
  const env = { ...process.env, TMPDIR: folder, NODE_COMPILE_CACHE: compileCache };
  const child = spawn(process.execPath, [script, '--org', ...flags], { env });
  let [stdout, stderr] = ['', ''];
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

test(`npm run demo -- --org: ${people * servers} accesses, no consent screen, one stop, and the record agrees`, async (t) => {
  const { code, stdout, stderr, leftovers } = await runOrg(`--people=${people}`, `--servers=${servers}`, '--json');
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout) as OrgResult;
  const count = people * servers;
  assert.deepEqual(
    [result.people, result.servers, result.accesses, result.consentScreens],
    [people, servers, count, 0],
  );
  const { callsRefused, exchangesRefused, firstRefusedMs } = result.stop;
  assert.deepEqual([callsRefused, exchangesRefused], [count, people]);
  const { signIns, issued, redeemed, called, stopped, fault } = result.record;
  assert.deepEqual(
    [signIns, issued, redeemed, called, stopped, fault],
    [people, count, count, count, people, undefined],
  );
  assert.deepEqual(leftovers, []);
  assert.match(stderr, /^accesses: \d+ in/m, 'a log gets a line for each phase');
  t.diagnostic(`${count} accesses, ${result.access.perSecond}/s; cut off ${firstRefusedMs} ms after it was ordered`);
});

test('it prints a table that a log can hold', { skip: isLong }, async () => {
  const { code, stdout, stderr } = await runOrg('--people=2', '--servers=2');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^consent screens +0 /m);
  assert.match(stdout, /^chain +whole/m);
  assert.ok(!stdout.includes('\u001b'), 'escape sequences');
});

test('flags that are out of bounds: exit code 2, and the bounds', async () => {
  const { code, stderr } = await runOrg('--people=0');
  assert.equal(code, 2);
  assert.match(stderr, /--people is 1 to 5000/);
});
