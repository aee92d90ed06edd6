import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, test } from 'node:test';

const scripts = import.meta.dirname;

/** A clone as git leaves it, with a program, and an npm whose doings can be read afterwards. */
let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'credence-clone-'));
  mkdirSync(join(clone, 'scripts'));
  for (const file of ['run.mjs', 'install.mjs', 'console.mjs', 'end-with-parent.mjs'])
    cpSync(join(scripts, file), join(clone, 'scripts', file));
  lock({ a: '1.0.0' });
  program('console.log(JSON.stringify(process.argv.slice(2)));');
  // Stands in for the npm that is not under test: installs what the lockfile says, and keeps count.
  npm(`
    const { cpSync, mkdirSync, rmSync, appendFileSync } = require('node:fs');
    rmSync('node_modules', { recursive: true, force: true });
    mkdirSync('node_modules');
    cpSync('package-lock.json', 'node_modules/.package-lock.json');
    appendFileSync('npm-calls', process.argv.slice(2).join(' ') + '\\n');
    console.log('npm on standard output');
  `);
});
afterEach(() => rmSync(clone, { recursive: true }));

const npmPath = () => join(clone, 'npm-cli.js');
const npm = (source: string) => writeFileSync(npmPath(), source);
const program = (source: string) => writeFileSync(join(clone, 'program.mjs'), source);
const npmCalls = () =>
  existsSync(join(clone, 'npm-calls')) ? readFileSync(join(clone, 'npm-calls'), 'utf8').trim().split('\n') : [];

function lock(versions: Record<string, string>): void {
  const packages = Object.entries(versions).map(([name, version]) => [`node_modules/${name}`, { version }]);
  writeFileSync(join(clone, 'package-lock.json'), JSON.stringify({ packages: Object.fromEntries(packages) }));
}

/** Node as it was before it could become another program: run.mjs stays in between. */
const stayingBetween = ['--import', 'data:text/javascript,delete process.execve'];

