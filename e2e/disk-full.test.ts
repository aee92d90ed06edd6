import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createWriteStream, statfsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres.ts';
import { openSqliteBeside } from '../packages/server/src/store/sqlite.ts';
import { onEnd, type Scope, suiteScope, temporaryHome } from './harness.ts';
import { assertKept, readRecord, startLoad } from './load.ts';
import { type Installation, startInstallation } from './nodes.ts';

// A disk that is full for a while: a small file system of the test's own, which takes rights to mount.

const skip =
  process.getuid?.() === 0 && process.platform === 'linux' ? false : 'only root may mount a small file system';

/** Mounts one of so many MiB; it is gone when the test is over. */
function mountSmall(scope: Scope, dir: string, mebibytes: number, options: readonly string[] = []): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', [`size=${mebibytes}m`, ...options].join(), 'tmpfs', dir]);
  onEnd(scope, async () => void execFileSync('umount', ['--lazy', dir]));
}

/** Takes all the room there is; gives it back when the file is removed. */
async function fill(dir: string): Promise<string> {
  const ballast = join(dir, 'ballast');
  while (statfsSync(dir).bavail > 0) {
    const stream = createWriteStream(ballast, { flags: 'a' });
    await new Promise<void>((resolve) => {
      stream.on('error', () => resolve()).on('finish', () => resolve());
      stream.end(Buffer.alloc(Math.min(statfsSync(dir).bavail * 4096, 2 ** 22) || 4096));
    });
  }
  return ballast;
}

/** Full under load: 503, then nothing more is issued, then there is room and all goes on. */
async function fillAndFree(installation: Installation, dir: string, probe: RegExp) {
  const load = startLoad(installation, 6);
  await load.more(20);
  const ballast = await fill(dir);
  const isFull = () => load.received.others.has('issue: 503 temporarily_unavailable');
  for (let tries = 0; !isFull(); tries++) {
    assert.ok(tries < 1200, 'it never was full');
    await wait(50);
  }
  await wait(2500); // readiness is remembered for a second, and a write may still find room that was taken before
  const [issued] = [load.received.idJags.length];
  assert.match((await installation.readiness())[0] ?? '', probe);
  await wait(1000);
  assert.ok(load.received.idJags.length - issued <= 6, 'nothing is issued unrecorded');
  await rm(ballast);
  await load.more(20);
  await wait(1100);
  assert.equal((await installation.readiness())[0], '200 ok');
  return load.stop();
}

describe('the disk is full: 503 while it lasts, nothing issued unrecorded, and all goes on when there is room', {
  skip,
}, () => {
  describe('SQLite', () => {
    const scope = suiteScope(after);
    let installation: Installation;
    let home: string;
    before(async () => {
      const outer = await temporaryHome(scope);
      mountSmall(scope, dirname(outer), 96);
      home = join(dirname(outer), 'small');
      await mkdir(home, { mode: 0o700 });
      installation = await startInstallation(scope, { home });
    });

    test('a file system without room', async () => {
      const received = await fillAndFree(installation, home, /^503 not ok: .*store/);
      const turn = { take: () => assert.fail('nothing is written here') };
      const beside = openSqliteBeside(join(home, 'store.db'), { node: 'auditor', turn });
      assertKept(await readRecord(beside).finally(() => beside.close()), received, /503 temporarily_unavailable$/);
    });
  });

  describe('PostgreSQL', () => {
    const scope = suiteScope(after);
    let postgres: PostgresServer;
    let installation: Installation;
    let space: string;
    before(async () => {
      postgres = await startPostgres();
      onEnd(scope, () => postgres.close());
      space = join(postgres.dir, 'small');
      await mkdir(space);
      mountSmall(scope, space, 48, ['mode=0700']);
      postgres.own(space);
      await postgres.run('postgres', `CREATE TABLESPACE small LOCATION '${space}'`);
      installation = await startInstallation(scope, { postgres, tablespace: 'small' });
    });

    test('a tablespace without room', async () => {
      // What the probe writes may still find room where a new line of the record does not.
      const received = await fillAndFree(installation, space, /^(200 ok|503 not ok: .*store)/);
      const store = await openPostgresStore(postgres.settings('credence'), { node: 'auditor' });
      assertKept(await readRecord(store).finally(() => store.close()), received, /503 temporarily_unavailable$/);
    });
  });
});
