import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publishDocument, starterDocuments } from '../documents.ts';
import { openHome } from '../home.ts';
import { openStore } from '../open-store.ts';

const program = new URL('./program.ts', import.meta.url).href;
const acme = fileURLToPath(new URL('../../../../examples/acme/access.yaml', import.meta.url));
const origins = { idp: 'http://localhost:4000', ras: 'http://localhost:4001' };

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs command lines in one process, one after the other: starting one for each takes longer than all they do. */
const runner = `
  const { run } = await import(process.argv[1]);
  const ended = [];
  for (const args of JSON.parse(process.argv[2])) {
    const said = { stdout: '', stderr: '' };
    const writes = ['stdout', 'stderr'].map((name) => [name, process[name].write]);
    for (const [name] of writes) process[name].write = (text) => { said[name] += text; return true; };
    const code = await run(args);
    for (const [name, write] of writes) process[name].write = write;
    ended.push({ code, ...said });
  }
  process.stdout.write(JSON.stringify(ended));`;

function credence(...lines: readonly (readonly string[])[]): Promise<readonly Ended[]> {
  const { CREDENCE_HOME: _home, CREDENCE_TOKEN: _token, ...env } = process.env;
  const args = ['--input-type=module', '-e', runner, program, JSON.stringify(lines)];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { env }, (error, stdout) => (error ? reject(error) : resolve(JSON.parse(stdout))));
  });
}

