// Keeps the built console what its sources say. Runs on Node 20, without dependencies.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitForTurn } from './install.mjs';

const built = 'packages/server/console';
const stampFile = 'made-of';

/** Everything the result depends on: sources, the types they share with the server, how it is built, and by what. */
const sources = [
  'packages/console/index.html',
  'packages/console/package.json',
  'packages/console/src',
  'packages/server/src/admin/api/client',
  'scripts/build-console.ts',
  'package-lock.json',
];

/**
 * Builds the console when what is there was made of other sources, or nothing is. Costs reading the sources when it is fresh.
 * @param {string} root
 * @param {string} node - runs the build
 */
export function buildConsoleIfNeeded(root, node) {
  const stamp = hashOf(root);
  const isFresh = () => readIfThere(join(root, built, stampFile)) === stamp;
  if (isFresh()) return;
  const release = waitForTurn(root, 'building', 'build of the console');
  try {
    if (!isFresh()) build(root, node, stamp);
  } finally {
    release();
  }
}

/**
 * Beside the old one, which serves until the new one is whole.
 * @param {string} root
 * @param {string} node
 * @param {string} stamp
 */
function build(root, node, stamp) {
  const fresh = join(root, `${built}.new`);
  process.stderr.write('credence: building the console…\n');
  const started = Date.now();
  const { status } = spawnSync(node, [join(root, 'scripts/build-console.ts'), fresh], { stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write(
      'credence: the console could not be built; its own words are above. All else works without it.\n',
    );
    return;
  }
  writeFileSync(join(fresh, stampFile), stamp);
  rmSync(join(root, built), { recursive: true, force: true });
  renameSync(fresh, join(root, built));
  process.stderr.write(`credence: built the console in ${Math.round((Date.now() - started) / 1000)} s\n`);
}

/** @param {string} root */
function hashOf(root) {
  const hash = createHash('sha256');
  for (const path of sources.flatMap((source) => filesIn(root, source))) {
    hash
      .update(path)
      .update('\0')
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * @param {string} root
 * @param {string} path - of a file or a folder
 * @returns {string[]} in an order that does not depend on the machine
 */
function filesIn(root, path) {
  if (!existsSync(join(root, path))) return [];
  try {
    const names = readdirSync(join(root, path)).sort();
    return names.flatMap((name) => filesIn(root, `${path}/${name}`));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return [path];
    throw error;
  }
}

/** @param {string} path */
function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