function start(args: readonly string[] = [], nodeOptions: readonly string[] = []): ChildProcess {
  const { npm_lifecycle_event: _, ...env } = process.env;
  return spawn(process.execPath, [...nodeOptions, join(clone, 'scripts/run.mjs'), 'program.mjs', ...args], {
    cwd: clone,
    env: { ...env, npm_execpath: npmPath(), npm_node_execpath: process.execPath },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function run(args: readonly string[] = [], nodeOptions: readonly string[] = []) {
  const child = start(args, nodeOptions);
  assert.ok(child.stdout && child.stderr);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code };
}

describe('installing', () => {
  test('happens on the first run, off standard output, and not on the second', async () => {
    const first = await run(['a', 'b c']);
    assert.equal(first.out, '["a","b c"]\n');
    assert.match(first.err, /installing \(first run only\)…\nnpm on standard output\ncredence: installed in/);
    const second = await run(['a', 'b c']);
    assert.deepEqual(second, { out: '["a","b c"]\n', err: '', code: 0 });
    assert.equal(npmCalls().length, 1);
    assert.match(npmCalls()[0] ?? '', /^ci .*--ignore-scripts/);
  });

  test('happens again when the lockfile has changed', async () => {
    await run();
    lock({ a: '1.0.1' });
    assert.match((await run()).err, /the lockfile changed: installing again…/);
    assert.equal(npmCalls().length, 2);
  });

  test('is left to whoever did it by hand', async () => {
    mkdirSync(join(clone, 'node_modules'));
    cpSync(join(clone, 'package-lock.json'), join(clone, 'node_modules/.package-lock.json'));
    assert.equal((await run()).err, '');
    assert.deepEqual(npmCalls(), []);
  });

  test('is done over when it was interrupted', async () => {
    await run();
    rmSync(join(clone, 'node_modules'), { recursive: true });
    mkdirSync(join(clone, 'node_modules'));
    await run();
    assert.equal(npmCalls().length, 2);
  });

  test('is done once by two that start together', async () => {
    const [one, two] = await Promise.all([run(), run()]);
    assert.deepEqual([one.code, two.code, npmCalls().length], [0, 0, 1]);
  });

  test('does not wait for a process that died over it', async () => {
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'exit');
    mkdirSync(join(clone, '.credence'));
    writeFileSync(join(clone, '.credence/installing'), String(dead.pid));
    assert.equal((await run()).code, 0);
  });

  test('that fails says so, names the way out, runs nothing and leaves no mark', async () => {
    npm('process.exit(7);');
    const { out, err, code } = await run();
    assert.deepEqual([out, code], ['', 2]);
    assert.match(err, /npm ci failed \(exit code 7\).*\n {2}run this yourself: {2}cd .* && npm ci\n/);
    assert.equal(existsSync(join(clone, 'node_modules/.credence-lock')), false);
  });

  test('leaves a stamp of the lockfile as it is', async () => {
    await run();
    const hash = createHash('sha256')
      .update(readFileSync(join(clone, 'package-lock.json')))
      .digest('hex');
    assert.ok(readFileSync(join(clone, 'node_modules/.credence-lock'), 'utf8').startsWith(hash));
  });
});

for (const [way, nodeOptions] of [
  ['becoming the program', []],
  ['staying in between', stayingBetween],
] as const) {
  describe(`running, ${way}`, () => {
    test('returns the exit code', async () => {
      program('process.exitCode = 42;');
      assert.equal((await run([], nodeOptions)).code, 42);
    });

    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      test(`lets the program end in its own way on ${signal}`, async () => {
        program(`setInterval(() => {}, 1000);
          process.on('${signal}', () => { console.log('flushed'); process.exit(3); });
          console.log('ready');`);
        const child = start([], nodeOptions);
        assert.ok(child.stdout);
        await once(child.stdout, 'data');
        const rest = text(child.stdout);
        child.kill(signal);
        assert.deepEqual(await once(child, 'exit'), [3, null]);
        assert.equal(await rest, 'flushed\n');
      });
    }

    test('ends the program when the shell that npm put before it is gone', async () => {
      await run();
      program(`setInterval(() => {}, 1000);
        process.on('SIGTERM', () => { console.log('flushed'); process.exit(); });
        console.log('ready');`);
      const command = [process.execPath, ...nodeOptions, join(clone, 'scripts/run.mjs'), 'program.mjs'];
      const shell = spawn('/bin/sh', ['-c', '"$@"; true', 'sh', ...command], {
        env: { ...process.env, npm_lifecycle_event: 'start' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(shell.stdout, 'data');
      const rest = text(shell.stdout);
      shell.kill('SIGTERM');
      assert.equal(await rest, 'flushed\n');
    });

    test('dies of the signal that the program died of', async () => {
      program("process.kill(process.pid, 'SIGKILL');");
      const child = start([], nodeOptions);
      const [code, signal] = await once(child, 'exit');
      assert.deepEqual([code, signal], [null, 'SIGKILL']);
    });
  });
}

describe('on a Node that is too old', () => {
  const tooOld = ['--import', "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.0.0'})"];

  test('it takes the one that came with the packages', async () => {
    const platform = process.platform === 'win32' ? 'win' : process.platform;
    const bin = join(`node_modules/node-${platform}-${process.arch}`, 'bin');
    mkdirSync(join(clone, bin), { recursive: true });
    writeFileSync(join(clone, bin, 'node'), '#!/bin/sh\necho "the other node: $*"\n', { mode: 0o755 });
    cpSync(join(clone, 'package-lock.json'), join(clone, 'node_modules/.package-lock.json'));
    const { out } = await run(['x'], tooOld);
    assert.equal(out, `the other node: ${join(clone, 'program.mjs')} x\n`);
  });

  test('it names the version to install when there is none', async () => {
    const { err, code } = await run([], tooOld);
    assert.equal(code, 2);
    assert.match(err, /Node 20\.0\.0 is too old.*\n {2}install Node 24\.15 or newer/);
  });
});

test('the repository is what the program path starts from, wherever one stands', async () => {
  await run();
  const child = spawn(process.execPath, [join(clone, 'scripts/run.mjs'), 'program.mjs', 'x'], { cwd: dirname(clone) });
  assert.equal(await text(child.stdout), '["x"]\n');
});

describe('--help', () => {
  const root = dirname(scripts);

  test('of a script of ours is what it begins with, and nothing is installed for it', () => {
    const inClone = (path: string, ...args: string[]) =>
      spawnSync(process.execPath, [join(clone, 'scripts/run.mjs'), path, ...args], { encoding: 'utf8' });
    writeFileSync(join(clone, 'scripts/one.ts'), '// npm run one\n//\n// Does it.\nimport "./two.ts";\n');
    assert.equal(inClone('scripts/one.ts', '--help').stdout, 'npm run one\n\nDoes it.\n');
    assert.deepEqual(npmCalls(), []);
  });

  test('of a program is its own', async () => {
    assert.equal((await run(['--help'])).out, '["--help"]\n');
  });

  test('every npm script that goes through here has one', () => {
    const { scripts: named } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    for (const [name, command] of Object.entries(named)) {
      const [, path] = /^node scripts\/run\.mjs ((?:bench|scripts)\/\S+)/.exec(command) ?? [];
      if (!path) continue;
      const { stdout } = spawnSync(process.execPath, [join(scripts, 'run.mjs'), path, '--help'], { encoding: 'utf8' });
      assert.match(stdout, /^npm (run|test)/, name);
    }
  });
});
