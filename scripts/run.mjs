#!/usr/bin/env node
// node scripts/run.mjs PROGRAM [ARGUMENTS]
//
// Installs what a fresh or outdated clone lacks, then runs PROGRAM (a path from the root of the repository) on a Node
// that runs TypeScript sources. Every npm script goes through here. Needs nothing but Node 20 and npm: no dependencies,
// no TypeScript.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import { buildConsoleIfNeeded } from './console.mjs';
import { installIfNeeded } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const needed = { major: 24, minor: 15 };

const [program, ...args] = process.argv.slice(2);
if (program === undefined) fail('no program named', 'node scripts/run.mjs PROGRAM [ARGUMENTS]');
if (args.includes('--help') && saysAtItsHead(program)) {
  process.stdout.write(headOf(program));
  process.exit(0);
}

const trouble = installIfNeeded(root);
if (trouble !== undefined) fail(trouble.what, trouble.wayOut);

const node = chooseNode();
if (servesConsole(program, args)) tryBuilding();
run(node, [resolve(root, program), ...args]);

/**
 * The programs whose help is the comment they begin with; the others have a help of their own.
 * @param {string} path
 */
function saysAtItsHead(path) {
  return /^(bench|scripts)\//.test(path) && path !== 'scripts/cost.ts';
}

/** @param {string} path */
function headOf(path) {
  const lines = readFileSync(resolve(root, path), 'utf8').split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return `${lines
    .slice(0, end)
    .map((line) => line.slice(3))
    .join('\n')}\n`;
}

/**
 * The programs that open an admin listener, themselves or in a test.
 * @param {string} path
 * @param {readonly string[]} words
 */
function servesConsole(path, words) {
  const always = ['scripts/test.ts', 'bench/console.ts'];
  return always.includes(path) || (path === 'packages/server/src/main.ts' && words[0] === 'serve');
}

/** A folder that cannot be written, or a build that does not work, is no reason not to serve. */
function tryBuilding() {
  try {
    buildConsoleIfNeeded(root, node);
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === undefined) throw error;
    process.stderr.write(`credence: cannot build the console here (${message})\n`);
  }
}

/**
 * This Node when it is new enough, else the one that was installed with the other packages.
 * @returns {string} path of an executable
 */
function chooseNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > needed.major || (major === needed.major && minor >= needed.minor)) return process.execPath;

  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const installed = join(root, 'node_modules', `node-${platform}-${process.arch}`, 'bin', file);
  if (existsSync(installed)) return installed;
  return fail(`Node ${process.versions.node} is too old, and there is no other to be had for this machine`);
}

/**
 * Becomes the program where the system can do that, so that signals and the exit code are its own; else stays in between
 * and passes both on.
 * @param {string} executable
 * @param {string[]} argv
 */
function run(executable, argv) {
  const watch = new URL('end-with-parent.mjs', import.meta.url).href;
  const watched = process.platform !== 'win32' && process.env.npm_lifecycle_event !== undefined;
  if (typeof process.execve === 'function' && process.platform !== 'win32') {
    process.execve(executable, [executable, ...(watched ? ['--import', watch] : []), ...argv], process.env);
  }
  if (watched) import(watch);

  const child = spawn(executable, argv, { stdio: 'inherit' });
  // A terminal sends ctrl-c to every process in the foreground: passing it on would be a second one.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !isatty(0)) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`${executable} does not run here (${error.message})`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/**
 * @param {string} what
 * @param {string} [wayOut]
 * @returns {never}
 */
function fail(what, wayOut = `install Node ${needed.major}.${needed.minor} or newer: https://nodejs.org`) {
  process.stderr.write(`credence: ${what}\n  ${wayOut}\n`);
  process.exit(2);
}
