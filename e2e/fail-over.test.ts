import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { startProxy, type TestProxy } from '../packages/server/src/store/contract/proxy.ts';
import { agentOf, exportAudit, onEnd, suiteScope, tokenOf } from './harness.ts';
import { type Installation, startInstallation } from './nodes.ts';

// T22: two nodes, and a standby that lags takes over from the database that they wrote to. What the last part of the record
// said is lost with it, and nothing of it may be good again.

describe('a standby that lagged takes over', () => {
  const scope = suiteScope(after);
  let primary: PostgresServer;
  let standby: PostgresServer;
  let replication: TestProxy;
  const names: TestProxy[] = [];
  let installation: Installation;
  before(async () => {
    primary = await startPostgres();
    onEnd(scope, () => primary.close());
    for (let at = 0; at < 2; at++) names.push(await startProxy(primary.port));
    replication = await startProxy(primary.port);
    for (const proxy of [...names, replication]) onEnd(scope, () => proxy.close());
    const throughPorts = names.map(({ port }) => port);
    installation = await startInstallation(scope, { postgres: primary, nodes: 2, throughPorts });
    standby = await startPostgres({ standbyOf: { primary, through: replication.port } });
    onEnd(scope, () => standby.close());
  });

  test('no ID-JAG is good twice: nodes notice, begin a new epoch, and go on without a restart', async () => {
    const { issue, redeem, demo, nodes } = installation;
    const used = tokenOf(await issue(0));
    tokenOf(await redeem(1, used));
    await caughtUp(primary);
    replication.be('silent');
    // What follows the standby never has.
    const lost = await Promise.all([0, 1].map(async (node) => tokenOf(await issue(node))));
    for (const [node, idJag] of lost.entries()) tokenOf(await redeem(node, idJag));
    const unused = tokenOf(await issue(0));

    for (const name of names) name.be('cut');
    await primary.stop('immediate');
    assert.equal((await redeem(0, used)).status, 503);
    await standby.promote();
    for (const name of names) {
      name.pointTo(standby.port);
      name.be('open');
    }
    const seen = new Set<string>();
    const ask = async () => {
      const answers = await Promise.all(
        [0, 1].flatMap((node) => [used, unused, ...lost].map((idJag) => redeem(node, idJag))),
      );
      for (const { status, body } of answers) seen.add(`${status} ${body.error ?? 'a token'}`);
      return answers.every(({ status }) => status !== 503);
    };
    for (const end = performance.now() + 30_000; !(await ask()); await wait(100)) {
      assert.ok(performance.now() < end, 'still away');
    }
    assert.deepEqual([...seen].sort(), ['400 invalid_grant', '503 temporarily_unavailable']);

    // Everybody signs in again, and all goes on; but what is issued in the very second in which the epoch began is not good.
    await wait(1000);
    for (
      const end = performance.now() + 30_000;
      (await installation.readiness()).some((state) => !/^200/.test(state));
    ) {
      assert.ok(performance.now() < end, 'still not ready');
      await wait(100);
    }
    const { idToken } = await agentOf(demo, 'alice');
    for (const node of [0, 1]) tokenOf(await redeem(node, tokenOf(await issue(node, idToken))));
    const alerts = (await exportAudit(nodes[0]?.home ?? '')).filter(({ kind }) => kind === 'alert');
    assert.match(
      alerts.map(({ detail }) => detail).join(),
      /a new epoch began: the database has forgotten what it confirmed/,
    );
  });
});

/** Until the standby has everything. */
async function caughtUp(server: PostgresServer): Promise<void> {
  for (let tries = 0; ; tries++) {
    const [row] = await server.run(
      'postgres',
      'SELECT bool_and(flush_lsn >= pg_current_wal_flush_lsn()) AS so FROM pg_stat_replication',
    );
    if (row?.so === true) return;
    assert.ok(tries < 200, 'it never caught up');
    await wait(50);
  }
}
