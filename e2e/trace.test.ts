import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from '@modelcontextprotocol/client';
import { decodeProtectedHeader, importJWK, SignJWT } from 'jose';
import { type Agent, connect } from '../examples/acme/agent.ts';
import type { DemoServer } from '../examples/acme/demo-file.ts';
import { runCredence, startServer } from '../examples/acme/server-process.ts';
import { toRow } from '../packages/server/src/audit/record.ts';
import type { RecordPage } from '../packages/server/src/audit/search.ts';
import type { Trace } from '../packages/server/src/audit/trace.ts';
import { openSqliteStore } from '../packages/server/src/store/sqlite.ts';
import {
  type Acme,
  agentOf,
  claimsOf,
  issue,
  onEnd,
  portFlags,
  redeem,
  secretOf,
  startAcme,
  stopWell,
  suiteScope,
  temporaryHome,
  tokenOf,
} from './harness.ts';

describe('credence audit trace and the alarm for what was never given out, beside a server that runs', () => {
  const scope = suiteScope(after);
  let acme: Acme;
  let agent: Agent;
  let server: DemoServer;
  before(async () => {
    acme = await startAcme(scope);
    agent = await agentOf(acme.demo, 'alice');
    server = acme.demo.servers.find(({ name }) => name === 'everything') ?? (acme.demo.servers[0] as DemoServer);
  });

  const audit = (...args: string[]) => runCredence(['audit', ...args, '--home', acme.home]);
  const find = async (...args: string[]) =>
    (JSON.parse((await audit('list', '--json', ...args)).stdout) as RecordPage).records;
  const traced = async (id: string) => JSON.parse((await audit('trace', '--json', id)).stdout) as Trace;

  test('from a tool call back to whoever published the rule, and from the ID-JAG forward to the call', async () => {
    const client = new Client({ name: 'e2e', version: '1.0.0' });
    const connection = await connect(acme.demo, server, agent, client);
    await connection.client.callTool(server.tool);
    await connection.close();

    const [call] = await find('--kind', 'tool_call', '--limit', '1');
    const { grants } = await traced(call?.id ?? '');
    const [grant] = grants;
    assert.deepEqual([grants.length, grant?.missing, grant?.redemptions.length], [1, [], 1]);
    const [redemption] = grant?.redemptions ?? [];
    assert.ok(redemption?.calls.some(({ id }) => id === call?.id));
    assert.equal(redemption?.accessToken, call?.accessToken);
    assert.equal(redemption?.redemption?.idJag, grant?.issuance?.idJag);
    assert.equal(redemption?.policy?.kind, 'resource');
    assert.equal(grant?.policy?.kind, 'access');
    assert.equal(grant?.policy?.author, 'file');
    assert.match(grant?.policy?.publication?.detail ?? '', /^published from /);
    assert.ok(grant?.policy?.rules.length && grant.policy.rules.every(({ rule }) => rule !== undefined));

    const forward = await traced(grant?.idJag ?? '');
    assert.deepEqual([forward.as, forward.grants], ['id_jag', grants]);
    const story = (await audit('trace', call?.accessToken ?? '')).stdout;
    for (const words of [
      'tool calls',
      'alice@',
      'decision      allow, by ',
      'policy        access version 1',
      'rule ',
    ]) {
      assert.ok(story.includes(words), `${words} in\n${story}`);
    }
    assert.equal((await audit('trace', 'd_nothing')).code, 2);
  });

  /** What whoever has our key would make: everything of a real ID-JAG but its `jti`. */
  async function forge(jti: string): Promise<string> {
    const real = tokenOf(await issue(acme.demo, server, agent.idToken, secretOf(agent.idp)));
    const { kid = '', typ = '' } = decodeProtectedHeader(real);
    const file = JSON.parse(await readFile(join(acme.home, 'keys', 'id_jag.keys'), 'utf8'));
    const { jwk } = file.keys.find((key: { jwk: { kid: string } }) => key.jwk.kid === kid);
    return new SignJWT({ ...claimsOf(real), jti })
      .setProtectedHeader({ alg: jwk.alg, kid, typ })
      .sign(await importJWK(jwk, jwk.alg));
  }

  const alerts = async () => (await find('--kind', 'alert')).filter(({ orphan }) => orphan !== undefined);

  test('T13: an ID-JAG made with our key, beside the server, raises one alert within seconds; real ones raise none', async () => {
    assert.deepEqual(await alerts(), []);
    const token = tokenOf(await redeem(acme.demo, await forge('forged-1'), secretOf(agent.ras)));
    const deadline = Date.now() + 10_000;
    while ((await alerts()).length === 0 && Date.now() < deadline) await wait(300);
    await wait(2500); // as long again as it takes to look twice
    const raised = await alerts();
    assert.deepEqual(
      raised.map(({ orphan, idJag, client, server: at }) => [orphan, idJag, client, at]),
      [['id_jag', 'forged-1', 'claude-code', server.name]],
    );
    assert.match(acme.server.output(), /"orphan":"id_jag"[^\n]*"idJag":"forged-1"/);
    const { grants } = await traced(String(claimsOf(token).jti));
    assert.deepEqual(grants[0]?.missing, ['never_issued']);
  });
});

test('of a server that plays its roles by flags, what it has no record of is elsewhere, and not missing', async (t) => {
  const home = await temporaryHome(t);
  const server = await startServer(['--role', 'ras', '--home', home, ...(await portFlags())]);
  onEnd(t, () => stopWell(server));
  const { idp } = JSON.parse(await readFile(join(home, 'issuers.json'), 'utf8')) as { idp: string };
  const store = await openSqliteStore(join(home, 'store.db'), { node: 'test' });
  const line = { v: 2, id: 'd_1', kind: 'redemption', domain: 'ras', outcome: 'allowed', timeMs: Date.now() } as const;
  const facts = { issuer: idp, idJag: 'jag-1', accessToken: 'tok-1', client: 'claude-code', subject: 'u_1' };
  await store.commit({ marks: [], records: [toRow({ ...line, ...facts })] });
  await store.close();
  const { stdout, stderr } = await runCredence(['audit', 'trace', 'jag-1', '--json', '--home', home]);
  assert.deepEqual((JSON.parse(stdout || assert.fail(stderr)) as Trace).grants[0]?.missing, ['issued_elsewhere']);
});
