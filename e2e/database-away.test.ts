import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { startProxy, type TestProxy } from '../packages/server/src/store/contract/proxy.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres.ts';
import { onEnd, suiteScope } from './harness.ts';
import { assertKept, isLong, readRecord, startLoad } from './load.ts';
import { type Installation, startInstallation } from './nodes.ts';

// The way from one node to its database swallows everything, is cut, or is slow, under more requests than are answered.

const awayMs = isLong ? 30_000 : 6000;
const mayGrowMiB = 100;

describe('a node whose database is away', { skip: process.platform !== 'linux' }, () => {
  const scope = suiteScope(after);
  let postgres: PostgresServer;
  let way: TestProxy;
  let installation: Installation;
  before(async () => {
    postgres = await startPostgres();
    onEnd(scope, () => postgres.close());
    way = await startProxy(postgres.port);
    onEnd(scope, () => way.close());
    installation = await startInstallation(scope, { postgres, throughPorts: [way.port] });
  });
  const memoryMiB = () =>
    Number(
      /^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${installation.nodes[0]?.process.pid}/status`, 'utf8'))?.[1],
    ) / 1024;

  for (const how of ['silent', 'cut'] as const) {
    test(`${how} for ${awayMs / 1000} s, 64 requests at a time: 503, memory stays, and all goes on afterwards`, async (t) => {
      const load = startLoad(installation, 64);
      await load.more(100);
      const before = memoryMiB();
      way.be(how);
      let most = before;
      for (const end = performance.now() + awayMs; performance.now() < end; await wait(250)) {
        most = Math.max(most, memoryMiB());
      }
      const issued = load.received.idJags.length;
      assert.match((await installation.readiness()).join(), /^503 not ok: .*store/);
      assert.equal(load.received.idJags.length, issued, 'nothing is issued unrecorded');
      way.be('open');
      const from = performance.now();
      await load.more(20);
      const backMs = performance.now() - from;
      const received = await load.stop();
      t.diagnostic(
        `${Math.round(before)} MiB before, ${Math.round(most)} at most; back after ${Math.round(backMs)} ms`,
      );
      assert.ok(most - before < mayGrowMiB, `grew by ${Math.round(most - before)} MiB`);
      assert.ok(backMs < 15_000, `${backMs} ms`);
      const store = await openPostgresStore(postgres.settings('credence'), { node: 'auditor' });
      assertKept(await readRecord(store).finally(() => store.close()), received, /503 temporarily_unavailable$/);
    });
  }

  test('500 ms late: slow, and right', async () => {
    way.delay(250);
    const load = startLoad(installation, 16);
    await load.more(10);
    way.delay(0);
    const received = await load.stop();
    assert.deepEqual(
      [...received.others.keys()].filter((words) => !words.endsWith('503 temporarily_unavailable')),
      [],
    );
  });
});
