// node scripts/run.mjs scripts/pkcs11-driver.ts: builds the package that speaks PKCS #11, for the tests with a token.
//
// It is compiled where it is installed, so it is no dependency of ours (ADR 0010). Needs a C++ compiler, make and Python;
// the headers come with the Node that runs this. Does nothing when it has been built.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

const version = '2.1.7';
const integrity = 'hstUuhkFoISF8BmTVRtaZzbF09WjE39K3gzZzUrI8WtRu4cYl4gakkd06I4Kq36kR/mkwVw2T2y3kHXk6JvuHQ==';
const cache = join(dirname(import.meta.dirname), '.credence');
const target = join(cache, `pkcs11js-${version}`);

if (!existsSync(join(target, 'build/Release/pkcs11.node'))) build();
process.stdout.write(`${target}\n`);

function build(): void {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(cache, 'pkcs11js-'));
  try {
    run('npm', ['pack', `pkcs11js@${version}`, '--silent', '--pack-destination', folder]);
    const archive = join(folder, `pkcs11js-${version}.tgz`);
    if (createHash('sha512').update(readFileSync(archive)).digest('base64') !== integrity) {
      throw new Error(`pkcs11js ${version} is not what it was`);
    }
    run('tar', ['-xzf', archive, '-C', folder]);
    const source = join(folder, 'package');
    const npm = run('npm', ['root', '--global']).trim();
    const gyp = join(npm, 'npm/node_modules/node-gyp/bin/node-gyp.js');
    const headers = dirname(dirname(process.execPath));
    const nodedir = existsSync(join(headers, 'include/node/node_api.h')) ? [`--nodedir=${headers}`] : [];
    run(process.execPath, [gyp, 'rebuild', ...nodedir], source);
    rmSync(target, { recursive: true, force: true });
    renameSync(source, target);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(command: string, args: readonly string[], cwd = cache): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.slice(-2000)}`);
  return stdout;
}
