import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../examples/acme/browser.ts';
import { userNamed } from '../examples/acme/demo-file.ts';
import { walk } from '../examples/acme/sign-in.ts';
import { freePorts } from '../packages/server/src/store/contract/free-ports.ts';
import { startAcme, temporaryHome } from './harness.ts';

const conformance = fileURLToPath(new URL('../node_modules/.bin/conformance', import.meta.url));

interface Check {
  readonly id: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly errorMessage?: string;
}

test('the conformance package finds no FAILURE in the identity provider, with the public client', async (t) => {
  const acme = await startAcme(t);
  const results = await temporaryHome(t);
  const { issuer } = acme.demo.idp;
  const [port] = await freePorts(1);
  const redirectUri = `http://127.0.0.1:${port}/callback`;

  const flags = ['--url', issuer, '--client-id', 'inspector', '--port', String(port), '--output-dir', results];
  const child = spawn(process.execPath, [conformance, 'authorization', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  // It prints the address a person should open, and waits for the redirect: this test is the person.
  const signedIn = new Promise<void>((resolve, reject) => {
    let opened = false;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      const [url] = /^https?:\/\/\S+[?&]response_type=code\S*$/m.exec(output) ?? [];
      if (!url || opened) return;
      opened = true;
      signInAt(url).then(resolve, reject);
    });
    child.once('close', () => resolve());
  });
  const signInAt = async (url: string) => {
    const browser = openBrowser(redirectUri);
    const { redirect } = await walk(browser, await browser.visit(new URL(url)), userNamed(acme.demo, 'alice'));
    await fetch(redirect);
  };

  try {
    await signedIn;
  } catch (error) {
    child.kill();
    throw error;
  }
  const [code] = await ended;
  const checks = await readChecks(results);
  const failures = checks.filter(({ status }) => status === 'FAILURE' || status === 'SKIPPED');
  assert.deepEqual(failures, [], output);
  assert.equal(code, 0, output);
  const passed = checks.filter(({ status }) => status === 'SUCCESS').map(({ id }) => id);
  assert.ok(passed.includes('authorization-server-metadata'), output);
  assert.ok(passed.includes('authorization-code-grant'), output);
});

async function readChecks(folder: string): Promise<Check[]> {
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('checks.json'));
  const contents = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  return contents.flatMap((content) => JSON.parse(content) as Check[]);
}
