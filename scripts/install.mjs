// Keeps node_modules what package-lock.json says. Runs on Node 20, without dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';

/** @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, os?: string | string[], cpu?: string | string[], libc?: string[] }} LockedPackage */
/** @typedef {{ what: string, wayOut: string }} Trouble */

/**
 * Runs `npm ci` when what is installed is missing or another lockfile's. Costs a read and a hash when it is not.
 * @param {string} root
 * @returns {Trouble | undefined} why it could not
 */
export function installIfNeeded(root) {
  const lockfile = readFileSync(join(root, 'package-lock.json'), 'utf8');
  const stamp = `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform}-${process.arch}\n`;
  if (isInstalled(root, stamp, lockfile)) return undefined;
  try {
    const release = waitForTurn(root, 'installing', 'installation');
    try {
      if (isInstalled(root, stamp, lockfile)) return undefined;
      const trouble = install(root);
      // Last, so that an installation that was interrupted is not taken for a finished one.
      if (trouble === undefined) writeFileSync(join(root, stampFile), stamp);
      return trouble;
    } finally {
      release();
    }
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === undefined) throw error;
    return { what: `cannot install here (${message})`, wayOut: byHand(root) };
  }
}

const stampFile = join('node_modules', '.credence-lock');

/**
 * By our stamp, or by what npm wrote when somebody called it by hand; then the stamp follows.
 * @param {string} root
 * @param {string} stamp
 * @param {string} lockfile
 */
function isInstalled(root, stamp, lockfile) {
  if (readIfThere(join(root, stampFile)) === stamp) return true;
  if (!matchesWhatNpmWrote(root, lockfile)) return false;
  try {
    writeFileSync(join(root, stampFile), stamp);
  } catch {
    // The stamp only saves the comparison next time: a folder that cannot be written is no reason to stop.
  }
  return true;
}

/** @param {string} root */
function byHand(root) {
  return `run this yourself:  cd ${root} && npm ci`;
}

/**
 * @param {string} root
 * @returns {Trouble | undefined}
 */
function install(root) {
  const again = readIfThere(join(root, 'node_modules', '.package-lock.json')) !== undefined;
  if (process.platform === 'win32' && process.execPath.startsWith(join(root, 'node_modules') + sep)) {
    return {
      what: 'the packages are out of date, and Windows keeps a running program from replacing itself',
      wayOut: byHand(root),
    };
  }

  say(again ? 'the lockfile changed: installing again…' : 'installing (first run only)…');
  const started = Date.now();
  // NODE_ENV=production would leave out what the tests and the demonstration need.
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  const [command, first] = findNpm(root);
  const npm = spawnSync(command, [...first, ...args], {
    cwd: root,
    // Standard output belongs to the program that runs afterwards.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32' && first.length === 0,
  });
  if (npm.error !== undefined) return { what: `npm could not be started (${npm.error.message})`, wayOut: byHand(root) };
  if (npm.status !== 0) {
    return {
      what: `npm ci failed (${npm.signal ?? `exit code ${npm.status}`}); its own words are above`,
      wayOut: byHand(root),
    };
  }
  removeNodeThatDoesNotRun(root);
  say(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
  return undefined;
}

/**
 * The npm that runs this script, under the Node that it runs on; `npm` from the path when there is none.
 * @param {string} root
 * @returns {[command: string, args: string[]]}
 */
function findNpm(root) {
  const { npm_execpath: cli, npm_node_execpath: outer } = process.env;
  if (cli === undefined || basename(cli) !== 'npm-cli.js') return ['npm', []];
  // npm ci removes node_modules first: better not to run on a Node from there.
  const inside = process.execPath.startsWith(join(root, 'node_modules') + sep);
  return [inside ? (outer ?? process.execPath) : process.execPath, [cli]];
}

/**
 * npm puts node_modules/.bin in front of the path. A Node there that this system cannot run (another libc) would hide the
 * one that works.
 * @param {string} root
 */
function removeNodeThatDoesNotRun(root) {
  if (process.platform === 'win32') return;
  const link = join(root, 'node_modules', '.bin', 'node');
  if (spawnSync(link, ['--version']).status !== 0) rmSync(link, { force: true });
}

/**
 * Whether somebody installed exactly this lockfile by `npm ci` or `npm install`: npm leaves a record of what it did.
 * @param {string} root
 * @param {string} lockfile
 */
function matchesWhatNpmWrote(root, lockfile) {
  const written = readIfThere(join(root, 'node_modules', '.package-lock.json'));
  if (written === undefined) return false;
  /** @type {Record<string, LockedPackage>} */
  const there = JSON.parse(written).packages;
  /** @type {[string, LockedPackage][]} */
  const wanted = Object.entries(JSON.parse(lockfile).packages);
  return wanted.every(([path, entry]) => {
    const found = there[path];
    if (!path.includes('node_modules/') || entry.link) return true;
    if (found === undefined) return entry.optional === true && !isForThisMachine(entry);
    return found.version === entry.version && found.integrity === entry.integrity;
  });
}

/** @param {LockedPackage} entry */
function isForThisMachine({ os, cpu, libc }) {
  return [os].flat().includes(process.platform) && [cpu].flat().includes(process.arch) && libc === undefined;
}

/**
 * One at a time; two in one folder would spoil each other.
 * @param {string} root
 * @param {string} file - names the turn
 * @param {string} what - in words
 * @returns {() => void} ends the turn
 */
export function waitForTurn(root, file, what) {
  const path = join(root, '.credence', file);
  mkdirSync(join(root, '.credence'), { recursive: true, mode: 0o700 });
  for (let told = false; ; told = true) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const holder = Number(readIfThere(path));
    if (holder > 0 && !isAlive(holder)) rmSync(path, { force: true });
    else if (!told) say(`another ${what} is under way (process ${holder}); waiting for it…`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** @param {string} path */
function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`credence: ${line}\n`);
}
