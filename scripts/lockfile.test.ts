import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

interface LockedPackage {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
type Locked = Readonly<Record<string, LockedPackage>>;
type Manifest = Readonly<Record<string, Readonly<Record<string, string>> | undefined>>;

const root = dirname(import.meta.dirname);
const lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages as Locked;

/** What is wrong with a lockfile, one line each. The supply chain is part of what reviewers read (T39). */
function faultsOf(packages: Locked): string[] {
  return Object.entries(packages)
    .filter(([path, entry]) => path.includes('node_modules/') && entry.link !== true)
    .flatMap(([path, entry]) => {
      const faults: string[] = [];
      if (!entry.integrity?.startsWith('sha512-')) faults.push(`${path}: no sha512 integrity`);
      if (entry.resolved !== undefined) faults.push(`${path}: names a download address`);
      if (entry.hasInstallScript === true) faults.push(`${path}: runs a script when installed`);
      for (const name of Object.keys(entry.optionalDependencies ?? {})) {
        // Without it `npm ci` refuses the lockfile as a whole, on every machine.
        if (resolve(packages, path, name) === undefined) faults.push(`${path}: ${name} is not locked`);
      }
      return faults;
    });
}

/** The entry that Node would find for `name` from the package at `path`. */
function resolve(packages: Locked, path: string, name: string): LockedPackage | undefined {
  const here = packages[`${path}/node_modules/${name}`];
  if (here !== undefined) return here;
  const end = path.lastIndexOf('node_modules/');
  if (end === -1) return packages[`node_modules/${name}`];
  return resolve(packages, path.slice(0, end).replace(/\/$/, ''), name) ?? packages[`node_modules/${name}`];
}

/** Versions that are not one exact version. */
function loosePins(manifest: Manifest): string[] {
  return ['dependencies', 'devDependencies', 'optionalDependencies', 'overrides'].flatMap((section) =>
    Object.entries(manifest[section] ?? {})
      .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
      .map(([name, version]) => `${section}: ${name} ${version}`),
  );
}

test('every package in the lockfile is pinned by its content, without an address and without an install script', () => {
  assert.deepEqual(faultsOf(lockfile), []);
});

for (const path of globSync(['package.json', 'packages/*/package.json', 'examples/*/package.json'], { cwd: root })) {
  test(`${path} names exact versions`, () => {
    assert.deepEqual(loosePins(JSON.parse(readFileSync(join(root, path), 'utf8'))), []);
  });
}

describe('the checks above notice', () => {
  const integrity = 'sha512-AA==';
  const table: [name: string, packages: Locked, fault: string][] = [
    ['no integrity', { 'node_modules/a': {} }, 'node_modules/a: no sha512 integrity'],
    ['a weak hash', { 'node_modules/a': { integrity: 'sha1-AA==' } }, 'node_modules/a: no sha512 integrity'],
    [
      'an address',
      { 'node_modules/a': { integrity, resolved: 'https://registry.example/a.tgz' } },
      'node_modules/a: names a download address',
    ],
    [
      'an install script in a package of a workspace',
      { 'packages/x/node_modules/a': { integrity, hasInstallScript: true } },
      'packages/x/node_modules/a: runs a script when installed',
    ],
    [
      'a platform that was left out',
      { 'node_modules/a': { integrity, optionalDependencies: { 'a-mac': '1.0.0' } } },
      'node_modules/a: a-mac is not locked',
    ],
  ];
  for (const [name, packages, fault] of table) {
    test(name, () => assert.deepEqual(faultsOf(packages), [fault]));
  }

  test('a range, a tag and an address in the place of a version', () => {
    const manifest = { dependencies: { a: '^1.0.0', b: 'latest', c: 'https://registry.example/c.tgz', d: '1.0.0' } };
    assert.equal(loosePins(manifest).length, 3);
  });
});
