import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openHome } from '../home.ts';
import { openSqliteStore } from '../store/sqlite.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

describe('what a command says when the world around it is broken', () => {
  let folder: string;
  const file = (name: string) => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credence-program-'));
    for (const name of ['home', 'other', 'damaged']) {
      const home = await openHome(file(name));
      const store = await openSqliteStore(home.storeFile, { node: 'test' });
      const person = { source: 'local', name: 'N'.repeat(1000), active: true, groups: ['g'], roles: [] };
      for (let n = 0; n < (name === 'home' ? 200 : 0); n++)
        await store.people.save({ ...person, id: `u_${n}`, email: `p${n}@acme.example` });
      await store.close();
      if (name === 'other') await writeFile(home.issuersFile, '{');
      if (name === 'damaged') await writeFile(home.storeFile, 'no store, but long enough to be looked at');
    }
    await writeFile(file('junk'), 'no backup, but long enough to be looked at');
    await writeFile(file('doc.yaml'), 'rules: []\n');
    await mkdir(file('folder'));
  });
  after(() => rm(folder, { recursive: true }));

  async function credence(
    args: readonly string[],
    { stdout = 'pipe', leave = false, env = {} }: { stdout?: 'pipe' | number; leave?: boolean; env?: object } = {},
  ) {
    const child = spawn(process.execPath, [main, ...args], {
      stdio: ['ignore', stdout, 'pipe'],
      env: { ...process.env, ...env },
    });
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    if (leave) child.stdout?.destroy();
    else child.stdout?.resume();
    const [code] = await once(child, 'close');
    return { code, said };
  }

  test('a reader that goes away, as `| head` does, is no fault', async () => {
    for (const args of [
      ['person', 'list'],
      ['person', 'list', '--json'],
      ['audit', 'tail'],
      ['store', 'roles'],
    ]) {
      const home = args[0] === 'store' ? [] : ['--home', file('home')];
      assert.deepEqual(await credence([...args, ...home], { leave: true }), { code: 0, said: '' }, args.join(' '));
    }
  });

  test('what a slow reader has not read yet waits in the store, and not in memory', async () => {
    const home = await openHome(file('large'));
    const store = await openSqliteStore(home.storeFile, { node: 'test' });
    const person = { source: 'local', name: 'N'.repeat(16_000), active: true, groups: [], roles: [] };
    const people = Array.from({ length: 8000 }, (_, n) => ({ ...person, id: `u_${n}`, email: `p${n}@acme.example` }));
    await Promise.all(people.map((each) => store.people.save(each)));
    await store.close();
    const args = ['--max-old-space-size=96', main, 'person', 'list', '--json', '--home', home.dir];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let lines = 0;
    const closed = once(child, 'close');
    await setTimeout(3000);
    child.stdout.on('data', (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 0x0a) lines += 1;
    });
    assert.deepEqual([(await closed)[0], lines], [0, people.length]);
  });

  test('output that cannot be written is told', { skip: process.platform !== 'linux' }, async () => {
    const full = openSync('/dev/full', 'w');
    for (const args of [
      ['person', 'list'],
      ['audit', 'export', '--format', 'csv'],
    ]) {
      const { code, said } = await credence([...args, '--home', file('home')], { stdout: full });
      assert.deepEqual([code, said.split('\n')[0]], [2, 'credence: The output cannot be written (ENOSPC).']);
    }
    closeSync(full);
  });

  const table: [name: string, args: () => string[], code: number, told: RegExp][] = [
    [
      'a backup into no folder',
      () => ['backup', '--home', file('home'), '--to', file('no/where')],
      2,
      /ENOENT.*no\/where/,
    ],
    ['a backup of what is no store', () => ['backup', '--home', file('damaged')], 2, /not a database/],
    [
      'a restore of what is no backup',
      () => ['restore', file('junk'), '--home', file('r'), '--reason', 'x'],
      2,
      /not a database/,
    ],
    [
      'a restore of a folder',
      () => ['restore', file('folder'), '--home', file('r'), '--reason', 'x'],
      2,
      /credence: \S/,
    ],
    ['issuers that are damaged', () => ['draft', 'list', '--home', file('other')], 2, /issuers\.json is damaged/],
    [
      'a key by the name of a terminal command',
      () => ['keys', 'retire', 'audit', '\u001b[2J\u202e', '--home', file('home')],
      2,
      /\\u\{1b\}\[2J\\u\{202e\}/,
    ],
  ];
  for (const [name, args, expected, told] of table) {
    test(`${name}: words and a way out, no stack`, async () => {
      const { code, said } = await credence(args());
      assert.equal(code, expected, said);
      assert.match(said, told);
      assert.doesNotMatch(said, /^ +at /m);
      assert.ok(!said.includes('\u001b'), said);
    });
  }

  test('T32: what a backup says of itself does nothing to the terminal of whoever restores it', async () => {
    const backup = file('x.backup');
    assert.equal((await credence(['backup', '--home', file('home'), '--to', backup, '--with-secrets'])).code, 0);
    const database = new DatabaseSync(backup);
    database.exec(`UPDATE backup_manifest SET text = json_set(text, '$.without[0]', char(27) || '[2J' || char(8238))`);
    database.close();
    const args = ['restore', backup, '--home', file('restored'), '--reason', 'a test'];
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args]);
    assert.match(stdout, /put in place: \\u\{1b\}\[2J\\u\{202e\}/);
    assert.match(stdout, /^When the server starts a new epoch begins/m);
    assert.match(stdout, /is to be done again: .*keys retired.*erased/, 'a stolen key would be back unseen');
  });

  test('T32: names from elsewhere do nothing to a terminal, in JSON either', async () => {
    const store = await openSqliteStore(join(file('other'), 'store.db'), { node: 'test' });
    const name = '\u202e\u009b31m';
    await store.people.save({ id: 'u_x', source: 'scim:x', email: 'x@x', name, active: true, groups: [], roles: [] });
    await store.close();
    const { stdout } = await promisify(execFile)(process.execPath, [
      main,
      'person',
      'list',
      '--json',
      '--home',
      file('other'),
    ]);
    assert.equal(JSON.parse(stdout).name, name);
    assert.ok(!stdout.includes('\u202e') && !stdout.includes('\u009b'), stdout);
  });

  test('something else than the admin API at --url: words and a way out, no stack', async (t) => {
    const answers: [status: number, body: string][] = [
      [502, '<html>Bad gateway</html>'],
      [200, '<html>Welcome</html>'],
      [500, ''],
      [200, 'null'],
    ];
    let next = answers[0] as (typeof answers)[number];
    const server = createServer((_, outgoing) => outgoing.writeHead(next[0]).end(next[1])).listen(0, '127.0.0.1');
    t.after(() => server.close().closeAllConnections());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (next of answers) {
      const args = ['plan', '-f', file('doc.yaml'), '--kind', 'access', '--url', url];
      const { code, said } = await credence(args, { env: { CREDENCE_TOKEN: 'cred_x' } });
      assert.equal(code, 1, said);
      assert.match(said, new RegExp(`answered ${next[0]}, and not as the admin API does`));
    }
  });
});
