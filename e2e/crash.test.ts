import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { type Agent, type Connection, connect } from '../examples/acme/agent.ts';
import { type DemoFile, serverNamed } from '../examples/acme/demo-file.ts';
import { type ServerProcess, startServer } from '../examples/acme/server-process.ts';
import {
  agentOf,
  claimsOf,
  exportAudit,
  issue,
  onEnd,
  redeem,
  secretOf,
  startAcme,
  stopWell,
  temporaryHome,
  tokenOf,
} from './harness.ts';

/** What clients hold in their hands: the ids of the tokens they received, and how many calls were answered. */
interface Received {
  readonly idJags: string[];
  readonly accessTokens: string[];
  readonly callsOf: Map<string, number>;
}

/** Exchanges and redeems until the server is gone. */
async function burst(demo: DemoFile, agent: Agent, received: Received): Promise<void> {
  const server = serverNamed(demo, 'everything');
  for (;;) {
    const idJag = tokenOf(await issue(demo, server, agent.idToken, secretOf(agent.idp)));
    received.idJags.push(String(claimsOf(idJag).jti));
    const accessToken = tokenOf(await redeem(demo, idJag, secretOf(agent.ras)));
    received.accessTokens.push(String(claimsOf(accessToken).jti));
  }
}

/** Calls a tool until the server is gone. */
async function callOn(connection: Connection, received: Received): Promise<void> {
  const token = String(claimsOf(connection.accessToken).jti);
  for (let answered = 0; ; answered += 1) {
    received.callsOf.set(token, answered);
    await connection.client.callTool({ name: 'echo', arguments: { message: 'hello' } });
  }
}

test('kill -9 in the middle of a burst: what a client received is on the record', async (t) => {
  const home = await temporaryHome(t);
  // One person plays everybody here, who together are not held to the pace of one.
  await writeFile(join(home, 'credence.yaml'), 'idp: { burst: 1000000 }\n');
  const acme = await startAcme(t, { home });
  let server: ServerProcess = acme.server;
  onEnd(t, () => stopWell(server));
  const received: Received = { idJags: [], accessTokens: [], callsOf: new Map() };

  for (const burstMs of [700, 250, 1300]) {
    const agent = await agentOf(acme.demo, 'alice');
    const connection = await connect(acme.demo, serverNamed(acme.demo, 'everything'), agent);
    const work = [
      ...Array.from({ length: 8 }, () => burst(acme.demo, agent, received)),
      ...Array.from({ length: 4 }, () => callOn(connection, received)),
    ];
    const ends = Promise.allSettled(work);
    await wait(burstMs);
    const ending = await server.stop('SIGKILL');
    assert.equal(ending.code, null, 'it was killed, it did not end');
    await connection.client.close();
    const reasons = (await ends).map((end) => (end.status === 'rejected' ? String(end.reason) : 'ended'));
    assert.deepEqual(
      reasons.filter((reason) => /: [45]\d\d /.test(reason)),
      [],
      'nobody was refused, the server went away',
    );
    server = await startServer(acme.flags);
  }

  const record = await exportAudit(acme.home);
  const issued = new Set(record.filter(({ kind }) => kind === 'issuance').map(({ idJag }) => idJag));
  const redeemed = new Set(record.filter(({ kind }) => kind === 'redemption').map(({ accessToken }) => accessToken));
  t.diagnostic(`${received.idJags.length} ID-JAGs, ${received.accessTokens.length} access tokens received`);
  assert.ok(received.accessTokens.length > 50, 'the burst was one');
  assert.deepEqual(
    received.idJags.filter((jti) => !issued.has(jti)),
    [],
  );
  assert.deepEqual(
    received.accessTokens.filter((jti) => !redeemed.has(jti)),
    [],
  );
  for (const [token, answered] of received.callsOf) {
    const calls = record.filter(({ kind, accessToken }) => kind === 'tool_call' && accessToken === token).length;
    assert.ok(answered > 0 && calls >= answered, `${answered} calls answered, ${calls} on the record`);
  }
});
