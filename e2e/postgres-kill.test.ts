import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../packages/server/src/store/contract/postgres-server.ts';
import { openPostgresStore } from '../packages/server/src/store/postgres.ts';
import { onEnd, suiteScope, tokenOf } from './harness.ts';
import { assertKept, isLong, readRecord, startLoad } from './load.ts';
import { type Installation, startInstallation } from './nodes.ts';

// kill -9 at any moment, on PostgreSQL: of either of two nodes, and of the database itself. Three rounds in `npm test`, a
// hundred in `npm run test:long`.

const rounds = isLong ? 100 : 3;

describe(`kill -9 under load, two nodes on one database, ${rounds} times`, () => {
  const scope = suiteScope(after);
  let postgres: PostgresServer;
  let installation: Installation;
  before(async () => {
    postgres = await startPostgres();
    onEnd(scope, () => postgres.close());
    installation = await startInstallation(scope, { postgres, nodes: 2 });
  });

  test('of a node or the database: what was answered is on the record, no ID-JAG is redeemed twice, every chain verifies', async (t) => {
    const load = startLoad(installation);
    const killed = { node: 0, database: 0 };
    for (let round = 0; round < rounds; round++) {
      await load.more(1 + Math.floor(Math.random() * 60));
      await wait(Math.random() * 20);
      if (round % 4 === 2) {
        killed.database += 1;
        await postgres.stop('killed');
        await postgres.start();
      } else {
        killed.node += 1;
        const node = installation.nodes[round % 2] ?? assert.fail();
        // The keys of the issuer are fetched at the address of the first node, which stands for a load balancer here.
        await redeemOnce(installation, 1 - (round % 2));
        await node.stop();
        // The other goes on meanwhile.
        await load.more(3);
        await node.start();
      }
    }
    await load.more(10);
    const received = await load.stop();
    t.diagnostic(
      `${received.accessTokens.length} tokens; killed ${killed.node} nodes, the database ${killed.database} times; ${[...received.others].join('; ')}`,
    );
    const store = await openPostgresStore(postgres.settings('credence'), { node: 'auditor' });
    try {
      assertKept(await readRecord(store), received, /503 temporarily_unavailable$/);
    } finally {
      await store.close();
    }
  });
});

/** Until a node that was just started has redeemed something. */
async function redeemOnce({ issue, redeem }: Installation, node: number): Promise<void> {
  for (let tries = 0; ; tries++) {
    const issued = await issue(node);
    if (issued.status === 200 && (await redeem(node, tokenOf(issued))).status === 200) return;
    assert.ok(tries < 600, JSON.stringify(issued.body));
    await wait(50);
  }
}
