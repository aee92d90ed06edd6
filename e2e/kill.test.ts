import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { runCredence } from '../examples/acme/server-process.ts';
import { openSqliteBeside } from '../packages/server/src/store/sqlite.ts';
import { suiteScope, temporaryHome } from './harness.ts';
import { assertKept, isLong, readRecord, startLoad } from './load.ts';
import { type Installation, startInstallation } from './nodes.ts';

// kill -9 at any moment, on SQLite. Five rounds in `npm test`, a hundred in `npm run test:long`.

/** Whoever only reads never asks for the turn to write. */
const turn = { take: () => assert.fail('nothing is written here') };
const rounds = isLong ? 100 : 5;

for (const workers of [1, 2]) {
  const name = workers === 1 ? 'one process' : 'two workers and the process that writes for them';
  describe(`kill -9 under load, ${name}, ${rounds} times`, { skip: process.platform !== 'linux' }, () => {
    const scope = suiteScope(after);
    let installation: Installation;
    let witness = '';
    before(async () => {
      const home = await temporaryHome(scope);
      witness = join(home, '..', 'checkpoints');
      const audit = { sealSeconds: 1, witness: { file: witness } };
      installation = await startInstallation(scope, { home, audit, extraFlags: ['--workers', String(workers)] });
    });

    test('what was answered is on the record, no ID-JAG is redeemed twice, the chain verifies', async (t) => {
      const [node] = installation.nodes;
      assert.ok(node);
      const load = startLoad(installation);
      for (let round = 0; round < rounds; round++) {
        await load.more(1 + Math.floor(Math.random() * 100));
        await wait(Math.random() * 20);
        const victims = [node.process.pid, ...workersOf(node.process.pid)];
        const victim = victims[Math.floor(Math.random() * victims.length)];
        if (victim === node.process.pid) {
          await node.stop();
          await node.start();
        } else if (victim !== undefined) process.kill(victim, 'SIGKILL');
      }
      await load.more(10);
      const received = await load.stop();
      t.diagnostic(`${received.accessTokens.length} tokens, ${[...received.others].join('; ')}`);
      const beside = openSqliteBeside(join(node.home, 'store.db'), { node: 'auditor', turn });
      assertKept(await readRecord(beside), received, /^$/);
      await beside.close();

      // Whoever seals was killed at any moment, too: nothing is sealed twice, and nothing that the witness has is gone.
      await wait(2000); // what a hundred rounds left is more than one checkpoint covers, and than a stop waits for
      await node.stop('SIGTERM');
      const { code, stdout } = await runCredence([
        'audit',
        'verify',
        '--home',
        node.home,
        '--witness',
        witness,
        '--json',
      ]);
      const found = JSON.parse(stdout);
      assert.deepEqual([code, found.ok, found.unsealed], [0, true, 0], stdout);
      assert.ok(found.checkpoints > 0 && found.witnessed > 0, stdout);
    });
  });
}

/** Workers of a process: those of its children that answer. */
function workersOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const parent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))?.[1];
        return Number(parent) === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('workers/worker');
      } catch {
        return false; // it has just ended
      }
    })
    .map(Number);
}
