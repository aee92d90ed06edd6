import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { Agent } from '../examples/acme/agent.ts';
import type { DemoServer } from '../examples/acme/demo-file.ts';
import { runCredence, startServer } from '../examples/acme/server-process.ts';
import { type Acme, agentOf, exportAudit, issue, secretOf, startAcme, suiteScope } from './harness.ts';

// T24: whoever can write to the database, and has nothing else of the installation.
describe('T24: a store that was altered behind our back', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let agent: Agent;
  let server: DemoServer;
  before(async () => {
    acme = await startAcme(scope);
    agent = await agentOf(acme.demo, 'alice');
    server = acme.demo.servers[0] as DemoServer;
  });

  /** Told to every node, as a change of anybody would be. */
  const noticed = 'UPDATE change_sequence SET value = value + 1';
  function alter(...statements: string[]): void {
    const database = new DatabaseSync(join(acme.home, 'store.db'), { timeout: 2000 });
    for (const verb of ['update', 'delete']) database.exec(`DROP TRIGGER IF EXISTS policies_refuses_${verb}`);
    for (const statement of statements) database.exec(statement);
    database.close();
  }
  const ask = () => issue(acme.demo, server, agent.idToken, secretOf(agent.idp));
  const readyz = async () => (await fetch(`${acme.demo.idp.issuer}/readyz`)).status;
  const until = async (what: string, holds: () => Promise<boolean>) => {
    for (const deadline = Date.now() + 15_000; Date.now() < deadline; await wait(200)) if (await holds()) return;
    assert.fail(what);
  };
  const verify = (...args: string[]) => runCredence(['policy', 'verify', ...args, '--home', acme.home]);
  const alerts = async () => (await exportAudit(acme.home)).filter(({ kind }) => kind === 'alert');

  const changes: [what: string, flip: string, back: string][] = [
    [
      'access policy',
      `UPDATE policies SET author = 'mallory' WHERE kind = 'access'`,
      `UPDATE policies SET author = 'file' WHERE kind = 'access'`,
    ],
    [
      'resource policy',
      `UPDATE policies SET author = 'mallory' WHERE kind = 'resource'`,
      `UPDATE policies SET author = 'file' WHERE kind = 'resource'`,
    ],
    [
      'client secrets',
      `INSERT INTO client_secrets VALUES ('idp', 'claude-code', 'mine', 1)`,
      `DELETE FROM client_secrets WHERE secret_hash = 'mine'`,
    ],
  ];
  for (const [what, flip, back] of changes) {
    test(`${what}, while the server runs: not ready, nothing is issued, an alert; as it was again, it goes on`, async () => {
      assert.equal((await ask()).status, 200);
      alter(flip, noticed);
      await until('not ready', async () => (await readyz()) === 503);
      const refused = await ask();
      assert.deepEqual([refused.status, refused.body.error], [503, 'temporarily_unavailable']);
      await until('an alert', async () => (await alerts()).some(({ detail }) => String(detail).includes(what)));
      assert.match(acme.server.output(), /the store was altered behind our back/);
      const found = await verify();
      assert.deepEqual([found.code, found.stdout.includes('are not those that were written')], [1, true]);
      alter(back);
      await until('ready again', async () => (await readyz()) === 200);
      assert.equal((await ask()).status, 200);
      assert.equal((await verify()).code, 0);
    });
  }

  test('administrators: found although nobody looks, and the server goes on without them', async () => {
    alter(`UPDATE administrators SET role = 'auditor'`);
    await until('an alert', async () =>
      (await alerts()).some(({ detail }) => String(detail).startsWith('The administrators')),
    );
    assert.equal((await ask()).status, 200);
    assert.equal((await runCredence(['admin', 'list', '--home', acme.home])).code, 2);
    const accepted = await verify('--accept', '--json');
    assert.deepEqual(
      [accepted.code, (JSON.parse(accepted.stdout) as { fault?: string }[]).filter(({ fault }) => fault)],
      [0, []],
    );
  });

  test('while the server is away: it does not start, and says what to do', async () => {
    await acme.server.stop();
    alter(`UPDATE policies SET document = document || ' ' WHERE kind = 'access'`);
    await assert.rejects(startServer(acme.flags), /in the store were altered[\s\S]*credence policy verify/);
    assert.equal((await verify()).code, 1);
    alter(`UPDATE policies SET document = rtrim(document) WHERE kind = 'access'`);
    const again = await startServer(acme.flags);
    await again.stop();
  });
});
