import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { checkOurs, keyFolderOf, openHome, readHome, toHome } from './home.ts';
import { lockHome } from './home-lock.ts';
import { Problem } from './problem.ts';

const root = mkdtempSync(join(tmpdir(), 'credence-home-'));
after(() => rmSync(root, { recursive: true }));
let made = 0;
const freshDir = () => join(root, `home-${++made}`);
const run = promisify(execFile);
const us = process.getuid?.();
const mkdirWithMode = (dir: string, mode: number) => {
  mkdirSync(dir);
  chmodSync(dir, mode);
};
const modeOf = (path: string) => statSync(path).mode & 0o777;

/** Asserts that `work` ends in a `Problem` whose message and way out name things. */
async function assertProblem(work: () => unknown, message: RegExp, wayOut: RegExp): Promise<void> {
  await assert.rejects(
    async () => work(),
    (error: Problem) => {
      assert.ok(error instanceof Problem, String(error));
      assert.match(error.message, message);
      assert.match(error.wayOut, wayOut);
      return true;
    },
  );
}

describe('home', () => {
  test('is made with its folders, open to its owner only, and so is what is written later', async () => {
    const home = await openHome(freshDir());
    for (const dir of [home.dir, home.keysDir, home.tlsDir, home.dataDir]) assert.equal(modeOf(dir), 0o700, dir);
    writeFileSync(home.demoFile, '{}');
    assert.equal(modeOf(home.demoFile), 0o600);
    assert.deepEqual(await openHome(home.dir), home);
  });

  const refused: [name: string, make: (dir: string) => void, message: RegExp, wayOut: RegExp][] = [
    [
      'open to others',
      (dir) => mkdirWithMode(dir, 0o755),
      /home-\d+ is open to other users \(mode 0755\)/,
      /chmod 700 .*home-\d+/,
    ],
    ['open to its group', (dir) => mkdirWithMode(dir, 0o710), /mode 0710/, /chmod 700/],
    ['a file', (dir) => writeFileSync(dir, ''), /home-\d+ is not a folder/, /--home/],
  ];
  for (const [name, make, message, wayOut] of refused) {
    test(`that is ${name} is refused, and nothing is written into it`, async () => {
      const dir = freshDir();
      make(dir);
      await assertProblem(() => openHome(dir), message, wayOut);
      await assertProblem(() => readHome(dir), message, wayOut);
      if (statSync(dir).isDirectory()) assert.deepEqual(readdirSync(dir), []);
    });
  }

  test('with its keys in a folder that nodes share: made as private as the home, and refused when it is open', async () => {
    const [dir, keys] = [freshDir(), freshDir()];
    const home = await openHome(dir, { folder: keys });
    assert.equal(home.keysDir, keys);
    assert.equal(statSync(keys).mode & 0o777, 0o700);
    assert.ok(!existsSync(join(dir, 'keys')));
    chmodSync(keys, 0o755);
    await assertProblem(() => openHome(dir, { folder: keys }), /folder of keys .* is open to other users/, /chmod 700/);
  });

  test('whose record is sealed, and whose store is covered, from folders that other parts share', async () => {
    const [dir, auditFolder, digestFolder] = [freshDir(), freshDir(), freshDir()];
    const home = await openHome(dir, { auditFolder, digestFolder });
    assert.deepEqual([home.auditKeysDir, home.digestDir], [auditFolder, digestFolder]);
    assert.equal(home.keysDir, join(dir, 'keys'));
    assert.deepEqual([keyFolderOf(home, 'audit'), keyFolderOf(home, 'id_jag')], [auditFolder, home.keysDir]);
    for (const folder of [auditFolder, digestFolder]) {
      assert.equal(statSync(folder).mode & 0o777, 0o700);
      chmodSync(folder, 0o755);
      await assertProblem(() => openHome(dir, { auditFolder, digestFolder }), /is open to other users/, /chmod 700/);
      chmodSync(folder, 0o700);
    }
  });

  test('whose store is elsewhere is one without a store file', async () => {
    const { dir } = await openHome(freshDir());
    await assertProblem(() => readHome(dir), /no credence home/, /serve --home/);
    assert.equal((await readHome(dir, { storeElsewhere: true, keyFolders: { folder: '/keys' } })).keysDir, '/keys');
  });

  test('that cannot be made is refused by name', async () => {
    const file = freshDir();
    writeFileSync(file, '');
    await assertProblem(() => openHome(join(file, 'home')), /home-\d+\/home/, /--home/);
  });

  test('below /proc is refused, and not tried for ever', {
    timeout: 10_000,
    skip: !existsSync('/proc/self'),
  }, async () => {
    await assertProblem(() => openHome('/proc/credence/home'), /\/proc\/credence/, /--home/);
    await assertProblem(() => openHome('/proc/credence'), /\/proc\/credence/, /--home/);
  });

  test('of another user is refused: what one writes there the other could not read', async () => {
    const dir = us === 0 ? freshDir() : '/';
    if (us === 0) {
      mkdirWithMode(dir, 0o700);
      chownSync(dir, 12345, 12345);
    }
    await assertProblem(() => openHome(dir), /belongs to user \d+, and this is user \d+/, /chown -R \d+ \//);
  });

  test('that its owner may not write is refused with the command that mends it', async () => {
    const dir = freshDir();
    mkdirWithMode(dir, 0o500);
    // Nothing is closed to root: as root, ask as somebody else.
    if (us === 0) chownSync(dir, 65534, 65534);
    const script = `
      import { openHome } from ${JSON.stringify(import.meta.resolve('./home.ts'))};
      if (process.getuid() === 0) process.setuid(65534);
      await openHome(${JSON.stringify(dir)}).catch((error) => console.log(error.name, error.message, error.wayOut));`;
    chmodSync(root, 0o711);
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
    assert.match(
      stdout,
      /^Problem The home .*home-\d+ cannot be written: EACCES\. Allow it with: chmod 700 .*home-\d+$/m,
    );
  });

  test('readHome makes nothing, and says how to make a home', async () => {
    const dir = freshDir();
    await assertProblem(() => readHome(dir), /no credence home at .*home-\d+/, /serve --home .*home-\d+/);
    assert.equal(existsSync(dir), false);
    const home = await openHome(dir);
    await assertProblem(() => readHome(dir), /no credence home/, /serve/);
    writeFileSync(home.storeFile, '');
    assert.deepEqual(await readHome(dir), home);
  });
});

describe('lock of a home', () => {
  const lockAndStay = (dir: string) => `
    import { toHome } from ${JSON.stringify(import.meta.resolve('./home.ts'))};
    import { lockHome } from ${JSON.stringify(import.meta.resolve('./home-lock.ts'))};
    lockHome(toHome(${JSON.stringify(dir)}));
    console.log('locked');
    setInterval(() => globalThis.gc(), 10);`;

  test('a second server is refused and told who runs; kill -9 of the first frees the home', async () => {
    const home = await openHome(freshDir());
    const script = ['--expose-gc', '--input-type=module', '-e', lockAndStay(home.dir)];
    const first = spawn(process.execPath, script, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(first.stdout, 'data');
    // Long enough for a collector that would take an unreferenced lock.
    await wait(100);
    const running = new RegExp(`Another credence is running on .*home-\\d+ \\(process ${first.pid}\\)`);
    await assertProblem(() => lockHome(home), running, /--home/);
    first.kill('SIGKILL');
    await once(first, 'exit');
    lockHome(home).release();
  });

  test('it is exclusive within one process too, and can be taken again after its release', async () => {
    const home = await openHome(freshDir());
    const lock = lockHome(home);
    assert.equal(readFileSync(home.pidFile, 'utf8'), `${process.pid}\n`);
    await assertProblem(() => lockHome(home), /Another credence is running/, /Stop it first/);
    lock.release();
    lock.release();
    assert.equal(existsSync(home.pidFile), false);
    lockHome(home).release();
  });

  test('where no lock can be kept, that is said', async () => {
    await assertProblem(() => lockHome(toHome(freshDir())), /serve\.lock cannot be taken/, /local disk/);
  });
});

describe('a folder beside the home, which somebody else may have made first', () => {
  test('is refused when it is theirs, and so is a link of theirs to one of ours', async (t) => {
    const ours = freshDir();
    mkdirSync(ours);
    const link = freshDir();
    symlinkSync(ours, link);
    await checkOurs(ours);
    await checkOurs(link);
    if (us === 0) {
      lchownSync(link, 65_534, 65_534);
      await assertProblem(() => checkOurs(link), /belongs to user 65534, and this is user 0/, /gateway\.data/);
    }
    t.mock.method(process as { getuid(): number }, 'getuid', () => 4711);
    await assertProblem(() => checkOurs(ours), /belongs to user \d+, and this is user 4711/, /gateway\.data/);
  });
});