describe('plan, apply and export at a home', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  const here = (command: string, ...args: string[]) => [command, ...args, '--home', file('home')];
  const rule = '  - { id: all-remember, allow: all, on: memory, to: [everyone] }\n';
  const denied = '  - { id: out, deny: all, on: memory, to: [everyone] }\n';

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-plan-'));
    const document = `${await readFile(acme, 'utf8')}\n`;
    await writeFile(file('access.yaml'), `${document}second_person: required\n`);
    const withRule = (text: string) => document.replace('rules:\n', `rules:\n${text}`);
    await writeFile(file('wider.yaml'), `${withRule(rule)}second_person: required\n`);
    await writeFile(file('narrower.yaml'), `${withRule(denied)}second_person: required\n`);
    await writeFile(file('broken.yaml'), 'rules: [{ id: x, allow: all, on: nowhere, to: [everyone] }]\n');
    const home = await openHome(file('home'));
    const store = await openStore(undefined, home, 'test');
    await publishDocument(store, 'access', file('access.yaml'), {
      starter: starterDocuments.access,
      nowMs: 1_790_000_000_000,
      origins,
    });
    await store.close();
  });
  after(() => rm(folder, { recursive: true }));

  test('T32: what others wrote is visible, and --json is JSON, whatever characters there are', async () => {
    const name = file('w\u200did\u202eer.yaml');
    await writeFile(name, await readFile(file('wider.yaml')));
    const [plan, words] = await credence(here('plan', '-f', name, '--json'), here('plan', '-f', name));
    const said = plan?.stdout ?? '';
    assert.equal((JSON.parse(said) as { file: string }).file, name);
    for (const shown of [said, words?.stdout ?? '']) assert.doesNotMatch(shown, /[\u200d\u202e]/);
  });

  test('what widens stays open for somebody who signs in to take over, once, and nothing changes', async () => {
    const [plan, applied, again, said, list, exported] = await credence(
      here('plan', '-f', file('wider.yaml')),
      here('apply', '-f', file('wider.yaml'), '--json'),
      here('apply', '-f', file('wider.yaml'), '--json'),
      here('apply', '-f', file('wider.yaml')),
      here('draft', 'list', '--json'),
      here('export'),
    );
    assert.ok(plan && applied && again && said && list && exported);
    assert.equal(plan.code, 2, plan.stderr);
    assert.match(plan.stdout, /\n {2}\+ rules\.all-remember\n/);
    assert.match(plan.stdout, /\nIt takes a second person:\n {2}rules on memory grant more\n/);
    assert.deepEqual([applied.code, again.code], [2, 2], applied.stderr + again.stderr);
    const { draft, version, digest } = JSON.parse(applied.stdout);
    assert.deepEqual([version, JSON.parse(again.stdout).draft], [null, draft]);
    // Whoever has the shell may be whoever would approve it: nobody has proposed it, and no person has written it.
    assert.deepEqual([JSON.parse(applied.stdout).state, JSON.parse(again.stdout).state], ['open', 'open']);
    assert.match(said.stdout, /\nDraft \S+ is open\. Somebody who signs in and may write policy proposes it/);
    const [only, ...more] = list.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual([only.id, only.state, more], [draft, 'open', []]);
    assert.match(only.authors.join(' '), /^cli:\S+$/);
    assert.match(digest, /^[\w-]{43}$/);
    assert.match(exported.stdout, /^# Version 1 of the access document\.\n/);
  });

  test('what narrows is published, and an export of it changes nothing; the file of before is told what came since', async () => {
    const [applied, exported, same, old, none] = await credence(
      here('apply', '-f', file('narrower.yaml')),
      here('export', '-f', file('exported.yaml')),
      here('plan', '-f', file('exported.yaml'), '--drift'),
      here('plan', '-f', file('access.yaml'), '--drift'),
      here('plan', '-f', file('wider.yaml'), '--drift'),
    );
    assert.ok(applied && exported && same && old && none);
    assert.equal(applied.code, 0, applied.stderr);
    assert.match(applied.stdout, /\nPublished as version 2\.\n$/);
    assert.deepEqual([exported.code, same.code, old.code], [0, 0, 2], same.stderr);
    assert.match(same.stdout, /^Nothing to change: .* is version 2 \(cli:[^\n]*\n\nNo drift/);
    assert.match(old.stdout, /\nDrift: the file is version 1; published since:\n {2}version 2 \(cli:/);
    assert.match(none.stdout, /\nDrift: the file has the text of no version here/);
  });

  const problems: [name: string, args: () => string[], told: RegExp][] = [
    ['mistakes', () => ['plan', '-f', file('broken.yaml')], /rules\[0\]\.on: there is no server nowhere/],
    ['no such file', () => ['plan', '-f', file('none.yaml')], /Cannot read/],
    ['an unknown flag', () => ['export', '--fil', 'x'], /unknown option/],
    ['no file named', () => ['apply'], /-f, --file/],
    [
      'another kind of document',
      () => ['plan', '-f', file('access.yaml'), '--kind', 'resource'],
      /rules: not known here/,
    ],
    ['a version that never was', () => ['export', '--published', '99'], /no version 99/],
    ['a version that is no number', () => ['export', '--published', 'seven'], /number of a version/],
    ['no token', () => ['plan', '-f', file('access.yaml'), '--url', 'https://admin.acme.example'], /No API token/],
    [
      'a token in clear',
      () => ['plan', '-f', file('access.yaml'), '--url', 'http://admin.acme.example'],
      /must be the https URL/,
    ],
    [
      'upstreams from elsewhere',
      () => ['export', '--kind', 'resource', '--url', 'https://admin.acme.example', '--token-file', file('none')],
      /exported only on the machine itself/,
    ],
    [
      'nobody there',
      () => ['export', '--url', 'http://127.0.0.1:9', '--token-file', file('access.yaml')],
      /cannot be reached/,
    ],
  ];
  test('what cannot be compared ends with 1, and never with the code of a change', async () => {
    const ended = await credence(
      ...problems.map(([, args]) => (args().includes('--fil') ? args() : [...args(), '--home', file('home')])),
    );
    for (const [at, [name, , told]] of problems.entries()) {
      assert.deepEqual([ended[at]?.code, ended[at]?.stdout], [1, ''], name);
      assert.match(ended[at]?.stderr ?? '', told, name);
    }
  });
});
